"""Reading bank files: YAML without tags, aliases or guessed types, bounded in size and depth.

Every scalar stays the text that was written (``no``, ``1.0`` and ``2020-01-01`` are words); numbers are read where a field wants one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 12
SHOWN = 60
SHOWN_FAULTS = 200

Tree: TypeAlias = str | list["Tree"] | dict[str, "Tree"] | None

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a file's list, with the line it begins on (from 1)."""

    line: int
    value: Tree


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read."""

    value: list[Tree] | dict[str, Tree]
    key: str | None = None
    awaiting: bool = False


def shown(value: object) -> str:
    """A value as a fault names it: quoted, on one line, bounded."""
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def one_line(faults: Sequence[str], what: str) -> str:
    """All faults as one message on one line."""
    kept = [_CONTROL.sub(" ", f) for f in faults[:SHOWN_FAULTS]]
    more = f"; and {len(faults) - SHOWN_FAULTS} more" if len(faults) > SHOWN_FAULTS else ""
    count = f"{len(faults)} faults: " if len(faults) > 1 else ""
    return f"{what}: {count}{'; '.join(kept)}{more}"


def read_text(path: Path, faults: list[str]) -> str | None:
    """The text of a bank file, or None with a fault noted: absent, too large, not UTF-8."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            faults.append(f"{path}: {size / 1e6:.1f} MB; accepted: up to {MAX_BYTES / 1e6:.1f} MB, split the file")
            return None
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        faults.append(f"{path}: cannot be read ({error.strerror})")
    except UnicodeDecodeError as error:
        faults.append(f"{path}: not UTF-8 (byte {error.start}); accepted: UTF-8 text")
    return None


def read_entries(path: Path, faults: list[str]) -> list[Entry]:
    """The entries of a file that holds one YAML list; what is wrong with its form is noted in ``faults``."""
    text = read_text(path, faults)
    return [] if text is None else parse_entries(text, str(path), faults)


def parse_entries(text: str, name: str, faults: list[str]) -> list[Entry]:
    """The entries of a YAML text; an empty text has none."""
    import yaml

    builder = _Builder(name, faults)
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if not builder.take(event):
                break
    except yaml.YAMLError as error:
        faults.append(f"{name}: {_place(error)}")
        return []
    except RecursionError:
        faults.append(f"{name}: nested too deeply; accepted: up to {MAX_DEPTH} levels")
        return []
    return list(builder.entries())


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    where = f"line {mark.line + 1}: " if mark is not None else ""
    return f"{where}does not parse as YAML ({problem}); accepted: a list of entries, quote strings that hold ': ' or '#'"


@dataclass(slots=True)
class _Builder:
    """YAML events to plain lists, mappings and texts, without recursion."""

    name: str
    faults: list[str]
    stack: list[_Open] = field(default_factory=list)
    root: Tree = None
    lines: list[int] = field(default_factory=list)
    documents: int = 0

    def fault(self, line: int, text: str) -> None:
        self.faults.append(f"{self.name}: line {line}: {text}")

    def take(self, event: object) -> bool:
        """Work in one event; False when the rest of the file is not worth reading."""
        import yaml

        line = getattr(getattr(event, "start_mark", None), "line", 0) + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.fault(line, "a second YAML document ('---'); accepted: one list a file")
                return False
        elif isinstance(event, yaml.AliasEvent):
            self.fault(line, f"alias {shown(f'*{event.anchor}')}; accepted: plain values, written out")
            self.add(None, line)
        elif isinstance(event, (yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            if event.tag not in {None, "!"}:
                self.fault(line, f"tag {shown(event.tag)}; accepted: plain values without tags")
            if isinstance(event, yaml.ScalarEvent):
                empty = event.implicit[0] and event.value in {"", "~", "null", "Null", "NULL"}
                self.add(None if empty else event.value, line)
            else:
                return self.open([] if isinstance(event, yaml.SequenceStartEvent) else {}, line)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self.stack.pop()
        return True

    def open(self, value: list[Tree] | dict[str, Tree], line: int) -> bool:
        if len(self.stack) >= MAX_DEPTH:
            self.fault(line, f"nested too deeply; accepted: up to {MAX_DEPTH} levels")
            self.root = None
            return False
        self.add(value, line)
        self.stack.append(_Open(value))
        return True

    def add(self, value: Tree, line: int) -> None:
        if not self.stack:
            self.root = value
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            if len(self.stack) == 1:
                self.lines.append(line)
        elif not top.awaiting:
            top.key, top.awaiting = self.key(value, line), True
        else:
            top.awaiting = False
            if top.key is not None and top.key in top.value:
                self.fault(line, f"key {shown(top.key)} is given twice in one entry; accepted: once")
            elif top.key is not None:
                top.value[top.key] = value

    def key(self, value: Tree, line: int) -> str | None:
        if isinstance(value, str):
            return value
        self.fault(line, f"{_kind(value)} as a key; accepted: a field name")
        return None

    def entries(self) -> Iterator[Entry]:
        if isinstance(self.root, list):
            yield from (Entry(line, value) for line, value in zip(self.lines, self.root, strict=True))
        elif self.root is not None:
            self.faults.append(f"{self.name}: holds {_kind(self.root)}; accepted: a list of entries ('- id: …')")


def _kind(value: Tree) -> str:
    return "a mapping" if isinstance(value, dict) else "a list" if isinstance(value, list) else "nothing" if value is None else f"the text {shown(value)}"
