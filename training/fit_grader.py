"""Fit the grader and write it to rag/data/grading.json; validate on data it was not fitted on.

    python training/fit_grader.py --corpus corpus --data EVAL_FOLDER/grading

Key points. The judge was trained on four fifths of the bank's questions; the grader is fitted on replies to the other fifth (judge_data.held_out): graded
replies (corpus/bank/replies) and replies put together from statements on single key points (replies.py). A multinomial logistic regression gives the
verdict on a key point, boosted trees the score, from out-of-fold verdicts.

Reference. Boosted trees and ridge regression, averaged, on how a reply and a reference read beside each other, fitted on graded short answers of other
fields and on the bank's replies beside the handbook; every set weighs the same. Validated by question (GroupKFold) and by leaving whole sets out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from judge_data import held_out, rows
from replies import Maker, page
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rag.bank import load_bank, load_pairs
from rag.config import Settings
from rag.grade.features import Reading, read
from rag.grade.grader import SCORE_FEATURES, score_features
from rag.grade.model import VERDICTS, verdict
from rag.grade.reference import REFERENCE_FEATURES, measure
from rag.grade.reply import Reply, does_not_know, is_echo, is_empty, is_keyword_list
from rag.judge import ENTAILS, PARTLY, BundledJudge, Judge
from rag.measure import macro_f1, mean_absolute_error, pearson
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.records import Question

PENALTY = 15.0
COMPOSED_PER_QUESTION = 8
PER_SET = 500
LABEL = {"hit": 0, "partial": 1, "missed": 2, "contradicted": 3}
REFERENCE_SETS = ("sas_ads_zh", "saf_en", "mohler2011", "mohler2009_zh_mt", "beetle_3way")
TREES: dict[str, Any] = {
    "n_estimators": 350,
    "max_depth": 4,
    "learning_rate": 0.03,
    "subsample": 0.5,
    "max_features": 0.25,
    "min_samples_leaf": 15,
    "random_state": 0,
}
PENALTIES = np.logspace(0, 4, 9)
SCORE_TREES: dict[str, Any] = {"n_estimators": 120, "max_depth": 3, "learning_rate": 0.05, "subsample": 0.7, "min_samples_leaf": 15, "random_state": 0}


@dataclass
class Sample:
    """A reply with the labels of its key points and its score."""

    question: Question
    text: str
    labels: list[int]
    score: float
    held: str
    wrong: int


def samples(corpus: Path) -> list[Sample]:
    """Replies to held-out questions."""
    bank = load_bank(corpus / "bank")
    by_id = {q.id: q for q in bank}
    out = []
    for path in sorted((corpus / "bank" / "replies").glob("*.jsonl")):
        for row in rows(path):
            if held_out(row["question"]):
                question = by_id[row["question"]]
                labels = [LABEL[row["points"].get(p.id, "missed")] for p in question.key_points]
                out.append(Sample(question, row["text"], labels, float(row["score"]), row["lang"], len(row["wrong"])))
    rng = random.Random(5)
    made: dict[str, list[Sample]] = {}
    for reply in Maker(bank, load_pairs(corpus / "bank" / "pairs", bank), corpus).replies():
        if not held_out(reply.question.id):
            continue
        labels = [3 if against else 0 if credit == 1.0 else 1 if credit == 0.5 else 2 for credit, against in zip(reply.credit, reply.against, strict=True)]
        wrong = sum(place is not None for _, place in reply.parts)
        weights = [p.weight for p in reply.question.key_points]
        score = sum(w * c for w, c in zip(weights, reply.credit, strict=True)) - PENALTY * wrong
        made.setdefault(reply.question.id, []).append(Sample(reply.question, reply.text, labels, max(0.0, score), reply.held, wrong))
    for mine in made.values():
        out += rng.sample(mine, min(COMPOSED_PER_QUESTION, len(mine)))
    return out


def point_rows(data: Sequence[Sample], encoder: TransformerEncoder, judge: Judge | None) -> list[tuple[Sample, Reply, list[Reading], list[float]]]:
    """Readings of every key point, and beliefs in the misconceptions, of replies that are worth reading."""
    out = []
    for n, sample in enumerate(data):
        reply = Reply.of(sample.text)
        if is_empty(reply) or does_not_know(reply) or is_keyword_list(reply) or is_echo(reply, sample.question.text.in_language(reply.language)):
            continue
        held: Any = sample.held
        texts = [p.text.in_language(held) for p in sample.question.key_points]
        question = sample.question.text.in_language(reply.language)
        readings = read(question, texts, reply, encoder, judge, crossed=held != reply.language)
        out.append((sample, reply, readings, beliefs(sample.question, reply, encoder, judge)))
        if n % 100 == 0:
            print(f"replies read: {n} of {len(data)}", flush=True)
    return out


def beliefs(question: Question, reply: Reply, encoder: TransformerEncoder, judge: Judge | None) -> list[float]:
    """As the grader finds misconceptions, but all of them."""
    texts = [m.in_language(reply.language) for m in question.misconceptions]
    if judge is None or not texts or not reply.parts:
        return [0.0]
    near = encoder.passages([*texts, *(p.text for p in reply.parts)])
    closeness = near[: len(texts)] @ near[len(texts) :].T
    found = judge.entails([(t, reply.parts[int(np.argmax(closeness[n]))].text) for n, t in enumerate(texts)])
    return (found[:, ENTAILS] + 0.5 * found[:, PARTLY]).tolist()


def forest(model: GradientBoostingRegressor) -> dict[str, Any]:
    """Trees as plain numbers."""
    rate = model.learning_rate
    trees = []
    for (tree,) in model.estimators_:
        t = tree.tree_
        value = (rate * t.value[:, 0, 0]).round(7).tolist()
        trees.append([t.children_left.tolist(), t.children_right.tolist(), np.maximum(t.feature, 0).tolist(), t.threshold.round(7).tolist(), value])
    return {"start": float(model.init_.constant_[0][0]), "trees": trees}


def fit_points(read_replies: list[tuple[Sample, Reply, list[Reading], list[float]]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The softmax over key points and the trees of the score, with figures from cross-validation by question."""
    x = np.array([r.values for _, _, readings, _ in read_replies for r in readings])
    y = np.array([label for sample, *_ in read_replies for label in sample.labels])
    groups = np.array([sample.question.id for sample, _, readings, _ in read_replies for _ in readings])
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=3000))
    folds = GroupKFold(5)
    shares = cross_val_predict(model, x, y, groups=groups, cv=folds, method="predict_proba")
    gold = [VERDICTS[min(label, 2) if label != 3 else 2] for label in y]
    best = max(
        (
            (macro_f1(gold, [verdict(s, h, p) for s in shares.tolist()], VERDICTS[:3]), h, p)
            for h in np.arange(0.3, 0.71, 0.05)
            for p in np.arange(0.3, 0.71, 0.05)
        ),
        key=lambda t: (round(t[0], 4), -abs(t[1] - 0.5) - abs(t[2] - 0.5)),
    )
    hit_from, partial_from = round(float(best[1]), 3), round(float(best[2]), 3)
    wrong = shares[:, 3]
    found = [(t, float(((wrong >= t) & (y == 3)).sum() / max(1, (wrong >= t).sum()))) for t in np.arange(0.3, 0.81, 0.05)]
    wrong_from = round(float(next((t for t, precision in found if precision >= 0.75), 0.8)), 3)
    features, scores, question_of = [], [], []
    at = 0
    for sample, reply, readings, believed in read_replies:
        mine = shares[at : at + len(readings)]
        at += len(readings)
        weights = np.array([float(p.weight) for p in sample.question.key_points])
        features.append(score_features(weights, mine, [verdict(s, hit_from, partial_from) for s in mine.tolist()], believed, reply, readings))
        scores.append(sample.score)
        question_of.append(sample.question.id)
    z, s = np.array(features), np.array(scores)
    trees = GradientBoostingRegressor(**SCORE_TREES)
    predicted = np.clip(cross_val_predict(trees, z, s, groups=np.array(question_of), cv=folds), 0, 100)
    report = {
        "key_points": len(y),
        "replies": len(s),
        "questions": len(set(question_of)),
        "macro_f1": round(best[0], 4),
        "pearson": round(pearson(predicted.tolist(), s.tolist()), 4),
        "mean_absolute_error": round(mean_absolute_error(predicted.tolist(), s.tolist()), 2),
    }
    model.fit(x, y)
    trees.fit(z, s)
    scaler, logistic = model[0], model[1]
    softmax = {
        "mean": scaler.mean_.round(6).tolist(),
        "scale": scaler.scale_.round(6).tolist(),
        "weights": logistic.coef_.round(6).tolist(),
        "bias": logistic.intercept_.round(6).tolist(),
    }
    return {"points": softmax, "score": forest(trees), "hit_from": hit_from, "partial_from": partial_from, "wrong_from": wrong_from}, report


