"""Fit the probability that a corpus answers a question and write it to rag/data/answerable.json.

    python training/fit_answerable.py --seeds corpus/seeds --data EVAL_FOLDER --index index

Positives are answerable development questions on the seeds, and questions of BEIR-like sets whose passage is indexed. Negatives are
unanswerable questions on the seeds (near-domain, far, false premise), interview questions of other fields in Chinese, and those of
training/unanswerable.jsonl: this project's own, in both languages, of other fields ("far"), of software ("tech"), of other fields in words that deep learning
uses too ("words"), and of deep learning that is not in the corpora ("near"); only those that the judge has not learnt from. So the signals must mean the same
in several corpora and both languages. The corpus that ships with the program is one of them: questions of the bank in other words, of those the judge has not
learnt from, which the handbook answers.

A logistic regression on standardised signals; figures are from cross-validation by question. The refusal threshold is the highest one that
wrongly refuses at most 6 % of the seeds' answerable questions in cross-validation; the caution threshold the one below which a quarter of the
answered ones fall.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from judge_data import UNANSWERABLE, held_out, unanswerable_held_out
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rag.answer.answerable import READ, SIGNALS, signals
from rag.answer.gate import gate
from rag.answer.select import readable
from rag.config import Settings
from rag.corpus import document_from_text, load_corpus
from rag.judge import BundledJudge, Judge
from rag.measure import auroc, calibration_error
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.search import Searcher
from rag.store import load_index
from rag.store.build import make_index

WRONGLY_REFUSED = 0.06
CAUTIOUS_SHARE = 0.25
OTHER_FIELDS = 4
"""Of how many questions of other fields one is asked."""
ELSEWHERE = 0.1
"""What a question asked of neither the seeds nor the shipped corpus counts; any other counts one, but"""
OTHER = 2.0
"""an interview question of another field: none of them may pass for one of ours."""
ELSEWHERE_SETS = ("dl500_zh_headings", "dl500_en2zh", "dl_interview_en")
VARIANTS = {"plain": tuple(s for s in SIGNALS if s not in READ), "judged": SIGNALS}
"""The signals without a judge, and with one."""


Row = tuple[str, bool, dict[str, list[float]], str]
"""Set, whether it is answerable, the signals of each variant, the question."""


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def half(text: str) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2 == 0


def features(searcher: Searcher, question: str, *, as_shipped: bool = False) -> dict[str, list[float]]:
    """The signals of one question for each variant; ``as_shipped`` leaves out the handbook's half in the other language, as an answer does."""
    query = searcher.query(question)
    documents = readable(searcher.index, query.language) if as_shipped else None
    found = searcher.evidence(query, searcher.score(query, documents)[:12])
    values = {"plain": signals(query.asked, found, searcher.index), "judged": signals(query.asked, searcher.reread(query, found), searcher.index)}
    return {variant: [values[variant][name] for name in names] for variant, names in VARIANTS.items()}


def unanswerable(searcher: Searcher, corpus: str, kinds: set[str], *, as_shipped: bool = False) -> list[Row]:
    """The project's own unanswerable questions of some kinds, of those the judge has not learnt from, asked of a corpus."""
    taken = [row for row in rows(UNANSWERABLE) if row["kind"] in kinds and unanswerable_held_out(row["query"])]
    return [(f"{corpus}:{r['kind']}:{r['language']}", False, features(searcher, r["query"], as_shipped=as_shipped), r["query"]) for r in taken]


def beir(folder: Path, encoder: TransformerEncoder, judge: Judge, cache: Path | None, foreign: list[str]) -> list[Row]:
    """Every second question of a set, and questions of other fields asked of the same corpus."""
    relevant = {line.split("\t")[0] for line in (folder / "qrels.tsv").read_text(encoding="utf-8").split("\n")[1:] if line}
    queries = [q for q in rows(folder / "queries.jsonl") if q["id"] in relevant and half(q["id"])]
    known: dict[str, Any] = {}
    stored = cache / f"{folder.name}.npz" if cache else None
    if stored and stored.is_file():
        with np.load(stored) as z:
            known = dict(zip(z["h"].tolist(), z["v"], strict=True))
    index, hashes, embedded = make_index([document_from_text(r["id"], r["text"]) for r in rows(folder / "corpus.jsonl")], encoder, known)
    if stored and embedded:
        stored.parent.mkdir(parents=True, exist_ok=True)
        np.savez(stored, h=np.array(hashes), v=index.vectors)
    searcher = Searcher(index, encoder, judge=judge)
    own = [(folder.name, True, features(searcher, q["text"]), q["text"]) for q in queries]
    return [*own, *((folder.name, False, features(searcher, q), q) for q in foreign), *unanswerable(searcher, folder.name, {"far", "tech"})]


def shipped_corpus(corpus: Path, index: Path, encoder: TransformerEncoder, judge: Judge, foreign: list[str]) -> list[Row]:
    """Other wordings of the bank's held-out questions, and unanswerable ones, asked of everything that ships with the program."""
    searcher = Searcher(load_index(index, encoder), encoder, judge=judge)
    asked = [row for path in sorted((corpus / "bank" / "pairs").glob("*.jsonl")) for row in rows(path) if "asks" in row and held_out(row["question"])]
    asks = [(language, text) for row in asked for language, texts in row["asks"].items() for text in texts]
    data = [(f"shipped:{language}", True, features(searcher, text, as_shipped=True), text) for language, text in asks]
    data += [("shipped:other_fields", False, features(searcher, q, as_shipped=True), q) for q in foreign]
    return data + unanswerable(searcher, "shipped", {"far", "tech", "words", "near"}, as_shipped=True)


