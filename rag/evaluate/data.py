"""Evaluation data: question rows with gold, and BEIR-like folders. Everything is read and checked before anything is measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.errors import UserInputError
from rag.records import Answer, Document, Hit
from rag.text import language_of

Tell = Callable[[int, int], None]
"""Hears how many questions are done, and of how many."""


class Answering(Protocol):
    """What is measured: the part of ``rag.Tutor`` that answers."""

    def ask(self, question: str, history: Sequence[Mapping[str, object]] = ()) -> Answer:
        """An answer with citations, or a refusal."""
        ...

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """The ``k`` best passages."""
        ...

    def documents(self) -> list[Document]:
        """The indexed documents."""
        ...


@dataclass(frozen=True, slots=True)
class GoldSet:
    """Literal substrings of one document that together answer a question."""

    doc_id: str
    spans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One question. ``golds`` is empty where the corpus has no answer; ``pointer`` says that it only names pages or sources.

    ``kind`` is what an unanswerable question is like (``near-domain:topic-absent``), ``correcting`` what corrects its premise, ``pointer_ok``
    whether naming the pages is right too.
    """

    id: str
    query: str
    language: str
    style: str
    kind: str
    golds: tuple[GoldSet, ...] = ()
    pointer: bool = False
    correcting: tuple[GoldSet, ...] = ()
    pointer_ok: bool = False
    history: tuple[Mapping[str, object], ...] = ()
    standalone: str | None = None

    @property
    def answerable(self) -> bool:
        """Whether the corpus answers it, or names where the answer stands."""
        return not self.kind


