"""Ask whether the judge reads what it judges, and whether it holds on another author.

    python training/check_judge.py --corpus corpus --data EVAL_FOLDER/grading/interview --nli EVAL_FOLDER/pairs/ocnli/pairs.jsonl \\
        --people EVAL_FOLDER --out benchmarks/results/judge_check.json

- Held-out pairs (judge_data.held_out) as they are, with the statement of another question in its place, and with none: what is left above chance then is
  manner, not meaning (a "hypothesis-only" baseline: Gururangan et al., 2018, "Annotation Artifacts in Natural Language Inference Data").
- Held-out voices (judge_data.voiced_pairs): texts of one manner under every label, so that manner helps nothing.
- Key points hit against missed in the replies of another author, AUROC of P(entails) + P(partly) / 2, whole replies; and so of candidates who had not seen
  them, to questions of which nothing was learnt (training/candid/unseen). Their replies to held-out questions also as pairs, by kind.
- What people wrote (judge_data.people_pairs): of held-out questions of an electricity course correct answers against contradictory and other wrong ones,
  of sentence pairs of the same words paraphrases against others, AUROC of P(entails) + P(partly) / 2 - P(contradicts). And Pearson's r of the same figure
  with the grades of two exams of which nothing was trained on (Mohler et al., 2011, and a Chinese one on data structures), SAMPLE answers each.
- General inference pairs (OCNLI, Hu et al., 2020), of which the judge has seen none: entailed, contradicted, or neither (half said and unrelated).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from judge_data import (
    CANDID,
    EITHER,
    FIRST_CANDID,
    MORE_CANDID,
    Pair,
    bank_of,
    candid_pairs,
    held_out,
    people_pairs,
    point_pairs,
    reply_pairs,
    rows,
    voiced_pairs,
)

from rag.config import Settings
from rag.judge import CONTRADICTS, ENTAILS, LABELS, PARTLY, UNRELATED, BundledJudge
from rag.measure import auroc, macro_f1
from rag.models.bundled import ensure_unpacked

SEED = 2
SAMPLE = 500
NOTHING = "…"


def manner(judge: BundledJudge, pairs: Sequence[Pair], rng: random.Random) -> dict[str, Any]:
    """Macro-F1 over the labels with the true statement, with another question's, and with none."""
    gold = [LABELS[p.label] for p in pairs]
    others = [rng.choice([q.a for q in pairs if q.group != p.group]) for p in pairs]
    out: dict[str, Any] = {"pairs": len(pairs)}
    for name, statements in (("true", [p.a for p in pairs]), ("another", others), ("none", [NOTHING] * len(pairs))):
        said = judge.entails([(a, p.b) for a, p in zip(statements, pairs, strict=True)]).argmax(axis=1)
        out[f"macro_f1_{name}_statement"] = round(macro_f1(gold, [LABELS[k] for k in said], LABELS), 4)
    return out


def voices(judge: BundledJudge, pairs: Sequence[Pair]) -> dict[str, Any]:
    """Macro-F1 and the share of contradictions that are found, of each kind of pair and of all."""
    said = judge.entails([(p.a, p.b) for p in pairs]).argmax(axis=1).tolist()
    out: dict[str, Any] = {}
    for source in ("all", *sorted({p.source for p in pairs})):
        mine = [(LABELS[p.label], LABELS[k]) for p, k in zip(pairs, said, strict=True) if source in {"all", p.source}]
        against = [found for gold, found in mine if gold == "contradicts"]
        out[source] = {
            "pairs": len(mine),
            "macro_f1": round(macro_f1([g for g, _ in mine], [f for _, f in mine], LABELS), 4),
            "contradictions_found": round(against.count("contradicts") / max(1, len(against)), 4),
        }
    return out


def another_author(judge: BundledJudge, folder: Path) -> dict[str, Any]:
    """How well whole replies that hit a key point are told from those that miss it."""
    items = {row["qid"]: row for row in rows(folder / "items.jsonl")}
    pairs, hit = [], []
    for row in rows(folder / "answers.jsonl"):
        for point in items[row["qid"]]["key_points"]:
            if point["id"] not in row["partials"]:
                pairs.append((point["text"], row["answer"]))
                hit.append(point["id"] in row["hits"])
    found = judge.entails(pairs)
    belief = (found[:, ENTAILS] + found[:, PARTLY] / 2).tolist()
    right, wrong = ([b for b, h in zip(belief, hit, strict=True) if h is wanted] for wanted in (True, False))
    return {"pairs": len(pairs), "auroc_hit": round(auroc(right, wrong), 4)}