def reference_rows(data: Path, corpus: Path, encoder: TransformerEncoder, judge: Judge | None, cache: Path | None) -> dict[str, Any]:
    """Features, scores and questions of every set that has a reference; kept in ``cache`` between runs."""
    name = f"reference-{'judged' if judge else 'plain'}.npz"
    if cache and (cache / name).is_file():
        with np.load(cache / name, allow_pickle=False) as z:
            return {k: z[k] for k in z.files}
    items: list[tuple[str, str, str, list[str], str, float]] = []
    for folder in REFERENCE_SETS:
        found = list(rows(data / folder / "items.jsonl"))
        found.sort(key=lambda r: hashlib.sha256(r["id"].encode()).hexdigest())
        for r in found[:PER_SET]:
            items.append(
                (folder, f"{folder}:{r['qid']}", r["question"], [r["reference"], *(r.get("reference_alts") or [])][:6], r["answer"], float(r["score"]))
            )
    bank = load_bank(corpus / "bank")
    by_id = {q.id: q for q in bank}
    for path in sorted((corpus / "bank" / "replies").glob("*.jsonl")):
        for r in rows(path):
            question = by_id[r["question"]]
            text = " ".join(page(corpus, question, r["lang"]))
            if held_out(r["question"]) and text:
                items.append(("bank", f"bank:{r['question']}", question.text.in_language(r["lang"]), [text], r["text"], r["score"] / 100))
    x, y, groups, names = [], [], [], []
    for n, (folder, group, question, references, answer, score) in enumerate(items):
        reply = Reply.of(answer)
        if is_empty(reply):
            continue
        x.append(measure(question, references, reply, encoder, judge)[0])
        y.append(score)
        groups.append(group)
        names.append(folder)
        if n % 250 == 0:
            print(f"references read: {n} of {len(items)}", flush=True)
    out = {"x": np.array(x), "y": np.array(y), "groups": np.array(groups), "names": np.array(names)}
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(cache / name, **out)
    return out


