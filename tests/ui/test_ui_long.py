"""A conversation of two thousand questions, and hundreds of conversations, in a real browser."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Served
from driving import ask

from rag.config import Settings
from rag.history import History, Owner

pytestmark = pytest.mark.browser
QUESTIONS = 2000
OTHERS = 400


def grown(data_dir: Path, title: str) -> None:
    """Make the newest conversation of that title one of QUESTIONS questions, the last one its own, and give its owner OTHERS more."""
    with History.open(Settings(data_dir=data_dir)) as history:
        with sqlite3.connect(str(history.engine.url.database)) as connection:
            found = connection.execute("select id, browser from conversations where title = ? order by updated desc", (title,)).fetchone()
        owner, now = Owner(None, found[1]), datetime.now(UTC)
        kept = history.conversation(owner, found[0])
        history.save_conversation(owner, kept.id, title, list(kept.messages) * QUESTIONS, now)
        for n in range(OTHERS):
            history.save_conversation(owner, f"{kept.id[:20]}{n:04}", f"{n} {title}", kept.messages, now - timedelta(hours=n + 1))


def test_two_thousand_questions_stay_usable(visit: Callable[..., Any], served: Served) -> None:
    page = visit(viewport={"width": 1361, "height": 850})
    question = "为什么 dropout 能防止过拟合？（很长的对话）"
    ask(page, question)
    grown(served.log.parent / "data", question)
    page.reload()
    page.locator("#chat .folded").wait_for()
    page.click("[data-new]")
    page.locator("#chat .past .asking").first.wait_for()
    assert page.locator("#chat .past li[data-title]").count() == OTHERS + 1
    page.locator("#chat .filter").fill(f"{OTHERS - 1} 为什么")
    page.wait_for_function("[...document.querySelectorAll('#chat .past li[data-title]')].filter(e => e.offsetParent !== null).length === 1")
    page.locator("#chat .filter").fill("")
    page.locator("#chat .past .asking").first.click()
    page.locator("#chat .folded").wait_for()
    assert str(QUESTIONS - page.locator("#chat .turn").count()) in page.locator("#chat .folded").inner_text()
    assert page.locator("#chat .turn").count() <= 60
    page.fill("#question", "它的训练流程是怎样的？")
    page.locator("#question").press("Enter")
    page.wait_for_function("[...document.querySelectorAll('#chat h2.question')].at(-1)?.innerText === '它的训练流程是怎样的？'")
    page.wait_for_function("document.querySelector('#chat .talk').getAttribute('aria-busy') === 'false'")
    assert page.locator("#chat .turn").last.locator(".cite").count() > 0
    assert str(QUESTIONS + 1 - page.locator("#chat .turn").count()) in page.locator("#chat .folded").inner_text()
