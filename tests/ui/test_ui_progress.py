"""The progress tab says only what is known, in the language of the page."""

from __future__ import annotations

from datetime import UTC, timedelta

from practice_samples import START, at, grade, question

from rag.config import Settings
from rag.history import Attempt, History
from rag.ui.progress_view import Record, people_html, progress_html
from rag.ui.shared import name_of, practising

Q = question("q0")


def record(history: History, *, opened: bool, now_days: int = 0, there: bool = True) -> Record:
    """What is kept of a profile with one reply, before the bank is open or after."""
    profile = history.profile("Me", START)
    if not history.scores(profile.id):
        history.record_attempt(profile.id, Attempt("q0", "vision", "reply", "x", grade(Q, "hit", "hit", "missed"), at(0)))
    return Record(
        profile=profile,
        streak=1,
        progress=history.progress(profile.id),
        scores=history.scores(profile.id),
        gone={} if opened and there else {"q0": Q.text.zh},
        memory=history.memory(profile.id),
        due=[],
        sessions=[],
        questions=({"q0": Q} if there else {}) if opened else None,
        now=at(0) + timedelta(days=now_days),
        zone=UTC,
    )


def test_before_the_bank_is_open_nothing_untrue_is_said() -> None:
    with History.open(Settings(history_url="sqlite://")) as history:
        before = progress_html(record(history, opened=False), (), "zh")
        after = progress_html(record(history, opened=True), (), "zh")
    assert "题库里已经没有这道题" not in before
    assert "q0 是什么？" in before
    assert "题库打开之后，这里会列出今天该复习的题。" in before
    assert "<b>–</b><span>今天该复习</span>" in before
    assert "到期。" not in before
    assert "<b>0</b><span>今天该复习</span>" in after
    assert "到期。" in after


def test_the_next_review_is_never_in_the_past() -> None:
    with History.open(Settings(history_url="sqlite://")) as history:
        assert "The next one is due on" in progress_html(record(history, opened=True), (), "en")
        assert "Nothing is due today.</p>" in progress_html(record(history, opened=True, now_days=9999), (), "en")
        gone = progress_html(record(history, opened=True, there=False), (), "zh")
    assert "今天没有到期的题。</p>" in gone
    assert "题库里已经没有这道题" in gone


def test_the_name_nobody_typed_is_said_in_the_language_of_the_page() -> None:
    with History.open(Settings(history_url="sqlite://")) as history:
        me = history.profile("Me", START)
        assert (name_of(me, "zh"), name_of(me, "en")) == ("我", "Me")
        assert "<b>我</b>" in people_html([me], me, "zh")
        assert practising(history, "") == (me, (me,))
        ada = history.profile("Ada", START)
        assert name_of(ada, "zh") == "Ada"
        assert practising(history, "") == (None, (ada, me))
        assert practising(history, str(ada.id))[0] == ada
