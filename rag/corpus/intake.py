"""Bringing files into a corpus folder and taking them out: confined to the folder, bounded, atomic, and only what can be read."""

from __future__ import annotations

import os
import re
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rag.corpus.docx import UNZIP_FAULTS
from rag.corpus.loader import MAX_BYTES, load_document, supported_suffixes
from rag.corpus.refusals import refusal
from rag.errors import CorpusError, Refused

MINE = "mine"
ZIP = ".zip"
MAX_FILES = 500
MAX_ENTRIES = 20_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_DEPTH = 8
_NAME_MAX = 120
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file that was brought in: the documents it gave, and what of it was refused (all files of a zip that could not be read)."""

    doc_ids: tuple[str, ...]
    refused: tuple[Refused, ...] = ()


def safe_name(name: str) -> str:
    """A file name without folders, control characters or leading dots."""
    base = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|\ud800-\udfff]+", "_", Path(name.replace("\\", "/")).name).strip(" .")
    suffix = Path(base).suffix[:12]
    return base if len(base) <= _NAME_MAX and base else base[: _NAME_MAX - len(suffix)] + suffix if base else "document.txt"


def is_mine(doc_id: str) -> bool:
    """Whether a document was brought in by its reader, so that it may be taken out again from the page."""
    parts = PurePosixPath(doc_id).parts
    return len(parts) > 1 and parts[0] == MINE and ".." not in parts


def bring_in(path: Path, corpus: Path, name: str | None = None, heard: Callable[[int, int], None] = lambda done, total: None) -> Brought:
    """Bring a file, or all readable files of a zip, into ``corpus/mine``; files of the same name are replaced.

    Args:
        path: the file.
        corpus: the corpus folder.
        name: what it is called; its own name where None.
        heard: hears how many of its files are done.

    Raises:
        Refused: it cannot be taken in, or nothing in it can.
    """
    target = safe_name(name or path.name)
    if Path(target).suffix.lower() != ZIP:
        return Brought((copy_in(path, corpus, target),))
    return _unpack(path, corpus, target, heard)


def copy_in(path: Path, corpus: Path, name: str | None = None) -> str:
    """Copy a file into ``corpus/mine`` and return its document id; a file of the same name is replaced.

    Raises:
        Refused: no such file, no parser for it, too large, or it cannot be read as a document.
    """
    target = safe_name(name or path.name)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise refusal("too_large", target, size=f"{path.stat().st_size / 1e6:.1f}", limit=f"{MAX_BYTES / 1e6:.0f}")
        data = path.read_bytes()
    except OSError as error:
        raise refusal("unreadable", target, reason=error.strerror) from error
    return _keep(data, corpus, (target,))


def add_text(title: str, text: str, corpus: Path) -> str:
    """Keep a pasted text as a Markdown file of ``corpus/mine`` and return its document id; one of the same title is replaced.

    Raises:
        Refused: it is empty or too large.
    """
    title = " ".join(title.split())
    name = safe_name(f"{title[:80] or 'notes'}.md")
    if not text.strip():
        raise refusal("empty", name)
    headed = text if not title or re.search(r"^#\s", text, re.MULTILINE) else f"# {title}\n\n{text}"
    data = headed.encode("utf-8", "replace")
    if len(data) > MAX_BYTES:
        raise refusal("too_large", name, size=f"{len(data) / 1e6:.1f}", limit=f"{MAX_BYTES / 1e6:.0f}")
    return _keep(data, corpus, (name,))


def _keep(data: bytes, corpus: Path, parts: tuple[str, ...]) -> str:
    """Put a file into ``corpus/mine`` once it has been read as a document."""
    name = parts[-1]
    suffix = Path(name).suffix
    if suffix.lower() not in supported_suffixes():
        raise refusal("no_parser", name, got=suffix or "files without suffix", accepted=" ".join((*supported_suffixes(), ZIP)))
    folder = corpus.joinpath(MINE, *parts[:-1])
    staging = corpus / MINE / f".{uuid.uuid4().hex}"
    try:
        staging.mkdir(parents=True)
        waiting = staging / name
        waiting.write_bytes(data)
        try:
            document = load_document(staging, waiting)
            if not document.blocks:
                raise refusal("empty", name)
        except Refused as error:
            raise refusal(error.why, name, **{k: v for k, v in error.values.items() if k != "name"}) from error
        folder.mkdir(parents=True, exist_ok=True)
        os.replace(waiting, folder / name)
    except OSError as error:
        raise refusal("no_room", name, folder=folder, reason=error.strerror) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return "/".join((MINE, *parts))


def _unpack(path: Path, corpus: Path, name: str, heard: Callable[[int, int], None]) -> Brought:
    kept: list[str] = []
    refused: list[Refused] = []
    try:
        with zipfile.ZipFile(path) as archive:
            entries = list(_entries(archive, name))
            unpacked = 0
            for n, (entry, parts) in enumerate(entries):
                heard(n, len(entries))
                if entry.flag_bits & _ENCRYPTED_FLAG:
                    raise refusal("password", name)
                try:
                    with archive.open(entry) as stream:
                        data = stream.read(MAX_BYTES + 1)
                    if len(data) > MAX_BYTES:
                        raise refusal("too_large", parts[-1], size=f"over {MAX_BYTES / 1e6:.0f}", limit=f"{MAX_BYTES / 1e6:.0f}")
                    unpacked += len(data)
                    if unpacked > MAX_UNPACKED:
                        raise refusal("bomb", name, limit=MAX_UNPACKED // 2**20)
                    kept.append(_keep(data, corpus, parts))
                except Refused as error:
                    if error.why in {"bomb", "no_room"}:
                        raise
                    refused.append(error)
            heard(len(entries), len(entries))
    except UNZIP_FAULTS as error:
        if not kept:
            raise refusal("damaged", name, format="zip") from error
        refused.append(refusal("damaged", name, format="zip"))
    if not kept:
        raise refused[0] if refused else refusal("no_documents", name, accepted=" ".join(supported_suffixes()))
    return Brought(tuple(dict.fromkeys(kept)), tuple(refused))


def _entries(archive: zipfile.ZipFile, name: str) -> Iterator[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """The files of a zip that have a parser, each with its place under ``mine``: a folder named after the zip, then its own folders."""
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise refusal("many_files", name, limit=MAX_ENTRIES)
    suffixes = supported_suffixes()
    stem = Path(name).stem
    found: list[tuple[zipfile.ZipInfo, tuple[str, ...]]] = []
    for info in infos:
        parts = [p for p in _name_of(info).replace("\\", "/").split("/") if p not in {"", ".", ".."}]
        hidden = any(p.startswith((".", "__")) for p in parts)
        if info.is_dir() or not parts or hidden or Path(parts[-1]).suffix.lower() not in suffixes:
            continue
        safe = tuple(safe_name(p) for p in parts[-MAX_DEPTH:])
        found.append((info, safe if safe[0] == stem and len(safe) > 1 else (stem, *safe)))
    if len(found) > MAX_FILES:
        raise refusal("many_files", name, limit=MAX_FILES)
    yield from found


def _name_of(info: zipfile.ZipInfo) -> str:
    """The name of an entry; one that is not declared as UTF-8 is read as GB18030, as Chinese systems write it, where it can be."""
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def take_out(doc_id: str, corpus: Path) -> None:
    """Remove a document's file from the corpus folder, and the folders under ``mine`` that this leaves empty.

    Raises:
        CorpusError: no such document, or it lies outside the folder.
    """
    base = corpus.resolve()
    path = (corpus / doc_id).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        raise CorpusError(f"document {doc_id!r} is not in the corpus folder {corpus}")
    try:
        path.unlink()
    except OSError as error:
        raise CorpusError(f"document {doc_id!r} cannot be removed ({error.strerror}); allow writing in {path.parent}") from error
    mine = base / MINE
    for folder in path.parents:
        if folder == mine or not folder.is_relative_to(mine) or any(folder.iterdir()):
            break
        folder.rmdir()
