"""Milliseconds of one grading, with the judge and without, on replies of the bank to questions no training has seen.

    python benchmarks/bench_grading.py --out benchmarks/results/grading_speed.json

Each reply is graded once, with nothing remembered of the reply; loading the models is not counted, nor is what an interview computes of a question while the
candidate writes (`Grader.prepare`), which has a row of its own. The two ways take turns reply by reply, so that a machine
that slows down slows both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch

from rag.bank import load_bank
from rag.config import Settings
from rag.grade import Grader
from rag.judge import BundledJudge
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked

HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=HERE.parent / "corpus")
    parser.add_argument("--replies", type=int, default=120)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "grading_speed.json")
    args = parser.parse_args()
    settings = Settings()
    judge = BundledJudge(lambda: ensure_unpacked(settings.cache_dir))
    # An encoder each: it remembers the parts of a reply that another has graded.
    first, second = (TransformerEncoder(settings.encoder, settings.cache_dir) for _ in range(2))
    ways = {"with the judge": Grader(first, judge), "without": Grader(second)}
    questions = {q.id: q for q in load_bank(args.corpus / "bank")}
    rows = [json.loads(line) for path in sorted((args.corpus / "bank" / "replies").glob("*.jsonl")) for line in path.read_text(encoding="utf-8").splitlines()]
    rows.sort(key=lambda r: hashlib.sha256(r["text"].encode()).hexdigest())
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, "preparing a question")}
    prepared: set[tuple[str, str]] = set()
    for n, row in enumerate(rows[: args.replies + 5]):
        question = questions[row["question"]]
        text = question.text.in_language(row["lang"])
        if (question.id, row["lang"]) not in prepared:
            started = time.perf_counter()
            ways["with the judge"].prepare(text, question.key_points, question.misconceptions, row["lang"])
            seconds["preparing a question"].append(time.perf_counter() - started)
            ways["without"].prepare(text, question.key_points, question.misconceptions, row["lang"])
            prepared.add((question.id, row["lang"]))
        for name, grader in ways.items():
            started = time.perf_counter()
            grader.grade(text, question.key_points, row["text"], misconceptions=question.misconceptions)
            if n >= 5:
                seconds[name].append(time.perf_counter() - started)
    made: dict[str, object] = {
        "machine": {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(), "threads": torch.get_num_threads()},
        "replies": args.replies,
    }
    for name, taken in seconds.items():
        cuts = statistics.quantiles(taken, n=100, method="inclusive")
        made[name] = {"p50_ms": round(cuts[49] * 1000, 1), "p95_ms": round(cuts[94] * 1000, 1)}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
