"""Where the reader is stays so when the page is loaded again, and each tab shows what is so now."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from driving import ask

from rag.ui.page import place_of

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
CHOSEN = "[...document.querySelectorAll('#settings input[type=radio]:checked')].map(box => `${box.name}=${box.value}`)"


def kept(served: Any) -> list[tuple[str, str]]:
    """The feedback in the database: what was said, and of which question."""
    with closing(sqlite3.connect(served.log.parent / "data" / "history.db")) as database:
        return sorted(database.execute("SELECT kind, question FROM feedback"))


def settings(page: Any) -> None:
    """Open the settings."""
    page.click("#tab-settings-button")
    page.wait_for_selector("#settings h2")


def test_language_and_dates_are_the_interfaces_from_the_first_paint(visit: Visit) -> None:
    page = visit()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    ask(page, "梯度消失是怎么造成的？")
    page.click("[data-new]")
    page.wait_for_selector("#chat .past time")
    assert "月" in page.locator("#chat .past time").inner_text()
    page.reload()
    page.wait_for_selector("#chat .past time")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert "月" in page.locator("#chat .past time").inner_text()
    page.click("[data-language=en]")
    page.wait_for_function("document.querySelector('#chat .display').innerText === 'Ask an interview question'")
    page.wait_for_function("!document.querySelector('#chat .past time').innerText.includes('月')")
    page.reload(wait_until="commit")
    page.wait_for_function("document.readyState !== 'loading'")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_appearance_that_is_chosen_is_shown(visit: Visit) -> None:
    page = visit()
    settings(page)
    page.wait_for_function(f"{CHOSEN}.join() === 'language=zh,theme=system,strictness=normal'")
    page.click("[data-language=en]")
    page.wait_for_function("document.querySelector('#settings h2').innerText === 'Settings'")
    page.wait_for_function(f"{CHOSEN}.join() === 'language=en,theme=system,strictness=normal'")
    page.check("[name=theme][value=dark]")
    page.reload()
    page.wait_for_selector("#settings h2")
    page.wait_for_function(f"{CHOSEN}.includes('theme=dark')")


def test_every_tab_is_current_when_it_is_shown(visit: Visit, served: Any) -> None:
    page = visit()
    settings(page)
    assert "0 段对话" in page.inner_text("#settings")
    page.click("#tab-ask-button")
    ask(page, "为什么 dropout 能防止过拟合？")
    page.click("[data-verdict=helpful]")
    page.wait_for_selector("[data-verdict=helpful][aria-pressed=true]")
    settings(page)
    page.wait_for_selector("#settings [data-do=delete]")
    assert "1 段对话" in page.inner_text("#settings")
    with page.expect_download() as download:
        page.click("#settings [data-do=download]")
    exported = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [row["question"] for row in exported["feedback"]] == ["为什么 dropout 能防止过拟合？"]
    assert exported["feedback"][0]["answer"]["sentences"]
    assert ("helpful", "为什么 dropout 能防止过拟合？") in kept(served)
    page.click("#settings [data-do=delete]")
    page.click("#settings [data-do=delete]")
    page.wait_for_selector("#settings .told")
    assert ("helpful", "为什么 dropout 能防止过拟合？") not in kept(served)
    page.click("#tab-ask-button")
    page.wait_for_selector("#chat .welcome")
    assert page.locator("#chat .past li").count() == 0
    assert page.locator("#pane .card").count() == 0


def test_the_same_opinion_again_takes_it_back(visit: Visit, served: Any) -> None:
    page = visit(locale="en-US")
    question = "What is pooling for?"
    ask(page, question)
    for kind in ("wrong_source", "wrong_answer"):
        page.click(f"[data-verdict={kind}]")
        page.wait_for_selector(f"[data-verdict={kind}][aria-pressed=true]")
    assert [row for row in kept(served) if row[1] == question] == [("wrong_answer", question)]
    page.click("[data-verdict=wrong_answer]")
    page.wait_for_selector("[data-verdict=wrong_answer][aria-pressed=false]")
    assert [row for row in kept(served) if row[1] == question] == []


def test_feedback_is_exported_and_deleted_with_its_profile(visit: Visit, served: Any) -> None:
    page = visit()
    page.click("#tab-progress-button")
    page.fill('[data-form="new"] input', "评价的人")
    page.locator('[data-form="new"] input').press("Enter")
    page.wait_for_selector('.people li:has-text("评价的人") .chip')
    page.click("#tab-ask-button")
    ask(page, "列举常见的范数及其应用")
    page.click("[data-verdict=helpful]")
    page.wait_for_selector("[data-verdict=helpful][aria-pressed=true]")
    page.click("#tab-progress-button")
    with page.expect_download() as download:
        page.locator('.pg [data-do="export"]').click()
    exported = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert [row["question"] for row in exported["feedback"]] == ["列举常见的范数及其应用"]
    page.locator('.pg [data-do="delete"]').click()
    page.locator('.pg [data-do="delete"]').click()
    page.wait_for_selector(".told")
    assert ("helpful", "列举常见的范数及其应用") not in kept(served)


def test_a_reload_keeps_the_tab_and_the_conversation(visit: Visit) -> None:
    page = visit()
    ask(page, "梯度消失是怎么造成的？")
    page.reload()
    page.wait_for_selector("#chat .turn")
    assert page.locator("#chat h2.question").inner_text() == "梯度消失是怎么造成的？"
    assert page.locator("#pane .card").count() >= 1
    assert "梯度消失" in ask(page, "那怎么解决呢？").locator(".understood").inner_text()
    page.click("#tab-corpus-button")
    page.locator("#documents table").wait_for()
    page.reload()
    page.locator("#documents table").wait_for()
    page.click("#tab-ask-button")
    assert page.locator("#chat .turn").count() == 2
    page.click("[data-new]")
    page.wait_for_selector("#chat .welcome")
    page.reload()
    page.wait_for_selector("#chat .welcome")


@pytest.mark.parametrize("came", ["", "null", "[]", "{", '{"tab": 3}', '{"tab": "<script>"}' * 900])
def test_a_place_that_makes_no_sense_is_nowhere(came: str) -> None:
    assert place_of(came) == {"tab": "", "conversation": "", "interview": ""}


def test_the_limit_to_documents_is_named_and_ends_with_the_conversation(visit: Visit) -> None:
    page = visit(locale="en-US")
    summary = page.locator(".scope summary")
    summary.click()
    boxes = page.locator(".scope input")
    title = page.locator(".scope label span").first.inner_text()
    boxes.nth(0).check()
    assert summary.inner_text() == "Search in 1 document"
    boxes.nth(1).check()
    assert summary.inner_text() == "Search in 2 documents"
    boxes.nth(1).uncheck()
    page.keyboard.press("Escape")
    assert ask(page, "What is pooling for?").locator(".understood").first.inner_text() == f"Searched only in: {title}"
    page.click("[data-new]")
    page.wait_for_selector("#chat .welcome")
    assert summary.inner_text() == "Search in all documents"


def test_the_menu_of_a_conversation_closes_and_a_search_without_a_match_says_so(visit: Visit) -> None:
    page = visit()
    for n in range(6):
        ask(page, f"宫保鸡丁怎么做 {n}？")
        page.click("[data-new]")
        page.wait_for_selector("#chat .welcome")
    page.fill("[data-filter]", "没有这个词")
    assert page.locator("#chat .no-match").inner_text() == "没有这样的对话。"
    page.fill("[data-filter]", "做 3")
    assert page.locator("#chat .no-match").inner_text() == ""
    page.locator(".past li:visible .more summary").click()
    page.locator(".past .more[open] input").focus()
    page.keyboard.press("Escape")
    assert page.locator(".past .more[open]").count() == 0
    page.locator(".past li:visible .more summary").click()
    page.click("#chat .display")
    assert page.locator(".past .more[open]").count() == 0


def test_a_model_that_does_not_reply_is_not_kept(visit: Visit, served: Any) -> None:
    page = visit()
    settings(page)
    page.click(".endpoint summary")
    page.fill("[name=base_url]", "http://127.0.0.1:9/v1")
    page.fill("[name=model]", "m")
    page.fill("[name=api_key]", "sk-typed")
    page.click(".endpoint .primary")
    page.wait_for_selector(".told.failed")
    assert page.locator(".told.failed p").first.inner_text().endswith("没有保存。答案仍然直接摘自资料。")
    assert page.locator(".told .raw").inner_text().startswith("no connection")
    assert page.input_value("[name=base_url]") == "http://127.0.0.1:9/v1"
    page.wait_for_function("document.querySelector('[name=api_key]').value === 'sk-typed'")
    assert "没有配置" in page.inner_text("#settings dl")
    page.reload()
    page.wait_for_selector("#settings h2")
    assert page.input_value("[name=base_url]") == ""
    assert not (served.log.parent / "data" / "page.json").exists()


def test_the_head_of_a_document_stands_at_the_top_of_the_corpus_reader(visit: Visit) -> None:
    page = visit()
    page.click("#tab-corpus-button")
    page.locator("#documents a.open").first.click()
    page.locator("#found .pane-document").wait_for()
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('#looking').scrollTop = 3000")
    tops = page.evaluate("['#looking', '#found .pane-head'].map(name => document.querySelector(name).getBoundingClientRect().top)")
    assert tops[0] == tops[1]
