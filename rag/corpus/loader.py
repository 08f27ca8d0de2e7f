"""Reading a corpus folder: decoding, hashing, parsing, bounded in size and confined to the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.corpus.markdown import front_title, parse
from rag.corpus.sections import sections_of
from rag.errors import CorpusError
from rag.records import Block, Document
from rag.text import language_of

MAX_BYTES = 20 * 1024 * 1024
_IGNORED = {"LICENSE", "LICENSE.md", "LICENSE.txt", "license.md"}
Extract = Callable[[bytes, str], str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out of a corpus, and the reason in one line."""

    doc_id: str
    reason: str


def decode(data: bytes, name: str = "") -> str:
    """The text of a file: UTF-8 (with or without a mark), UTF-16 by its mark, GB18030, else the best guess.

    Raises:
        CorpusError: the bytes are no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in data[:4096]:
        raise CorpusError(f"{name}: not a text file (it holds NUL bytes); give Markdown, txt, HTML, PDF or DOCX")
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    from charset_normalizer import from_bytes

    best = from_bytes(data).best()
    if best is None:
        raise CorpusError(f"{name}: its text encoding is not known; save it as UTF-8 and add it again")
    return str(best)


def _text(data: bytes, name: str) -> str:
    return decode(data, name)


_EXTRACTORS: dict[str, Extract] = {".md": _text, ".markdown": _text, ".txt": _text, ".text": _text}


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


def load_document(root: Path, path: Path) -> Document:
    """Read one file of a corpus folder.

    Raises:
        CorpusError: the file lies outside the folder, is too large, has no parser, or is no text.
    """
    resolved, base = path.resolve(), root.resolve()
    if not resolved.is_relative_to(base):
        raise CorpusError(f"{path}: lies outside the corpus folder {root}")
    doc_id = path.absolute().relative_to(root.absolute()).as_posix()
    extract = _EXTRACTORS.get(path.suffix.lower())
    if extract is None:
        raise CorpusError(f"{doc_id}: no parser for {path.suffix or 'files without suffix'}; accepted: {' '.join(supported_suffixes())}")
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise CorpusError(f"{doc_id}: {size / 1e6:.1f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB; split the file")
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{doc_id}: cannot be read ({error.strerror})") from error
    return document_from_text(doc_id, extract(data, doc_id), hashlib.sha256(data).hexdigest())


def corpus_files(root: Path) -> Iterator[Path]:
    """The files of a corpus folder that have a parser, sorted by path; hidden files and licence texts are passed over.

    Raises:
        CorpusError: there is no such folder.
    """
    if not root.is_dir():
        raise CorpusError(f"corpus folder {root} does not exist; give one with --corpus DIR")
    for path in sorted(root.rglob("*"), key=lambda p: p.relative_to(root).as_posix()):
        parts = path.relative_to(root).parts
        if any(part.startswith((".", "__")) for part in parts) or path.name in _IGNORED or not path.is_file():
            continue
        if path.suffix.lower() in _EXTRACTORS:
            yield path


def load_corpus(root: Path) -> tuple[list[Document], list[Skipped]]:
    """Every document of a folder in path order, and what could not be read."""
    documents: list[Document] = []
    skipped: list[Skipped] = []
    for path in corpus_files(root):
        try:
            documents.append(load_document(root, path))
        except CorpusError as error:
            skipped.append(Skipped(path.relative_to(root).as_posix(), str(error)))
    return documents, skipped
