"""A grader whose verdicts can be told beforehand, and a tutor that uses it, for tests of what surrounds the grading."""

from __future__ import annotations

from collections.abc import Sequence

from rag.errors import UserInputError
from rag.grade import Grader
from rag.grade.feedback import feedback
from rag.records import Bilingual, Grade, KeyPoint, Language, PointGrade, Question, Verdict, WrongStatement
from rag.text import language_of
from rag.tutor import Tutor

CREDIT = {"hit": 1.0, "partial": 0.5, "missed": 0.0}


class LiteralGrader(Grader):
    """A key point is hit where the reply holds its text, half hit where it holds its first ten letters; a misconception that it holds is wrong."""

    def grade(
        self,
        question: str,
        key_points: Sequence[KeyPoint],
        reply: str,
        *,
        reference: str | Sequence[str] | None = None,
        misconceptions: Sequence[Bilingual | str] = (),
        language: Language | None = None,
    ) -> Grade:
        """The grade of a reply to a question."""
        if not key_points:
            raise UserInputError("grade: give key points")
        language = language or language_of(question)
        points = tuple(self._point(point, reply, language) for point in key_points)
        false = [m if isinstance(m, str) else m.in_language(language) for m in misconceptions]
        wrong = tuple(WrongStatement(text, points[0].text, "misconception") for text in false if text in reply)
        score = sum(p.weight * CREDIT[p.verdict] for p in points) * 100 / sum(p.weight for p in points)
        return Grade(question, score, points, wrong, (), feedback(points, wrong, (), language), language)

    @staticmethod
    def _point(point: KeyPoint, reply: str, language: Language) -> PointGrade:
        text = point.text.in_language(language)
        verdict: Verdict = "hit" if text in reply else "partial" if text[:10] in reply else "missed"
        evidence = {"hit": text, "partial": text[:10], "missed": ""}[verdict]
        return PointGrade(point.id, text, point.weight, verdict, evidence, CREDIT[verdict])


class LiteralTutor(Tutor):
    """The tutor with that grader."""

    @property
    def grader(self) -> Grader:
        """A grader whose verdicts can be told beforehand."""
        return LiteralGrader(self.encoder)


def said(question: Question, *points: str, language: Language = "zh") -> str:
    """A reply that hits these key points, or all where none is named."""
    return " ".join(p.text.in_language(language) for p in question.key_points if not points or p.id in points)
