"""The voices: texts of one person in one manner, whatever they do to a key point (corpus/bank/voices)."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import fmean
from typing import Any

from rag.bank import load_bank

FOLDER = Path(__file__).parent.parent / "corpus" / "bank"
KINDS = ("true", "half", "false", "beside")
NOT_TRAINED_ON = {"llm"}
"""Areas of the bank for which no replies were written to learn from."""
VOICES = {"crisp", "spoken", "notes", "teacher", "learner"}


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((FOLDER / "voices").glob("*.jsonl")) for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_every_key_point_is_spoken_of_in_both_languages_and_two_voices() -> None:
    points = {(q.id, p.id) for q in load_bank(FOLDER) for p in q.key_points if q.area not in NOT_TRAINED_ON}
    found: dict[tuple[str, str, str], set[str]] = {(row["question"], row["point"], language): set() for row in rows() for language in ("zh", "en")}
    for row in rows():
        assert set(row) == {"question", "point", "lang", "voice", *KINDS}
        assert row["voice"] in VOICES
        found[row["question"], row["point"], row["lang"]].add(row["voice"])
    assert {(q, p) for q, p, _ in found} == points
    assert all(found.values())
    assert all(len(found[q, p, "zh"] | found[q, p, "en"]) >= 2 for q, p in points)


def test_manner_does_not_tell_what_a_text_says() -> None:
    """Within a line nothing is much longer than the rest, and over all lines no kind stands out by its length; no two texts are the same."""
    for row in rows():
        lengths = [len(row[kind]) for kind in KINDS]
        assert max(lengths) <= 1.6 * min(lengths), row["true"]
        assert len({row[kind] for kind in KINDS}) == len(KINDS), row["true"]
    for language in ("zh", "en"):
        means = [fmean(len(row[kind]) for row in rows() if row["lang"] == language) for kind in KINDS]
        assert max(means) <= 1.1 * min(means)
    assert max(Counter(row["voice"] for row in rows()).values()) < 1.2 * len(rows()) / len(VOICES)


def test_replies_to_a_plan_speak_of_every_question_and_say_what_they_do_to_each_key_point() -> None:
    bank = {q.id: q for q in load_bank(FOLDER) if q.area not in NOT_TRAINED_ON}
    replies = [json.loads(line) for path in sorted((FOLDER / "planned").glob("*.jsonl")) for line in path.read_text(encoding="utf-8").split("\n") if line]
    assert Counter(r["question"] for r in replies) == dict.fromkeys(bank, 4)
    told: dict[str, list[int]] = {}
    for reply in replies:
        assert set(reply) == {"question", "lang", "voice", "points", "text"}
        assert set(reply["points"]) == {p.id for p in bank[reply["question"]].key_points}
        assert set(reply["points"].values()) <= {"hit", "partial", "missed", "contradicted"}
        told.setdefault("many" if list(reply["points"].values()).count("hit") >= 2 else "few", []).append(len(reply["text"]))
    assert fmean(told["many"]) < 1.15 * fmean(told["few"])  # length does not tell how good a reply is
