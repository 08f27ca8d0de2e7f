"""Train the judge: the bundled encoder as a cross-encoder, its upper layers tuned in two stages, one linear layer for two heads.

    python training/train_judge.py --corpus corpus --index index --out rag/data/judge

Data: training/judge_data.py; every text is this project's own (Apache-2.0). Stage one reads short texts: key points with statements that entail,
partly entail or contradict them, questions with passages that answer them or not (hard negatives are mined from the project's own index). Stage two
reads whole replies beside a sample of stage one. Everything is split by question: every fifth question of the bank (by hash of its id) is held out with
all its rows. Word embeddings and the lower layers are frozen.

Tuning whole layers was chosen over low-rank adapters after measuring both (docs/decisions/007): it is faster on a CPU, and the differences in 8 bits
are small enough to ship.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from judge_data import Ahead, Pair, Views, answering_pairs, bank_of, composed_pairs, held_out, point_pairs, questions_of, reply_pairs

from rag.config import Settings
from rag.judge import FACTS, LABELS, WEIGHTS, chunks, network, padded, write_difference
from rag.measure import auroc, f1_scores, macro_f1
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.search import Searcher
from rag.store import load_index

FIRST_LAYER = 3
"""This layer and those above are tuned; below nothing flows back."""
MAX_TOKENS = 224
BATCH_TOKENS = 1600
SEED = 20240
RATE, HEAD_RATE = 1e-4, 1e-3
SMOOTHING = 0.03
CLASS_WEIGHT = (1.0, 1.3, 1.2, 0.9)
AGAIN = {"entails": 0.45, "answers": 0.15}
"""The share of stage one's pairs that stage two reads again."""


def batches(pairs: list[Pair], tokenizer: Any, rng: random.Random | None) -> Iterator[tuple[list[Pair], torch.Tensor, torch.Tensor]]:
    """Batches of one task, of like length and about BATCH_TOKENS tokens, in random order (in a fixed one without ``rng``)."""
    encoded = tokenizer([p.a for p in pairs], [p.b for p in pairs], truncation=True, max_length=MAX_TOKENS, return_token_type_ids=False)["input_ids"]
    lengths = [len(e) for e in encoded]
    taken: list[list[int]] = []
    for task in ("answers", "entails"):
        mine = [i for i, p in enumerate(pairs) if p.task == task]
        if rng:
            rng.shuffle(mine)
        width = 320 if rng else max(1, len(mine))
        for at in range(0, len(mine), width):
            taken += chunks(sorted(mine[at : at + width], key=lambda i: lengths[i]), lengths, BATCH_TOKENS)
    if rng:
        rng.shuffle(taken)
    for chunk in taken:
        ids, mask = padded([encoded[i] for i in chunk], tokenizer.pad_token_id)
        yield [pairs[i] for i in chunk], ids, mask


def loss_of(logits: torch.Tensor, group: list[Pair]) -> torch.Tensor:
    """Cross-entropy of the head that a batch is for."""
    gold = torch.tensor([p.label for p in group])
    if group[0].task == "answers":
        target = gold.float() * (1 - 2 * SMOOTHING) + SMOOTHING
        return torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0], target)
    return torch.nn.functional.cross_entropy(logits[:, 1:], gold, weight=torch.tensor(CLASS_WEIGHT), label_smoothing=SMOOTHING)


