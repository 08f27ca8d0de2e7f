"""Train the judge: the bundled encoder as a cross-encoder, all layers but the lowest tuned, one small head for two tasks.

    python training/train_judge.py --corpus corpus --index index --out rag/data/judge

Data: training/judge_data.py; but for what people wrote (stages six and seven), every text is this project's own (Apache-2.0): key points with statements
and whole replies that entail, partly entail or contradict them or say nothing of them; questions with passages that answer them or not (hard negatives are
mined from the project's own index). Everything is split by question: every fifth question of the bank (by hash of its id) is held out with all its rows.
Word embeddings and layer 0 are frozen.

Stage one is three epochs, the first without questions. Stage two is one epoch at a lower rate in which statements also stand in other words than the bank's.
Stage three is two epochs of texts that one person wrote in one manner under every label (corpus/bank/voices), with some of what came before.
Stage four is one epoch of whole replies, some voices beside them: to a plan (corpus/bank/planned), and to other questions of the area. What it makes is
averaged, weight by weight, with what it began from (as in WiSE-FT, Wortsman et al., 2022): it keeps what either had learnt. Stage five does the same with
short plain sentences (corpus/bank/short), half of the voices beside them; neither is shipped. Stage six is one epoch with what people wrote (--people, see
judge_data.people_pairs), stage seven another with it and with statements in nearly the same words (judge_data.near_pairs). Stage eight is two epochs of replies
whose authors had not seen the key points (training/candid, judge_data.candid_pairs), with some of all that came before, blended again; stage nine does the
same with twice as many, of which half are new. The shipped weights are those after stage three, then stages six and seven from there, blended with what those
began from, then stages eight and nine: why, with what else was tried, docs/decisions/007 says. Then training/fit_answers.py fits another head for answers to
more questions.

    python training/train_judge.py --start FOLDER_OF_STAGE_THREE --stages 6 7 8 9 --people EVAL_FOLDER --out rag/data/judge
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from judge_data import (
    EITHER,
    MORE_CANDID,
    Ahead,
    Pair,
    Views,
    answering_pairs,
    bank_of,
    candid_pairs,
    composed_pairs,
    held_out,
    near_pairs,
    people_pairs,
    point_pairs,
    questions_of,
    reply_pairs,
    short_pairs,
    turned_pairs,
    voiced_pairs,
    whole_pairs,
)
from transformers import AutoTokenizer

from rag.config import Settings
from rag.judge import FACTS, LABELS, WEIGHTS, chunks, network, padded, read_difference, write_difference
from rag.measure import auroc, f1_scores, macro_f1
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.models.encoder import half_precision
from rag.search import Searcher
from rag.store import load_index

FIRST_LAYER = 1
"""This layer and those above are tuned; below nothing flows back. Eleven layers in 8 bits are what 20 MB hold."""
MAX_TOKENS = 224
BATCH_TOKENS = 1000
SEED = 20240
HEAD_SHARE = 5.0
"""How much faster the head learns than the body."""
SMOOTHING = 0.03
CLASS_WEIGHT = (1.0, 1.3, 1.2, 0.9)
STAGE_ONE: tuple[dict[str, float], ...] = ({"entails": 1.0}, {"entails": 1.0, "answers": 0.6}, {"entails": 1.0, "answers": 0.6})
"""The share of each task's pairs that an epoch reads. Before the body can read two texts, (question, passage) pairs only disturb it."""
STAGE_TWO = {"entails": 0.4, "answers": 0.3}
"""What stage two reads again beside the turned pairs."""
STAGE_THREE = {"entails": 0.25, "answers": 0.3}
STAGE_FOUR = {"entails": 0.1, "answers": 0.15}
STAGE_FIVE = {"entails": 0.15, "answers": 0.1}
STAGE_SIX = {"entails": 0.15, "answers": 0.1}
STAGE_EIGHT = {"people": 0.2, "near": 0.08, "short": 0.08, "voices": 0.15}
"""The shares of what came before that each epoch of stages eight and nine reads beside the candid replies."""
CANDID_AGAIN = 0.3
"""The share of the first candid replies that an epoch of stage nine reads again."""
CANDID_EPOCHS = 2
CANDID_HITS = 0.5
STAGE_EIGHT_AGAIN = {"entails": 0.04, "answers": 0.04}
TURNED_AGAIN = {3: 0.3, 4: 0.1, 5: 0.3, 6: 0.2, 7: 0.2, 8: 0.05, 9: 0.05}
"""What an epoch of stages three to nine reads again beside the voices, of the first pairs and of the turned ones."""
VOICED_EPOCHS = 2
VOICED_AGAIN = 0.5
"""The share of the voices that the later stages read, set beside each other anew."""
STAGE_SEVEN = {"near": 0.5, "short": 0.35, "voices": 0.7}
"""The shares of nearly the same words, of short sentences, and of the redrawn voices that stage seven reads beside what people wrote."""
BLENDED = {4: 0.5, 5: 0.5, 7: 0.6, 8: 0.5, 9: 0.5}
"""How much of what the later stages of a run made of the weights since the last blend is kept once that stage is done; the rest is what they began from."""
RATES = {1: 1e-4, 2: 6e-5, 3: 1e-4, 4: 1e-4, 5: 1e-4, 6: 1e-4, 7: 1e-4, 8: 1e-4, 9: 1e-4}


