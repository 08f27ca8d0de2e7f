"""Typed reading of one entry: every fault is noted with its file, entry, field, value and what is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from rag.bank.tree import Tree, shown
from rag.records import Asking, Bilingual

MAX_TEXT = 4000
MAX_ITEMS = 200
ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,79}")
ID_FORM = "lower-case letters, digits, '-' and '.', up to 80"
_INTEGER = re.compile(r"[+-]?\d{1,9}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
EMPTY = Bilingual("", "")


@dataclass(slots=True)
class Fields:
    """The fields of one mapping. A reader gives a harmless stand-in after a fault, so that all faults are found in one pass.

    ``where`` is ``FILE: entry 'ID' (line N)``, ``path`` the field the mapping stands in.
    """

    values: dict[str, Tree]
    where: str
    faults: list[str]
    path: str = ""
    read: set[str] = field(default_factory=set)

    def fault(self, name: str, value: object, accepted: str) -> None:
        """Note a fault of the field ``name``."""
        got = "missing" if value is None else f"got {_brief(value)}"
        self.faults.append(f"{self.where}: {self.full(name)}: {got}; accepted: {accepted}")

    def full(self, name: str) -> str:
        """The dotted name of a field."""
        return f"{self.path}.{name}".strip(".")

    def take(self, name: str) -> Tree:
        """The raw value, marked as read."""
        self.read.add(name)
        return self.values.get(name)

    def text(self, name: str, *, required: bool = True, limit: int = MAX_TEXT) -> str:
        """A text without surrounding space; empty after a fault or where absent."""
        value = self.take(name)
        if value is None:
            if required:
                self.fault(name, None, "a text")
            return ""
        if not isinstance(value, str) or not value.strip() or len(value) > limit or _UNPRINTABLE.search(value):
            self.fault(name, value, f"a text of 1 to {limit} characters")
            return ""
        return value.strip()

    def literal(self, name: str) -> str:
        """A quote, kept to the character."""
        text = self.text(name)
        value = self.values.get(name)
        return value if text and isinstance(value, str) else ""

    def matching(self, name: str, form: re.Pattern[str], accepted: str, *, required: bool = True) -> str:
        """A text of a given form."""
        value = self.take(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or not form.fullmatch(value):
            self.fault(name, value, accepted)
            return ""
        return value

    def choice(self, name: str, accepted: Collection[str]) -> str:
        """One of the given words."""
        value = self.take(name)
        if not isinstance(value, str) or value not in accepted:
            self.fault(name, value, ", ".join(accepted))
            return ""
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``; ``low`` after a fault."""
        value = self.take(name)
        if isinstance(value, str) and _INTEGER.fullmatch(value) and low <= int(value) <= high:
            return int(value)
        self.fault(name, value, f"a whole number from {low} to {high}")
        return low

    def document(self, name: str) -> str:
        """A document path relative to the corpus folder, with forward slashes."""
        value = self.take(name)
        if not isinstance(value, str) or not value or len(value) > 500 or value.startswith("/") or "\\" in value or {"", ".", ".."} & set(value.split("/")):
            self.fault(name, value, "a path relative to the corpus folder, with forward slashes, such as seeds/notes.txt")
            return ""
        return value

    def bilingual(self, name: str) -> Bilingual:
        """A mapping of ``zh`` and ``en``, of which at least one is given."""
        inner = self.mapping(name)
        if inner is None:
            return EMPTY
        both = inner.languages()
        inner.close()
        return both

    def languages(self) -> Bilingual:
        """The ``zh`` and ``en`` of this very mapping."""
        given = [language for language in ("zh", "en") if self.take(language) not in (None, "")]
        if not given:
            self.fault("zh", None, "a text in zh, en or both")
        zh, en = (self.text(language) if language in given else "" for language in ("zh", "en"))
        return Bilingual(zh, en)

    def mapping(self, name: str) -> Fields | None:
        """The fields of a nested mapping."""
        value = self.take(name)
        if not isinstance(value, dict):
            self.fault(name, value, "a mapping of fields")
            return None
        return Fields(value, self.where, self.faults, self.full(name))

    def items(self, name: str, low: int, high: int = MAX_ITEMS) -> Iterator[Fields]:
        """The mappings of a nested list of ``low`` to ``high`` items; an absent list counts as empty."""
        value = self.take(name)
        listed = [] if value is None and low == 0 else value
        if not isinstance(listed, list) or not low <= len(listed) <= high:
            self.fault(name, value, f"a list of {low} to {high} items")
            return
        for n, item in enumerate(listed, start=1):
            if not isinstance(item, dict):
                self.fault(f"{name}.{n}", item, "a mapping of fields")
                continue
            label = item.get("id")
            yield Fields(item, self.where, self.faults, self.full(f"{name}.{label if isinstance(label, str) and ID.fullmatch(label) else n}"))

    def close(self) -> None:
        """Note every field that nothing has read."""
        for name in self.values:
            if name not in self.read:
                self.faults.append(f"{self.where}: {self.full(name)[:120]}: unknown field; accepted: {', '.join(sorted(self.read))}")


def _brief(value: object) -> str:
    if isinstance(value, dict):
        return f"a mapping of {shown(list(value))}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return shown(value)


def quotes(fields: Fields, name: str, low: int) -> tuple[Asking, ...]:
    """The ``{doc, quote}`` items of a list."""
    out: list[Asking] = []
    for item in fields.items(name, low):
        out.append(Asking(item.document("doc"), item.literal("quote")))
        item.close()
    return tuple(out)


def each(fields: Fields, name: str, make: Callable[[Fields], Bilingual]) -> tuple[Bilingual, ...]:
    """The texts of an optional list."""
    out: list[Bilingual] = []
    for item in fields.items(name, 0):
        out.append(make(item))
        item.close()
    return tuple(out)