def train(model: Any, pairs: list[Pair], tokenizer: Any, epochs: float, rate: float, rng: random.Random, name: str) -> int:
    """One stage: AdamW, linear warm-up and decay. Returns its steps."""
    body = [p for n, p in model.named_parameters() if p.requires_grad and not n.startswith("heads.")]
    groups = [{"params": body, "lr": rate}, {"params": list(model.heads.parameters()), "lr": rate / RATE * HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = max(1, round(sum(1 for _ in batches(pairs, tokenizer, random.Random(0))) * epochs))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1.0, (s + 1) / (0.06 * steps)) * max(0.02, 1 - s / steps))
    step, losses, started = 0, [], time.time()
    model.train()
    while step < steps:
        for group, ids, mask in batches(pairs, tokenizer, rng):
            if step >= steps:
                break
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(ids, mask)
            loss = loss_of(logits.float(), group)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(body, 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            step += 1
            if step % 50 == 0:
                print(f"{name}: step {step}/{steps} loss {np.mean(losses[-50:]):.3f} {time.time() - started:.0f} s", flush=True)
    return steps


def evaluate(model: Any, pairs: list[Pair], tokenizer: Any) -> dict[str, float]:
    """Held-out figures: of the first head AUROC against each kind of negative, of the second F1 by label, all and by source."""
    model.eval()
    found: dict[int, Any] = {}
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for group, ids, mask in batches(pairs, tokenizer, None):
            for pair, row in zip(group, model(ids, mask).float().numpy(), strict=True):
                found[id(pair)] = row
    out: dict[str, float] = {}
    mine = [p for p in pairs if p.task == "answers"]
    right = [float(found[id(p)][0]) for p in mine if p.label]
    for source in ("all", *sorted({p.source for p in mine if not p.label})):
        out[f"answers_auroc_{source}"] = auroc(right, [float(found[id(p)][0]) for p in mine if not p.label and source in {"all", p.source}])
    for source in ("all", *sorted({p.source for p in pairs if p.task == "entails"})):
        some = [p for p in pairs if p.task == "entails" and source in {"all", p.source}]
        gold, said = [LABELS[p.label] for p in some], [LABELS[int(found[id(p)][1:].argmax())] for p in some]
        out[f"entails_macro_f1_{source}"] = macro_f1(gold, said, LABELS)
        if source == "all":
            out |= {f"f1_{label}": value for label, value in f1_scores(gold, said, LABELS).items()}
        against = [s for g, s in zip(gold, said, strict=True) if g == "contradicts"]
        if against:
            out[f"contradiction_recall_{source}"] = sum(s == "contradicts" for s in against) / len(against)
    return {k: round(v, 4) for k, v in out.items()}


def gather(corpus: Path, index: Path, settings: Settings) -> tuple[list[Pair], list[Pair], Any]:
    """The pairs of both stages, and the tokenizer."""
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    built = load_index(index, encoder)
    ahead = Ahead(encoder)
    ahead.prepare(questions_of(corpus, built))
    views = Views(Searcher(built, ahead))
    bank = bank_of(corpus)
    first = [*point_pairs(corpus, bank, random.Random(SEED)), *answering_pairs(corpus, bank, views, random.Random(SEED))]
    second = [*reply_pairs(corpus, bank, random.Random(SEED)), *composed_pairs(corpus, bank, random.Random(SEED))]
    return first, second, encoder.model.tokenizer


def sample(pairs: list[Pair], share: float, rng: random.Random) -> list[Pair]:
    """Some of the pairs."""
    return rng.sample(pairs, round(share * len(pairs)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--index", type=Path, default=Path("index"), help="a built index of the corpus (mianjing index)")
    parser.add_argument("--out", type=Path, default=Path("rag/data/judge"))
    parser.add_argument("--epochs", type=float, default=2.0, help="of stage one")
    parser.add_argument("--more", type=float, default=1.0, help="epochs of stage two")
    parser.add_argument("--keep", type=Path, help="where the weights after stage one are kept, and taken from when they are there")
    args = parser.parse_args()
    started = time.time()
    settings = Settings()
    folder = ensure_unpacked(settings.cache_dir)
    first, second, tokenizer = gather(args.corpus, args.index, settings)
    held = [p for p in (*first, *second) if held_out(p.group)]
    first, second = [p for p in first if not held_out(p.group)], [p for p in second if not held_out(p.group)]
    print(f"pairs: {len(first)} in stage one, {len(second)} in stage two, {len(held)} held out; {time.time() - started:.0f} s", flush=True)
    torch.manual_seed(SEED)
    model, base = network(folder), network(folder)
    for name, value in model.body.named_parameters():
        value.requires_grad = name.startswith("encoder.layer.") and int(name.split(".")[2]) >= FIRST_LAYER
    steps = 0
    if args.keep and args.keep.is_file():
        model.load_state_dict(torch.load(args.keep, weights_only=True))
    else:
        steps = train(model, first, tokenizer, args.epochs, RATE, random.Random(SEED), "stage one")
        print(json.dumps(evaluate(model, held, tokenizer)), flush=True)
        if args.keep:
            torch.save(model.state_dict(), args.keep)
    if args.more > 0:
        torch.manual_seed(SEED + 1)
        rng = random.Random(SEED + 1)
        again = [p for task, share in AGAIN.items() for p in sample([q for q in first if q.task == task], share, rng)]
        steps += train(model, [*second, *again], tokenizer, args.more, RATE, rng, "stage two")
    write_difference(model, base, args.out / WEIGHTS)
    report = evaluate(model, held, tokenizer)
    print(json.dumps(report, indent=1))
    facts = {
        "version": "1",
        "labels": LABELS,
        "max_tokens": MAX_TOKENS,
        "seed": SEED,
        "first_layer": FIRST_LAYER,
        "steps": steps,
        "pairs": {"stage_one": len(first), "stage_two": len(second), "held_out": len(held)},
        "minutes": round((time.time() - started) / 60, 1),
        "machine": f"{torch.get_num_threads()} CPU threads, {platform.machine()}, torch {torch.__version__}",
        "held_out": report,
    }
    (args.out / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
