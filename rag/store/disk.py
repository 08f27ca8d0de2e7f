"""The index on disk: plain JSON lines, .npy and bm25s files under a manifest; swapped in by one rename, never pickled."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from rag.chunk import PIECE_MAX, VERSION, WHOLE_MAX
from rag.corpus.loader import CONVERTED, EXTRACTOR, corpus_files
from rag.errors import IndexDamaged, IndexForeign, IndexMissing, UserInputError
from rag.models import Encoder, Vectors
from rag.records import Document, Passage, Section, Unit
from rag.sparse import Bm25
from rag.store.index import Index
from rag.text import TOKENIZER_VERSION

FORMAT = 1
POINTER = "CURRENT"
LOCK = ".lock"
LONGEST_BUILD = 3600.0
MEND = "mianjing index"


CHUNKER = f"{VERSION}:{WHOLE_MAX}/{PIECE_MAX}"


@lru_cache(maxsize=1)
def tokenizer_fingerprint() -> str:
    """Changes when the tokenizer or its dictionary does."""
    terms = (files("rag") / "data" / "terms.tsv").read_bytes()
    return f"{TOKENIZER_VERSION}:{hashlib.sha256(terms).hexdigest()[:16]}"


def manifest_for(documents: Iterable[Document], encoder: Encoder, passages: int, keys: int) -> dict[str, Any]:
    """The manifest of a new index, file checksums still to come."""
    return {
        "format": FORMAT,
        "chunker": CHUNKER,
        "tokenizer": tokenizer_fingerprint(),
        "extractor": EXTRACTOR,
        "encoder": encoder.fingerprint,
        "dimension": encoder.dimension,
        "background": background_fingerprint(),
        "documents": {d.id: d.sha256 for d in documents},
        "passages": passages,
        "keys": keys,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def _read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@contextmanager
def building(folder: Path) -> Iterator[None]:
    """Hold the only build in a folder: another process that builds there waits, so that neither removes what the other writes.

    Raises:
        UserInputError: the folder cannot be written, or another build has held it for an hour.
    """
    lock = FileLock(folder / LOCK, timeout=LONGEST_BUILD)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            raise UserInputError(f"index folder {folder}: another build has gone on for an hour; stop it, then run: {MEND}") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Say in one line what cannot be written."""
    try:
        yield
    except OSError as error:
        raise UserInputError(
            f"index folder {folder} cannot be written ({error.strerror or error}); free space, or choose another: {MEND} --index DIR"
        ) from error