@dataclass(frozen=True, slots=True)
class BeirSet:
    """Texts, questions and which text is relevant to which question. ``languages`` is aligned with ``queries``."""

    name: str
    texts: Mapping[str, str]
    queries: Mapping[str, str]
    languages: Mapping[str, str]
    relevance: Mapping[str, Mapping[str, float]]


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) for each line of a JSON lines file; lines end at LF only.

    Raises:
        UserInputError: the file cannot be read, or a line is no object.
    """
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserInputError(f"{path}:{number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise UserInputError(f"{path}:{number}: expected an object, got {type(row).__name__}")
        yield number, row


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserInputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserInputError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """The questions of JSONL files, or of every ``*.jsonl`` of folders, in path and line order.

    A row with ``gold`` or with ``answerable`` true or ``"pointer"`` is answerable; any other is not, and its kind is its ``kind`` (with
    ``sub`` after a colon), or the name of its file.

    Raises:
        UserInputError: no such file, a folder without one, or a row that does not fit; the message names file and line.
    """
    files = [file for path in paths for file in _files(path)]
    return [_row(row, file, f"{file}:{number}") for file in files for number, row in json_lines(file)]


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.jsonl"))
    if not found:
        raise UserInputError(f"{path}: holds no .jsonl file; give a file or a folder of them with --data")
    return found


def _row(row: Mapping[str, Any], file: Path, where: str) -> Row:
    query = _string(row, "query", where)
    answerable = row.get("answerable", bool(row.get("gold")))
    if not (isinstance(answerable, bool) or answerable == "pointer"):
        raise UserInputError(f"{where}: field 'answerable' must be true, false or \"pointer\", got {answerable!r:.60}")
    kind = ""
    if not answerable:
        kind = ":".join(str(row[name]) for name in ("kind", "sub") if row.get(name)) or file.name.split(".")[0]
    history = row.get("history") or []
    if not isinstance(history, list):
        raise UserInputError(f"{where}: field 'history' must be a list, got {type(history).__name__}")
    own = (_gold_set(row, where),) if answerable and row.get("gold") else ()
    also = tuple(_gold_set(one, where) for one in _objects(row.get("also"), "also", where)) if answerable else ()
    correcting = tuple(_gold_set(one, where) for one in _objects(row.get("correcting"), "correcting", where))
    return Row(
        id=str(row.get("id", where)),
        query=query,
        language=str(row.get("lang") or language_of(query)),
        style=str(row.get("style") or ("follow-up" if history else "other")),
        kind=kind,
        golds=own + also,
        pointer=answerable == "pointer",
        correcting=correcting,
        pointer_ok=bool(row.get("pointer_ok")),
        history=tuple(history),
        standalone=row["standalone"] if isinstance(row.get("standalone"), str) else None,
    )


def _objects(value: Any, name: str, where: str) -> list[Mapping[str, Any]]:
    values = value if isinstance(value, list) else [value] if value else []
    if not all(isinstance(one, dict) for one in values):
        raise UserInputError(f"{where}: field {name!r} must hold objects with doc and gold, got {value!r:.60}")
    return values


def _gold_set(row: Mapping[str, Any], where: str) -> GoldSet:
    gold = row.get("gold")
    spans = [gold] if isinstance(gold, str) else gold
    if not isinstance(spans, list) or not spans or not all(isinstance(s, str) and s.strip() for s in spans):
        raise UserInputError(f"{where}: field 'gold' must be a list of strings, got {gold!r:.60}")
    return GoldSet(_string(row, "doc", where), tuple(spans))


def _string(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise UserInputError(f"{where}: field {name!r} must be a string, got {value!r:.60}")
    return value


def beir_folders(path: Path) -> list[Path]:
    """The folder itself if it holds a ``corpus.jsonl``, else its sub-folders that do, by name.

    Raises:
        UserInputError: there is none.
    """
    if (path / "corpus.jsonl").is_file():
        return [path]
    found = sorted(p.parent for p in path.glob("*/corpus.jsonl"))
    if not found:
        raise UserInputError(f"{path}: expected corpus.jsonl, queries.jsonl and qrels.tsv, or folders that hold them")
    return found


def read_beir(folder: Path) -> BeirSet:
    """One BEIR-like set: ``corpus.jsonl`` {id, text}, ``queries.jsonl`` {id, text, lang?}, ``qrels.tsv`` (query, text, grade; a head line
    is passed over). Questions without a relevant text are left out.

    Raises:
        UserInputError: a file is missing or a row does not fit.
    """
    texts: dict[str, str] = {}
    for number, row in json_lines(folder / "corpus.jsonl"):
        name = _id(row, f"{folder / 'corpus.jsonl'}:{number}")
        if name in texts:
            raise UserInputError(f"{folder / 'corpus.jsonl'}:{number}: the id {name!r} is given twice")
        texts[name] = _string(row, "text", f"{folder / 'corpus.jsonl'}:{number}")
    relevance = _qrels(folder / "qrels.tsv", texts)
    queries: dict[str, str] = {}
    languages: dict[str, str] = {}
    for number, row in json_lines(folder / "queries.jsonl"):
        where = f"{folder / 'queries.jsonl'}:{number}"
        name = _id(row, where)
        if name in relevance:
            queries[name] = _string(row, "text", where)
            languages[name] = str(row.get("lang") or language_of(queries[name]))
    if not queries:
        raise UserInputError(f"{folder}: no question of queries.jsonl has a relevant text in qrels.tsv")
    return BeirSet(folder.name, texts, queries, languages, relevance)


def _id(row: Mapping[str, Any], where: str) -> str:
    return _string(row, "id" if "id" in row else "_id", where)


def _qrels(path: Path, texts: Mapping[str, str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip() or (number == 1 and len(cells) == 3 and not _is_number(cells[2])):
            continue
        if len(cells) != 3 or not _is_number(cells[2]):
            raise UserInputError(f"{path}:{number}: expected query, text and grade between tabs, got {line!r:.60}")
        if cells[1] not in texts:
            raise UserInputError(f"{path}:{number}: corpus.jsonl has no text {cells[1]!r}")
        if float(cells[2]) > 0:
            found.setdefault(cells[0], {})[cells[1]] = float(cells[2])
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
