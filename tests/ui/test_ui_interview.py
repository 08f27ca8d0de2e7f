"""Interviews and progress in a real browser: played whole, by keyboard alone, and over the death of the server."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import in_view

from rag.bank import load_bank
from rag.records import Language, Question

pytestmark = pytest.mark.browser
Visit = Callable[..., Any]
ROOT = Path(__file__).parents[2]
BANK = load_bank(ROOT / "corpus" / "bank")


def shown_question(page: Any, language: Language = "zh") -> Question:
    """The question of the bank that the page asks."""
    text = page.locator(".iv-play .display").inner_text()
    return next(q for q in BANK if q.text.in_language(language) == text)


def points(question: Question, count: int = 20, language: Language = "zh") -> str:
    """A reply that states the first key points in the bank's own words."""
    return "\n".join(p.text.in_language(language) for p in question.key_points[:count])


def moved(page: Any, act: Callable[[], Any]) -> str:
    """Do something and wait for the next step of the interview; gives the phase it is in then."""
    step = page.locator(".iv-play").get_attribute("data-step")
    act()
    page.wait_for_function(
        "s => document.querySelector('.iv-report') || (document.querySelector('.iv-play') && document.querySelector('.iv-play').dataset.step !== s)", arg=step
    )
    return "finished" if page.locator(".iv-report").count() else str(page.locator(".iv-play").get_attribute("data-phase"))


def send(page: Any, text: str) -> str:
    """Write a reply and send it by keyboard."""
    page.fill("#iv-reply", text)
    return moved(page, lambda: page.locator("#iv-reply").press("Control+Enter"))


def begin(page: Any, number: int = 3, mode: str = "random") -> None:
    """Choose and start."""
    page.click("#tab-interview-button")
    page.wait_for_selector(".iv-start .plan")
    page.locator(f'.plan [name="mode"][value="{mode}"]').check()
    page.locator(f'.plan [name="number"][value="{number}"]').check(force=True)
    page.click(".plan [type=submit]")
    page.wait_for_selector("#iv-reply")


def new_person(page: Any, name: str) -> None:
    """A profile of one's own, so that tests do not see each other's interviews."""
    page.click("#tab-progress-button")
    page.wait_for_selector(".new-person")
    page.fill('[data-form="new"] input', name)
    page.locator('[data-form="new"] input').press("Enter")
    page.wait_for_selector(f'.people li:has-text("{name}") .chip')


def test_a_whole_interview_is_played(visit: Visit) -> None:
    page = visit()
    new_person(page, "整场")
    begin(page, mode="document")
    assert page.locator(".iv-bar .steps li").count() == 3

    assert moved(page, lambda: page.click('[data-do="hint"]')) == "question"
    assert page.locator(".hints li").count() == 1
    question = shown_question(page)
    assert send(page, points(question)) in {"graded", "follow_up"}
    while page.locator(".iv-play").get_attribute("data-phase") == "follow_up":
        assert page.locator(".covered .point").count() == len(question.key_points)
        moved(page, lambda: page.click('[data-do="skip"]'))
    assert page.locator(".graded .point").count() == len(question.key_points)
    assert page.locator(".graded .point.hit .by q").count() >= 1
    assert page.evaluate("document.activeElement.tagName") == "H2"

    page.locator(".graded .point.hit .from summary").first.click()
    page.locator(".graded .point.hit .from .open").first.click()
    page.wait_for_selector("#interview-pane mark.here")
    page.wait_for_timeout(300)
    assert in_view(page, "#interview-pane mark.here")
    page.keyboard.press("Escape")
    page.wait_for_selector("#interview-pane .pane", state="detached")

    moved(page, lambda: page.click('[data-do="retry"]'))
    assert send(page, "不知道") == "graded"
    assert page.locator(".changed li").count() >= 2
    assert page.locator(".changed li").first.inner_text().startswith("比上次少")

    assert moved(page, lambda: page.locator('.graded [data-do="claim"]').first.click()) == "graded"
    assert page.locator(".graded .point.hit .corrected").count() == 1
    assert page.evaluate("document.activeElement.dataset.do") == "withdraw"
    assert moved(page, lambda: page.keyboard.press("Enter")) == "graded"
    assert page.locator(".graded .corrected").count() == 0
    moved(page, lambda: page.locator('.graded [data-do="claim"]').last.click())

    assert moved(page, lambda: page.click('[data-do="advance"]')) == "question"
    assert moved(page, lambda: page.click('[data-do="skip"]')) == "question"
    phase = send(page, "深度学习有很多层。")
    while phase == "follow_up":
        phase = send(page, "这个我答不上来。")
    assert moved(page, lambda: page.click('[data-do="advance"]')) == "finished"

    assert page.locator(".iv-report .reported").count() == 3
    assert page.locator(".iv-report .bars li").count() >= 1
    assert page.locator(".iv-report .chip.skipped").count() == 1
    for kind, beginning in (("markdown", "# 模拟面试报告"), ("json", "{"), ("anki", "#separator:tab")):
        with page.expect_download() as download:
            page.click(f'[data-what="{kind}"]')
        assert Path(download.value.path()).read_text(encoding="utf-8").startswith(beginning)

    page.click("#tab-progress-button")
    page.wait_for_selector(".figures")
    assert page.locator(".sessions li").count() == 1
    assert page.locator(".wide-table tbody tr").count() == 2
    page.click('.sessions [data-do="report"]')
    page.wait_for_selector(".iv-report .reported")


