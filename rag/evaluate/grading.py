"""How well grades agree with graders: correlation, error, agreement in classes, and what trivial graders would reach.

Two kinds of folders are read. ``items.jsonl`` alone: rows with question, reference (reference_alts), answer and score 0..1. ``items.jsonl`` beside
``answers.jsonl``: questions with key_points and misconceptions, and replies with score 0..100, kind, and the key points hit and half said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from rag.errors import UserInputError
from rag.evaluate.data import Tell, json_lines
from rag.grade import key_points_of
from rag.measure import macro_f1, mean_absolute_error, pearson, quadratic_kappa, rmse, spearman, weighted_f1
from rag.records import Bilingual, Grade, KeyPoint
from rag.text import content_terms

CLASSES = ("wrong", "half", "right")
LOW, HIGH = 30.0, 70.0
SAME_WITHIN = 12.0
VERDICTS = ("hit", "partial", "missed")
CHEATED = ("negated", "wrong_on_topic", "keyword_stuffing", "injection", "echo_question", "vague_fluff", "off_topic_correct", "dont_know", "empty")


class Grading(Protocol):
    """What is measured: the part of ``rag.Tutor`` that grades."""

    def grade(
        self,
        question: str,
        key_points: Sequence[KeyPoint],
        reply: str,
        reference: str | Sequence[str] | None = None,
        misconceptions: Sequence[Bilingual | str] = (),
    ) -> Grade:
        """The grade of one reply."""
        ...


@dataclass(frozen=True, slots=True)
class Graded:
    """A reply, how people graded it (0..100), and how it was graded here."""

    id: str
    group: str
    kind: str
    language: str
    gold: float
    grade: Grade
    words: float
    length: int
    verdicts: Mapping[str, str]


def measure_grading(grading: Grading, folders: Sequence[Path], tell: Tell = lambda done, total: None) -> dict[str, Any]:
    """Figures of every folder; their formulas stand at :func:`summary`.

    Raises:
        UserInputError: a folder has no items.jsonl.
    """
    jobs = {folder.name: _jobs(folder) for path in folders for folder in _folders(path)}
    total = sum(len(j) for j in jobs.values())
    report: dict[str, Any] = {"what": "grading", "sets": {}}
    done = 0
    for name, mine in jobs.items():
        found: list[Graded] = []
        for job in mine:
            found.append(job(grading))
            done += 1
            tell(done, total)
        figures: dict[str, Any] = {"overall": summary(found), "by_kind": {k: kind_summary([g for g in found if g.kind == k]) for k in _kinds(found)}}
        report["sets"][name] = {**figures, **_pairs(found)}
    return report


def _folders(path: Path) -> list[Path]:
    if (path / "items.jsonl").is_file():
        return [path]
    found = sorted(p.parent for p in path.glob("*/items.jsonl"))
    if not found:
        raise UserInputError(f"{path}: no items.jsonl there or in a folder below; see mianjing eval grading --help")
    return found


def _jobs(folder: Path) -> list[Callable[[Grading], Graded]]:
    items = [row for _, row in json_lines(folder / "items.jsonl")]
    if not (folder / "answers.jsonl").is_file():
        return [partial(_by_reference, row) for row in items]
    by_id = {row["qid"]: row for row in items}
    answers = [row for _, row in json_lines(folder / "answers.jsonl")]
    return [partial(_by_points, by_id[row["qid"]], row) for row in answers]


def _by_reference(row: Mapping[str, Any], grading: Grading) -> Graded:
    references = [row["reference"], *(row.get("reference_alts") or [])]
    grade = grading.grade(row["question"], (), row["answer"], references)
    kind = str(row.get("raw_score") or "") if str(row.get("scale", "")).startswith("label") else ""
    words = max(_overlap(row["answer"], r) for r in references)
    return Graded(str(row["id"]), str(row["qid"]), kind, str(row.get("lang", "")), 100 * float(row["score"]), grade, words, len(row["answer"]), {})


def _by_points(item: Mapping[str, Any], row: Mapping[str, Any], grading: Grading) -> Graded:
    points = key_points_of(item["key_points"])
    grade = grading.grade(item["question"], points, row["answer"], None, item.get("misconceptions") or ())
    hits, partials = set(row["hits"]), set(row["partials"])
    verdicts = {p.id: "hit" if p.id in hits else "partial" if p.id in partials else "missed" for p in points}
    words = _overlap(row["answer"], item.get("reference") or " ".join(k["text"] for k in item["key_points"]))
    return Graded(str(row["aid"]), str(row["qid"]), str(row["kind"]), str(row["lang"]), float(row["score"]), grade, words, len(row["answer"]), verdicts)


def _overlap(answer: str, reference: str) -> float:
    """The share of the reference's terms that the answer holds: a trivial grader."""
    held = set(content_terms(reference))
    return len(held & set(content_terms(answer))) / len(held) if held else 0.0


