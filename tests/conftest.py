"""Shared by all tests; its place puts this folder on the import path.

One encoder and one index of the seeds serve the whole run: loading and embedding are the slow parts. Nothing here is faked, the network is off.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from places import SEEDS

from rag.config import EncoderSettings, Settings
from rag.corpus import load_corpus
from rag.models import TransformerEncoder
from rag.records import Document
from rag.search import Searcher
from rag.store import Index, build_index, load_index
from rag.tutor import Tutor

hypothesis_settings.register_profile(
    "fixed", derandomize=True, database=None, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
hypothesis_settings.load_profile("fixed")


@pytest.fixture(scope="session")
def cache_dir() -> Path:
    """Where the encoder is unpacked: the user's own cache, so that a second run finds it there."""
    chosen = {name: value for name, value in os.environ.items() if name == "MIANJING_CACHE_DIR"}
    return Settings.load(environ=chosen).cache_dir


@pytest.fixture(scope="session")
def encoder(cache_dir: Path) -> TransformerEncoder:
    """The default encoder on its bundled weights."""
    return TransformerEncoder(EncoderSettings(), cache_dir)


@pytest.fixture(scope="session")
def seeds() -> dict[str, Document]:
    """The five seeds, parsed, by the three figures their names begin with."""
    documents, skipped = load_corpus(SEEDS)
    assert skipped == []
    return {document.id[:3]: document for document in documents}


@pytest.fixture(scope="session")
def seeds_settings(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Settings:
    """Settings over the seeds with an index, and all that is written, in a folder of this run."""
    folder = tmp_path_factory.mktemp("seeds")
    return Settings(corpus=SEEDS, index=folder / "index", cache_dir=cache_dir, data_dir=folder / "data")


@pytest.fixture(scope="session")
def seeds_index(seeds_settings: Settings, encoder: TransformerEncoder) -> Index:
    """The index of the seeds, as loaded from disk; read-only."""
    build_index(seeds_settings.corpus, seeds_settings.index, encoder)
    return load_index(seeds_settings.index, encoder)


@pytest.fixture(scope="session")
def searcher(seeds_index: Index, encoder: TransformerEncoder) -> Searcher:
    """Search over the seeds."""
    return Searcher(seeds_index, encoder)


@pytest.fixture(scope="session")
def tutor(seeds_settings: Settings, encoder: TransformerEncoder, seeds_index: Index) -> Tutor:
    """The tutor over the seeds; tests must not rebuild its index."""
    return Tutor(seeds_settings, encoder, seeds_index)