Batch = tuple[list[Pair], torch.Tensor, torch.Tensor]


def batches(pairs: list[Pair], tokenizer: Any, rng: random.Random | None) -> Iterator[Batch]:
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
    shares = logits[:, 1:].log_softmax(1)
    known = gold < len(LABELS)
    total = torch.nn.functional.cross_entropy(logits[known, 1:], gold[known], weight=torch.tensor(CLASS_WEIGHT), label_smoothing=SMOOTHING, reduction="sum")
    for label, right in EITHER.items():
        total = total - shares[gold == label][:, list(right)].logsumexp(1).sum()
    return total / len(group)


def train(model: Any, plan: list[list[Batch]], rate: float, each: Callable[[int], None]) -> int:
    """One stage: AdamW, linear warm-up and decay over the epochs of a plan; ``each`` is called after every epoch. Returns the steps."""
    steps = sum(map(len, plan))
    body = [p for n, p in model.named_parameters() if p.requires_grad and not n.startswith("heads.")]
    groups = [{"params": body, "lr": rate}, {"params": list(model.heads.parameters()), "lr": HEAD_SHARE * rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1.0, (s + 1) / 60) * max(0.02, 1 - s / steps))
    losses: dict[str, list[float]] = {"answers": [], "entails": []}
    step, started = 0, time.time()
    for number, epoch in enumerate(plan, start=1):
        model.eval()  # without dropout: with it the body hardly learned to compare two texts in the steps there are
        for group, ids, mask in epoch:
            with half_precision("cpu"):
                logits = model(ids, mask)
            loss = loss_of(logits.float(), group)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(body, 1.0)
            optimiser.step()
            schedule.step()
            losses[group[0].task].append(loss.item())
            step += 1
            if step % 50 == 0:
                late = " ".join(f"{task} {np.mean(of[-50:]):.3f}" for task, of in losses.items() if of)
                print(f"step {step}/{steps} loss {late} {time.time() - started:.0f} s", flush=True)
        each(number)
    return steps


def drawn(pairs: list[Pair], rng: random.Random, shares: dict[str, float]) -> list[Pair]:
    """A share of the pairs of each task."""
    return [p for task, share in shares.items() for p in sample([q for q in pairs if q.task == task], share, rng)]


def sample(pairs: list[Pair], share: float, rng: random.Random) -> list[Pair]:
    """Some of the pairs."""
    return rng.sample(pairs, round(share * len(pairs)))


def evaluate(model: Any, pairs: list[Pair], tokenizer: Any) -> dict[str, float]:
    """Held-out figures: of the first head AUROC against each kind of negative, of the second F1 by label, all and by source."""
    model.eval()
    found: dict[int, Any] = {}
    with torch.inference_mode(), half_precision("cpu"):
        for group, ids, mask in batches(pairs, tokenizer, None):
            for pair, row in zip(group, model(ids, mask).float().numpy(), strict=True):
                found[id(pair)] = row
    out: dict[str, float] = {}
    mine = [p for p in pairs if p.task == "answers"]
    right = [float(found[id(p)][0]) for p in mine if p.label]
    for source in ("all", *sorted({p.source for p in mine if not p.label})):
        out[f"answers_auroc_{source}"] = auroc(right, [float(found[id(p)][0]) for p in mine if not p.label and source in {"all", p.source}])
    for source in ("all", *sorted({p.source for p in pairs if p.task == "entails" and p.label not in EITHER})):
        some = [p for p in pairs if p.task == "entails" and p.label not in EITHER and source in {"all", p.source}]
        gold, said = [LABELS[p.label] for p in some], [LABELS[int(found[id(p)][1:].argmax())] for p in some]
        out[f"entails_macro_f1_{source}"] = macro_f1(gold, said, LABELS)
        if source == "all":
            out |= {f"f1_{label}": value for label, value in f1_scores(gold, said, LABELS).items()}
        against = [s for g, s in zip(gold, said, strict=True) if g == "contradicts"]
        if against:
            out[f"contradiction_recall_{source}"] = sum(s == "contradicts" for s in against) / len(against)
    return {k: round(v, 4) for k, v in out.items()}


