"""Reading a corpus folder: decoding, hashing, parsing, bounded in size and confined to the folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rag.corpus.docx import docx_text
from rag.corpus.encoding import decode
from rag.corpus.html import html_text
from rag.corpus.markdown import front_title, parse
from rag.corpus.pdf import pdf_text
from rag.corpus.refusals import refusal
from rag.corpus.sections import sections_of
from rag.errors import CorpusError
from rag.records import Block, Document
from rag.text import language_of

MAX_BYTES = 20 * 1024 * 1024
_IGNORED = {"LICENSE", "LICENSE.md", "LICENSE.txt", "license.md"}
EXTRACTOR = 2
"""Raised when a parser of :data:`CONVERTED` formats gives another text for the same file."""
Extract = Callable[[bytes, str], str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out of a corpus, and the reason in one line."""

    doc_id: str
    reason: str


_EXTRACTORS: dict[str, Extract] = {
    **dict.fromkeys((".md", ".markdown", ".txt", ".text"), decode),
    **dict.fromkeys((".html", ".htm", ".xhtml"), html_text),
    ".pdf": pdf_text,
    ".docx": docx_text,
}


CONVERTED = frozenset(suffix for suffix, extract in _EXTRACTORS.items() if extract is not decode)
"""Formats whose source text is made from the file; the index keeps it, so that an unchanged file is not converted again."""
Known = Mapping[tuple[str, str], str]
"""Source texts already made, by suffix and SHA-256 of the file."""


def supported_suffixes() -> tuple[str, ...]:
    """The file suffixes that have a parser, sorted."""
    return tuple(sorted(_EXTRACTORS))


def register(suffix: str, extract: Extract) -> None:
    """Add a format: ``extract(data, name)`` gives the decoded source text that offsets refer to."""
    _EXTRACTORS[suffix.lower()] = extract


def document_from_text(doc_id: str, text: str, sha256: str | None = None) -> Document:
    """Parse a decoded text into a Document."""
    blocks = parse(text)
    digest = sha256 or hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(doc_id, text, digest, _title(doc_id, text, blocks), language_of(text[:50000]), sections_of(blocks, len(text)), blocks)


def _title(doc_id: str, text: str, blocks: tuple[Block, ...]) -> str:
    declared = front_title(text)
    if declared:
        return declared
    titles = [b for b in blocks if b.kind == "title"]
    if titles and (titles[0] is blocks[0] or titles[0].level == 1):
        return titles[0].text
    return Path(doc_id).stem


def load_document(root: Path, path: Path, known: Known | None = None) -> Document:
    """Read one file of a corpus folder; of a converted format, its source may be ``known``.

    Raises:
        CorpusError: the file lies outside the folder, is too large, has no parser, is no text, or cannot be read for any other reason.
    """
    resolved, base = path.resolve(), root.resolve()
    if not resolved.is_relative_to(base):
        raise CorpusError(f"{path}: lies outside the corpus folder {root}")
    doc_id = path.absolute().relative_to(root.absolute()).as_posix()
    if not _is_text(doc_id):
        raise refusal("unreadable", _printable(doc_id), reason="its name is not UTF-8; rename it")
    extract = _EXTRACTORS.get(path.suffix.lower())
    if extract is None:
        raise refusal("no_parser", doc_id, got=path.suffix or "files without suffix", accepted=" ".join(supported_suffixes()))
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise refusal("too_large", doc_id, size=f"{size / 1e6:.1f}", limit=f"{MAX_BYTES / 1e6:.0f}")
        data = path.read_bytes()
    except OSError as error:
        raise refusal("unreadable", doc_id, reason=error.strerror) from error
    digest = hashlib.sha256(data).hexdigest()
    source = known.get((path.suffix.lower(), digest)) if known else None
    try:
        return document_from_text(doc_id, extract(data, doc_id) if source is None else source, digest)
    except CorpusError:
        raise
    except Exception as error:  # one odd file must not keep the others from being read
        raise refusal("unreadable", doc_id, reason=f"{type(error).__name__} while parsing") from error


def _is_text(name: str) -> bool:
    """Whether a name is text; one that is not UTF-8 comes with surrogates, which no index or page can hold."""
    return not re.search(r"[\ud800-\udfff]", name)


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def corpus_files(root: Path) -> Iterator[Path]:
    """The files of a corpus folder that have a parser, sorted by path; hidden files, licence texts and names that are no UTF-8 are passed over.

    Raises:
        CorpusError: there is no such folder.
    """
    return (path for path in _files(root) if _is_text(path.relative_to(root).as_posix()))


def _files(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        raise CorpusError(f"corpus folder {root} does not exist; give one with --corpus DIR")
    for path in sorted(root.rglob("*"), key=lambda p: p.relative_to(root).as_posix()):
        parts = path.relative_to(root).parts
        if any(part.startswith((".", "__")) for part in parts) or path.name in _IGNORED or not path.is_file():
            continue
        if path.suffix.lower() in _EXTRACTORS:
            yield path


def load_corpus(root: Path, known: Known | None = None) -> tuple[list[Document], list[Skipped]]:
    """Every document of a folder in path order, and what could not be read."""
    documents: list[Document] = []
    skipped: list[Skipped] = []
    for path in _files(root):
        try:
            documents.append(load_document(root, path, known))
        except CorpusError as error:
            skipped.append(Skipped(_printable(path.relative_to(root).as_posix()), _printable(str(error))))
    return documents, skipped