class Both:
    """Boosted trees and ridge regression on the same features; the mean of the two travels better between sets than either."""

    def fit(self, x: Any, y: Any, weight: Any) -> Both:
        self.trees = GradientBoostingRegressor(**TREES).fit(x, y, sample_weight=weight)
        self.linear = make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(x, y, ridgecv__sample_weight=weight)
        return self

    def predict(self, x: Any) -> Any:
        return (self.trees.predict(x) + self.linear.predict(x)) / 2

    def numbers(self) -> dict[str, Any]:
        scaler, ridge = self.linear[0], self.linear[1]
        weights = ridge.coef_ / scaler.scale_
        return {**forest(self.trees), "weights": weights.round(7).tolist(), "bias": round(float(ridge.intercept_ - weights @ scaler.mean_), 7)}


def fit_reference(data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The model of the reference mode, with Pearson's r per set by question and with the whole set left out."""
    x, y, groups, names = data["x"], data["y"], data["groups"], data["names"]
    sizes = {n: int((names == n).sum()) for n in set(names.tolist())}
    weight = np.array([len(names) / len(sizes) / sizes[n] for n in names.tolist()])
    by_question, left_out = np.zeros(len(y)), np.zeros(len(y))
    for train, test in GroupKFold(5).split(x, y, groups):
        by_question[test] = Both().fit(x[train], y[train], weight[train]).predict(x[test])
    for name in sizes:
        mine = names == name
        left_out[mine] = Both().fit(x[~mine], y[~mine], weight[~mine]).predict(x[mine])
    report: dict[str, Any] = {}
    for name in sorted(sizes):
        mine = names == name
        report[name] = {
            "replies": int(mine.sum()),
            "pearson": round(pearson(by_question[mine].tolist(), y[mine].tolist()), 4),
            "pearson_set_left_out": round(pearson(left_out[mine].tolist(), y[mine].tolist()), 4),
        }
    model = Both().fit(x, y, weight)
    gains = sorted(zip(model.trees.feature_importances_.round(3).tolist(), REFERENCE_FEATURES, strict=True), reverse=True)
    print(gains[:14])
    return model.numbers(), report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("corpus"))
    parser.add_argument("--data", type=Path, required=True, help="folder with the graded sets")
    parser.add_argument("--judge", type=Path, help="folder of the judge's weights; default: the shipped ones")
    parser.add_argument("--cache", type=Path, help="keep the features of the sets here between runs")
    parser.add_argument("--out", type=Path, default=Path("rag/data/grading.json"))
    args = parser.parse_args()
    settings = Settings()
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    judge = BundledJudge(lambda: ensure_unpacked(settings.cache_dir), *([args.judge] if args.judge else []))
    data = samples(args.corpus)
    made: dict[str, Any] = {}
    for variant, reader in (("judged", judge), ("plain", None)):
        fitted, report = fit_points(point_rows(data, encoder, reader))
        print(variant, json.dumps(report), flush=True)
        trees, references = fit_reference(reference_rows(args.data, args.corpus, encoder, reader, args.cache))
        print(variant, json.dumps(references), flush=True)
        made[variant] = {**fitted, "reference": trees}
        made[f"{variant}_report"] = {"points": report, "reference": references, "score_features": SCORE_FEATURES, "reference_features": REFERENCE_FEATURES}
    args.out.write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
