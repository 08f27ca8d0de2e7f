"""Records to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from practice_samples import grades, question, questions

from rag.errors import UserInputError
from rag.jsonable import from_json, to_json
from rag.records import Grade, Question


@dataclass(frozen=True, slots=True)
class Sample:
    """One field of every kind of type that records use."""

    name: str
    pair: tuple[str, int]
    kind: Literal["a", "b"] = "a"
    many: tuple[float, ...] = ()
    by_name: Mapping[str, float] | None = None
    flag: bool = False


@given(questions("q"))
def test_a_question_comes_back_as_it_was(asked: Question) -> None:
    assert from_json(Question, json.loads(json.dumps(to_json(asked)))) == asked


@given(grades(question("q").key_points))
def test_a_grade_comes_back_as_it_was(graded: Grade) -> None:
    text = json.dumps(to_json(graded))
    again = from_json(Grade, json.loads(text))
    assert again == graded
    assert json.dumps(to_json(again)) == text


@given(st.builds(Sample, many=st.lists(st.floats(allow_nan=False, allow_infinity=False)).map(tuple), by_name=st.none() | st.just({"x": 1.5})))
def test_every_kind_of_field_comes_back(sample: Sample) -> None:
    assert from_json(Sample, json.loads(json.dumps(to_json(sample)))) == sample


def test_absent_fields_take_their_defaults() -> None:
    assert from_json(Sample, {"name": "n", "pair": ["p", 1]}) == Sample("n", ("p", 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": 1}, "Sample.name: expected str, got 1"),
        ({"pair": ["p"]}, "Sample.pair: expected a list of 2"),
        ({"pair": "p"}, "Sample.pair: expected a list"),
        ({"kind": "c"}, "Sample.kind: expected 'a' or 'b', got 'c'"),
        ({"many": [1, "x"]}, r"Sample.many\[1\]: expected float"),
        ({"many": [True]}, r"Sample.many\[0\]: expected float"),
        ({"by_name": [1]}, "Sample.by_name: expected an object"),
        ({"flag": 1}, "Sample.flag: expected bool"),
        ({"other": 1}, "unknown field other"),
        ({"name": "x" * 100, "pair": ["p", "x" * 100]}, r"expected int, got 'x{56}\.\.\."),
    ],
)
def test_a_misfit_is_named_with_its_place(change: dict[str, object], said: str) -> None:
    with pytest.raises(UserInputError, match=said):
        from_json(Sample, {"name": "n", "pair": ["p", 1], **change})


def test_a_missing_field_is_named() -> None:
    with pytest.raises(UserInputError, match="field pair is missing"):
        from_json(Sample, {"name": "n"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1: 2}, {1, 2}, object()])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON form|not text"):
        to_json(value)
