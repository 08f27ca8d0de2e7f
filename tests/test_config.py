"""Settings: sources and their order, unknown keys, all faults at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import ConfigError


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a settings file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MIANJING_CONFIG", raising=False)
    return tmp_path


def test_defaults_need_no_file_and_no_key() -> None:
    settings = Settings.load(environ={})
    assert settings.encoder.name is None
    assert not settings.llm.enabled
    assert settings.search.top == 10
    assert settings.ui.host == "127.0.0.1"


def test_a_corpus_in_the_working_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    settings = Settings.load(environ={})
    assert (settings.corpus, settings.index) == (tmp_path / "corpus", tmp_path / "index")


def test_file_environment_and_arguments_in_this_order(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('index = "from-file"\n[search]\ntop = 3\ncandidates = 30\n[ui]\nport = 1000\n', encoding="utf-8")
    settings = Settings.load(file, {"MIANJING_SEARCH__CANDIDATES": "40", "MIANJING_UI__PORT": "2000", "OTHER": "1"}, ui={"port": 3000}, corpus=None)
    assert (settings.search.top, settings.search.candidates, settings.ui.port, settings.index) == (3, 40, 3000, Path("from-file"))


def test_the_file_of_the_working_folder_and_the_one_named_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mianjing.toml").write_text("[search]\ntop = 4\n", encoding="utf-8")
    assert Settings.load(environ={}).search.top == 4
    (tmp_path / "other.toml").write_text("[search]\ntop = 5\n", encoding="utf-8")
    monkeypatch.setenv("MIANJING_CONFIG", str(tmp_path / "other.toml"))
    assert Settings.load(environ={}).search.top == 5


def test_all_faults_are_said_at_once_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('colour = "red"\n[search]\ntop = 0\nspeed = 9\n[ui]\nlanguage = "fr"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Settings.load(file, {"MIANJING_ENCODER__BATCH_SIZE": "many"})
    message = str(caught.value)
    assert "\n" not in message
    for fault in ("unknown key colour", "unknown key search.speed", "search.top", "got 0", "ui.language", "'fr'", "encoder.batch_size", "'many'"):
        assert fault in message


@pytest.mark.parametrize("name", ["MIANJING_TOP", "MIANJING_SEARCH__TOPP", "MIANJING_LLM__KEY"])
def test_an_unknown_variable_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        Settings.load(environ={name: "1"})


def test_a_variable_that_clashes_with_a_nested_one_is_refused() -> None:
    with pytest.raises(ConfigError):
        Settings.load(environ={"MIANJING_SEARCH": "x", "MIANJING_SEARCH__TOP": "3"})


def test_a_key_is_never_shown() -> None:
    settings = Settings.load(environ={"MIANJING_LLM__API_KEY": "sk-very-secret", "MIANJING_LLM__MODEL": "m", "MIANJING_LLM__BASE_URL": "http://x"})
    assert settings.llm.enabled
    assert "very-secret" not in repr(settings)
    with pytest.raises(ConfigError) as caught:
        Settings.load(environ={}, llm={"api_key": ["sk-very-secret"]})
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(("text", "said"), [("top = ", "does not parse"), (b"\xff\xfe\x00", "does not parse")])
def test_a_file_that_does_not_parse(tmp_path: Path, text: str | bytes, said: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=said):
        Settings.load(file, {})


def test_a_file_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        Settings.load(tmp_path / "none.toml", {})
