"""What the settings say: faults of a language model in plain words, and the doctor's findings in the language of the page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from chat_server import ChatServer, refuses, says
from pydantic import SecretStr

from rag.config import LlmSettings, Settings
from rag.doctor import Finding, examine
from rag.records import Language
from rag.ui.settings_endpoint import Told, form_html, trial
from rag.ui.settings_health import encoder_label, finding_detail, finding_name, health_html

ENGLISH = re.compile(r"\b(?:the|and|not|installed|passages|bundled|unpacked|optional|folder)\b")
NOWHERE = LlmSettings(base_url="http://127.0.0.1:9/v1", model="m")


def test_a_model_that_cannot_be_reached_is_told_in_plain_words() -> None:
    told = trial(NOWHERE, "zh", ill="没有保存。")
    assert told.failed
    assert told.text == "连不上 http://127.0.0.1:9/v1。看看语言模型的服务有没有启动，地址和端口对不对。没有保存。"
    assert told.raw.startswith("no connection to")
    html = told.html()
    assert 'role="alert"' in html
    assert '<p class="raw" lang="en">no connection' in html
    assert "Nothing answers at http://127.0.0.1:9/v1." in trial(NOWHERE, "en").text


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "不接受这个密钥"), (404, "没有接受模型 tiny-chat"), (429, "请求太多或者额度用完"), (400, "没有接受模型"), (500, "不是能用的回答")],
)
def test_what_a_model_refuses_is_told_with_what_to_do(status: int, said: str) -> None:
    with ChatServer(refuses(status, "<no>")) as server:
        told = trial(server.settings(max_retries=0) if "max_retries" in LlmSettings.model_fields else server.settings(), "zh")
    assert told.failed
    assert said in told.text
    assert "llm." not in told.text
    assert "<no>" not in told.html()


def test_a_model_of_another_name_is_told_with_those_there_are() -> None:
    with ChatServer(refuses(404, "no such model"), models=("甲", "乙")) as server:
        told = trial(server.settings(model="丙"), "zh")
    assert "没有模型 丙" in told.text
    assert "甲" in told.text.partition("那里有的是：")[2]


def test_a_model_that_replies_is_told_once() -> None:
    with ChatServer(says("ok")) as server:
        told = trial(server.settings(), "zh", well="已保存。")
    assert not told.failed
    assert told.text.startswith("已连接")
    assert told.text.endswith("已保存。")
    assert Told().html() == ""


def test_the_form_never_holds_a_key() -> None:
    html = form_html(LlmSettings(base_url="http://h/v1", model='m"<', api_key=SecretStr("sk-secret")), "zh", has_key=True, kept=True, opened=True)
    assert "sk-secret" not in html
    assert "m&quot;&lt;" in html


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_finding_has_words(tmp_path: Path, language: Language) -> None:
    (tmp_path / "corpus").mkdir()
    found = examine(Settings(corpus=tmp_path / "corpus", index=tmp_path / "index"))
    found += [
        Finding("torch", False, "not installed; run: pip install torch"),
        Finding("openai", True, "not installed (optional, for a language-model endpoint: pip install 'mianjing[llm]')"),
        Finding("weights", True, "not unpacked yet (done at first use)"),
        Finding("judge", True, "off (fast mode)"),
        Finding("judge", True, "none is shipped; search, refusals and grades work without it, less exactly"),
        Finding("judge", True, "a/b for ranking, bundled for the rest"),
        Finding("corpus", False, "folder /x does not exist; give one with --corpus DIR"),
        Finding("index", False, "5 documents, 9 passages, built 2026-01-01T00:00:00Z, in /i; the corpus changed since; run: mianjing index"),
        Finding("index", True, "5 documents, 9 passages, built 2026-01-01T00:00:00Z, in /i"),
        Finding("language model", True, "m at http://127.0.0.1:9/v1"),
    ]
    for finding in found:
        told = f"{finding_name(finding, language)}: {finding_detail(finding, language)}"
        missing_index = finding.what == "index" and not finding.ok and "documents" not in finding.detail  # an error keeps its message
        if language == "zh" and not missing_index:
            assert not ENGLISH.search(told), told
    assert "&lt;b&gt;" in health_html([Finding("x", False, "<b>")], language)


def test_the_bundled_model_is_called_so_in_both_languages() -> None:
    assert encoder_label("e5 (bundled)", "zh") == "e5（自带，不联网）"
    assert encoder_label("org/model", "zh") == "org/model"
