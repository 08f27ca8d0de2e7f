"""Fit the weight of the judge in search and write it into rag/data/fusion.json; measure search without and with it.

    python training/fit_judge.py --seeds corpus/seeds --data EVAL_FOLDER --out benchmarks/results/judge.json

The judge reads the best passages of each development question (as many as the searcher lets it). The weight is the one of a fixed grid with the best
mean figure over the sets (as in fit_fusion.py), among those that put no set below its figure without a judge by more than one question that falls
from the first to the second place; if there is none, the weight is 0. The figures at every weight are kept.
Of the general sets (xquad) every fourth question is read.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fit_fusion import Set, beir_set, main_figure, seeds_set

from rag.config import Settings
from rag.judge import BundledJudge
from rag.measure import log_odds, ndcg
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.records import Evidence
from rag.search import Fusion, Searcher

GRID = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
DEPTH = 60
ONE_RANK = 1 - 1 / math.log2(3)
"""What nDCG loses where the one right text falls from the first to the second place."""


def read(data: Set, judge: BundledJudge) -> list[tuple[list[Evidence], list[float]]]:
    """For each question its best passages and the judge's log odds of those it read."""
    out = []
    searcher = Searcher(data.searcher.index, data.searcher.encoder, replace(Fusion.shipped(), judge=1.0), judge)
    for case in data.cases:
        query = searcher.query(case.query.text)
        found = searcher.evidence(query, searcher.score(query)[:DEPTH])
        odds = {e.hit.passage.id: log_odds(e.judged) for e in searcher.reread(query, found) if e.judged is not None}
        out.append((found, [odds[e.hit.passage.id] for e in found if e.hit.passage.id in odds]))
    return out


def ranked(found: list[Evidence], odds: list[float], weight: float) -> list[Evidence]:
    """The passages in the order the searcher would give them with this weight."""
    head = [(e.raw + weight * o, e) for e, o in zip(found, odds, strict=False)]
    head.sort(key=lambda pair: (-round(pair[0], 9), pair[1].hit.passage.id))
    return [*(e for _, e in head), *found[len(odds) :]]


def figures(data: Set, seen: list[tuple[list[Evidence], list[float]]], weight: float) -> dict[str, float]:
    """The figures of one set at one weight."""
    index = data.searcher.index
    if data.name == "seeds":
        rows = []
        for case, (found, odds) in zip(data.cases, seen, strict=True):
            assert case.flags is not None
            rows.append((case.language, [bool(case.flags[index.number[e.hit.passage.id]]) for e in ranked(found, odds, weight)]))
        return {
            "hit@1": float(np.mean([flags[0] for _, flags in rows])),
            "hit@5": float(np.mean([any(flags[:5]) for _, flags in rows])),
            "hit@1 en": float(np.mean([flags[0] for language, flags in rows if language == "en"])),
        }
    lists = [list(dict.fromkeys(e.hit.passage.doc_id for e in ranked(found, odds, weight))) for found, odds in seen]
    return {"nDCG@10": float(np.mean([ndcg(docs, case.relevance or {}) for docs, case in zip(lists, data.cases, strict=True)]))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="keep the vectors of the retrieval sets here between runs")
    parser.add_argument("--judge", type=Path, help="folder of the judge's weights; default: the shipped ones")
    parser.add_argument("--weights", type=Path, default=Path("rag/data/fusion.json"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/judge.json"))
    args = parser.parse_args()
    settings = Settings()
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    judge = BundledJudge(lambda: ensure_unpacked(settings.cache_dir), *([args.judge] if args.judge else []))
    sets = [seeds_set(args.seeds, args.data, encoder)]
    sets += [beir_set(folder, encoder, args.cache) for folder in sorted((args.data / "retrieval").iterdir()) if folder.is_dir()]
    for data in sets:
        data.cases = data.cases[::4] if data.name.startswith("xquad") else data.cases
    seen = {}
    for data in sets:
        started = time.perf_counter()
        seen[data.name] = read(data, judge)
        print(f"{data.name}: {len(data.cases)} questions read in {time.perf_counter() - started:.0f} s", flush=True)
    tables: dict[float, dict[str, dict[str, float]]] = {w: {d.name: figures(d, seen[d.name], w) for d in sets} for w in GRID}

    def mean(weight: float) -> float:
        factor = {d.name: 2.0 if d.name == "seeds" else 0.5 if d.name.startswith("xquad") else 1.0 for d in sets}
        return sum(factor[name] * main_figure(found) for name, found in tables[weight].items()) / sum(factor.values())

    for w in GRID:
        print(w, round(mean(w), 4), {n: [round(v, 3) for v in f.values()] for n, f in tables[w].items()}, flush=True)
    able = [w for w in GRID if all(main_figure(tables[w][d.name]) >= main_figure(tables[0.0][d.name]) - ONE_RANK / len(d.cases) for d in sets)]
    chosen = max(able, key=lambda w: (round(mean(w), 4), -w))
    kept: dict[str, Any] = json.loads(args.weights.read_text(encoding="utf-8"))
    kept["weights"]["judge"] = chosen
    args.weights.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    report = {
        "what": "search without and with the judge",
        "judge": judge.name,
        "weight": chosen,
        "questions": {d.name: len(d.cases) for d in sets},
        "mean": {str(w): round(mean(w), 4) for w in GRID},
        "by_weight": {str(w): {name: {k: round(v, 4) for k, v in found.items()} for name, found in tables[w].items()} for w in GRID},
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
