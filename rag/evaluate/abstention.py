"""How well the program knows what its corpus does not answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.answer import phrase
from rag.errors import UserInputError
from rag.evaluate.data import Answering, Row, Tell
from rag.evaluate.spans import Sources, coverage, is_cited
from rag.measure import area_under_risk, auroc, calibration_error, risk_coverage
from rag.records import Answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """One question asked. ``otherwise`` says that an unanswerable one was not refused and yet met rightly: its premise was corrected, or
    only pages were named where that is right too; ``unsaid`` that a correcting span was cited without a word that the premise is wrong."""

    row: Row
    confidence: float
    abstained: bool
    otherwise: bool = False
    unsaid: bool = False

    @property
    def right(self) -> bool:
        """Answerable: answered; unanswerable: refused, corrected or pointed."""
        return not self.abstained if self.row.answerable else self.abstained or self.otherwise


def measure_abstention(tutor: Answering, rows: Sequence[Row], tell: Tell = lambda done, total: None) -> dict[str, Any]:
    """Ask answerable and unanswerable questions and hold confidence and refusals against what they are (:func:`summary`).

    Follow-ups are left out and counted: their confidence rests on the conversation too.

    Raises:
        UserInputError: one of the two sorts is missing.
    """
    used = [row for row in rows if not row.history]
    if not any(row.answerable for row in used) or all(row.answerable for row in used):
        raise UserInputError("abstention is measured on answerable and unanswerable questions; the data holds only one of the two; give both with --data")
    sources = Sources(tutor.documents())
    found: list[Refusal] = []
    for n, row in enumerate(used):
        found.append(judge(row, tutor.ask(row.query), sources))
        tell(n + 1, len(used))
    answerable = [f for f in found if f.row.answerable]
    rest = [f for f in found if not f.row.answerable]
    kinds = sorted({f.row.kind for f in rest} | {f.row.kind.split(":")[0] for f in rest})
    return {
        "what": "abstention",
        "left_out": len(rows) - len(used),
        "overall": summary(found),
        "by_language": {name: summary([f for f in found if f.row.language == name]) for name in sorted({f.row.language for f in found})},
        "by_kind": {name: of_kind(answerable, [f for f in rest if f.row.kind == name or f.row.kind.startswith(name + ":")]) for name in kinds},
        "answerable_by_style": _refused_by(answerable, lambda f: f.row.style),
        "misses": {
            "wrongly_refused": [f.row.id for f in answerable if f.abstained],
            "wrongly_answered": [f.row.id for f in rest if not f.right],
            "right_otherwise": [f.row.id for f in rest if f.otherwise],
            "corrected_unsaid": [f.row.id for f in rest if f.unsaid],
        },
    }


def judge(row: Row, answer: Answer, sources: Sources) -> Refusal:
    """One answer as a decision to answer or to refuse."""
    if row.answerable or answer.abstained:
        return Refusal(row, answer.confidence, answer.abstained)
    corrected = corrects(row, answer, sources)
    said = any(phrase("premise", answer.language) in s.text for s in answer.sentences)
    return Refusal(row, answer.confidence, False, corrected or (row.pointer_ok and only_points(answer)), corrected and not said)


def only_points(answer: Answer) -> bool:
    """Whether an answer names pages or sources and nothing else: every passage it cites from only points."""
    citations = [c for s in answer.sentences for c in s.citations]
    passages = [h.passage for h in answer.hits]
    cited = [p for p in passages if any(c.doc_id == p.doc_id and c.start < p.end and p.start < c.end for c in citations)]
    return bool(cited) and all(p.kind == "pointer" for p in cited)


def corrects(row: Row, answer: Answer, sources: Sources) -> bool:
    """Whether an answer cites at least half of a span that corrects the premise of the question."""
    cited = sources.cited(c for s in answer.sentences for c in s.citations)
    return any(is_cited(coverage(span, sources.find(gold.doc_id), cited)) for gold in row.correcting for span in gold.spans)


def summary(found: Sequence[Refusal]) -> dict[str, Any]:
    """The figures of some questions; one that does not apply is NaN.

    - ``auroc``: the chance that an answerable question has a higher confidence than an unanswerable one (:func:`rag.measure.auroc`)
    - ``auroc_lenient``: the same without the unanswerable questions that were met rightly otherwise (corrected, or only pointed)
    - ``precision``: refused and unanswerable / refused, at the threshold in force
    - ``recall``: unanswerable and met rightly (refused, corrected where ``correcting``, only pointed where ``pointer_ok``) / unanswerable
    - ``refused``: unanswerable and refused / unanswerable, without that leniency
    - ``wrongly_refused``: answerable and refused / answerable
    - ``accuracy``: met rightly / questions
    - ``calibration_error``: of the confidence as the probability that the corpus answers (:func:`rag.measure.calibration_error`, 10 bins)
    - ``risk_area``: mean over coverages of the share of questions not to be answered among the most confident ones
      (:func:`rag.measure.area_under_risk`); ties count against us; those met rightly otherwise are no risk
    - ``risk_area_best``: what a perfect order of the same questions would reach
    """
    positives = [f for f in found if f.row.answerable]
    negatives = [f for f in found if not f.row.answerable]
    refused = [f for f in found if f.abstained]
    strict = [f.confidence for f in negatives if not f.otherwise]
    wrong = [not f.row.answerable and not f.otherwise for f in found]
    return {
        "answerable": len(positives),
        "unanswerable": len(negatives),
        "auroc": auroc([f.confidence for f in positives], [f.confidence for f in negatives]),
        "auroc_lenient": auroc([f.confidence for f in positives], strict),
        "precision": _share([not f.row.answerable for f in refused]),
        "recall": _share([f.right for f in negatives]),
        "refused": _share([f.abstained for f in negatives]),
        "wrongly_refused": _share([f.abstained for f in positives]),
        "accuracy": _share([f.right for f in found]),
        "calibration_error": calibration_error([f.confidence for f in found], [f.row.answerable for f in found]) if found else math.nan,
        "risk_area": risk_area([f.confidence for f in found], wrong),
        "risk_area_best": risk_area([float(not w) for w in wrong], wrong),
    }


def risk_area(confidence: Sequence[float], wrong: Sequence[bool]) -> float:
    """The area under the risk-coverage curve; among equal confidences the wrong ones come first."""
    ordered = sorted(zip(confidence, wrong, strict=True), key=lambda pair: (-pair[0], not pair[1]))
    return area_under_risk(risk_coverage([c for c, _ in ordered], [w for _, w in ordered])) if ordered else math.nan


def of_kind(answerable: Sequence[Refusal], kind: Sequence[Refusal]) -> dict[str, Any]:
    """Unanswerable questions of one kind: ``auroc`` is against all answerable ones, ``recall`` and ``refused`` as in :func:`summary`."""
    return {
        "questions": len(kind),
        "auroc": auroc([f.confidence for f in answerable], [f.confidence for f in kind]),
        "recall": _share([f.right for f in kind]),
        "refused": _share([f.abstained for f in kind]),
        "confidence": sum(f.confidence for f in kind) / len(kind),
    }


def _refused_by(found: Sequence[Refusal], key: Callable[[Refusal], str]) -> Mapping[str, Any]:
    groups = {name: [f for f in found if key(f) == name] for name in sorted({key(f) for f in found})}
    return {name: {"questions": len(g), "wrongly_refused": _share([f.abstained for f in g])} for name, g in groups.items()}


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else math.nan
