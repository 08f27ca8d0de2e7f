"""Train the judge: the bundled encoder as a cross-encoder with low-rank adapters (Hu et al., 2022, LoRA) and two small heads.

    python training/train_judge.py --corpus corpus --out rag/data/judge

Data (all written by this project, Apache-2.0, in corpus/bank): key points with replies that entail, partly entail or contradict them;
replies to other key points as unrelated; paraphrases and near misses of every question; questions on details that a passage answers or does
not. Hard negatives are mined from the project's own index. Everything is split by question: every fifth question of the bank (by hash of its
id) and every fifth seed passage is held out, with all its rows.

Word embeddings are frozen. On two CPU cores one epoch takes about 15 minutes; a GPU is used where there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from rag.config import Settings
from rag.measure import auroc, f1_scores, macro_f1
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.search import Scored, Searcher
from rag.store import load_index
from rag.views import view

LABELS = ("entails", "partly", "contradicts", "unrelated")
RANK = 16
ALPHA = 32
FIRST_LAYER = 4
"""Adapters sit in this layer and above; below it nothing is trained, so nothing flows back."""
MAX_TOKENS = 224
SEED = 20240


@dataclass(frozen=True)
class Pair:
    """Two texts read together. ``task`` is answers (label 0/1) or entails (index into LABELS); ``group`` is what splits are made by."""

    task: str
    a: str
    b: str
    label: int
    group: str
    source: str


def held_out(group: str) -> bool:
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % 5 == 0


def rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)


def bank_of(corpus: Path) -> dict[str, dict[str, Any]]:
    out = {}
    for path in sorted((corpus / "bank").glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            out[entry["id"]] = entry
    return out


def other(language: str) -> str:
    return "en" if language == "zh" else "zh"


def entailment(corpus: Path, bank: dict[str, dict[str, Any]], rng: random.Random) -> list[Pair]:
    """(key point, reply) pairs. A reply is paired with the key point in its own language, every third one with the other language's."""
    out: list[Pair] = []
    replies: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        if path.name.startswith("details-"):
            continue
        for row in rows(path):
            if "point" not in row or row["question"] not in bank:
                continue
            qid, point = row["question"], next((k for k in bank[row["question"]]["key_points"] if k["id"] == row["point"]), None)
            if point is None:
                continue
            said = [("entails", lang, t) for lang, ts in row["entails"].items() for t in ts]
            said += [("partly", lang, t) for lang, ts in row["partly"].items() for t in ts]
            said += [("contradicts", c["lang"], c["text"]) for c in row["contradicts"]]
            for n, (label, lang, text) in enumerate(said):
                against = other(lang) if n % 3 == 2 else lang
                out.append(Pair("entails", point[against], text, LABELS.index(label), qid, path.stem))
                if label == "entails":
                    replies[qid].append((row["point"], lang, text))
            out.append(Pair("entails", point["zh"], point["en"], 0, qid, path.stem))
    ids = sorted(replies)
    area = {qid: bank[qid]["area"] for qid in ids}
    for qid in ids:
        for point in bank[qid]["key_points"]:
            inside = [r for r in replies[qid] if r[0] != point["id"]]
            near = [q for q in ids if q != qid and area[q] == area[qid] and held_out(q) == held_out(qid)]
            outside = [rng.choice(replies[rng.choice(near)]) for _ in range(2)] if near else []
            for _, lang, text in [*rng.sample(inside, min(2, len(inside))), *outside]:
                out.append(Pair("entails", point[lang if rng.random() < 0.7 else other(lang)], text, 3, qid, "unrelated"))
        for wrong in bank[qid].get("misconceptions", ()):
            point = rng.choice(bank[qid]["key_points"])
            lang = rng.choice(["zh", "en"])
            out.append(Pair("entails", wrong[lang], point[other(lang) if rng.random() < 0.3 else lang], 3, qid, "misconception-vs-truth"))
    return out