def by_people(judge: BundledJudge, data: Path) -> dict[str, Any]:
    """How well what people wrote is read."""

    def belief(pairs: Sequence[tuple[str, str]]) -> list[float]:
        found = judge.entails(pairs)
        return (found[:, ENTAILS] + found[:, PARTLY] / 2 - found[:, CONTRADICTS]).tolist()

    out: dict[str, Any] = {}
    pairs = [p for p in people_pairs(data, random.Random(SEED)) if held_out(p.group)]
    said = dict(zip(map(id, pairs), belief([(p.a, p.b) for p in pairs]), strict=True))
    for source in ("beetle", "paws"):
        of = {label: [said[id(p)] for p in pairs if p.source == source and p.label == label] for label in {p.label for p in pairs if p.source == source}}
        out[source] = {"pairs": sum(map(len, of.values()))}
        out[source] |= {
            "auroc_contradicts" if label == LABELS.index("contradicts") else "auroc_other": round(auroc(of[0], some), 4) for label, some in of.items() if label
        }
    for name in ("mohler2011", "sas_ads_zh"):
        graded = list(rows(data / "grading" / name / "items.jsonl"))
        graded = random.Random(SEED).sample(graded, min(SAMPLE, len(graded)))
        found = belief([(row["reference"], row["answer"]) for row in graded])
        out[name] = {"answers": len(graded), "pearson": round(float(np.corrcoef(found, [row["score"] for row in graded])[0, 1]), 4)}
    return out


def inference(judge: BundledJudge, path: Path) -> dict[str, Any]:
    """Macro-F1 and recalls on general premise (``a``) and hypothesis (``b``) pairs."""
    names = ("entailment", "contradiction", "neutral")
    data = [row for row in rows(path) if row["label"] in names]
    found = judge.entails([(row["b"], row["a"]) for row in data])
    neither = found[:, PARTLY] + found[:, UNRELATED]
    best = np.stack([found[:, ENTAILS], found[:, CONTRADICTS], neither], axis=1).argmax(axis=1)
    gold, said = [row["label"] for row in data], [names[k] for k in best]
    recalls = {name: round(sum(g == s == name for g, s in zip(gold, said, strict=True)) / max(1, gold.count(name)), 4) for name in names}
    return {"pairs": len(data), "macro_f1": round(macro_f1(gold, said, names), 4), "recall": recalls}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--data", type=Path, required=True, help="folder with items.jsonl and answers.jsonl")
    parser.add_argument("--nli", type=Path, help="JSONL with a, b and label (entailment, neutral, contradiction)")
    parser.add_argument("--people", type=Path, help="folder with the exams and sentence pairs of judge_data.people_pairs")
    parser.add_argument("--judge", type=Path, help="folder of the judge's weights; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/judge_check.json"))
    args = parser.parse_args()
    settings = Settings()
    judge = BundledJudge(lambda: ensure_unpacked(settings.cache_dir), *([args.judge] if args.judge else []))
    bank, rng = bank_of(args.corpus), random.Random(SEED)
    singles = [p for p in point_pairs(args.corpus, bank, random.Random(SEED)) if held_out(p.group) and p.source in {"points", "unrelated"}]
    replies = [p for p in reply_pairs(args.corpus, bank, random.Random(SEED)) if held_out(p.group)]
    report: dict[str, Any] = {"judge": judge.name}
    for name, pairs in (("single statements", singles), ("whole replies", replies)):
        report[name] = manner(judge, rng.sample(pairs, min(SAMPLE, len(pairs))), rng)
    voiced = [p for p in voiced_pairs(args.corpus, bank, random.Random(SEED)) if held_out(p.group) and p.label not in EITHER]
    report["voices"] = voices(judge, voiced)
    candid = [p for files in (FIRST_CANDID, MORE_CANDID) for p in candid_pairs(bank, random.Random(SEED), files)]
    report["candidates"] = voices(judge, [p for p in candid if held_out(p.group) and p.label not in EITHER])
    report["another author"] = another_author(judge, args.data)
    report["candidates to other questions"] = another_author(judge, CANDID / "unseen")
    if args.people:
        report["by people"] = by_people(judge, args.people)
    if args.nli:
        report["general inference"] = inference(judge, args.nli)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
