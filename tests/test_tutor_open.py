"""Opening a tutor over an index of another program, or a damaged one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import IndexDamaged, IndexForeign
from rag.tutor import Tutor
from rag.ui.opening import Opening

NOTES = "# Notes\n\n## What is early stopping?\n\nEarly stopping ends training when the validation loss no longer falls.\n"


@pytest.fixture
def settings(tmp_path: Path, cache_dir: Path) -> Settings:
    """One note with an index that this program built."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "notes.md").write_text(NOTES, encoding="utf-8")
    made = Settings(corpus=tmp_path / "corpus", index=tmp_path / "index", cache_dir=cache_dir, data_dir=tmp_path / "data")
    Tutor.open(made)
    return made


def manifest(settings: Settings) -> Path:
    """The manifest of the index in use."""
    return settings.index / (settings.index / "CURRENT").read_text(encoding="utf-8").strip() / "manifest.json"


def spoil(settings: Settings, how: str) -> type[Exception]:
    """Make an index foreign or damaged; what opening it then raises."""
    path = manifest(settings)
    if how == "foreign":
        path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "tokenizer": "another"}), encoding="utf-8")
        return IndexForeign
    path.write_text("{", encoding="utf-8")
    return IndexDamaged


@pytest.mark.parametrize("how", ["foreign", "damaged"])
def test_an_index_that_cannot_be_used_is_told_and_mended_only_where_wanted(settings: Settings, how: str) -> None:
    fault = spoil(settings, how)
    with pytest.raises(fault, match="mianjing index"):
        Tutor.open(settings)
    assert not Tutor.open(settings, mend=True).ask("What is early stopping?").abstained
    assert not Tutor.open(settings).ask("What is early stopping?").abstained


def test_without_documents_there_is_nothing_to_mend_it_from(settings: Settings) -> None:
    fault = spoil(settings, "foreign")
    (settings.corpus / "notes.md").unlink()
    settings.corpus.rmdir()
    with pytest.raises(fault, match="mianjing index"):
        Tutor.open(settings, mend=True)


def test_the_page_mends_it_by_itself(settings: Settings) -> None:
    spoil(settings, "foreign")
    opening = Opening(settings)
    opening.start()
    assert opening.wait(300) is not None
    assert opening.stage.name == "ready"
