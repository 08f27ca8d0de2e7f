"""What the candidate chose, and the questions that follow from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from rag.errors import UserInputError
from rag.records import Language, Question, Remembered

Mode = Literal["random", "weak", "due", "document"]
MAX_QUESTIONS = 50
WEAK_BELOW = 65.0


@dataclass(frozen=True, slots=True)
class InterviewPlan:
    """What the candidate chose. Empty ``areas`` or ``difficulties`` mean all; ``document`` is the id asked from in mode ``document``.

    Raises:
        UserInputError: on construction, with every fault of the plan.
    """

    number: int = 5
    language: Language = "zh"
    mode: Mode = "random"
    areas: tuple[str, ...] = ()
    difficulties: tuple[int, ...] = ()
    document: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        faults = []
        if not 1 <= self.number <= MAX_QUESTIONS:
            faults.append(f"the number of questions must be 1 to {MAX_QUESTIONS}, got {self.number}")
        if self.language not in {"zh", "en"}:
            faults.append(f"the language must be zh or en, got {self.language!r}")
        if self.mode not in {"random", "weak", "due", "document"}:
            faults.append(f"the mode must be random, weak, due or document, got {self.mode!r}")
        if self.mode == "document" and not self.document:
            faults.append("mode document needs the id of a document")
        if faults:
            raise UserInputError("interview: " + "; ".join(faults))


def choose_questions(bank: Sequence[Question], plan: InterviewPlan, memory: Mapping[str, Remembered], now: datetime) -> tuple[Question, ...]:
    """At most ``plan.number`` questions of the chosen areas and difficulties.

    * random: shuffled by the seed
    * weak: those last graded below 65, lowest first; then those never asked, shuffled; then the others, lowest first
    * due: those whose review is due at ``now``, longest overdue first
    * document: those that the document asks, shuffled

    The shuffle depends on the seed and the question's id alone, not on the order or the size of the bank.

    Raises:
        UserInputError: nothing fits the plan.
    """
    fitting = [q for q in bank if (not plan.areas or q.area in plan.areas) and (not plan.difficulties or q.difficulty in plan.difficulties)]
    if not fitting:
        told = f"interview: no question of area {_listed(plan.areas) or 'any'} and difficulty {_listed(plan.difficulties) or 'any'}"
        raise UserInputError(told, "no_question")

    def shuffled(question: Question) -> tuple[str, str]:
        return hashlib.sha256(f"{plan.seed}:{question.id}".encode()).hexdigest(), question.id

    def weakness(question: Question) -> tuple[int, float, tuple[str, str]]:
        known = memory.get(question.id)
        if known is None:
            return 1, 0.0, shuffled(question)
        return (0 if known.last_score < WEAK_BELOW else 2), known.last_score, shuffled(question)

    if plan.mode == "weak":
        chosen = sorted(fitting, key=weakness)
    elif plan.mode == "due":
        chosen = sorted((q for q in fitting if q.id in memory and memory[q.id].due <= now), key=lambda q: (memory[q.id].due, q.id))
    elif plan.mode == "document":
        chosen = sorted((q for q in fitting if any(asking.doc_id == plan.document for asking in q.asked)), key=shuffled)
    else:
        chosen = sorted(fitting, key=shuffled)
    if not chosen:
        due = plan.mode == "due"
        reason = "no question is due now" if due else f"no question is asked in {plan.document}"
        told = f"interview: {reason} in the chosen areas; choose another mode"
        raise UserInputError(told, "none_due" if due else "none_in_document", {"document": plan.document or ""})
    return tuple(chosen[: plan.number])


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))
