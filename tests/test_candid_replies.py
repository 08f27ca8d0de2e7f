"""Replies of candidates, played by a language model, who had not seen the key points (training/candid): what grader and judge learn from, and a set apart."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
CANDID = ROOT / "training" / "candid"
VERDICTS = {"hit", "partial", "missed", "contradicted"}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CANDID / name).read_text(encoding="utf-8").splitlines()]


def entries() -> dict[str, dict[str, Any]]:
    bank = [q for path in sorted((ROOT / "corpus" / "bank").glob("*.yaml")) for q in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return {q["id"]: q for q in [*bank, *rows("questions.jsonl")]}


def grams(text: str) -> set[str]:
    letters = "".join(c for c in text.lower() if c.isalnum())
    return {letters[i : i + 3] for i in range(len(letters) - 2)}


@pytest.mark.parametrize("name", ["bank.jsonl", "replies.jsonl", "more.jsonl"])
def test_every_key_point_has_a_verdict_and_every_quote_stands_in_the_reply(name: str) -> None:
    known = entries()
    for row in rows(name):
        points = {p["id"] for p in known[row["question"]]["key_points"]}
        assert set(row["points"]) == points, row["question"]
        assert set(row["points"].values()) <= VERDICTS
        assert all(words in row["text"] for words in [*row["wrong"], *row.get("evidence", {}).values()]), row["question"]
        assert 0 <= row["score"] <= 100


def test_whoever_is_surer_of_the_matter_has_the_higher_grade() -> None:
    """The levels were asked of the writers and hidden from whoever graded."""
    graded = [*rows("bank.jsonl"), *rows("replies.jsonl"), *rows("more.jsonl")]
    mean = {level: sum(r["score"] for r in graded if r["level"] == level) / n for level, n in Counter(r["level"] for r in graded).items()}
    assert mean["confused"] < mean["half"] < mean["slip"] < mean["good"] < mean["expert"]


def test_what_nothing_is_fitted_on_shares_no_question_and_no_reply_with_the_rest() -> None:
    items, answers = rows("unseen/items.jsonl"), rows("unseen/answers.jsonl")
    known = entries()
    assert {a["qid"] for a in answers} == {i["qid"] for i in items}
    assert not {i["qid"] for i in items} & set(known)
    others = [grams(text) for q in known.values() for text in q["question"].values()]
    for item in items:
        mine = grams(item["question"])
        assert all(len(mine & other) < 0.35 * len(mine | other) for other in others), item["question"]
    assert not {a["answer"] for a in answers} & {r["text"] for name in ("bank.jsonl", "replies.jsonl", "more.jsonl") for r in rows(name)}
