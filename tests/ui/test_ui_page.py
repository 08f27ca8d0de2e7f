"""The page in a real browser, over the real seeds and the real encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driving import ask, in_view

pytestmark = pytest.mark.browser
SEEDS = Path(__file__).parents[2] / "corpus" / "seeds"
Visit = Callable[..., Any]


def test_port_answers_before_the_model_is_there(served: Any) -> None:
    assert served.first_health["ready"] is False
    assert served.first_answer_seconds < 60


def test_page_says_that_it_loads_and_answers_by_itself_afterwards(served: Any) -> None:
    assert served.banner.startswith(("Loading the model", "Reading", "Building the index", "Saving"))
    assert served.answered_after_loading


def test_answer_in_chinese_cites_every_sentence(visit: Visit) -> None:
    page = visit()
    answer = ask(page, "为什么 dropout 能防止过拟合？")
    assert answer.locator("h2.question").inner_text() == "为什么 dropout 能防止过拟合？"
    assert "过拟合" in answer.locator(".answer").inner_text()
    assert answer.locator(".answer .cite").count() >= 3
    assert page.locator("#pane .card mark").count() >= 3
    assert page.locator("#pane .card .file").first.inner_text().endswith(".txt")


def test_english_browser_gets_an_english_page_and_answer(visit: Visit) -> None:
    page = visit(locale="en-US")
    assert page.locator("#tab-ask-button").inner_text() == "Ask"
    assert page.evaluate("document.documentElement.lang") == "en"
    answer = ask(page, "Why does dropout prevent overfitting?")
    assert answer.locator(".answer").get_attribute("lang") == "en"
    assert answer.locator(".answer .cite").count() >= 2
    assert "Sources" in page.locator("#pane h2").inner_text()


def test_citation_opens_the_document_with_the_span_in_view(visit: Visit) -> None:
    page = visit()
    answer = ask(page, "为什么 dropout 能防止过拟合？")
    chip = answer.locator(".cite").nth(3)
    number = chip.inner_text().strip("[]")
    quoted = page.locator(f"#pane mark.n{number}").first.inner_text().removeprefix(number)
    chip.click()
    mark = page.locator("#pane mark.here")
    mark.wait_for()
    page.wait_for_timeout(300)
    assert mark.inner_text() == quoted
    assert in_view(page, "#pane mark.here")
    source = (SEEDS / page.locator("#pane .file").inner_text()).read_text(encoding="utf-8")
    assert quoted in source
    assert page.url.endswith("/")
    page.locator("#pane .contents summary").click()
    page.locator("#pane .contents a").last.click()
    page.wait_for_timeout(900)
    assert in_view(page, f"#pane .look-title:has(#{page.locator('#pane .contents a').last.get_attribute('href')[1:]})")
    page.locator("#pane .back").click()
    page.locator("#pane .card").first.wait_for()


def test_refusal_offers_questions_that_can_be_clicked(visit: Visit) -> None:
    page = visit()
    answer = ask(page, "dropout 是谁提出的？")
    assert answer.locator(".refusal").inner_text() == "资料里没有这个问题的答案。"
    assert answer.locator(".cite").count() == 0
    closest = answer.locator("[data-ask]").first
    question = closest.inner_text()
    closest.click()
    page.wait_for_function(
        "document.querySelectorAll('#chat .turn').length === 2 && document.querySelector('#chat .talk').getAttribute('aria-busy') === 'false'"
    )
    assert page.locator("#chat h2.question").last.inner_text() == question


def test_examples_are_answered(visit: Visit) -> None:
    examples = visit(locale="en-US").locator("#chat .welcome [data-ask]").all_inner_texts()
    assert len(examples) >= 6
    for n, text in enumerate(examples):
        page = visit(locale="en-US")
        page.locator("#chat .welcome [data-ask]").nth(n).click()
        page.wait_for_selector("#chat .foot")
        assert page.locator("#chat h2.question").inner_text() == text
        assert page.locator("#chat .cite").count() > 0, text


CLICKED_AT_ONCE = """
new MutationObserver((_, watcher) => {
  const example = document.querySelector("#chat .welcome [data-ask]");
  if (example) { watcher.disconnect(); example.click(); }
}).observe(document, { childList: true, subtree: true });
"""


def test_an_example_chosen_before_the_box_is_drawn_is_asked(browser: Any, served: Any) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.add_init_script(CLICKED_AT_ONCE)
    page.set_default_timeout(90_000)
    page.goto(served.url)
    page.wait_for_selector("#chat .foot")
    assert page.locator("#chat .turn").count() == 1
    assert page.locator(".composer.busy").count() == 0
    context.close()


def test_follow_up_shows_how_it_was_understood(visit: Visit) -> None:
    page = visit()
    ask(page, "梯度消失是怎么造成的？")
    answer = ask(page, "那怎么解决呢？")
    assert "梯度消失" in answer.locator(".understood").inner_text()
    answer.locator(".how summary").click()
    assert "毫秒" in answer.locator(".how dl").inner_text()
    assert answer.locator(".how .part").count() >= 3


def test_formulas_are_set(visit: Visit) -> None:
    page = visit()
    answer = ask(page, "列举常见的范数及其应用")
    answer.locator(".katex").first.wait_for()
    page.locator("#pane .katex").first.wait_for()
    assert page.locator(".katex-error").count() == 0
    assert answer.locator(".tex", has_text="$").count() == 0


def test_language_switch_is_kept(visit: Visit) -> None:
    page = visit()
    ask(page, "为什么 dropout 能防止过拟合？")
    page.locator("[data-language=en]").click()
    page.wait_for_function("document.querySelector('#tab-ask-button').innerText === 'Ask'")
    page.wait_for_function("document.querySelector('#chat .how summary').innerText === 'How it was found'")
    assert page.locator("#question").get_attribute("placeholder") == "Ask a deep-learning interview question"
    assert page.locator("#chat .turn").count() == 1
    page.reload()
    page.wait_for_selector("#chat .turn")
    page.wait_for_function("document.querySelector('#chat .how summary').innerText === 'How it was found'")
    page.click("[data-new]")
    page.wait_for_function("document.querySelector('#chat .display')?.innerText === 'Ask an interview question'")


def test_dark_follows_the_system_and_can_be_switched(visit: Visit) -> None:
    shade = "(() => { const c = getComputedStyle(document.querySelector('#talk #composer')).backgroundColor.match(/\\d+/g); return Number(c[0]); })()"
    page = visit(color_scheme="dark")
    assert page.evaluate(shade) < 60
    page.locator("[data-theme-switch]").click()
    assert page.evaluate(shade) > 200
    page.reload()
    page.wait_for_selector("#chat .welcome")
    assert page.evaluate(shade) > 200


def test_phone_width(visit: Visit) -> None:
    page = visit(viewport={"width": 360, "height": 740})
    answer = ask(page, "列举常见的范数及其应用")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    below = page.evaluate("document.querySelector('#pane').getBoundingClientRect().top > document.querySelector('#chat').getBoundingClientRect().top")
    assert below
    answer.locator(".cite").nth(1).click()
    page.locator("#pane mark.here").first.wait_for()
    page.wait_for_timeout(500)
    assert in_view(page, "#pane mark.here")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("#tab-corpus-button").click()
    page.locator("#documents table").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_two_browsers_do_not_see_each_other(visit: Visit) -> None:
    one, two = visit(), visit(locale="en-US")
    ask(one, "为什么 dropout 能防止过拟合？")
    ask(two, "What is pooling for?")
    follow = ask(two, "And why?")
    assert "dropout" not in two.locator("#chat").inner_text()
    assert "dropout" not in follow.inner_text()
    assert "pooling" not in one.locator("#chat").inner_text().lower()
    assert one.locator("#chat .turn").count() == 1


def test_keyboard(visit: Visit) -> None:
    page = visit()
    page.locator("body").press("/")
    assert page.evaluate("document.activeElement.id") == "question"
    page.keyboard.type("第一行")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("第二行")
    assert page.locator("#question").input_value() == "第一行\n第二行"
    page.locator("#question").fill("为什么 dropout 能防止过拟合？")
    page.evaluate("document.querySelector('#question').dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true}))")
    page.wait_for_timeout(300)
    assert page.locator("#chat .turn").count() == 0
    page.keyboard.press("Enter")
    page.locator("#chat .foot").wait_for()
    page.locator("#chat .cite").first.focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.locator("#pane mark.here").first.wait_for()


def test_new_conversation_forgets(visit: Visit) -> None:
    page = visit()
    ask(page, "梯度消失是怎么造成的？")
    page.locator("[data-new]").click()
    page.locator("#chat .welcome").wait_for()
    assert page.locator("#pane .pane-empty").count() == 1
    assert ask(page, "那怎么解决呢？").locator(".understood").count() == 0


def test_copy_holds_the_citations(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "为什么 dropout 能防止过拟合？").locator("[data-copy]").click()
    page.wait_for_function("document.querySelector('[data-copy]').innerText === '已复制'")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("为什么 dropout 能防止过拟合？")
    assert "[1]" in copied
    assert "\n出处\n[1] 0" in copied


def test_what_a_reader_types_stays_text(visit: Visit) -> None:
    page = visit()
    hostile = "<img src=x onerror=alert(1)> ![a](https://example.com/a.png) ${1+1} {{value}} 什么是 dropout"
    answer = ask(page, hostile)
    assert answer.locator("h2.question").inner_text() == hostile
    assert page.locator("#chat img, #chat script").count() == 0


def test_corpus_lists_documents_and_tests_retrieval(visit: Visit) -> None:
    page = visit()
    page.locator("#tab-corpus-button").click()
    page.locator("#documents tbody tr").first.wait_for()
    assert page.locator("#documents tbody tr").count() == 5
    page.fill("#finder", "梯度消失")
    page.locator("#finder").press("Enter")
    page.locator("#found .card").first.wait_for()
    assert page.locator("#found .card").count() == 10
    assert "梯度" in page.locator("#found .card").first.inner_text()
    scores = [float(t) for t in page.locator("#found .part-total .part-value").all_inner_texts()]
    assert scores == sorted(scores, reverse=True)
    page.locator("#found .card a.open").first.click()
    page.locator("#found mark.here").first.wait_for()
    page.wait_for_timeout(300)
    assert in_view(page, "#found mark.here")
    page.locator("#found .back").click()
    page.locator("#found .card").first.wait_for()
    page.locator("#documents a.open").first.click()
    page.locator("#found .pane-document").wait_for()
