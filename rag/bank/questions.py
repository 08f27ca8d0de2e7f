"""Question files to Questions: the form of an entry, and what must agree inside it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rag.bank.fields import ID, ID_FORM, Fields, each, quotes
from rag.bank.tree import Entry, read_entries
from rag.records import FollowUp, KeyPoint, Question

KINDS = ("what", "why", "how", "compare", "derive", "design", "judge")
DIFFICULTIES = (1, 2, 3)
MAX_POINTS = 12
SUFFIXES = (".yaml", ".yml")
_AREA = re.compile(r"[^\x00-\x1f\x7f/\\]{1,60}")
_HANDBOOK = re.compile(r"[^\x00-\x1f\x7f/\\.][^\x00-\x1f\x7f/\\]{0,100}\.md")


@dataclass(frozen=True, slots=True)
class Placed:
    """A question and the file and line it stands in."""

    question: Question
    file: str
    line: int


def entry_fields(entry: Entry, file: str, faults: list[str]) -> Fields | None:
    """The fields of an entry, named by file, id and line."""
    if not isinstance(entry.value, dict):
        faults.append(f"{file}: line {entry.line}: not a mapping; accepted: an entry with fields ('- id: …')")
        return None
    label = entry.value.get("id")
    named = f"entry '{label}'" if isinstance(label, str) and ID.fullmatch(label) else "entry without a usable id"
    return Fields(entry.value, f"{file}: {named} (line {entry.line})", faults)


def question_files(folder: Path, faults: list[str]) -> list[Path]:
    """The question files of a folder, sorted by name; a file stands for itself."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        faults.append(f"{folder}: does not exist; accepted: a folder of .yaml question files")
        return []
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file())


def read_questions(file: Path, faults: list[str]) -> list[Placed]:
    """The questions of one file in file order; entries with a fault are noted and left out."""
    out: list[Placed] = []
    for entry in read_entries(file, faults):
        before = len(faults)
        fields = entry_fields(entry, str(file), faults)
        if fields is None:
            continue
        question = _question(fields)
        if len(faults) == before:
            out.append(Placed(question, str(file), entry.line))
    return out


def _question(fields: Fields) -> Question:
    points = _key_points(fields)
    question = Question(
        id=fields.matching("id", ID, ID_FORM),
        text=fields.bilingual("question"),
        area=fields.matching("area", _AREA, "a short name of up to 60 characters without '/'").strip(),
        difficulty=fields.integer("difficulty", DIFFICULTIES[0], DIFFICULTIES[-1]),
        kind=fields.choice("kind", KINDS),
        key_points=points or (),
        asked=quotes(fields, "asked", 0),
        handbook=fields.matching("handbook", _HANDBOOK, "a Markdown file name such as notes.md, without folders", required=False) or None,
        misconceptions=each(fields, "misconceptions", Fields.languages),
        follow_ups=_follow_ups(fields, None if points is None else {p.id for p in points}),
        hints=each(fields, "hints", Fields.languages),
    )
    fields.close()
    return question


def _key_points(fields: Fields) -> tuple[KeyPoint, ...] | None:
    """The key points; None where one has a fault, so that nothing is held against them."""
    out: list[KeyPoint] = []
    before = len(fields.faults)
    for item in fields.items("key_points", 1, MAX_POINTS):
        out.append(KeyPoint(item.matching("id", ID, ID_FORM), item.integer("weight", 1, 100), item.languages()))
        item.close()
    if len(fields.faults) > before:
        return None
    total = sum(p.weight for p in out)
    if total != 100:
        fields.faults.append(f"{fields.where}: key_points: weights sum to {total}; accepted: 100")
    for point, times in Counter(p.id for p in out).items():
        if times > 1:
            fields.faults.append(f"{fields.where}: key_points: id '{point}' is used {times} times; accepted: once")
    return tuple(out)


def _follow_ups(fields: Fields, points: set[str] | None) -> tuple[FollowUp, ...]:
    out: list[FollowUp] = []
    for item in fields.items("follow_ups", 0):
        point = item.matching("point", ID, "the id of a key point")
        if point and points is not None and point not in points:
            item.fault("point", point, f"the id of a key point: {', '.join(sorted(points))}")
        out.append(FollowUp(point, item.languages()))
        item.close()
    return tuple(out)