def collected(seeds: Path, folder: Path, index_folder: Path, judge_folder: Path | None, cache: Path | None) -> list[Row]:
    """The signals of every question; kept in ``cache`` between runs, so empty it when the search or the judge changes."""
    stored = cache / "signals.json" if cache else None
    if stored and stored.is_file():
        return [(name, bool(answerable), values, text) for name, answerable, values, text in json.loads(stored.read_text(encoding="utf-8"))]
    settings = Settings()
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    index, _, _ = make_index(load_corpus(seeds)[0], encoder, {})
    judge = BundledJudge(lambda: ensure_unpacked(settings.cache_dir), *([judge_folder] if judge_folder else []))
    searcher = Searcher(index, encoder, judge=judge)
    data: list[Row] = []
    for row in rows(folder / "seeds_qa" / "seed_queries.dev.jsonl"):
        data.append(("seeds", True, features(searcher, row["query"]), row["query"]))
    for row in rows(folder / "seeds_qa" / "unanswerable.dev.jsonl"):
        if gate(row["query"]).kind is None:
            data.append(("dev:" + row["kind"] + (":" + row["sub"] if row.get("sub") else ""), False, features(searcher, row["query"]), row["query"]))
    others = [row["query"] for row in rows(folder / "unanswerable" / "other_fields_zh.jsonl")]
    data += [("other_fields", False, features(searcher, q), q) for q in others[::OTHER_FIELDS]]
    data += unanswerable(searcher, "seeds", {"far", "tech", "words", "near"})
    for name in ELSEWHERE_SETS:
        data += beir(folder / "retrieval" / name, encoder, judge, cache, others[3::16])
    data += shipped_corpus(seeds.parent, index_folder, encoder, judge, others[7::16])
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        stored.write_text(json.dumps(data), encoding="utf-8")
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", type=Path, default=Path("index"), help="the built index of the whole corpus (mianjing index)")
    parser.add_argument("--cache", type=Path, help="keep vectors and signals here between runs")
    parser.add_argument("--judge", type=Path, help="folder of the judge's weights; default: the shipped ones")
    parser.add_argument("--out", type=Path, default=Path("rag/data/answerable.json"))
    args = parser.parse_args()
    data = collected(args.seeds, args.data, args.index, args.judge, args.cache)
    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else {}
    for variant, names in VARIANTS.items():
        shipped, report = fitted(data, variant, names)
        print(variant, json.dumps(report, indent=1), shipped["weights"], shipped["refuse_below"], shipped["caution_below"], flush=True)
        kept |= {variant: shipped, f"{variant}_report": report}
    args.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def fitted(data: list[Row], variant: str, columns: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model of one variant, and its cross-validated figures."""
    names = np.array([d[0] for d in data])
    y = np.array([d[1] for d in data])
    x = np.array([d[2][variant] for d in data])
    groups = np.array([d[3] for d in data])
    weight = np.where([n.split(":")[0] in ELSEWHERE_SETS for n in names], ELSEWHERE, np.where([n.endswith("other_fields") for n in names], OTHER, 1.0))
    probability = np.zeros(len(y))
    strata = np.array([f"{n}{v}" for n, v in zip(names, y, strict=True)])
    for train, test in StratifiedGroupKFold(5, shuffle=True, random_state=0).split(x, strata, groups):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=2000))
        model.fit(x[train], y[train], logisticregression__sample_weight=weight[train])
        probability[test] = model.predict_proba(x[test])[:, 1]
    positives = probability[names == "seeds"]
    refuse = float(np.quantile(positives, WRONGLY_REFUSED)) - 1e-6
    caution = float(np.quantile(positives, CAUTIOUS_SHARE))
    dev, shipped_names = np.char.startswith(names, "dev:"), np.char.startswith(names, "shipped:")
    report: dict[str, Any] = {
        "auroc_seeds": auroc(positives.tolist(), probability[dev].tolist()),
        "auroc_shipped": auroc(probability[shipped_names & y].tolist(), probability[shipped_names & ~y].tolist()),
        "calibration_error": calibration_error(probability.tolist(), y.tolist()),
        "wrongly_refused": {str(n): float((probability[(names == n) & y] < refuse).mean()) for n in sorted(set(names[y]))},
        "refused": {str(n): float((probability[(names == n) & ~y] < refuse).mean()) for n in sorted(set(names[~y]))},
        "questions": len(y),
    }
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=2000))
    model.fit(x, y, logisticregression__sample_weight=weight)
    scaler, logistic = model[0], model[1]
    shipped: dict[str, Any] = {
        "weights": {n: round(float(w), 5) for n, w in zip(columns, logistic.coef_[0], strict=True)},
        "bias": round(float(logistic.intercept_[0]), 5),
        "mean": {n: round(float(v), 5) for n, v in zip(columns, scaler.mean_, strict=True)},
        "scale": {n: round(float(v), 5) for n, v in zip(columns, scaler.scale_, strict=True)},
        "refuse_below": round(refuse, 4),
        "caution_below": round(caution, 4),
    }
    return shipped, report


if __name__ == "__main__":
    main()