def summary(found: Sequence[Graded]) -> dict[str, Any]:
    """Agreement of grades with people's.

    - ``pearson``, ``spearman``: correlation of scores; ``rmse``, ``mae``: error in points of 100
    - ``qwk``: quadratic weighted kappa on eleven classes, one a ten points
    - ``weighted_f1``: on three classes: below 30, between, 70 and above
    - ``point_macro_f1``: macro F1 over hit, partial and missed, where key points were given
    - ``pearson_words``, ``pearson_length``: what the share of the reference's words, and the length, would reach as graders
    - ``ratio_words``: pearson / pearson_words
    """
    gold, said = [g.gold for g in found], [g.grade.score for g in found]
    words, lengths = [g.words for g in found], [float(g.length) for g in found]
    out: dict[str, Any] = {
        "replies": len(found),
        "questions": len({g.group for g in found}),
        "pearson": pearson(gold, said),
        "spearman": spearman(gold, said),
        "rmse": rmse(gold, said),
        "mae": mean_absolute_error(gold, said),
        "qwk": quadratic_kappa([round(x / 10) for x in gold], [round(x / 10) for x in said], 11),
        "weighted_f1": weighted_f1([_class(x) for x in gold], [_class(x) for x in said], CLASSES),
        "pearson_words": pearson(gold, words),
        "pearson_length": pearson(gold, lengths),
    }
    out["ratio_words"] = out["pearson"] / out["pearson_words"] if out["pearson_words"] > 0 else math.nan
    pairs = [(gold_verdict, next(p.verdict for p in g.grade.points if p.point_id == pid)) for g in found for pid, gold_verdict in g.verdicts.items()]
    if pairs:
        out["point_macro_f1"] = macro_f1([a for a, _ in pairs], [b for _, b in pairs], VERDICTS)
    return out


def kind_summary(found: Sequence[Graded]) -> dict[str, Any]:
    """Replies of one kind: mean scores, error, and how many are graded at most 30, and at least 70."""
    said = [g.grade.score for g in found]
    return {
        "replies": len(found),
        "gold": sum(g.gold for g in found) / len(found),
        "score": sum(said) / len(said),
        "mae": mean_absolute_error([g.gold for g in found], said),
        "at_most_30": sum(s <= LOW for s in said) / len(said),
        "at_least_70": sum(s >= HIGH for s in said) / len(said),
    }


def _kinds(found: Sequence[Graded]) -> list[str]:
    return sorted({g.kind for g in found if g.kind})


def _pairs(found: Sequence[Graded]) -> dict[str, Any]:
    """Figures over pairs of replies to one question: contradictory below correct; the same content in two languages graded alike.

    For the latter the difference that people saw between the two replies is taken off first.
    """
    out: dict[str, Any] = {}
    cheated = [g for g in found if g.kind in CHEATED]
    if cheated:
        out["cheated_at_most_30"] = sum(g.grade.score <= LOW for g in cheated) / len(cheated)
    ordered = [(a.grade.score, b.grade.score) for a in found for b in found if a.group == b.group and a.kind == "correct" and b.kind == "contradictory"]
    if ordered:
        out["contradictory_below_correct"] = sum(a > b for a, b in ordered) / len(ordered)
    across = [(a, b) for a in found for b in found if a.group == b.group and a.kind == "full" and b.kind == "cross_lingual"]
    if across:
        gaps = [abs((a.grade.score - b.grade.score) - (a.gold - b.gold)) for a, b in across]
        out["other_language_within_12"] = sum(gap <= SAME_WITHIN for gap in gaps) / len(gaps)
    return out


def _class(score: float) -> str:
    return CLASSES[0] if score < LOW else CLASSES[2] if score >= HIGH else CLASSES[1]
