"""Questions, grades and strategies that the tests of interview, history and report share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from rag.records import Asking, Bilingual, Citation, FollowUp, Grade, KeyPoint, PointGrade, Question, Verdict, WrongStatement

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CREDIT = {"hit": 1.0, "partial": 0.5, "missed": 0.0}


def at(hours: float) -> datetime:
    """A time so many hours after the start of the tests' world."""
    return START + timedelta(hours=hours)


def question(
    name: str, weights: tuple[int, ...] = (50, 30, 20), area: str = "vision", difficulty: int = 1, doc: str = "seeds/a.txt", hints: int = 1
) -> Question:
    """A question with key points k1, k2 ... each of which has one follow-up."""
    points = tuple(KeyPoint(f"k{n}", weight, Bilingual(f"{name} 要点 {n}", f"{name} point {n}")) for n, weight in enumerate((50, 30, 20), 1))
    return Question(
        id=name,
        text=Bilingual(f"{name} 是什么？", f"What is {name}?"),
        area=area,
        difficulty=difficulty,
        kind="what",
        key_points=points,
        asked=(Asking(doc, f"{name}？"),),
        handbook="vision.md",
        misconceptions=(Bilingual("错的", "wrong"),),
        follow_ups=tuple(FollowUp(p.id, Bilingual(f"{name} 追问 {p.id}", f"{name} more on {p.id}")) for p in points),
        hints=tuple(Bilingual(f"提示 {n}", f"hint {n}") for n in range(hints)),
    )


def grade(asked: Question, *verdicts: Verdict, wrong: tuple[WrongStatement, ...] = ()) -> Grade:
    """The grade of a reply that met these verdicts, in the order of the key points."""
    points = tuple(
        PointGrade(p.id, p.text.zh, p.weight, v, "" if v == "missed" else f"说到 {p.id}", CREDIT[v], (Citation("handbook/zh/vision.md", 0, 2, "要点"),))
        for p, v in zip(asked.key_points, verdicts, strict=True)
    )
    return Grade(asked.text.zh, sum(p.weight * CREDIT[p.verdict] for p in points), points, wrong, feedback="还差一点。")


def point_grade(asked: Question, point: str, verdict: Verdict, wrong: tuple[WrongStatement, ...] = ()) -> Grade:
    """The grade of a follow-up reply, of one key point."""
    found = next(p for p in asked.key_points if p.id == point)
    graded = PointGrade(found.id, found.text.zh, 100, verdict, "补上了" if verdict != "missed" else "", CREDIT[verdict])
    return Grade(f"追问 {point}", 100 * CREDIT[verdict], (graded,), wrong)


texts = st.text(max_size=20)
Q_TEXTS = st.text("<>&\"'#\t\n\r\x0b\u2028, 题a;", max_size=20)
scores = st.floats(0, 100) | st.integers(0, 100)
verdicts = st.sampled_from(["hit", "partial", "missed"])
bilinguals = st.builds(Bilingual, zh=texts, en=texts)
citations = st.builds(Citation, doc_id=texts, start=st.integers(0, 9), end=st.integers(0, 9), quote=texts)


@st.composite
def questions(draw: st.DrawFn, name: str) -> Question:
    """Any question of that id, with or without follow-ups and hints."""
    ids = [f"k{n}" for n in range(draw(st.integers(1, 4)))]
    return Question(
        id=name,
        text=draw(bilinguals),
        area=draw(st.sampled_from(["vision", "theory"])),
        difficulty=draw(st.integers(1, 3)),
        kind="what",
        key_points=tuple(KeyPoint(i, draw(st.integers(1, 90)), draw(bilinguals)) for i in ids),
        asked=tuple(draw(st.lists(st.builds(Asking, doc_id=texts, quote=texts), max_size=2))),
        handbook=draw(st.none() | st.just("vision.md")),
        misconceptions=tuple(draw(st.lists(bilinguals, max_size=1))),
        follow_ups=tuple(draw(st.lists(st.builds(FollowUp, point=st.sampled_from(ids), text=bilinguals), max_size=3))),
        hints=tuple(draw(st.lists(bilinguals, max_size=2))),
        automatic=draw(st.booleans()),
    )


@st.composite
def grades(draw: st.DrawFn, points: tuple[KeyPoint, ...]) -> Grade:
    """Any grade of these key points."""
    graded = tuple(
        PointGrade(p.id, p.text.zh, p.weight, draw(verdicts), draw(texts), draw(st.floats(0, 1)), tuple(draw(st.lists(citations, max_size=1)))) for p in points
    )
    wrong = tuple(draw(st.lists(st.builds(WrongStatement, said=texts, against=texts), max_size=1)))
    return Grade(draw(texts), draw(scores), graded, wrong, tuple(draw(st.lists(texts, max_size=2))), draw(texts), draw(st.sampled_from(["zh", "en"])))
