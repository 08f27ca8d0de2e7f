"""Bringing files into a corpus folder and taking them out: confined to the folder, bounded, atomic."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path

from rag.corpus.loader import MAX_BYTES, supported_suffixes
from rag.errors import CorpusError

MINE = "mine"


def safe_name(name: str) -> str:
    """A file name without folders, control characters or leading dots."""
    base = re.sub(r"[\x00-\x1f\x7f/\\:*?\"<>|]+", "_", Path(name.replace("\\", "/")).name).strip(" .")
    return base[:120] or "document.txt"


def copy_in(path: Path, corpus: Path, name: str | None = None) -> str:
    """Copy a file into ``corpus/mine`` and return its document id; a file of the same name is replaced.

    Raises:
        CorpusError: no such file, no parser for it, or too large.
    """
    target_name = safe_name(name or path.name)
    if Path(target_name).suffix.lower() not in supported_suffixes():
        raise CorpusError(f"{target_name}: no parser for {Path(target_name).suffix or 'files without suffix'}; accepted: {' '.join(supported_suffixes())}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CorpusError(f"{target_name}: {path.stat().st_size / 1e6:.1f} MB, the limit is {MAX_BYTES / 1e6:.0f} MB; split the file")
        data = path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error
    folder = corpus / MINE
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / f".{uuid.uuid4().hex}"
    staging.write_bytes(data)
    os.replace(staging, folder / target_name)
    return f"{MINE}/{target_name}"


def take_out(doc_id: str, corpus: Path) -> None:
    """Remove a document's file from the corpus folder.

    Raises:
        CorpusError: no such document, or it lies outside the folder.
    """
    path = (corpus / doc_id).resolve()
    if not path.is_relative_to(corpus.resolve()) or not path.is_file():
        raise CorpusError(f"document {doc_id!r} is not in the corpus folder {corpus}")
    path.unlink()
