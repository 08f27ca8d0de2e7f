"""What a judge reads of a passage: the head, then the best units that fit, in reading order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rag.records import Passage, Unit
from rag.views import BUDGET, HEAD_BUDGET, clip, view, weight


def passage(question: str | None, *heading: str) -> Passage:
    return Passage("p", "d", 0, 1, "x", "qa", heading, question)


def units(*texts: str, kind: str = "text") -> list[Unit]:
    return [Unit("p", n, n + 1, text, kind) for n, text in enumerate(texts)]


def test_a_short_passage_is_read_whole_in_order() -> None:
    assert view(passage("问？"), units("一。", "二。", "三。"), [0.1, 0.9, 0.5]) == "问？\n一。 二。 三。"
    assert view(passage(None, "甲", "乙"), units("一。"), [0.1]) == "乙\n一。"
    assert view(passage(None), units("一。"), [0.1]) == "一。"


def test_a_long_passage_keeps_what_fits_best() -> None:
    long = [f"{n}" + "字" * 80 for n in range(5)]
    seen = view(passage("问？"), units(*long), [0.0, 0.1, 0.9, 0.2, 0.8])
    assert seen == f"问？\n{long[2]} {long[4]}"


def test_heads_are_not_read_twice() -> None:
    assert view(passage("问？"), [Unit("p", 0, 1, "问？", "head"), *units("答。")[:0], Unit("p", 2, 3, "答。", "text")], [-9.0, 1.0]) == "问？\n答。"


def test_the_head_may_be_left_out() -> None:
    assert view(passage("问？"), units("一。", "二。"), [0.1, 0.9], headed=False) == "一。 二。"
    assert view(passage("问？"), [Unit("p", 0, 1, "问？", "question"), *units("答。")], [0.5, 1.0], headed=False) == "答。"


@given(st.text(max_size=60), st.lists(st.tuples(st.text(min_size=1, max_size=400), st.floats(-9, 9)), max_size=8))
def test_the_budget_holds(question: str, parts: list[tuple[str, float]]) -> None:
    seen = view(passage(question), units(*(text for text, _ in parts)), [r for _, r in parts])
    assert weight(seen) <= HEAD_BUDGET + BUDGET + len(parts) + 2


@given(st.text(max_size=300), st.integers(0, 200))
def test_a_clip_is_the_longest_beginning_that_fits(text: str, budget: int) -> None:
    cut = clip(text, budget)
    assert text.startswith(cut)
    assert weight(cut) <= budget + 1e-6
    assert cut == text or weight(text[: len(cut) + 1]) > budget - 1e-6


def test_a_line_that_only_asks_what_a_thing_is_reads_as_the_thing() -> None:
    assert view(passage("什么是学习率（learning rate）？"), units("一。"), [0.1]) == "学习率（learning rate）\n一。"
    assert view(passage("What is layer normalisation?"), units("One."), [0.1]) == "layer normalisation\nOne."
    for line in ("什么是共线性，跟过拟合有啥关联？", "What are the strengths and weaknesses of ReLU as a hidden unit?"):
        assert view(passage(line), units("一。"), [0.1]).startswith(line)
