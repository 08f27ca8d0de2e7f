"""The texts of the page are complete in both languages, used, and harmless in HTML."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from rag.ui.strings import EXAMPLES, LANGUAGES, STRINGS, language_of_browser, say

FOLDER = Path(__file__).parents[2] / "rag" / "ui"
FAMILIES = tuple(
    f"{name}_" for name in "opening refused intake sort show stage part language column tab how verdict theme strict endpoint fault health".split()
)
"""Beginnings of keys that are put together while the program runs."""


def _literals() -> set[str]:
    found: set[str] = set()
    for path in FOLDER.glob("*.py"):
        if path.name != "strings.py" and not path.stem.endswith("_words"):
            found |= {n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def _said() -> set[str]:
    """The keys that ``say`` is called with."""
    keys: set[str] = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say" and len(node.args) > 1:
                keys |= {
                    n.value for n in ast.walk(node.args[1]) if isinstance(n, ast.Constant) and isinstance(n.value, str) and re.fullmatch(r"[a-z_]+", n.value)
                }
    return {k for k in keys if not k.endswith("_")} - {"none"}


def test_every_key_that_is_used_exists() -> None:
    assert _said() <= set(STRINGS)


def test_no_key_is_left_over() -> None:
    used = _literals()
    assert [key for key in STRINGS if key not in used and not key.startswith(FAMILIES)] == []


@pytest.mark.parametrize("key", STRINGS)
def test_both_languages_say_it_with_the_same_places(key: str) -> None:
    texts = STRINGS[key]
    assert set(texts) == set(LANGUAGES)
    places = [{name for _, name, _, _ in Formatter().parse(texts[language]) if name} for language in LANGUAGES]
    assert places[0] == places[1]
    for text in texts.values():
        assert text.strip() == text
        assert text
        assert not set('<>&"') & set(text)


def test_chinese_texts_are_chinese_and_english_ones_are_not() -> None:
    for key, texts in STRINGS.items():
        assert re.search(r"[\u4e00-\u9fff]", texts["zh"]), key
        assert not re.search(r"[\u4e00-\u9fff]", texts["en"]), key
    assert all(len(EXAMPLES[language]) >= 3 for language in LANGUAGES)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB,en;q=0.9,zh;q=0.1", "en"), ("de-DE,zh-TW;q=0.5", "zh"), ("fr", "en"), ("", "en"), ("ZH", "zh")],
)
def test_language_of_a_browser(accepted: str, language: str) -> None:
    assert language_of_browser(accepted) == language


def test_places_are_filled_as_text() -> None:
    assert say("en", "understood", question="{x} <b>") == "Understood as: {x} <b>"
