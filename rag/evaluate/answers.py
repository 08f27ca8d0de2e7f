"""How good the answers are: what they cite against what answers the question."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.errors import UserInputError
from rag.evaluate.data import Answering, GoldSet, Row, Tell
from rag.evaluate.spans import Cited, Sources, coverage, holds_gold, is_cited, on_point
from rag.measure import hit_at
from rag.records import Answer, Hit


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """One answer held against its gold.

    ``citations`` and ``faithful`` count citations; ``shares`` is, for each gold set, the share of its golds cited; ``characters`` and
    ``right`` count cited characters; ``relevant`` says of each hit whether it holds a gold; ``understood`` is None but for follow-ups that
    say how they are meant.
    """

    row: Row
    abstained: bool
    citations: int
    faithful: int
    shares: tuple[float, ...]
    characters: int
    right: int
    relevant: tuple[bool, ...]
    understood: bool | None = None


def measure_answers(tutor: Answering, rows: Sequence[Row], tell: Tell = lambda done, total: None) -> dict[str, Any]:
    """Ask every answerable question and hold the answers against their gold; the figures are those of :func:`summary`.

    A question with a history is a follow-up and counted apart. Rows without gold are left out and counted.

    Raises:
        UserInputError: no row has a gold, or one names a document the corpus does not hold.
    """
    used = [row for row in rows if row.answerable and row.golds]
    if not used:
        raise UserInputError("no row has a gold; answers are measured on rows with doc and gold")
    sources = Sources(tutor.documents())
    lost = [row.id for row in used if not any(sources.find(g.doc_id).find(s) for g in row.golds for s in g.spans)]
    found: list[AnswerFigures] = []
    for n, row in enumerate(used):
        found.append(_ask(tutor, row, sources))
        tell(n + 1, len(used))
    single = [f for f in found if not f.row.history]
    follow_ups = [f for f in found if f.row.history]
    return {
        "what": "answers",
        "left_out": len(rows) - len(used),
        "overall": summary(single),
        "by_language": _by(single, lambda f: f.row.language),
        "by_style": _by(single, lambda f: f.row.style),
        "by_answer": _by(single, lambda f: "pointer" if f.row.pointer else "text"),
        "follow_ups": summary(follow_ups),
        "follow_ups_by_language": _by(follow_ups, lambda f: f.row.language),
        "misses": {
            "refused": [f.row.id for f in found if f.abstained],
            "no_gold_cited": [f.row.id for f in found if not f.abstained and max(f.shares) == 0.0],
            "gold_not_in_source": lost,
            "unfaithful": [f.row.id for f in found if f.faithful < f.citations],
        },
    }


def _ask(tutor: Answering, row: Row, sources: Sources) -> AnswerFigures:
    answer = tutor.ask(row.query, row.history)
    query = answer.standalone_question if row.history and answer.standalone_question else row.query
    hits = tutor.search(query, 5)
    understood: bool | None = None
    if row.history and row.standalone:
        meant = tutor.search(row.standalone, 1)
        understood = [h.passage.id for h in hits[:1]] == [h.passage.id for h in meant]
    return measure_answer(row, answer, hits, sources, understood)


def measure_answer(row: Row, answer: Answer, hits: Sequence[Hit], sources: Sources, understood: bool | None = None) -> AnswerFigures:
    """One answer and its hits held against the gold of a row; a refusal cites nothing that counts."""
    citations = [c for s in answer.sentences for c in s.citations]
    cited = sources.cited([] if answer.abstained else citations)
    return AnswerFigures(
        row,
        answer.abstained,
        len(citations),
        sum(sources.holds(c) for c in citations),
        tuple(_share(g, row, sources, cited) for g in row.golds),
        sum(len(offsets) for offsets in cited.values()),
        on_point(row.golds, sources, cited),
        tuple(holds_gold(h, row.golds, sources) for h in hits),
        understood,
    )


def _share(golds: GoldSet, row: Row, sources: Sources, cited: Cited) -> float:
    source = sources.find(golds.doc_id)
    return sum(is_cited(coverage(span, source, cited), pointer=row.pointer) for span in golds.spans) / len(golds.spans)


def summary(found: Sequence[AnswerFigures]) -> dict[str, Any]:
    """The figures of some answers; those that apply to none of them are None. A refused question counts as one that cites nothing.

    - ``fidelity``: citations whose quote equals source[start:end] / all citations
    - ``any_gold``: questions with at least one gold cited (:func:`rag.evaluate.spans.is_cited`) / questions
    - ``all_golds``: questions with every gold of the row's own set, or of one equivalent set (``also``), cited / questions
    - ``own_golds``: the same, the row's own set alone
    - ``gold_recall``: mean over questions of the share of golds cited, of the best set
    - ``gold_precision``: cited characters in blocks that hold a gold / cited characters, over all answers together; a floor, for what is to
      the point but was not marked as gold counts as off it
    - ``gold_precision_mean``: the same ratio answer by answer, then the mean over answers that cite
    - ``wrongly_refused``: refused / questions (all of them have an answer)
    - ``hit@1``, ``hit@5``: questions with a gold inside one of the first k passages found / questions
    - ``understood``: follow-ups whose best passage is that of the question they stand for / follow-ups that say what they stand for
    """
    if not found:
        return {"questions": 0}
    told = [f.understood for f in found if f.understood is not None]
    out: dict[str, Any] = {
        "questions": len(found),
        "citations": sum(f.citations for f in found),
        "fidelity": _ratio(sum(f.faithful for f in found), sum(f.citations for f in found)),
        "any_gold": _mean(max(f.shares) > 0.0 for f in found),
        "all_golds": _mean(max(f.shares) == 1.0 for f in found),
        "own_golds": _mean(f.shares[0] == 1.0 for f in found),
        "gold_recall": _mean(max(f.shares) for f in found),
        "gold_precision": _ratio(sum(f.right for f in found), sum(f.characters for f in found)),
        "gold_precision_mean": _mean(f.right / f.characters for f in found if f.characters),
        "wrongly_refused": _mean(f.abstained for f in found),
        "hit@1": _mean(hit_at(f.relevant, 1) for f in found),
        "hit@5": _mean(hit_at(f.relevant, 5) for f in found),
    }
    return {**out, "understood": _mean(told)} if told else out


def _by(found: Sequence[AnswerFigures], key: Callable[[AnswerFigures], str]) -> Mapping[str, Any]:
    return {name: summary([f for f in found if key(f) == name]) for name in sorted({key(f) for f in found})}


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held) if held else math.nan