def gather(corpus: Path, index: Path, settings: Settings) -> tuple[list[Pair], Any]:
    """All pairs, and the tokenizer."""
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    built = load_index(index, encoder)
    ahead = Ahead(encoder)
    ahead.prepare(questions_of(corpus, built))
    views = Views(Searcher(built, ahead))
    bank = bank_of(corpus)
    made = (point_pairs, reply_pairs, composed_pairs)
    pairs = [p for make in made for p in make(corpus, bank, random.Random(SEED))]
    return [*pairs, *answering_pairs(corpus, bank, views, random.Random(SEED))], encoder.model.tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--index", type=Path, default=Path("index"), help="a built index of the corpus (mianjing index)")
    parser.add_argument("--out", type=Path, default=Path("rag/data/judge"))
    parser.add_argument("--start", type=Path, help="folder of the weights of an earlier run, to go on from")
    parser.add_argument("--stages", type=int, nargs="+", default=[1, 2, 3], choices=range(1, 10))
    parser.add_argument("--people", type=Path, help="folder of what people wrote (judge_data.people_pairs); stages six and seven need it")
    parser.add_argument("--pairs", type=Path, help="where the gathered pairs are kept, and taken from when they are there")
    args = parser.parse_args()
    if args.people is None and not {6, 7, 8, 9}.isdisjoint(args.stages):
        parser.error("stages 6 to 9 need --people FOLDER")
    started = time.time()
    folder = ensure_unpacked(Settings().cache_dir)
    if args.pairs and args.pairs.is_file():
        pairs = [Pair(**row) for row in json.loads(args.pairs.read_text(encoding="utf-8"))]
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    else:
        pairs, tokenizer = gather(args.corpus, args.index, Settings())
        if args.pairs:
            args.pairs.write_text(json.dumps([asdict(p) for p in pairs], ensure_ascii=False), encoding="utf-8")
    bank = bank_of(args.corpus)
    turned, voiced, whole, short = (make(args.corpus, bank, random.Random(SEED)) for make in (turned_pairs, voiced_pairs, whole_pairs, short_pairs))
    people = people_pairs(args.people, random.Random(SEED)) if args.people else []
    near, candid = near_pairs(args.corpus, bank, random.Random(SEED)), candid_pairs(bank, random.Random(SEED))
    more = candid_pairs(bank, random.Random(SEED), MORE_CANDID)
    # What only a later stage reads is held out with it alone, so that the figures of the first three compare with those that are kept.
    later = [
        *(whole if 4 in args.stages else ()),
        *(short if 5 in args.stages else ()),
        *(candid if {8, 9} & set(args.stages) else ()),
        *(more if 9 in args.stages else ()),
    ]
    held = [p for p in (*pairs, *turned, *voiced, *later) if held_out(p.group)]
    everything = (pairs, turned, voiced, whole, short, people, near, candid, more)
    pairs, turned, voiced, whole, short, people, near, candid, more = ([p for p in some if not held_out(p.group)] for some in everything)
    sizes = {
        "stage_one": len(pairs),
        "turned": len(turned),
        "voiced": len(voiced),
        "whole": len(whole),
        "short": len(short),
        "people": len(people),
        "near": len(near),
        "candid": len(candid),
        "more_candid": len(more),
        "held_out": len(held),
    }
    print(f"pairs: {sizes}; {time.time() - started:.0f} s", flush=True)
    torch.manual_seed(SEED)
    model, base = network(folder), network(folder)
    for name, value in model.body.named_parameters():
        value.requires_grad = name.startswith("encoder.layer.") and int(name.split(".")[2]) >= FIRST_LAYER

    def redrawn(rng: random.Random) -> list[Pair]:
        """The voices, set beside each other anew."""
        return sample([p for p in voiced_pairs(args.corpus, bank, rng) if not held_out(p.group)], VOICED_AGAIN, rng)

    def beside_it(shares: dict[str, float], rng: random.Random) -> list[Pair]:
        """What the stages from seven on read beside what is new."""
        of = {"near": near, "short": short, "voices": redrawn(rng), "people": people}
        return [p for name, share in shares.items() for p in sample(of[name], share, rng)]

    def fewer_hits(some: list[Pair], rng: random.Random) -> list[Pair]:
        """Candid replies with half of the key points they make: those are more than the others together."""
        return [p for p in some if p.label != LABELS.index("entails") or rng.random() < CANDID_HITS]

    def each(number: int) -> None:
        write_difference(model, base, args.out / WEIGHTS)
        few = random.Random(SEED).sample(held, min(1500, len(held)))
        print(f"epoch {number}, on a sample: " + json.dumps(evaluate(model, few, tokenizer)), flush=True)

    if args.start:
        read_difference(model, args.start / WEIGHTS)
    plans: dict[int, Callable[[random.Random], list[list[Pair]]]] = {
        1: lambda rng: [drawn(pairs, rng, shares) for shares in STAGE_ONE],
        2: lambda rng: [[*turned, *drawn(pairs, rng, STAGE_TWO)]],
        3: lambda rng: [[*voiced, *sample(turned, TURNED_AGAIN[3], rng), *drawn(pairs, rng, STAGE_THREE)] for _ in range(VOICED_EPOCHS)],
        4: lambda rng: [[*redrawn(rng), *whole, *sample(turned, TURNED_AGAIN[4], rng), *drawn(pairs, rng, STAGE_FOUR)]],
        5: lambda rng: [[*short, *redrawn(rng), *sample(turned, TURNED_AGAIN[5], rng), *drawn(pairs, rng, STAGE_FIVE)]],
        6: lambda rng: [[*people, *redrawn(rng), *sample(turned, TURNED_AGAIN[6], rng), *drawn(pairs, rng, STAGE_SIX)]],
        7: lambda rng: [[*people, *beside_it(STAGE_SEVEN, rng), *sample(turned, TURNED_AGAIN[7], rng), *drawn(pairs, rng, STAGE_SIX)]],
        8: lambda rng: [
            [*fewer_hits(candid, rng), *beside_it(STAGE_EIGHT, rng), *sample(turned, TURNED_AGAIN[8], rng), *drawn(pairs, rng, STAGE_EIGHT_AGAIN)]
            for _ in range(CANDID_EPOCHS)
        ],
        9: lambda rng: [
            [
                *fewer_hits([*more, *sample(candid, CANDID_AGAIN, rng)], rng),
                *beside_it(STAGE_EIGHT, rng),
                *sample(turned, TURNED_AGAIN[9], rng),
                *drawn(pairs, rng, STAGE_EIGHT_AGAIN),
            ]
            for _ in range(CANDID_EPOCHS)
        ],
    }
    steps = 0
    began: dict[str, torch.Tensor] = {}
    for stage in args.stages:
        rng = random.Random(SEED + stage - 1)
        plan = [list(batches(epoch, tokenizer, rng)) for epoch in plans[stage](rng)]
        if stage > 3 and not began:
            began = {name: value.detach().clone() for name, value in model.named_parameters()}
        steps += train(model, plan, RATES[stage], each)
        if stage in BLENDED:
            with torch.no_grad():
                for name, value in model.named_parameters():
                    value.lerp_(began[name], 1 - BLENDED[stage])
            began = {}
            write_difference(model, base, args.out / WEIGHTS)
    report = evaluate(model, held, tokenizer)
    before = json.loads((args.start / FACTS).read_text(encoding="utf-8")) if args.start else {"steps": 0, "minutes": 0.0}
    facts = {
        "version": "10",
        "labels": LABELS,
        "max_tokens": MAX_TOKENS,
        "seed": SEED,
        "first_layer": FIRST_LAYER,
        "steps": before["steps"] + steps,
        "pairs": sizes,
        "minutes": round(before["minutes"] + (time.time() - started) / 60, 1),
        "machine": f"{torch.get_num_threads()} CPU threads, {platform.machine()}, torch {torch.__version__}",
        "held_out": report,
    }
    (args.out / WEIGHTS).chmod(0o644)
    (args.out / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