class Views:
    """Passages of the built index as the judge reads them."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher
        self.by_heading: dict[tuple[str, str], list[int]] = defaultdict(list)
        for n, passage in enumerate(searcher.index.passages):
            if passage.question:
                self.by_heading[passage.doc_id, passage.question].append(n)

    def of(self, question: str, number: int) -> str:
        query = self.searcher.query(question)
        evidence = self.searcher.evidence(query, [Scored(number, 0, 0, 0, 0, 0, 0)])[0]
        return view(evidence.hit.passage, evidence.units, evidence.relevance)

    def handbook(self, entry: dict[str, Any], language: str) -> list[int]:
        return self.by_heading.get((f"handbook/{language}/{entry['handbook']}", entry["question"][language]), [])

    def best(self, question: str, numbers: list[int]) -> int | None:
        if not numbers:
            return None
        query = self.searcher.query(question)
        found = self.searcher.evidence(query, [Scored(n, 0, 0, 0, 0, 0, 0) for n in numbers])
        return max(zip(numbers, found, strict=True), key=lambda p: max(p[1].relevance, default=-9))[0]

    def negatives(self, question: str, own: set[tuple[str, ...]], count: int, rng: random.Random) -> list[int]:
        query = self.searcher.query(question)
        found = [s.number for s in self.searcher.score(query)[2:14]]
        found = [n for n in found if self.searcher.index.passages[n].heading_path not in own and self.searcher.index.passages[n].kind != "pointer"]
        return rng.sample(found, min(count, len(found)))


def answering(corpus: Path, bank: dict[str, dict[str, Any]], views: Views, rng: random.Random) -> list[Pair]:
    """(question, passage view) pairs: 1 where the passage answers."""
    out: list[Pair] = []

    def own_headings(entry: dict[str, Any]) -> set[tuple[str, ...]]:
        numbers = [*views.handbook(entry, "zh"), *views.handbook(entry, "en")]
        return {views.searcher.index.passages[n].heading_path for n in numbers}

    def add(question: str, entry: dict[str, Any], language: str, label: int, source: str) -> None:
        number = views.best(question, views.handbook(entry, language))
        if number is not None:
            out.append(Pair("answers", question, views.of(question, number), label, entry["id"], source))

    for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")):
        for n, row in enumerate(rows(path)):
            if "asks" in row and row["question"] in bank:
                entry = bank[row["question"]]
                for lang, texts in row["asks"].items():
                    for k, text in enumerate(texts):
                        add(text, entry, lang if k % 2 == 0 else other(lang), 1, "asks")
                        for number in views.negatives(text, own_headings(entry), 2, rng):
                            out.append(Pair("answers", text, views.of(text, number), 0, entry["id"], "mined"))
                for lang, text in row["near_miss"].items():
                    add(text, entry, lang, 0, "near-miss")
                    add(text, entry, other(lang), 0, "near-miss")
            elif "on" in row:
                on = row["on"]
                if "handbook" in on:
                    entry = bank.get(on["question"])
                    if entry:
                        add(row["text"], entry, row["lang"] if n % 3 else other(row["lang"]), int(row["answered"]), "details")
                        if row["answered"] and n % 2 == 0:
                            for number in views.negatives(row["text"], own_headings(entry), 1, rng):
                                out.append(Pair("answers", row["text"], views.of(row["text"], number), 0, entry["id"], "mined"))
                else:
                    numbers = seed_passages(views.searcher, on)
                    number = views.best(row["text"], numbers)
                    if number is not None:
                        passage = views.searcher.index.passages[number]
                        group = f"seed:{passage.doc_id}:{passage.start}"
                        out.append(Pair("answers", row["text"], views.of(row["text"], number), int(row["answered"]), group, "details-seeds"))
    return out


def seed_passages(searcher: Searcher, on: dict[str, str]) -> list[int]:
    index = searcher.index
    document = index.documents.get(on["doc"])
    at = document.source.find(on["quote"]) if document else -1
    return [n for n, p in enumerate(index.passages) if p.doc_id == on["doc"] and p.start <= at < p.end] if at >= 0 else []


class Judge(torch.nn.Module):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModel

        base = AutoModel.from_pretrained(folder, local_files_only=True, add_pooling_layer=False, attn_implementation="sdpa")
        config = LoraConfig(
            r=RANK,
            lora_alpha=ALPHA,
            lora_dropout=0.05,
            target_modules=["query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense"],
            layers_to_transform=list(range(FIRST_LAYER, base.config.num_hidden_layers)),
            layers_pattern="layer",
        )
        self.body = get_peft_model(base, config)
        hidden = base.config.hidden_size
        self.answers = torch.nn.Linear(hidden, 1)
        self.entails = torch.nn.Linear(hidden, len(LABELS))

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        share = mask.unsqueeze(-1).float()
        pooled = (states * share).sum(1) / share.sum(1)
        return self.answers(pooled).squeeze(-1), self.entails(pooled)


def batches(pairs: list[Pair], tokenizer: Any, size: int, rng: random.Random | None) -> Iterator[tuple[list[Pair], torch.Tensor, torch.Tensor]]:
    """Batches of one task, of like length, in random order."""
    encoded = tokenizer([p.a for p in pairs], [p.b for p in pairs], truncation=True, max_length=MAX_TOKENS, return_token_type_ids=False)["input_ids"]
    chunks: list[list[int]] = []
    for task in ("answers", "entails"):
        mine = [i for i, p in enumerate(pairs) if p.task == task]
        if rng:
            rng.shuffle(mine)
            windows = [sorted(mine[k : k + size * 16], key=lambda i: len(encoded[i])) for k in range(0, len(mine), size * 16)]
            mine = [i for w in windows for i in w]
        chunks += [mine[k : k + size] for k in range(0, len(mine), size)]
    if rng:
        rng.shuffle(chunks)
    for chunk in chunks:
        longest = max(len(encoded[i]) for i in chunk)
        ids = torch.full((len(chunk), longest), tokenizer.pad_token_id)
        mask = torch.zeros((len(chunk), longest), dtype=torch.long)
        for row, i in enumerate(chunk):
            ids[row, : len(encoded[i])] = torch.tensor(encoded[i])
            mask[row, : len(encoded[i])] = 1
        yield [pairs[i] for i in chunk], ids, mask


def run(judge: Judge, pairs: list[Pair], tokenizer: Any, device: str) -> dict[int, np.ndarray]:
    judge.eval()
    out: dict[int, np.ndarray] = {}
    with torch.inference_mode(), torch.autocast(device, dtype=torch.bfloat16):
        for group, ids, mask in batches(pairs, tokenizer, 32, None):
            answers, entails = judge(ids.to(device), mask.to(device))
            for k, pair in enumerate(group):
                out[id(pair)] = np.array([float(answers[k])]) if pair.task == "answers" else entails[k].float().cpu().numpy()
    return out


def evaluate(judge: Judge, pairs: list[Pair], tokenizer: Any, device: str) -> dict[str, float]:
    found = run(judge, pairs, tokenizer, device)
    report: dict[str, float] = {}
    mine = [p for p in pairs if p.task == "answers"]
    score = {id(p): float(found[id(p)][0]) for p in mine}
    report["answers_auroc"] = auroc([score[id(p)] for p in mine if p.label], [score[id(p)] for p in mine if not p.label])
    for source in sorted({p.source for p in mine if not p.label}):
        report[f"answers_auroc_{source}"] = auroc([score[id(p)] for p in mine if p.label], [score[id(p)] for p in mine if not p.label and p.source == source])
    mine = [p for p in pairs if p.task == "entails"]
    gold = [LABELS[p.label] for p in mine]
    said = [LABELS[int(found[id(p)].argmax())] for p in mine]
    report["entails_macro_f1"] = macro_f1(gold, said, LABELS)
    report |= {f"f1_{k}": v for k, v in f1_scores(gold, said, LABELS).items()}
    contradicting = [s for g, s in zip(gold, said, strict=True) if g == "contradicts"]
    report["contradiction_recall"] = sum(s == "contradicts" for s in contradicting) / max(1, len(contradicting))
    return {k: round(v, 4) for k, v in report.items()}


def save(judge: Judge, folder: Path, report: dict[str, Any]) -> None:
    """Adapters as half-precision factors beside the heads; the base weights are not repeated."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, np.ndarray] = {}
    for name, value in judge.body.state_dict().items():
        if "lora_A" in name or "lora_B" in name:
            plain = name.removeprefix("base_model.model.").replace(".default.weight", "")
            tensors[plain] = value.detach().float().cpu().numpy().astype(np.float16)
    for head in ("answers", "entails"):
        layer = getattr(judge, head)
        tensors[f"{head}.weight"] = layer.weight.detach().float().cpu().numpy()
        tensors[f"{head}.bias"] = layer.bias.detach().float().cpu().numpy()
    save_file(tensors, folder / "judge.safetensors", metadata={"scale": str(ALPHA / RANK)})
    (folder / "judge.json").write_text(
        json.dumps({"labels": LABELS, "scale": ALPHA / RANK, "max_tokens": MAX_TOKENS, **report}, indent=1) + "\n", encoding="utf-8"
    )