def save_index(index: Index, hashes: Sequence[str], folder: Path) -> None:
    """Write an index into a new sub-folder and make it the current one; older ones are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    version = folder / f"v-{uuid.uuid4().hex[:12]}"
    version.mkdir()
    try:
        _write_lines(
            version / "documents.jsonl",
            (
                {"id": d.id, "title": d.title, "language": d.language, "sha256": d.sha256, "source": d.source, "sections": [asdict(s) for s in d.sections]}
                for d in index.documents.values()
            ),
        )
        _write_lines(version / "passages.jsonl", (asdict(p) for p in index.passages))
        _write_lines(version / "units.jsonl", ({"p": u.passage_id, "s": u.start, "e": u.end, "t": u.text, "k": u.kind} for u in index.units))
        made_of = index.token_hashes or [""] * len(index.tokens)
        _write_lines(version / "tokens.jsonl", ({"t": list(t), "h": h} for t, h in zip(index.tokens, made_of, strict=True)))
        np.save(version / "vectors.npy", index.vectors, allow_pickle=False)
        np.save(version / "keys.npy", index.keys, allow_pickle=False)
        centres: dict[str, Any] = dict(index.centres)
        np.savez(version / "centres.npz", **centres)
        (version / "hashes.txt").write_text("\n".join(hashes), encoding="ascii")
        index.bm25.save(version / "bm25")
        manifest = {**index.manifest, "files": _sizes(version)}
        (version / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        pointer = folder / f".{POINTER}-{uuid.uuid4().hex[:8]}"
        pointer.write_text(version.name, encoding="ascii")
        os.replace(pointer, folder / POINTER)
    except BaseException:
        shutil.rmtree(version, ignore_errors=True)
        raise
    for other in folder.glob("v-*"):
        if other.name != version.name:
            shutil.rmtree(other, ignore_errors=True)


def _sizes(version: Path) -> dict[str, list[int | str]]:
    return {p.relative_to(version).as_posix(): [p.stat().st_size, sha256_of(p)] for p in sorted(version.rglob("*")) if p.is_file()}


def sha256_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def current_version(folder: Path) -> Path:
    """The folder of the index in force.

    Raises:
        IndexMissing: there is none.
    """
    try:
        name = (folder / POINTER).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise IndexMissing(f"no index in {folder}; run: {MEND}") from None
    if not name.startswith("v-") or "/" in name or not (folder / name).is_dir():
        raise IndexDamaged(f"the index in {folder} points to {name[:40]!r}, which is not there; run: {MEND} --rebuild")
    return folder / name


def read_manifest(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The current version's folder and manifest.

    Raises:
        IndexMissing, IndexDamaged: as their names say.
    """
    version = current_version(folder)
    try:
        manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise IndexDamaged(f"the index in {folder} has no readable manifest; run: {MEND} --rebuild") from None
    if not isinstance(manifest, dict):
        raise IndexDamaged(f"the index in {folder} has no readable manifest; run: {MEND} --rebuild")
    return version, manifest


def check_index(folder: Path, encoder: Encoder, *, deep: bool = False) -> tuple[Path, dict[str, Any]]:
    """Whether the index in ``folder`` can be used with this encoder and this program; checksums are compared where ``deep``.

    Raises:
        IndexMissing, IndexForeign, IndexDamaged: as their names say.
    """
    version, manifest = read_manifest(folder)
    wanted = {
        "format": FORMAT,
        "chunker": CHUNKER,
        "tokenizer": tokenizer_fingerprint(),
        "encoder": encoder.fingerprint,
        "background": background_fingerprint(),
    }
    for name, value in wanted.items():
        if manifest.get(name) != value:
            raise IndexForeign(f"the index in {folder} was built with {name} {manifest.get(name)!r}, this program uses {value!r}; run: {MEND}")
    for name, (size, digest) in manifest.get("files", {}).items():
        path = version / name
        if not path.is_file() or path.stat().st_size != size or (deep and sha256_of(path) != digest):
            raise IndexDamaged(f"the index in {folder}: {name} is missing or altered; run: {MEND} --rebuild")
    return version, manifest


def load_index(folder: Path, encoder: Encoder) -> Index:
    """Load the current index.

    Raises:
        IndexMissing, IndexForeign, IndexDamaged: as their names say; the message holds the command that mends it.
    """
    version, manifest = check_index(folder, encoder)
    try:
        documents = {
            row["id"]: Document(row["id"], row["source"], row["sha256"], row["title"], row["language"], tuple(Section(**s) for s in row["sections"]))
            for row in _read_lines(version / "documents.jsonl")
        }
        passages = [Passage(**{**row, "heading_path": tuple(row["heading_path"])}) for row in _read_lines(version / "passages.jsonl")]
        units = [Unit(r["p"], r["s"], r["e"], r["t"], r["k"]) for r in _read_lines(version / "units.jsonl")]
        token_rows = _read_lines(version / "tokens.jsonl")
        tokens = [row["t"] for row in token_rows]
        vectors = np.load(version / "vectors.npy", allow_pickle=False)
        keys = np.load(version / "keys.npy", allow_pickle=False)
        centres = _read_centres(version)
        bm25 = Bm25.load(version / "bm25")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexDamaged(f"the index in {folder} cannot be read ({type(error).__name__}: {error}); run: {MEND} --rebuild") from error
    if len(keys) != len(vectors) or len(tokens) != len(passages):
        raise IndexDamaged(f"the index in {folder}: its parts do not fit together; run: {MEND} --rebuild")
    return Index(documents, passages, units, keys, vectors, tokens, bm25, manifest, centres, [row.get("h", "") for row in token_rows])


