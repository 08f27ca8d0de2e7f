"""Errors a reader can cause are told in words of the page's language."""

from __future__ import annotations

import ast
import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rag.config import Settings
from rag.errors import UserInputError
from rag.history import History, Owner
from rag.interview import InterviewPlan
from rag.interview.plan import choose_questions
from rag.ui.faults import fault
from rag.ui.strings import STRINGS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RAG = Path(__file__).parents[2] / "rag"


def test_every_reason_that_is_raised_has_words_and_none_is_left_over() -> None:
    calls = [node for path in RAG.rglob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    reasons = [c.args[1] for c in calls if isinstance(c.func, ast.Name) and c.func.id == "UserInputError" and len(c.args) > 1]
    raised = {n.value for reason in reasons for n in ast.walk(reason) if isinstance(n, ast.Constant)}
    assert raised == {key.removeprefix("fault_") for key in STRINGS if key.startswith("fault_")}


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
            told.append([fault(caught.value, "zh"), fault(caught.value, "en")])
    assert told == [
        ["已经有叫“甲”的人了，换个名字", "There is somebody called “甲” already; take another name"],
        ["名字要有 1 到 80 个可见字符", "A name has 1 to 80 visible characters"],
        ["这场面试已经不在了，请重新开始一场", "This interview is gone; start another one"],
        ["这段对话已经不在了", "This conversation is gone"],
    ]


@pytest.mark.parametrize(("mode", "told"), [("due", "现在没有到期的题目"), ("document", "所选领域里没有出自 a.md 的题目")])
def test_errors_of_a_plan(mode: str, told: str) -> None:
    from rag.records import Bilingual, Question

    question = Question("q", Bilingual("问", "q"), "theory", 1, "concept", ())
    plan = InterviewPlan(number=3, language="zh", mode=mode, document="a.md" if mode == "document" else None)  # type: ignore[arg-type]
    with pytest.raises(UserInputError) as caught:
        choose_questions([question], plan, {}, NOW)
    assert fault(caught.value, "zh").startswith(told)
    assert pickle.loads(pickle.dumps(caught.value)).why == caught.value.why  # noqa: S301


def test_what_names_no_reason_keeps_its_message() -> None:
    assert fault(UserInputError("history: cannot open /x: disk full; check history_url"), "zh") == "cannot open /x: disk full; check history_url"