def split(pairs: Iterable[Pair]) -> tuple[list[Pair], list[Pair]]:
    train, held = [], []
    for pair in pairs:
        (held if held_out(pair.group) else train).append(pair)
    return train, held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--index", type=Path, default=Path("index"), help="a built index of the corpus (mianjing index)")
    parser.add_argument("--out", type=Path, default=Path("rag/data/judge"))
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=240.0, help="stop training after so long")
    args = parser.parse_args()
    started = time.time()
    torch.manual_seed(SEED)
    rng = random.Random(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    settings = Settings()
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    folder = ensure_unpacked(settings.cache_dir)
    tokenizer = encoder.model.tokenizer
    searcher = Searcher(load_index(args.index, encoder), encoder)
    searcher.fusion = replace(searcher.fusion)
    bank = bank_of(args.corpus)
    entail = entailment(args.corpus, bank, rng)
    answer = answering(args.corpus, bank, Views(searcher), rng)
    train, held = split([*entail, *answer])
    print(f"{len(entail)} entailment, {len(answer)} answering pairs; {len(train)} to train on, {len(held)} held out; {time.time() - started:.0f} s", flush=True)
    judge = Judge(folder).to(device)
    trainable = [p for p in judge.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trainable, lr=args.rate, weight_decay=0.01)
    steps = math.ceil(sum(1 for _ in batches(train, tokenizer, args.batch, random.Random(0))) * args.epochs)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1.0, (s + 1) / (0.06 * steps)) * max(0.02, 1 - s / steps))
    step, losses = 0, []
    class_weight = torch.tensor([1.0, 1.3, 1.2, 0.9], device=device)
    while step < steps and time.time() - started < args.minutes * 60:
        for group, ids, mask in batches(train, tokenizer, args.batch, rng):
            if step >= steps or time.time() - started > args.minutes * 60:
                break
            judge.train()
            with torch.autocast(device, dtype=torch.bfloat16):
                answers, entails = judge(ids.to(device), mask.to(device))
            gold = torch.tensor([p.label for p in group], device=device)
            if group[0].task == "answers":
                loss = torch.nn.functional.binary_cross_entropy_with_logits(answers.float(), gold.float())
            else:
                loss = torch.nn.functional.cross_entropy(entails.float(), gold, weight=class_weight, label_smoothing=0.03)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trainable, 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            step += 1
            if step % 50 == 0:
                print(f"step {step}/{steps} loss {np.mean(losses[-50:]):.3f} {time.time() - started:.0f} s", flush=True)
            if step % 700 == 0:
                print(json.dumps(evaluate(judge, held, tokenizer, device)), flush=True)
                save(judge, args.out, {"steps": step, "partial": True})
    report = evaluate(judge, held, tokenizer, device)
    print(json.dumps(report, indent=1))
    facts = {
        "steps": step,
        "train_pairs": len(train),
        "held_out_pairs": len(held),
        "minutes": round((time.time() - started) / 60, 1),
        "device": device,
        "seed": SEED,
        "held_out": report,
    }
    save(judge, args.out, facts)


if __name__ == "__main__":
    main()