def test_a_question_is_answered_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit(locale="en-US")
    new_person(page, "Keys")
    page.locator("#tab-interview-button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".iv-start .plan")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.plan [type=submit]')"):
            break
        if page.evaluate("document.activeElement.name === 'number'"):
            page.keyboard.press("ArrowLeft")
    assert page.locator('.plan [name="number"]:checked').get_attribute("value") == "3"
    page.keyboard.press("Enter")
    page.wait_for_selector("#iv-reply")
    page.wait_for_function("document.activeElement.id === 'iv-reply'")
    question = shown_question(page, "en")
    page.keyboard.insert_text(points(question, language="en"))
    phase = moved(page, lambda: page.keyboard.press("Control+Enter"))
    while phase == "follow_up":
        page.wait_for_function("document.activeElement.id === 'iv-reply'")
        page.keyboard.insert_text("I would have to look that up.")
        phase = moved(page, lambda: page.keyboard.press("Control+Enter"))
    assert phase == "graded"
    page.wait_for_function("document.activeElement.tagName === 'H2'")
    assert moved(page, lambda: page.keyboard.press("r")) == "question"
    page.wait_for_function("document.activeElement.id === 'iv-reply'")
    page.keyboard.insert_text("n and r are letters here")
    assert page.locator("#iv-reply").input_value() == "n and r are letters here"
    assert moved(page, lambda: page.keyboard.press("Control+Enter")) == "graded"
    page.wait_for_function("document.activeElement.tagName === 'H2'")
    assert moved(page, lambda: page.keyboard.press("n")) == "question"
    assert page.locator(".iv-bar .where").inner_text().startswith("Question 2 of 3")


def test_a_draft_and_the_clock_survive_a_reload(visit: Visit) -> None:
    page = visit()
    new_person(page, "草稿")
    begin(page)
    question = page.locator(".iv-play .display").inner_text()
    page.locator("#iv-reply").press_sequentially("先写一半 <b>")
    page.click("[data-clock-switch]")
    assert page.locator(".clock").is_hidden()
    page.reload()
    page.wait_for_selector("#iv-reply")
    assert page.locator(".iv-play .display").inner_text() == question
    assert page.locator("#iv-reply").input_value() == "先写一半 <b>"
    assert page.locator(".clock").is_hidden()
    page.click("[data-clock-switch]")
    assert page.locator(".clock").is_visible()


