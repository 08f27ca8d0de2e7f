"""Fit the judge's head for answers (does this passage answer this question?) on its frozen body, and write it beside the judge's weights.

    python training/fit_answers.py --corpus corpus --index index

Training the body (train_judge.py) meets questions that the corpus answers and passages beside the point. This adds questions that nothing answers: of other
fields, of other fields in words that deep learning uses too, of deep learning that is not in the corpus (training/unanswerable.jsonl), each with the passages
that search finds for it in the whole corpus and in the user's documents alone. All texts are this project's own, and split: of the bank's questions every fifth
is held out, of the unanswerable ones every second; those fit the refusals (fit_answerable.py).

The head is a logistic regression on what the network's own head sees of a pair, so it is fitted in a minute once the pairs are read (about ten on two cores).
The network stays as it is.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from judge_data import UNANSWERABLE, Ahead, Pair, Views, answering_pairs, bank_of, held_out, questions_of, rows, unanswerable_held_out
from safetensors.numpy import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from rag.answer.select import readable
from rag.config import Settings
from rag.corpus import load_corpus
from rag.judge import ANSWERS, FACTS, FOLDER, BundledJudge
from rag.measure import auroc, log_odds
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.search import Searcher
from rag.store import load_index
from rag.store.build import make_index
from rag.views import view

SEED = 20240
PASSAGES = {"shipped": 5, "seeds": 3}
"""With how many of the passages that search finds an unanswerable question is paired."""
STRENGTHS = (0.0003, 0.001, 0.003, 0.01)
"""Inverses of the L2 penalty to choose from."""

Floats = npt.NDArray[np.float32]


def foreign_pairs(searcher: Searcher, where: str) -> list[Pair]:
    """(unanswerable question, passage that search finds) pairs; the group is the question, the source its kind."""
    out: list[Pair] = []
    for row in rows(UNANSWERABLE):
        query = searcher.query(row["query"])
        scored = searcher.score(query, readable(searcher.index, query.language))[: PASSAGES[where]]
        for evidence in searcher.evidence(query, scored):
            text = view(evidence.hit.passage, evidence.units, evidence.relevance)
            out.append(Pair("answers", row["query"], text, 0, row["query"], f"{where}:{row['kind']}:{row['language']}"))
    return out


def validates(pair: Pair) -> bool:
    """Whether a pair is held out."""
    return unanswerable_held_out(pair.group) if ":" in pair.source else held_out(pair.group)


def seen(judge: BundledJudge, pairs: Sequence[Pair]) -> Floats:
    """What the head sees of each pair, shape (n, width)."""
    parts = []
    for at in range(0, len(pairs), 512):
        parts.append(judge.seen([(p.a, p.b) for p in pairs[at : at + 512]]))
        print(f"{min(at + 512, len(pairs))}/{len(pairs)} pairs read", flush=True)
    return np.concatenate(parts)


def report_of(pairs: Sequence[Pair], logits: Sequence[float]) -> dict[str, float]:
    """AUROC of held-out passages that answer against each kind that does not, and the mean over kinds."""
    right = [v for p, v in zip(pairs, logits, strict=True) if p.label and validates(p)]
    found: dict[str, list[float]] = {}
    for pair, value in zip(pairs, logits, strict=True):
        if not pair.label and validates(pair):
            found.setdefault(pair.source, []).append(value)
    out = {source: round(auroc(right, values), 4) for source, values in sorted(found.items())}
    return {"mean": round(float(np.mean(list(out.values()))), 4), **out}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--index", type=Path, default=Path("index"), help="the built index of the whole corpus (mianjing index)")
    parser.add_argument("--judge", type=Path, default=FOLDER, help="folder of the judge that gets the head")
    args = parser.parse_args()
    settings = Settings()
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    index = load_index(args.index, encoder)
    ahead = Ahead(encoder)
    ahead.prepare([*questions_of(args.corpus, index), *(row["query"] for row in rows(UNANSWERABLE))])
    shipped = Searcher(index, ahead)
    seeds = Searcher(make_index(load_corpus(args.corpus / "seeds")[0], encoder, {})[0], ahead)
    pairs = answering_pairs(args.corpus, bank_of(args.corpus), Views(shipped), random.Random(SEED))
    pairs += [*foreign_pairs(shipped, "shipped"), *foreign_pairs(seeds, "seeds")]
    judge = BundledJudge(lambda: ensure_unpacked(settings.cache_dir), args.judge)
    x = seen(judge, pairs).astype(np.float64)
    y = np.array([p.label for p in pairs])
    learns = np.array([not validates(p) for p in pairs])
    scaler = StandardScaler().fit(x[learns])
    z = scaler.transform(x)
    own = report_of(pairs, [log_odds(float(p), math.inf) for p in judge.addresses([(p.a, p.b) for p in pairs])])
    print("the network's own head", own, flush=True)
    tried: dict[float, tuple[dict[str, float], LogisticRegression]] = {}
    for strength in STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=5000).fit(z[learns], y[learns])
        tried[strength] = report_of(pairs, model.decision_function(z).tolist()), model
        print(strength, tried[strength][0], flush=True)
    best = max(tried, key=lambda s: tried[s][0]["mean"])
    report, model = tried[best]
    weights = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - weights @ scaler.mean_)
    save_file({"weight": weights[None].astype(np.float16), "bias": np.array([bias], np.float16)}, args.judge / ANSWERS)
    (args.judge / ANSWERS).chmod(0o644)
    facts = json.loads((args.judge / FACTS).read_text(encoding="utf-8"))
    facts["version"] = str(int(facts["version"]) + 1)
    facts["answers"] = {"pairs": int(learns.sum()), "held_out": int((~learns).sum()), "strength": best, "auroc_own_head": own, "auroc": report}
    (args.judge / FACTS).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
