"""Known mistakes of documents, and contradictions between them, by the span a citation shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.bank.bank import same_document
from rag.bank.fields import ID, ID_FORM, Fields, quotes
from rag.bank.questions import entry_fields
from rag.bank.tree import one_line, read_entries
from rag.errors import BankError
from rag.records import Erratum

_KINDS: tuple[Literal["mistake", "contradiction"], ...] = ("mistake", "contradiction")


@dataclass(frozen=True, slots=True)
class _Located:
    """Where an erratum's words stand in one document; ``source`` is the hash of the text they were looked for in."""

    source: int
    spans: tuple[tuple[int, int, Erratum], ...]


class Errata:
    """Known mistakes in file order, read-only."""

    def __init__(self, errata: Iterable[Erratum] = ()) -> None:
        self.errata = tuple(errata)
        self._located: dict[str, _Located] = {}

    def __len__(self) -> int:
        return len(self.errata)

    def __iter__(self) -> Iterator[Erratum]:
        return iter(self.errata)

    def for_document(self, doc_id: str) -> tuple[Erratum, ...]:
        """The errata with a quote in the document, by path alone (see :func:`rag.bank.same_document`)."""
        return tuple(e for e in self.errata if any(same_document(path, doc_id) for path, _ in _places(e)))

    def for_span(self, doc_id: str, start: int, end: int, source: str) -> list[Erratum]:
        """The errata whose literal quote overlaps ``source[start:end]``, in the order of the text.

        A contradiction is known at every span that takes part in it. Every occurrence of a quote counts; a quote that the source no longer
        holds is passed over. The quotes of a document are located once.
        """
        return list(dict.fromkeys(e for s, e_end, e in self._spans(doc_id, source) if s < end and start < e_end))

    def _spans(self, doc_id: str, source: str) -> tuple[tuple[int, int, Erratum], ...]:
        known = self._located.get(doc_id)
        if known is None or known.source != hash(source):
            found = [
                (at, at + len(quote), erratum)
                for erratum in self.errata
                for path, quote in _places(erratum)
                if same_document(path, doc_id)
                for at in occurrences(source, quote)
            ]
            if not found:
                return ()
            known = _Located(hash(source), tuple(sorted(found, key=lambda f: (f[0], f[1], f[2].id))))
            self._located[doc_id] = known
        return known.spans


def _places(erratum: Erratum) -> Iterator[tuple[str, str]]:
    yield erratum.doc_id, erratum.quote
    yield from ((a.doc_id, a.quote) for a in erratum.against)


def occurrences(source: str, quote: str) -> Iterator[int]:
    """The offsets at which a literal quote stands in a text, none overlapping another."""
    at = source.find(quote) if quote else -1
    while at >= 0:
        yield at
        at = source.find(quote, at + len(quote))


def load_errata(*files: str | Path) -> Errata:
    """The errata of YAML files.

    Raises:
        BankError: a file is absent or an entry does not validate; all faults in one message.
    """
    faults: list[str] = []
    places: dict[str, str] = {}
    errata: list[Erratum] = []
    for file in map(Path, files):
        for entry in read_entries(file, faults):
            before = len(faults)
            fields = entry_fields(entry, str(file), faults)
            if fields is None:
                continue
            erratum = _erratum(fields)
            if len(faults) > before:
                continue
            here = f"{file} (line {entry.line})"
            if (known := places.setdefault(erratum.id, here)) != here:
                faults.append(f"{fields.where}: id: already used in {known}; accepted: an id of its own")
            errata.append(erratum)
    if faults:
        raise BankError(one_line(faults, "errata"))
    return Errata(errata)


def _erratum(fields: Fields) -> Erratum:
    kind: Literal["mistake", "contradiction"] = "contradiction" if fields.choice("kind", _KINDS) == "contradiction" else "mistake"
    against = quotes(fields, "against", 1 if kind == "contradiction" else 0)
    if kind == "mistake" and against:
        fields.fault("against", [a.quote for a in against], "only an entry of kind contradiction")
    erratum = Erratum(
        id=fields.matching("id", ID, ID_FORM),
        kind=kind,
        doc_id=fields.document("doc"),
        quote=fields.literal("quote"),
        right=fields.bilingual("right"),
        why=fields.bilingual("why"),
        source=fields.text("source"),
        against=against,
    )
    fields.close()
    return erratum
