"""What is set on the page is kept by its owner alone, and a key goes nowhere but to its own address."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from rag.config import LlmSettings, Settings
from rag.errors import UserInputError
from rag.ui.kept import FILE, Kept, changed_llm, load, save


def test_a_round_trip_that_only_the_owner_can_read(tmp_path: Path) -> None:
    kept = changed_llm(Kept(strictness="strict"), "http://127.0.0.1:9/v1", "m", "sk-secret")
    save(tmp_path / "new", kept)
    path = tmp_path / "new" / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(tmp_path / "new") == kept
    assert "sk-secret" not in repr(kept)
    assert list((tmp_path / "new").iterdir()) == [path]


def test_a_key_stays_with_its_address() -> None:
    first = changed_llm(Kept(), "http://127.0.0.1:9/v1", "m", "sk-secret")
    assert first.llm is not None
    same = changed_llm(first, "http://127.0.0.1:9/v1", "other", "")
    assert same.llm is not None
    assert same.llm.api_key == first.llm.api_key
    moved = changed_llm(first, "http://127.0.0.1:10/v1", "m", "")
    assert moved.llm is not None
    assert moved.llm.api_key is None
    with pytest.raises(UserInputError, match="address"):
        changed_llm(first, "", "m", "")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"llm": {"base_url": 3}}', '{"strictness": "kind"}', '{"llm": {"unknown": 1}}', "null"])
def test_a_damaged_file_keeps_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert load(tmp_path) == Kept()


def test_file_and_environment_win(tmp_path: Path) -> None:
    kept = changed_llm(Kept(strictness="lenient"), "http://127.0.0.1:9/v1", "page", "")
    given = Settings(data_dir=tmp_path, llm=LlmSettings(base_url="http://127.0.0.1:8/v1", model="file"))
    assert kept.over(given).llm.model == "file"
    plain = kept.over(Settings(data_dir=tmp_path))
    assert plain.llm.model == "page"
    assert plain.grading.strictness == "lenient"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UserInputError, match="data_dir"):
        save(tmp_path / "file", Kept())
