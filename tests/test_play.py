"""An interview in the terminal: what is typed and what is printed."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from interview_samples import LiteralTutor, said

from rag.config import Settings
from rag.errors import UserInputError
from rag.history import History
from rag.interview import InterviewPlan
from rag.models import TransformerEncoder
from rag.play import Terminal, play
from rag.store import Index
from rag.tutor import Candidate

PLAN = InterviewPlan(number=2, seed=7)


@pytest.fixture
def teacher(seeds_settings: Settings, encoder: TransformerEncoder, seeds_index: Index, tmp_path: Path) -> LiteralTutor:
    return LiteralTutor(seeds_settings.model_copy(update={"data_dir": tmp_path / "data"}), encoder, seeds_index)


@pytest.fixture
def me(teacher: LiteralTutor) -> Iterator[Candidate]:
    with History.open(teacher.settings) as history:
        yield Candidate(history, history.profile("me", datetime.now(UTC)).id)


class Typist:
    """Types the lines it was given and then ends the input."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.asked.append(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)


def test_a_whole_interview_is_typed(teacher: LiteralTutor, me: Candidate) -> None:
    first, second = teacher.start_interview(PLAN).questions
    out = io.StringIO()
    typist = Typist(":help", ":hint", said(first), ".", "", ".", "嗯。", "还是不会", "。", *([":skip"] * 1), "r", said(second), ".", "")
    report = Terminal(teacher, me, "zh", typist, out).play(PLAN)
    assert report is not None
    assert report.total == 100
    text = out.getvalue()
    assert first.text.zh in text
    assert first.hints[0].zh in text
    assert "还没有写回答" in text
    assert "追问" in text
    assert "得分 100 / 100" in text
    assert "比上次 +100 分" in text


def test_a_verdict_is_corrected_by_its_number(teacher: LiteralTutor, me: Candidate) -> None:
    out = io.StringIO()
    typist = Typist("全都不对，我不太会", ".", ":skip", "+1", "+99", "=1", "+1", "e")
    report = Terminal(teacher, me, "zh", typist, out).play(PLAN)
    assert report is not None
    first = report.asked[0].grades[0].points[0]
    assert (first.verdict, first.corrected) == ("hit", True)
    assert report.total == first.weight
    assert "1. ✓ 说到了（你更正的）" in out.getvalue()
    assert "没有第 99 点" in out.getvalue()


def test_a_hint_keeps_what_was_written_and_a_slip_of_the_keys_leads_nowhere(teacher: LiteralTutor, me: Candidate) -> None:
    first = teacher.start_interview(PLAN).questions[0]
    half = said(first)
    typist = Typist(half, ":hint", "后半段", ".", "x", ":help", "\uff0b 1", "r", "不会", ".", ":skip", ":quit")
    assert Terminal(teacher, me, "zh", typist, io.StringIO()).play(PLAN) is None
    attempts = me.history.attempts(me.profile)
    assert [a.kind for a in attempts] == ["retry", "reply"]
    assert attempts[1].reply == f"{half}\n后半段"


def test_who_leaves_goes_on_later(teacher: LiteralTutor, me: Candidate) -> None:
    first = teacher.start_interview(PLAN).questions[0]
    out = io.StringIO()
    assert Terminal(teacher, me, "zh", Typist(said(first), ".", "", ":quit"), out).play(PLAN) is None
    assert "进度已保存" in out.getvalue()
    typist = Typist("y", ":skip")
    report = Terminal(teacher, me, "en", typist, io.StringIO()).play(PLAN)
    assert "question 2 of 2" in typist.asked[0]
    assert report is not None
    assert (report.total, report.skipped) == (100, 1)


def test_the_input_may_end_at_any_point(teacher: LiteralTutor, me: Candidate) -> None:
    assert Terminal(teacher, me, "zh", Typist("半句"), io.StringIO()).play(PLAN) is None
    assert len(me.history.sessions(me.profile, "open")) == 1


def test_a_report_can_be_had_early(teacher: LiteralTutor, me: Candidate) -> None:
    report = Terminal(teacher, me, "zh", Typist(":end"), io.StringIO()).play(PLAN)
    assert report is not None
    assert (report.total, report.skipped, report.unasked) == (None, 1, 1)


def test_a_report_of_an_unknown_kind_is_refused_before_anything_is_asked(teacher: LiteralTutor, tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match=r"\.md, \.json or \.txt"):
        play(teacher, PLAN, "me", out=tmp_path / "report.pdf")


@pytest.mark.parametrize("suffix", [".md", ".json", ".txt"])
def test_the_command_writes_a_report(teacher: LiteralTutor, tmp_path: Path, suffix: str) -> None:
    settings, out = teacher.settings, tmp_path / f"report{suffix}"
    places = ["--corpus", str(settings.corpus), "--index", str(settings.index), "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", "interview", "-n", "1", "--new", "--language", "en", "--seed", "1", *places],
        input=":skip\n",
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        cwd=Path(__file__).parent.parent,
        env={"PATH": "", "HF_HUB_OFFLINE": "1", "MIANJING_DATA_DIR": str(tmp_path / "data"), "MIANJING_CACHE_DIR": str(settings.cache_dir)},
    )
    assert done.returncode == 0, done.stderr
    assert "# Mock interview report" in done.stdout
    assert "1 skipped" in done.stdout
    assert {".md": "# Mock interview report", ".json": '"format": 1', ".txt": "#separator:tab"}[suffix] in out.read_text(encoding="utf-8")
