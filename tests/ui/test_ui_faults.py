"""Errors a reader can cause are told in words of the page's language."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import UserInputError
from rag.history import History, Owner
from rag.interview import InterviewPlan
from rag.ui.faults import fault

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_errors_of_the_history(tmp_path: Path) -> None:
    with History.open(Settings(data_dir=tmp_path)) as history:
        first, second = history.profile("甲", NOW), history.profile("乙", NOW)
        told = []
        for act in (
            lambda: history.rename_profile(second.id, "甲"),
            lambda: history.profile("", NOW),
            lambda: history.session(first.id, "gone"),
            lambda: history.conversation(Owner(None, "0" * 32), "gone"),
        ):
            with pytest.raises(UserInputError) as caught:
                act()
            told.append((fault(caught.value, "zh"), fault(caught.value, "en")))
    assert told[0][0] == "已经有叫“甲”的人了，换个名字。"
    for zh, en in told:
        assert not zh.startswith("出错了")
        assert en.isascii() or "甲" in en
        assert en[0].isupper()


def test_errors_of_a_plan() -> None:
    with pytest.raises(UserInputError) as caught:
        InterviewPlan(number=0)
    assert fault(caught.value, "zh").startswith("题数要在 1 到")


def test_what_is_unknown_keeps_its_detail() -> None:
    assert fault(UserInputError("history: cannot open /x: disk full; check history_url"), "zh") == "出错了：cannot open /x: disk full; check history_url"
