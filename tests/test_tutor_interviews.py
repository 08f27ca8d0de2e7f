"""Interviews as the tutor holds them: graded, kept with every step, resumed, and several at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from interview_samples import LiteralTutor, said

from rag.config import Settings
from rag.errors import UserInputError
from rag.history import History
from rag.interview import Interview, InterviewPlan, next_follow_up
from rag.models import TransformerEncoder
from rag.records import Question
from rag.report import to_markdown
from rag.store import Index, build_index, load_index
from rag.tutor import Candidate, end_of_today

ROOT = Path(__file__).parent.parent
NOTES = """# 我的笔记

## 什么是学习率预热？

学习率预热是在训练开始时从很小的学习率逐步升到目标值。它让自适应优化器的二阶矩估计先稳定下来，避免最初几步更新过大。

## 为什么要做梯度裁剪？

梯度裁剪把梯度的范数限制在一个上限之内。循环网络和很深的网络偶尔会出现极大的梯度，裁剪能防止一步更新毁掉已经学到的参数。
"""


@pytest.fixture(scope="module")
def teacher(seeds_settings: Settings, encoder: TransformerEncoder, seeds_index: Index) -> LiteralTutor:
    return LiteralTutor(seeds_settings, encoder, seeds_index)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History.open(Settings(data_dir=tmp_path)) as opened:
        yield opened


@pytest.fixture
def me(history: History) -> Candidate:
    return Candidate(history, history.profile("我", datetime.now(UTC)).id)


def asked(state: Interview) -> Question:
    assert state.question is not None
    return state.question


def test_a_corrected_verdict_moves_score_and_schedule(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=1, seed=1), me)
    question = asked(state)
    state = teacher.reply(state, "这个我说不上来，只记得一点点", me)
    before = me.history.memory(me.profile)[question.id]
    for point in question.key_points:
        state = teacher.correct(state, point.id, "hit", me)
    assert state.exchange is not None
    after = me.history.memory(me.profile)[question.id]
    assert (state.score, after.last_score, after.reviews) == (100, 100, before.reviews)
    assert after.due is not None
    assert before.due is not None
    assert after.due > before.due
    assert teacher.resume_interview(state.id, me) == state
    graded = teacher.grades(state.exchange)[0]
    assert all(p.corrected for p in graded.points)
    assert graded.feedback != state.exchange.grades[0].feedback
    for point in question.key_points:
        state = teacher.correct(state, point.id, None, me)
    assert me.history.memory(me.profile)[question.id] == before
    assert "考生更正" not in to_markdown(teacher.report(state))
    assert "考生更正" in to_markdown(teacher.report(teacher.correct(state, question.key_points[0].id, "hit")))


def test_a_finished_interview_cannot_be_given_up(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.skip(teacher.start_interview(InterviewPlan(number=1, seed=1), me), me)
    teacher.finish(state, me)
    with pytest.raises(UserInputError, match="its report stays"):
        teacher.abandon(teacher.resume_interview(state.id, me), me)
    assert [s.id for s in me.history.sessions(me.profile, "finished")] == [state.id]


def test_a_whole_interview_is_graded_kept_and_reported(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=3, seed=1), me)
    state = teacher.reply(state, said(asked(state)), me)
    assert state.score == 100
    state = teacher.advance(state, me)
    state = teacher.skip(state, me)
    first = asked(state).key_points[0]
    state = teacher.reply(state, said(asked(state), first.id), me)
    assert state.exchange is not None
    assert state.exchange.score == first.weight
    state = teacher.advance(state, me)
    assert state.phase == "over"
    report = teacher.finish(state, me)
    assert report.total == (100 + first.weight) / 2
    assert (len(report.asked), report.skipped, report.unasked) == (3, 1, 0)
    assert 1 <= len(report.to_read) <= 3
    assert [a.kind for a in me.history.attempts(me.profile)] == ["reply", "reply"]
    assert len(me.history.memory(me.profile)) == 2
    assert me.history.sessions(me.profile, "open") == ()
    assert teacher.report(teacher.resume_interview(state.id, me)) == report


def test_what_was_missed_is_asked_again_and_lifts_the_grade(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=8, seed=2), me)
    state = teacher.reply(state, "嗯。", me, probe=True)
    assert state.pending is not None
    question = asked(state)
    weights = {p.id: p.weight for p in question.key_points}
    assert weights[state.pending.point_id] == max(weights[f.point] for f in question.follow_ups)
    point = state.pending.point_id
    state = teacher.reply(state, said(question, point), me)
    assert state.exchange is not None
    grade = teacher.grades(state.exchange)[0]
    assert grade.score == weights[point]
    assert next(p for p in grade.points if p.point_id == point).verdict == "hit"
    assert next(p for p in grade.points if p.point_id == point).text.rstrip("。") in grade.feedback
    assert state.exchange.grades[0].feedback != grade.feedback
    assert [a.kind for a in me.history.attempts(me.profile)] == ["follow_up", "reply"]


def test_at_most_two_follow_ups_come_by_themselves(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=20, seed=5), me)
    state = teacher.reply(state, "嗯。", me, probe=True)
    count = 0
    while state.pending is not None:
        count += 1
        state = teacher.reply(state, "还是不知道。", me, probe=True)
    assert 1 <= count <= 2
    assert state.phase == "graded"
    assert next_follow_up(state) is None


def test_hints_and_retries_are_kept(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=1, seed=3, language="en"), me)
    state = teacher.hint(state, me)
    assert len(state.hints) == 1
    state = teacher.reply(state, "nothing", me)
    state = teacher.retry(state, me)
    state = teacher.reply(state, said(asked(state), language="en"), me)
    assert state.score == 100
    assert [a.kind for a in me.history.attempts(me.profile)] == ["retry", "reply"]
    assert me.history.memory(me.profile)[asked(state).id].last_score == 0
    assert teacher.resume_interview(state.id, me) == state


def _answer_and_die(settings: Settings, folder: Path, session: str, profile: int) -> None:
    with History.open(Settings(data_dir=folder)) as history:
        encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
        teacher, me = LiteralTutor(settings, encoder, load_index(settings.index, encoder)), Candidate(history, profile)
        state = teacher.resume_interview(session, me)
        teacher.reply(state, said(asked(state)), me)
        os._exit(9)  # no clean-up of any kind


def test_another_process_answers_and_is_killed_and_nothing_is_lost(teacher: LiteralTutor, me: Candidate, tmp_path: Path) -> None:
    state = teacher.start_interview(InterviewPlan(number=2, seed=4), me)
    child = multiprocessing.get_context("spawn").Process(target=_answer_and_die, args=(teacher.settings, tmp_path, state.id, me.profile))
    child.start()
    child.join(120)
    assert child.exitcode == 9
    later = teacher.resume_interview(state.id, me)
    assert later.phase == "graded"
    assert later.score == 100
    assert len(me.history.attempts(me.profile)) == 1
    with pytest.raises(UserInputError, match="went on elsewhere"):
        teacher.reply(state, "第二个窗口里的旧页面", me)
    assert len(me.history.attempts(me.profile)) == 1
    assert teacher.advance(later, me).position == 1


def test_two_people_are_interviewed_at_once(teacher: LiteralTutor, history: History, me: Candidate) -> None:
    other = Candidate(history, history.profile("TA", datetime.now(UTC)).id)
    mine, theirs = (teacher.start_interview(InterviewPlan(number=2, seed=n), who) for n, who in ((1, me), (2, other)))
    mine = teacher.reply(mine, said(asked(mine)), me)
    theirs = teacher.skip(theirs, other)
    assert (mine.score, theirs.score) == (100, None)
    assert len(history.attempts(other.profile)) == 0
    with pytest.raises(UserInputError, match="no interview"):
        teacher.resume_interview(mine.id, other)


def test_an_empty_reply_is_refused_and_changes_nothing(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=1, seed=1), me)
    with pytest.raises(UserInputError, match="empty"):
        teacher.reply(state, " \n ", me)
    assert teacher.resume_interview(state.id, me) == state


def test_an_interview_given_up_is_offered_no_more(teacher: LiteralTutor, me: Candidate) -> None:
    state = teacher.start_interview(InterviewPlan(number=1, seed=1), me)
    teacher.abandon(state, me)
    assert me.history.sessions(me.profile, "open") == ()


def test_due_asks_what_is_due_today_and_the_one_that_was_picked_first(teacher: LiteralTutor, me: Candidate) -> None:
    with pytest.raises(UserInputError, match="due"):
        teacher.start_interview(InterviewPlan(number=5, mode="due"), me)
    state = teacher.start_interview(InterviewPlan(number=1, seed=9), me)
    picked = asked(state).id
    other = next(question.id for question in teacher.pool if question.id != picked)
    state = teacher.start_interview(InterviewPlan(number=4, seed=9), me, first=other)
    assert state.question_ids[:2] == (other, picked)
    assert len(state.question_ids) == 4


def test_the_end_of_today_is_within_a_day() -> None:
    now = datetime.now(UTC)
    assert now < end_of_today() <= now + timedelta(hours=25)


def test_without_a_candidate_nothing_is_kept(teacher: LiteralTutor, history: History) -> None:
    state = teacher.start_interview(InterviewPlan(number=1, seed=1))
    assert teacher.reply(state, said(asked(state))).score == 100
    assert history.profiles() == ()


def test_sources_are_literal_spans_of_documents_that_ask_the_question(teacher: LiteralTutor) -> None:
    found = 0
    for question in teacher.bank.questions[:12]:
        for language in ("zh", "en"):
            for citation in teacher.sources(question, language).values():
                document = teacher.source(citation.doc_id)
                assert document is not None
                assert document.source[citation.start : citation.end] == citation.quote
                found += 1
    assert found >= 12


def test_handbook_and_notes_of_ones_own_are_asked_from_and_cited(encoder: TransformerEncoder, cache_dir: Path, tmp_path: Path) -> None:
    page = (ROOT / "corpus" / "handbook" / "zh" / "gradients.md").read_text(encoding="utf-8")
    corpus = tmp_path / "corpus"
    (corpus / "handbook" / "zh").mkdir(parents=True)
    (corpus / "handbook" / "zh" / "gradients.md").write_text("\n## ".join(page.split("\n## ")[:3]), encoding="utf-8")
    (corpus / "mine.md").write_text(NOTES, encoding="utf-8")
    settings = Settings(corpus=corpus, index=tmp_path / "index", cache_dir=cache_dir)
    build_index(corpus, settings.index, encoder)
    teacher = LiteralTutor(settings, encoder, load_index(settings.index, encoder))
    question = teacher.bank["backprop-forward-backward"]
    graded = teacher.grade_question(question, said(question), "zh")
    assert {c.doc_id for p in graded.points for c in p.citations} == {"handbook/zh/gradients.md"}
    assert sum(bool(p.citations) for p in graded.points) >= 3
    by_text = teacher.grade(question.text.zh, question.key_points, "不知道")
    assert any(p.citations for p in by_text.points)
    own = [q for q in teacher.pool if q.automatic]
    assert {q.asked[0].doc_id for q in own} == {"mine.md"}
    state = teacher.start_interview(InterviewPlan(number=5, mode="document", document="mine.md"))
    assert all(q.automatic for q in state.questions)
    state = teacher.reply(state, said(asked(state)))
    assert state.exchange is not None
    assert all(c.doc_id == "mine.md" for p in state.exchange.grades[0].points for c in p.citations)
    assert not any(q.automatic for q in teacher.start_interview(InterviewPlan(number=50, seed=1)).questions)
