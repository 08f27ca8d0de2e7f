"""Take the screenshots of docs/images and write docs/gallery.md.

    python benchmarks/gallery.py

Starts the page over the shipped corpus with a history of its own, drives it in Chromium, and saves what a reader sees.
"""

from __future__ import annotations

import tempfile
from typing import Any

from playwright.sync_api import sync_playwright
from serving import ROOT, chromium, free_port, served

from rag.bank import load_bank

IMAGES = ROOT / "docs" / "images"
WIDE = {"width": 1360, "height": 850}
PHONE = {"width": 390, "height": 844}
SHOTS = {
    "ask": "An answer in Chinese: every sentence has its number, the passages stand beside it",
    "ask-en": "An English question over Chinese notes and the handbook",
    "document-dark": "A citation opens the document at its span (dark)",
    "follow-up": "A follow-up says how it was understood",
    "refusal": "What the corpus does not answer is refused, with the closest questions it can answer",
    "phone": "The same on a phone",
    "interview-start": "Choosing an interview",
    "interview-question": "One question at a time",
    "interview-verdicts": "Verdicts: the candidate's words beside the passage that holds the point",
    "report-en": "The report of an interview in English",
    "progress": "Progress and what is due",
    "corpus": "The documents and the test of retrieval",
    "map": "The map of the passages",
    "settings": "Settings",
}


def save(page: Any, name: str) -> None:
    """What the window shows."""
    page.wait_for_timeout(700)
    page.screenshot(path=IMAGES / f"{name}.png")
    print(name, flush=True)


def ask(page: Any, question: str) -> None:
    """Ask and wait for the whole answer."""
    before = page.locator("#chat .foot").count()
    page.fill("#question", question)
    page.locator("#question").press("Enter")
    page.wait_for_function("n => document.querySelectorAll('#chat .foot').length > n", arg=before)


def replied(page: Any, language: str, count: int) -> None:
    """Answer the question on the page with its first key points, follow-ups with nothing."""
    asked = page.locator(".iv-play .display").inner_text()
    question = next(q for q in load_bank(ROOT / "corpus" / "bank") if q.text.in_language(language) == asked)
    said = [p.text.in_language(language) for p in question.key_points][:count]
    page.fill("#iv-reply", ("。" if language == "zh" else ". ").join(said))
    while True:
        step = page.locator(".iv-play").get_attribute("data-step")
        page.locator("#iv-reply").press("Control+Enter")
        page.wait_for_function("s => document.querySelector('.iv-play').dataset.step !== s", arg=step)
        if page.locator(".iv-play").get_attribute("data-phase") == "graded":
            return
        page.fill("#iv-reply", "不知道" if language == "zh" else "I don't know")


def asking(visit: Any) -> None:
    """Pictures of the first tab."""
    page = visit()
    ask(page, "为什么 dropout 能防止过拟合？")
    save(page, "ask")
    page = visit()
    ask(page, "什么是梯度消失？")
    ask(page, "那怎么解决呢？")
    page.locator("#chat .turn").last.scroll_into_view_if_needed()
    save(page, "follow-up")
    page = visit(locale="en-US")
    ask(page, "What is the difference between batch normalization and layer normalization?")
    save(page, "ask-en")
    page = visit(color_scheme="dark")
    ask(page, "列举常见的范数及其应用")
    page.locator("#chat .cite").nth(2).click()
    page.locator("#pane mark.here").first.wait_for()
    save(page, "document-dark")
    page = visit()
    ask(page, "宫保鸡丁怎么做？")
    save(page, "refusal")
    page = visit(viewport=PHONE)
    ask(page, "梯度消失是怎么造成的？")
    save(page, "phone")


def interviewing(visit: Any) -> None:
    """Pictures of interviews and progress."""
    page = visit()
    page.click("#tab-interview-button")
    page.wait_for_selector(".iv-start .plan")
    save(page, "interview-start")
    page.locator('.plan [name="number"][value="3"]').check(force=True)
    page.click(".plan [type=submit]")
    page.wait_for_selector("#iv-reply")
    save(page, "interview-question")
    replied(page, "zh", 2)
    page.evaluate("window.scrollTo(0, 0)")
    save(page, "interview-verdicts")
    page = visit(locale="en-US", color_scheme="dark")
    page.click("#tab-interview-button")
    page.wait_for_selector(".iv-start .plan")
    page.locator('.plan [name="number"][value="3"]').check(force=True)
    page.click(".plan [type=submit]")
    for count in (4, 2, 1):
        page.wait_for_selector("#iv-reply")
        replied(page, "en", count)
        page.click('[data-do="advance"]')
        page.wait_for_selector(".iv-report, #iv-reply")
    page.wait_for_selector(".iv-report .reported")
    save(page, "report-en")
    page.click("#tab-progress-button")
    page.wait_for_selector(".figures")
    save(page, "progress")


def keeping(visit: Any) -> None:
    """Pictures of the corpus and the settings."""
    page = visit()
    page.click("#tab-corpus-button")
    page.locator("#documents tbody tr").first.wait_for()
    save(page, "corpus")
    page.locator("[data-show=map]").click()
    page.locator("#map svg").wait_for()
    page.locator("#map").scroll_into_view_if_needed()
    save(page, "map")
    page.click("#tab-settings-button")
    save(page, "settings")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        served(["app.py"], port, {"MIANJING_DATA_DIR": folder, "MIANJING_UI__PORT": str(port)}) as url,
    ):
        browser = playwright.chromium.launch(executable_path=chromium())

        def visit(**options: Any) -> Any:
            page = browser.new_context(**{"locale": "zh-CN", "viewport": WIDE, **options}).new_page()
            page.set_default_timeout(60_000)
            page.goto(url)
            page.wait_for_selector("#chat .welcome")
            return page

        for part in (asking, interviewing, keeping):
            part(visit)
        browser.close()
    body = "".join(f"## {text}\n\n![{text}](images/{name}.png)\n\n" for name, text in SHOTS.items())
    (ROOT / "docs" / "gallery.md").write_text(f"# Gallery\n\nMade by `python benchmarks/gallery.py`.\n\n{body.rstrip()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