def _read_centres(version: Path) -> dict[str, Vectors]:
    with np.load(version / "centres.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def known_centres(folder: Path, fingerprint: str) -> dict[str, Vectors] | None:
    """The question centres of the current index, if it is of this encoder and this program's question set."""
    try:
        version, manifest = read_manifest(folder)
        if manifest.get("encoder") == fingerprint and manifest.get("background") == background_fingerprint():
            return _read_centres(version)
    except (IndexMissing, IndexDamaged, OSError, ValueError, KeyError):
        return None
    return None


@lru_cache(maxsize=1)
def background_fingerprint() -> str:
    """Changes when the questions behind the centres do."""
    return hashlib.sha256((files("rag") / "data" / "background.json").read_bytes()).hexdigest()[:16]


def known_vectors(folder: Path, fingerprint: str) -> dict[str, Vectors]:
    """Vectors of the current index by text hash, for reuse; empty where there is no sound index of this encoder."""
    try:
        version, manifest = read_manifest(folder)
    except (IndexMissing, IndexDamaged):
        return {}
    if manifest.get("encoder") != fingerprint:
        return {}
    try:
        size, digest = manifest["files"]["vectors.npy"]
        path = version / "vectors.npy"
        if path.stat().st_size != size or sha256_of(path) != digest:
            return {}
        vectors = np.load(path, allow_pickle=False)
        hashes = (version / "hashes.txt").read_text(encoding="ascii").split("\n")
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(zip(hashes, vectors, strict=True)) if len(hashes) == len(vectors) else {}


def known_tokens(folder: Path) -> dict[str, list[str]]:
    """Tokens of the current index by the hash of their text, for reuse; empty where there is no sound index of this tokenizer."""
    try:
        version, manifest = read_manifest(folder)
        if manifest.get("tokenizer") != tokenizer_fingerprint():
            return {}
        size, digest = manifest["files"]["tokens.jsonl"]
        path = version / "tokens.jsonl"
        if path.stat().st_size != size or sha256_of(path) != digest:
            return {}
        return {row["h"]: row["t"] for row in _read_lines(path) if row.get("h")}
    except (IndexMissing, IndexDamaged, OSError, ValueError, KeyError, TypeError):
        return {}


def known_sources(folder: Path) -> dict[tuple[str, str], str]:
    """Source texts of the current index that were converted from a file by this program's converters, by suffix and SHA-256 of the file."""
    try:
        version, manifest = read_manifest(folder)
        if manifest.get("extractor") != EXTRACTOR or not any(Path(name).suffix.lower() in CONVERTED for name in manifest["documents"]):
            return {}
        size, digest = manifest["files"]["documents.jsonl"]
        path = version / "documents.jsonl"
        if path.stat().st_size != size or sha256_of(path) != digest:
            return {}
        rows = _read_lines(path)
        return {(Path(r["id"]).suffix.lower(), r["sha256"]): r["source"] for r in rows if Path(r["id"]).suffix.lower() in CONVERTED}
    except (IndexMissing, IndexDamaged, OSError, ValueError, KeyError, TypeError):
        return {}


def digest_of(path: Path) -> str:
    """The hash of a file of the corpus; empty where it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return ""


def is_stale(manifest: Mapping[str, Any], corpus: Path) -> bool:
    """Whether files of the corpus were added, changed or removed since the index was built."""
    now = {path.relative_to(corpus).as_posix(): digest_of(path) for path in corpus_files(corpus)}
    known = {**manifest.get("documents", {}), **manifest.get("skipped", {})}
    converted = any(Path(name).suffix.lower() in CONVERTED for name in known)
    return (
        (converted and manifest.get("extractor") != EXTRACTOR) or any(known.get(name) != digest for name, digest in now.items()) or not set(known) <= set(now)
    )
