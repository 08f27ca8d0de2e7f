"""The history: the same promises on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from player import QUESTIONS, saved
from practice_samples import START, at, grade, grades
from sqlalchemy import func, select

from rag import interview
from rag.errors import UserInputError
from rag.history import Attempt, DayScore, Feedback, History, Owner, Scored, SessionState
from rag.history.rows import AttemptKind
from rag.history.tables import metadata
from rag.records import Grade

Q = QUESTIONS[0]
GOOD, BAD = grade(Q, "hit", "hit", "missed"), grade(Q, "missed", "missed", "missed")


def attempt(when: datetime, graded: Grade = GOOD, name: str = "q0", area: str = "vision", kind: AttemptKind = "reply", text: str = "答") -> Attempt:
    """A graded reply."""
    return Attempt(name, area, kind, text, graded, when)


def test_profiles_are_made_once_and_listed_by_name(history: History) -> None:
    second = history.profile(" 小  王 ", START)
    first = history.profile("Ada", START)
    assert history.profile("小 王", at(5)) == second
    assert (second.name, second.created) == ("小 王", START)
    assert history.profiles() == (first, second)
    history.rename_profile(second.id, "老王")
    assert [p.name for p in history.profiles()] == ["Ada", "老王"]
    with pytest.raises(UserInputError, match="named 'Ada' already"):
        history.rename_profile(second.id, "Ada")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "a\x00b"])
def test_an_unfit_name_is_refused(history: History, name: str) -> None:
    with pytest.raises(UserInputError, match="1 to 80 printable characters"):
        history.profile(name, START)


def test_an_unknown_profile_is_named_with_those_there_are(history: History) -> None:
    known = history.profile("Ada", START).id
    for call in (history.export_all, history.delete_all, lambda p: history.record_attempt(p, attempt(START))):
        with pytest.raises(UserInputError, match=rf"there is no profile 99; there are: {known} \(Ada\)"):
            call(99)


def test_an_interview_is_saved_and_loaded_as_it_was(history: History) -> None:
    profile = history.profile("Ada", START).id
    state = interview.start(interview.InterviewPlan(number=3), QUESTIONS, "s1", START)
    history.save_session(profile, saved(state), START)
    state = interview.reply(state, "答\x00\ud800", GOOD)
    due = history.record_attempt(profile, attempt(at(1), text="答\x00\ud800"), saved(state))
    found = history.session(profile, "s1")
    assert interview.load(found.state) == state
    assert (found.step, found.status, found.created, found.updated) == (1, "open", START, at(1))
    assert [a.reply for a in history.attempts(profile, session_id="s1")] == ["答\ufffd\ufffd"]
    assert due is not None
    assert due > at(1)
    state = interview.finish(state, at(2))
    history.save_session(profile, saved(state), at(2))
    assert [s.id for s in history.sessions(profile, "finished")] == ["s1"]
    assert history.sessions(profile, "open") == ()


def test_of_two_pages_that_play_one_interview_one_is_refused_and_saves_nothing(history: History) -> None:
    profile, other = history.profile("Ada", START).id, history.profile("Bob", START).id
    start = interview.start(interview.InterviewPlan(number=3), QUESTIONS, "s1", START)
    history.save_session(profile, saved(start), START)
    here = there = start
    here = interview.reply(here, "这边", GOOD)
    there = interview.reply(there, "那边", BAD)
    history.record_attempt(profile, attempt(at(1)), saved(here))
    with pytest.raises(UserInputError, match="went on elsewhere"):
        history.record_attempt(profile, attempt(at(1), BAD), saved(there))
    assert len(history.attempts(profile)) == 1
    assert history.memory(profile)["q0"].reviews == 1
    with pytest.raises(UserInputError, match="has no interview 's1'"):
        history.save_session(other, saved(interview.advance(here)), at(2))
    with pytest.raises(UserInputError, match="has no interview 's1'"):
        history.session(other, "s1")


def test_the_schedule_follows_first_replies_only(history: History) -> None:
    profile = history.profile("Ada", START).id
    due = history.record_attempt(profile, attempt(START, BAD))
    assert due == at(24)
    assert history.record_attempt(profile, attempt(at(1), GOOD, kind="retry")) is None
    assert history.record_attempt(profile, attempt(at(1), GOOD, kind="follow_up")) is None
    kept = history.memory(profile)["q0"]
    assert (kept.last_score, kept.reviews, kept.last_asked, kept.due) == (0, 1, START, due)
    history.record_attempt(profile, attempt(START, GOOD, "q1"))
    assert history.due(profile, at(23)) == ()
    assert [(card.question_id, card.due) for card in history.due(profile, at(24))] == [("q0", at(24))]
    assert [card.question_id for card in history.due(profile, at(24 * 30))] == ["q0", "q1"]
    assert history.due(history.profile("Bob", START).id, at(999)) == ()


def test_a_corrected_first_reply_is_scheduled_as_if_it_had_been_graded_so(history: History) -> None:
    profile, other = history.profile("Ada", START).id, history.profile("Bob", START).id
    for person in (profile, other):
        history.record_attempt(person, attempt(START, BAD))
    state = interview.start(interview.InterviewPlan(number=3), QUESTIONS, "s1", START)
    state = interview.reply(state, "答", BAD)
    history.record_attempt(profile, attempt(at(48), BAD), saved(state))
    history.record_attempt(profile, attempt(at(49), BAD, kind="retry"), None)
    state = interview.correct(interview.correct(state, "k1", "hit"), "k2", "hit")
    history.correct_attempt(profile, saved(state), "q0", "reply", GOOD, at(50))
    history.record_attempt(other, attempt(at(48), GOOD))
    assert history.memory(profile) == history.memory(other)
    assert [(a.kind, a.grade.score) for a in history.attempts(profile)] == [("retry", 0), ("reply", 80), ("reply", 0)]
    assert interview.load(history.session(profile, "s1").state) == state
    with pytest.raises(UserInputError, match="went on elsewhere"):
        history.correct_attempt(profile, saved(state), "q0", "reply", BAD, at(51))
    assert history.memory(profile) == history.memory(other)


def test_the_words_of_a_question_are_not_those_of_its_follow_up(history: History) -> None:
    profile = history.profile("Ada", START).id
    history.record_attempt(profile, attempt(START))
    history.record_attempt(profile, attempt(at(1), replace(GOOD, question="追问"), kind="follow_up"))
    assert history.texts(profile, {"q0", "q9"}) == {"q0": GOOD.question}
    assert history.texts(profile, ()) == {}


def test_streaks_count_days_of_the_persons_zone(history: History) -> None:
    profile = history.profile("Ada", START).id
    today = START.date()
    assert history.streak(profile, today) == 0
    for days in (1, 2, 3, 5):
        history.record_attempt(profile, attempt(START - timedelta(days=days)))
    assert history.streak(profile, today) == 3
    history.record_attempt(profile, attempt(START))
    assert history.streak(profile, today) == 4
    assert history.streak(profile, today + timedelta(days=2)) == 0
    late = timezone(timedelta(hours=-10))  # 09:00 in UTC is the evening before
    assert history.streak(profile, today - timedelta(days=1), late) == 4


def test_progress_is_the_daily_mean_of_first_replies_by_area(history: History) -> None:
    profile = history.profile("Ada", START).id
    for one in (attempt(at(0)), attempt(at(1), BAD, area="theory"), attempt(at(24), BAD), attempt(at(25), kind="retry")):
        history.record_attempt(profile, one)
    progress = history.progress(profile)
    day = START.date()
    assert progress.overall == (DayScore(day, 40.0, 2), DayScore(day + timedelta(days=1), 0.0, 1))
    assert progress.areas == {"theory": (DayScore(day, 0.0, 1),), "vision": (DayScore(day, 80.0, 1), DayScore(day + timedelta(days=1), 0.0, 1))}
    assert [score.day for score in history.progress(profile, since=at(24)).overall] == [day + timedelta(days=1)]


def test_attempts_come_newest_first_with_their_grade(history: History) -> None:
    profile = history.profile("Ada", START).id
    for n, name in enumerate(("q0", "q1", "q0")):
        history.record_attempt(profile, attempt(at(n), name=name))
    assert [(a.question_id, a.at) for a in history.attempts(profile)] == [("q0", at(2)), ("q1", at(1)), ("q0", at(0))]
    assert history.attempts(profile, question_id="q1") == (attempt(at(1), name="q1"),)
    assert len(history.attempts(profile, limit=1)) == 1
    whole = history.attempts(profile)
    assert history.scores(profile) == tuple(Scored(a.question_id, a.area, a.kind, a.grade.score) for a in whole)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graded=grades(Q.key_points), when=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.timezones()))
def test_any_grade_and_any_time_come_back(history: History, graded: Grade, when: datetime) -> None:
    profile = history.profile("Ada", START).id
    history.record_attempt(profile, attempt(when, graded, kind="retry"))
    back = next(a for a in history.attempts(profile, limit=100_000) if a.grade == graded and a.at == when)
    assert back.at.tzinfo == UTC


def test_a_time_without_a_zone_is_refused(history: History) -> None:
    with pytest.raises(UserInputError, match="has no time zone"):
        history.profile("Ada", datetime(2026, 1, 1))
    with pytest.raises(UserInputError, match="has no time zone"):
        history.due(1, datetime(2026, 1, 1))


def test_feedback_is_kept(history: History) -> None:
    profile, mine = history.profile("Ada", START).id, Owner(browser="k" * 32)
    said = Feedback("wrong_source", "什么是 BN？", {"text": "答案\x00"}, START)
    history.save_conversation(Owner(profile), "c1", "a", [{"x": 1}], START)
    history.save_conversation(mine, "c2", "b", [{"x": 1}, {"x": 2}], START)
    history.save_feedback(Owner(profile), "c1", 0, said)
    history.save_feedback(mine, "c2", 1, Feedback("wrong_answer", "q", {}, START))
    history.save_feedback(mine, "c2", 1, Feedback("helpful", "q", {}, at(1)))
    assert history.feedback(profile) == (said,)
    assert [f.kind for f in history.feedback()] == ["helpful", "wrong_source"]
    assert [f.kind for f in history.feedback_of(mine)] == ["helpful"]
    history.delete_feedback(Owner(browser="other"), "c2", 1)
    assert len(history.feedback_of(mine)) == 1
    history.delete_feedback(mine, "c2", 1)
    assert history.feedback() == (said,)
    with pytest.raises(UserInputError, match="feedback is helpful, wrong_source, wrong_answer, got 'bad'"):
        history.save_feedback(mine, "c2", 0, Feedback("bad", "q", {}, START))  # type: ignore[arg-type]
    with pytest.raises(UserInputError, match="no conversation 'c1' of this owner"):
        history.save_feedback(mine, "c1", 0, said)


def test_feedback_is_deleted_with_its_conversation_and_with_its_profile(history: History) -> None:
    profile, mine, other = history.profile("Ada", START).id, Owner(browser="k" * 32), Owner(browser="o" * 32)
    for owner, name in ((mine, "c1"), (mine, "c2"), (mine, "c3"), (other, "c4")):
        history.save_conversation(owner, name, name, [{"x": 1}], START)
    for owner, name, practising in ((mine, "c1", None), (mine, "c2", None), (mine, "c3", profile), (other, "c4", None)):
        history.save_feedback(owner, name, 0, Feedback("helpful", name, {}, START), practising)
    history.delete_conversation(mine, "c1")
    assert sorted(f.question for f in history.feedback()) == ["c2", "c3", "c4"]
    assert [row["question"] for row in history.export_all(profile)["feedback"]] == ["c3"]
    assert [row["question"] for row in history.export_all(profile, mine.browser)["feedback"]] == ["c2", "c3"]
    assert history.delete_all(profile, mine.browser)["feedback"] == 2
    assert [f.question for f in history.feedback()] == ["c4"]
    assert len(history.conversations(mine)) == 2
    assert history.delete_conversations(other) == 1
    assert history.feedback() == ()


def test_conversations_keep_the_time_of_unchanged_messages(history: History) -> None:
    profile = history.profile("Ada", START).id
    owner = Owner(profile)
    ask, answer, edited = ({"role": "user", "content": c} for c in ("问", "答", "改"))
    history.save_conversation(owner, "c1", "题", [ask, answer], START)
    history.save_conversation(owner, "c1", "题", [ask, answer, ask], at(1))
    history.save_conversation(owner, "c2", "空", [], at(2))
    history.save_conversation(owner, "c1", "新题", [ask, edited], at(3))
    assert [(h.id, h.title, h.messages, h.updated) for h in history.conversations(owner)] == [("c1", "新题", 2, at(3)), ("c2", "空", 0, at(2))]
    found = history.conversation(owner, "c1")
    assert (found.messages, found.created) == ((ask, edited), START)
    kept = history.export_all(profile)["messages"]
    assert [row["at"] for row in kept] == [START.isoformat(), at(3).isoformat()]


def test_a_conversation_is_saved_from_where_it_changed(history: History) -> None:
    owner = Owner(history.profile("Ada", START).id)
    a, b, c, d = ({"text": name} for name in "abcd")
    for n, (said, since, kept) in enumerate(
        (
            ([a, b, c], 2, (a, b, c)),  # nothing of it was there: all is saved
            ([a, b, d], 2, (a, b, d)),
            ([c, b, d, a], 3, (a, b, d, a)),  # what stands before is not looked at
            ([c, b], 9, (c, b)),  # nothing like that: all is compared
            ([c], 1, (c,)),
        )
    ):
        history.save_conversation(owner, "c1", "题", said, at(n), since=since)
        assert history.conversation(owner, "c1").messages == kept


def test_a_conversation_is_its_owners_alone(history: History) -> None:
    profile = history.profile("Ada", START).id
    mine, key, other = Owner(profile), Owner(browser="k" * 32), Owner(browser="other")
    history.save_conversation(mine, "c1", "a", [{"x": 1}], START)
    history.save_conversation(key, "c2", "b", [{"x": 1}], START)
    for owner, name in ((key, "c1"), (mine, "c2"), (other, "c2")):
        for call in (history.conversation, history.delete_conversation, lambda o, c: history.rename_conversation(o, c, "t")):
            with pytest.raises(UserInputError, match="no conversation"):
                call(owner, name)
        with pytest.raises(UserInputError, match="no conversation"):
            history.save_conversation(owner, name, "t", [], START)
    history.rename_conversation(key, "c2", "新")
    assert [h.title for h in history.conversations(key)] == ["新"]
    assert history.delete_conversations(key) == 1
    history.delete_conversation(mine, "c1")
    assert history.conversations(mine) == ()
    for wrong in ({}, {"profile": 1, "browser": "k"}, {"browser": ""}):
        with pytest.raises(UserInputError, match="belongs to a profile or to a browser"):
            Owner(**wrong)  # type: ignore[arg-type]


def fill(history: History, profile: int, mark: str) -> None:
    """Something of this profile in every table."""
    history.record_attempt(profile, attempt(START, text=mark), SessionState(f"s{mark}", 0, {"text": mark}))
    history.save_conversation(Owner(profile), f"c{mark}", mark, [{"text": mark}], START)
    history.save_feedback(Owner(profile), f"c{mark}", 0, Feedback("helpful", mark, {}, START))


def test_everything_is_exported_and_everything_is_deleted(history: History) -> None:
    ada, bob = history.profile("Ada", START).id, history.profile("Bob", START).id
    fill(history, ada, "marker-ada")
    fill(history, bob, "marker-bob")
    before = history.export_all(bob)
    exported = history.export_all(ada)
    assert json.loads(json.dumps(exported)) == exported
    assert all(len(exported[name]) == 1 for name in metadata.tables)
    text = json.dumps(exported)
    assert "marker-ada" in text
    assert "marker-bob" not in text
    assert history.delete_all(ada) == dict.fromkeys(metadata.tables, 1)
    assert history.export_all(bob) == before
    with history.engine.connect() as connection:
        for table in metadata.tables.values():
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 1


def test_the_same_replies_make_the_same_schedule(history: History) -> None:
    dues = []
    for name in ("Ada", "Bob"):
        profile = history.profile(name, START).id
        for n, graded in enumerate((GOOD, BAD, GOOD, GOOD)):
            history.record_attempt(profile, attempt(START + timedelta(days=3 * n), graded))
        dues.append([card.due for card in history.due(profile, at(9999))])
    assert dues[0] == dues[1]
    assert dues[0][0].date() > date(2026, 11, 30)
