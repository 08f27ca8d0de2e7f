"""The mock interview: its transitions one by one, and all of them in any order against a model."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from practice_samples import START, at, grade, grades, point_grade, question, questions

from rag import interview
from rag.errors import UserInputError
from rag.interview import Interview, InterviewPlan
from rag.records import FollowUp, Remembered, Verdict, WrongStatement

Q1, Q2 = question("q1"), question("q2", area="theory")
PLAN = InterviewPlan(number=2)


def begun() -> Interview:
    """An interview of two questions that waits for its first reply."""
    return interview.start(PLAN, (Q1, Q2), "s1", START)


def test_one_whole_interview() -> None:
    state = begun()
    assert state.prompt == "q1 是什么？"
    state = interview.hint(state)
    assert state.hints == ("提示 0",)
    state = interview.reply(state, "一半", grade(Q1, "missed", "hit", "missed"))
    assert state.score == 30
    state = interview.follow_up(state)
    assert (state.prompt, state.pending_point) == ("q1 追问 k1", Q1.key_points[0])
    state = interview.reply(state, "补上", point_grade(Q1, "k1", "hit"))
    assert state.score == 80
    state = interview.advance(state)
    assert state.prompt == "q2 是什么？"
    state = interview.skip(state)
    assert (state.phase, interview.legal(state)) == ("over", ("finish",))
    state = interview.finish(state, at(1))
    assert (state.phase, state.finished, interview.legal(state)) == ("finished", at(1).isoformat(), ())
    first, second = interview.asked_questions(state)
    assert (first.score, first.hints, first.skipped) == (80, 1, False)
    assert (second.score, second.skipped) == (None, True)
    assert [f.reply for f in first.follow_ups] == ["补上"]


def test_a_retry_tells_what_changed() -> None:
    state = interview.reply(begun(), "甲", grade(Q1, "hit", "missed", "hit"))
    assert interview.change(state) is None
    state = interview.reply(interview.retry(state), "乙", grade(Q1, "partial", "hit", "hit"))
    assert interview.change(state) == interview.Change(gained=("k2",), lost=("k1",), difference=5.0)
    assert state.exchange is not None
    assert (state.exchange.retries, state.score) == (1, 75.0)


def test_a_retry_can_be_given_up() -> None:
    state = interview.reply(begun(), "甲", grade(Q1, "hit", "missed", "hit"))
    state = interview.skip(interview.retry(state))
    assert (state.phase, state.score, state.exchange and state.exchange.skipped) == ("graded", 70.0, False)


def test_the_better_of_two_replies_counts() -> None:
    state = interview.reply(begun(), "好", grade(Q1, "hit", "hit", "hit"))
    state = interview.reply(interview.retry(state), "差", grade(Q1, "missed", "missed", "missed"))
    assert state.score == 100


def test_follow_ups_go_to_the_heaviest_missed_points_and_are_two_at_most() -> None:
    state = interview.follow_up(interview.reply(begun(), "无", grade(Q1, "missed", "missed", "missed")))
    assert state.pending
    assert state.pending.point_id == "k1"
    state = interview.follow_up(interview.skip(state))
    assert state.pending
    assert state.pending.point_id == "k2"
    state = interview.reply(state, "不", point_grade(Q1, "k2", "missed"))
    assert interview.next_follow_up(state) is None
    with pytest.raises(UserInputError, match="cannot follow_up now: the reply is graded; possible: retry, correct, advance, finish"):
        interview.follow_up(state)


def test_a_missed_point_goes_before_a_heavier_half_said_one() -> None:
    state = interview.reply(begun(), "无", grade(Q1, "partial", "hit", "missed"))
    chosen = interview.next_follow_up(state)
    assert chosen
    assert chosen.point == "k3"


def test_a_point_without_a_follow_up_in_the_bank_is_passed_over() -> None:
    bare = replace(Q1, follow_ups=(FollowUp("k3", Q1.text), FollowUp("gone", Q1.text)))
    state = interview.start(PLAN, (bare,), "s", START)
    state = interview.reply(state, "无", grade(bare, "missed", "missed", "missed"))
    chosen = interview.next_follow_up(state)
    assert chosen
    assert chosen.point == "k3"


@pytest.mark.parametrize(
    ("before", "after", "score"), [("missed", "partial", 45.0), ("missed", "hit", 70.0), ("partial", "missed", 45.0), ("hit", "hit", 70.0)]
)
def test_a_follow_up_lifts_and_never_lowers(before: str, after: str, score: float) -> None:
    lifted = interview.lift(grade(Q1, before, "missed", "hit"), point_grade(Q1, "k1", after), "k1")  # type: ignore[arg-type]
    assert lifted.score == score
    assert lifted.points[0].weight == 50


def test_a_wrong_follow_up_reply_lifts_nothing() -> None:
    first = grade(Q1, "missed", "missed", "hit")
    assert interview.lift(first, point_grade(Q1, "k1", "hit", (WrongStatement("a", "b"),)), "k1") == first


def test_grades_of_other_points_are_refused() -> None:
    with pytest.raises(UserInputError, match="question q1 has the key points k1, k2, k3, the grade is of k2"):
        interview.reply(begun(), "x", point_grade(Q1, "k2", "hit"))
    state = interview.follow_up(interview.reply(begun(), "无", grade(Q1, "missed", "missed", "missed")))
    with pytest.raises(UserInputError, match="the follow-up is about key point k1, the grade is of k2"):
        interview.reply(state, "x", point_grade(Q1, "k2", "hit"))


def test_finishing_early_counts_the_open_question_as_skipped() -> None:
    state = interview.finish(begun(), at(1))
    assert [(item.question_id, item.skipped) for item in interview.asked_questions(state)] == [("q1", True)]


def test_finishing_within_a_retry_keeps_the_grade() -> None:
    state = interview.retry(interview.reply(begun(), "甲", grade(Q1, "hit", "hit", "hit")))
    asked = interview.asked_questions(interview.finish(state, at(1)))
    assert [(item.score, item.skipped) for item in asked] == [(100, False)]


def test_a_question_without_key_points_takes_any_grade() -> None:
    bare = replace(Q1, key_points=(), follow_ups=())
    state = interview.reply(interview.start(PLAN, (bare,), "s", START), "x", grade(Q1, "hit", "hit", "hit"))
    assert (state.phase, interview.next_follow_up(state)) == ("graded", None)


def test_the_plan_names_all_its_faults() -> None:
    with pytest.raises(UserInputError, match=r"must be 1 to 50, got 0.*mode document needs the id"):
        InterviewPlan(number=0, mode="document")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": ""}, "needs an id"),
        ({"questions": ()}, "there is no question"),
        ({"questions": (Q1, Q1)}, "stands twice"),
        ({"position": 9}, "out of range"),
        ({"position": 2}, "does not fit the position"),
        ({"phase": "graded"}, "a grade is missing"),
        ({"phase": "over"}, "does not fit the position"),
        ({"phase": "finished"}, "has an end"),
    ],
)
def test_a_state_no_interview_can_be_in_is_not_loaded(change: dict[str, object], said: str) -> None:
    broken = replace(begun(), **change)  # type: ignore[arg-type]
    with pytest.raises(UserInputError, match=said):
        interview.load(interview.dump(broken))


def test_a_later_format_is_refused() -> None:
    with pytest.raises(UserInputError, match="saved in format 2, this version reads 1"):
        interview.load({"format": 2, "interview": {}})


def test_choosing_at_random_follows_the_seed_alone() -> None:
    bank = [question(f"q{n}") for n in range(20)]
    chosen = interview.choose_questions(bank, InterviewPlan(number=5, seed=7), {}, START)
    assert interview.choose_questions(bank[::-1], InterviewPlan(number=5, seed=7), {}, START) == chosen
    assert interview.choose_questions(bank, InterviewPlan(number=5, seed=8), {}, START) != chosen
    assert len({q.id for q in chosen}) == 5


def remembered(name: str, score: float, due_in: float = 0) -> Remembered:
    """A question asked a day ago."""
    return Remembered(name, score, 1, START - timedelta(days=1), at(due_in))


def test_weak_first_then_never_asked_then_the_rest() -> None:
    bank = [question(name) for name in ("good", "new", "bad", "worse", "best")]
    memory = {q.question_id: q for q in (remembered("good", 70), remembered("bad", 50), remembered("worse", 0), remembered("best", 100))}
    chosen = interview.choose_questions(bank, InterviewPlan(number=9, mode="weak"), memory, START)
    assert [q.id for q in chosen] == ["worse", "bad", "new", "good", "best"]


def test_due_takes_what_is_due_longest_overdue_first() -> None:
    bank = [question(name) for name in "abcd"]
    memory = {q.question_id: q for q in (remembered("a", 50, 0), remembered("b", 50, -2), remembered("c", 50, 1))}
    plan = InterviewPlan(number=9, mode="due")
    assert [q.id for q in interview.choose_questions(bank, plan, memory, START)] == ["b", "a"]
    with pytest.raises(UserInputError, match="no question is due now"):
        interview.choose_questions(bank, plan, {}, START)


def test_one_document_and_the_filters() -> None:
    bank = [question("a", doc="x.md"), question("b", doc="y.md"), question("c", doc="x.md", area="theory"), question("d", doc="x.md", difficulty=3)]
    plan = InterviewPlan(number=9, mode="document", document="x.md")
    assert {q.id for q in interview.choose_questions(bank, plan, {}, START)} == {"a", "c", "d"}
    assert [q.id for q in interview.choose_questions(bank, replace(plan, areas=("theory",)), {}, START)] == ["c"]
    assert [q.id for q in interview.choose_questions(bank, replace(plan, difficulties=(3,)), {}, START)] == ["d"]
    with pytest.raises(UserInputError, match=r"no question is asked in z\.md"):
        interview.choose_questions(bank, replace(plan, document="z.md"), {}, START)
    with pytest.raises(UserInputError, match="no question of area magic and difficulty any"):
        interview.choose_questions(bank, replace(plan, areas=("magic",)), {}, START)


@given(st.integers(), st.integers(1, 50), st.sampled_from(["random", "weak"]))
def test_choosing_gives_distinct_questions_and_never_more_than_asked_for(seed: int, number: int, mode: interview.Mode) -> None:
    bank = [question(f"q{n}") for n in range(10)]
    chosen = interview.choose_questions(bank, InterviewPlan(number=number, seed=seed, mode=mode), {"q1": remembered("q1", 1)}, START)
    assert len(chosen) == min(number, 10) == len({q.id for q in chosen})


def test_the_candidate_has_the_last_word_on_a_verdict() -> None:
    wrong = WrongStatement("说反了", "q1 要点 2")
    state = interview.reply(begun(), "甲", grade(Q1, "missed", "missed", "hit", wrong=(wrong,)))
    claimed = interview.correct(state, "k2", "hit")
    assert claimed.exchange is not None
    lifted = claimed.exchange.lifted[0]
    assert [(p.verdict, p.corrected) for p in lifted.points] == [("missed", False), ("hit", True), ("hit", False)]
    assert (claimed.score, lifted.wrong, claimed.phase) == (50, (), "graded")
    assert claimed.exchange.grades == (grade(Q1, "missed", "missed", "hit", wrong=(wrong,)),)
    assert interview.correct(claimed, "k3", "missed").score == 30
    back = interview.correct(claimed, "k2", None)
    assert back.exchange == state.exchange
    assert (back.score, back.step) == (20, state.step + 2)
    chosen = interview.next_follow_up(interview.correct(state, "k1", "hit"))
    assert chosen is not None
    assert chosen.point == "k2"
    with pytest.raises(UserInputError, match="the key points k1, k2, k3, not 'k9'"):
        interview.correct(state, "k9", "hit")


def test_a_correction_stands_until_a_follow_up_earns_more() -> None:
    state = interview.correct(interview.reply(begun(), "甲", grade(Q1, "missed", "hit", "hit")), "k2", "missed")
    state = interview.follow_up(interview.skip(interview.follow_up(state)))
    assert state.pending is not None
    assert state.pending.point_id == "k2"
    worse = interview.reply(state, "不", point_grade(Q1, "k2", "missed"))
    better = interview.reply(state, "补上", point_grade(Q1, "k2", "hit"))
    assert (state.score, worse.score, better.score) == (20, 20, 50)


def test_all_points_claimed_make_a_whole_reply() -> None:
    graded = replace(grade(Q1, "missed", "missed", "hit"), score=12.0, flags=("keyword_list", "padding"))
    state = interview.reply(begun(), "甲", graded)
    for point in ("k1", "k2"):
        state = interview.correct(state, point, "hit")
    assert state.exchange is not None
    assert (state.score, state.exchange.lifted[0].flags) == (100, ("padding",))
    for point in ("k1", "k2", "k3"):
        state = interview.correct(state, point, "missed")
    assert state.score == 0


def test_a_correction_is_of_one_reply() -> None:
    state = interview.correct(interview.reply(begun(), "甲", grade(Q1, "missed", "missed", "missed")), "k1", "hit")
    state = interview.reply(interview.retry(state), "乙", grade(Q1, "missed", "hit", "missed"))
    assert state.exchange is not None
    assert [g.score for g in state.exchange.lifted] == [50, 30]
    assert interview.change(state) == interview.Change(gained=("k2",), lost=("k1",), difference=-20.0)


class AnyInterview(RuleBasedStateMachine):
    """Any transitions in any order: the legal ones do what a plain model says, the others raise and change nothing."""

    state: Interview

    @initialize(data=st.data(), number=st.integers(1, 3), language=st.sampled_from(["zh", "en"]))
    def begin(self, data: st.DataObject, number: int, language: str) -> None:
        asked = tuple(data.draw(questions(f"q{n}")) for n in range(number))
        self.state = interview.start(InterviewPlan(number=number, language=language), asked, "s", START)  # type: ignore[arg-type]
        self.asked, self.replies, self.hints, self.skipped, self.follow_ups = 0, 0, 0, 0, 0

    def move(self, action: interview.Action, after: Interview) -> None:
        assert action in interview.legal(self.state)
        assert after.step == self.state.step + 1
        assert after.questions == self.state.questions
        done = self.state.position
        assert after.exchanges[:done] == self.state.exchanges[:done]
        self.state = after

    def refused(self, action: interview.Action, error: UserInputError) -> None:
        assert action not in interview.legal(self.state)
        assert f"cannot {action} now" in str(error)

    @rule(data=st.data(), text=st.text(max_size=10))
    def reply(self, data: st.DataObject, text: str) -> None:
        current = self.state.question
        points = (self.state.pending_point,) if self.state.pending_point else current.key_points if current else ()
        graded = data.draw(grades(points))
        before = self.state.score
        pending = self.state.pending
        try:
            after = interview.reply(self.state, text, graded)
        except UserInputError as error:
            return self.refused("reply", error)
        self.move("reply", after)
        assert after.phase == "graded"
        assert after.exchange is not None
        if pending:
            assert after.score is not None
            assert before is not None
            assert after.score >= before
            assert after.exchange.follow_ups[-1].reply == text
        else:
            self.replies += 1
            assert after.exchange.replies[-1] == text
            assert after.exchange.grades[-1] == graded

    @rule(action=st.sampled_from(["hint", "skip", "retry", "follow_up", "advance"]))
    def other(self, action: interview.Action) -> None:
        try:
            after: Interview = getattr(interview, action)(self.state)
        except UserInputError as error:
            return self.refused(action, error)
        before = self.state
        self.move(action, after)
        if action == "hint":
            self.hints += 1
        elif action == "follow_up":
            self.follow_ups += 1
            assert before.exchange is not None
            assert after.pending is not None
            verdict = {p.point_id: p.verdict for p in before.exchange.lifted[-1].points}[after.pending.point_id]
            assert verdict != "hit"
        elif after.position != before.position:
            self.asked += 1
            self.skipped += action == "skip"

    @rule(data=st.data(), verdict=st.sampled_from(["hit", "partial", "missed", None]))
    def correct(self, data: st.DataObject, verdict: Verdict | None) -> None:
        exchange = self.state.exchange
        points = [p.point_id for p in exchange.grades[-1].points] if exchange and exchange.grades else []
        point = data.draw(st.sampled_from(points or ["k0"]))
        try:
            after = interview.correct(self.state, point, verdict)
        except UserInputError as error:
            return self.refused("correct", error)
        self.move("correct", after)
        assert after.exchange is not None
        shown = next(p for p in after.exchange.lifted[-1].points if p.point_id == point)
        assert shown.verdict == verdict or verdict is None
        assert not (verdict is None and shown.corrected)

    @precondition(lambda self: self.state.step > 3)
    @rule()
    def finish(self) -> None:
        try:
            after = interview.finish(self.state, at(1))
        except UserInputError as error:
            return self.refused("finish", error)
        before = self.state
        self.move("finish", after)
        waiting = before.exchange is not None and not before.exchange.grades
        self.skipped += waiting

    @rule()
    def kill_and_resume(self) -> None:
        self.state = interview.load(json.loads(json.dumps(interview.dump(self.state))))

    @invariant()
    def saved_exactly(self) -> None:
        text = json.dumps(interview.dump(self.state))
        again = interview.load(json.loads(text))
        assert again == self.state
        assert json.dumps(interview.dump(again)) == text

    @invariant()
    def agrees_with_the_model(self) -> None:
        state = self.state
        assert sum(len(e.replies) for e in state.exchanges) == self.replies
        assert sum(e.hints for e in state.exchanges) == self.hints
        assert sum(e.skipped for e in state.exchanges) == self.skipped
        assert sum(len(e.follow_ups) for e in state.exchanges) == self.follow_ups
        assert all(len(e.follow_ups) <= 2 and len({f.point_id for f in e.follow_ups}) == len(e.follow_ups) for e in state.exchanges)
        assert state.score is None or 0 <= state.score <= 100
        assert state.position == self.asked
        assert (state.prompt is not None) == ("reply" in interview.legal(state))
        assert len(interview.asked_questions(state)) == sum(bool(e.grades) or e.skipped for e in state.exchanges)


AnyInterview.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAnyInterview = AnyInterview.TestCase