def test_profiles_are_kept_apart(visit: Visit) -> None:
    page = visit()
    new_person(page, "甲<i>")
    begin(page)
    new_person(page, "乙")
    page.click("#tab-interview-button")
    page.wait_for_selector(".iv-start")
    assert page.locator(".resume").count() == 0
    assert "乙" in page.locator(".who").inner_text()
    page.click("#tab-progress-button")
    page.fill('[data-form="rename"] input', "乙二")
    page.locator('[data-form="rename"] input').press("Enter")
    page.wait_for_selector('.people li:has-text("乙二")')
    page.locator('.people li:has-text("甲<i>") [data-do="switch"]').click()
    page.wait_for_selector('.people li:has-text("甲<i>") .chip')
    page.click("#tab-interview-button")
    page.wait_for_selector(".resume")
    page.click("#tab-progress-button")
    with page.expect_download() as download:
        page.locator('.pg [data-do="export"]').click()
    kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert kept["profiles"][0]["name"] == "甲<i>"
    assert len(kept["sessions"]) == 1
    page.locator('.pg [data-do="delete"]').click()
    page.locator('.pg [data-do="delete"]').click()
    page.wait_for_selector(".told")
    assert page.locator('.people li:has-text("甲<i>")').count() == 0


@pytest.mark.parametrize("look", [{"color_scheme": "dark"}, {"viewport": {"width": 360, "height": 740}}])
def test_nothing_is_wider_than_the_window(visit: Visit, look: dict[str, Any]) -> None:
    page = visit(**look)
    new_person(page, f"窄{len(look)}{next(iter(look))}")
    begin(page)
    page.wait_for_selector("#iv-reply")
    width = "document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(width)
    send(page, points(shown_question(page), 1))
    assert page.evaluate(width)
    moved(page, lambda: (page.click('[data-do="finish"]'), page.click('[data-do="finish"]')))
    assert page.evaluate(width)


class Mortal:
    """A server of one's own that can be killed and started again on the same port with the same data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        places = {"CORPUS": ROOT / "corpus" / "seeds", "INDEX": self.folder / "index", "DATA_DIR": self.folder / "data", "UI__PORT": self.port}
        environ = {**os.environ, **{f"MIANJING_{name}": str(value) for name, value in places.items()}, "PYTHONPATH": str(ROOT)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT)
        begun = time.monotonic()
        while not self._ready():
            assert time.monotonic() - begun < 300, (self.folder / "server.log").read_text(encoding="utf-8")[-2000:]
            assert self.process.poll() is None, (self.folder / "server.log").read_text(encoding="utf-8")[-2000:]
            time.sleep(0.3)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=60) as reply:
                return bool(json.loads(reply.read())["ready"])
        except OSError:
            return False


@pytest.fixture
def mortal(served: Any, tmp_path: Path) -> Iterator[Mortal]:
    shutil.copytree(served.log.parent / "index", tmp_path / "index")
    server = Mortal(tmp_path)
    server.start()
    yield server
    server.kill()


def test_the_server_is_killed_and_the_interview_goes_on(browser: Any, mortal: Mortal) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1360, "height": 850})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(mortal.url)
    page.wait_for_selector("#chat .welcome")
    begin(page)
    assert "“我”" not in page.locator(".iv-play").inner_text()
    phase = send(page, points(shown_question(page)))
    while phase == "follow_up":
        phase = moved(page, lambda: page.click('[data-do="skip"]'))
    live = page.locator(".iv-bar .live").inner_text()
    assert moved(page, lambda: page.click('[data-do="advance"]')) == "question"
    second = page.locator(".iv-play .display").inner_text()
    page.locator("#iv-reply").press_sequentially("写到一半，服务器没了")
    mortal.kill()
    mortal.start()
    page.goto(mortal.url)
    page.wait_for_selector("#iv-reply")
    assert page.locator(".iv-play .display").inner_text() == second
    assert page.locator(".iv-bar .live").inner_text() == live
    assert page.locator("#iv-reply").input_value() == "写到一半，服务器没了"
    assert send(page, points(shown_question(page))) in {"graded", "follow_up"}
    moved(page, lambda: (page.click('[data-do="finish"]'), page.click('[data-do="finish"]')))
    assert page.locator(".iv-report .reported").count() == 2
    context.close()
