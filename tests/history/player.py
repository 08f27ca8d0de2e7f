"""Run as a process of its own: plays and saves, until it is done or killed."""

from __future__ import annotations

import sys

from practice_samples import START, at, grade, question

from rag import interview
from rag.config import Settings
from rag.history import Attempt, History, SessionState
from rag.interview import Interview

QUESTIONS = tuple(question(f"q{n}") for n in range(3))


def saved(state: Interview) -> SessionState:
    """An interview as the history takes it."""
    return SessionState(state.id, state.step, interview.dump(state), "finished" if state.finished else "open")


def play(history: History, profile: int, state: Interview) -> Interview:
    """Go on with an interview to its end: each question is answered twice; everything is saved as it happens."""
    while state.question is not None:
        asked = state.question
        number = len(state.exchanges[state.position].grades)
        if state.phase == "question":
            graded = grade(asked, "hit", "hit" if number else "missed", "missed")
            state = interview.reply(state, f"第 {number} 次", graded)
            attempt = Attempt(asked.id, asked.area, "retry" if number else "reply", f"第 {number} 次", graded, at(state.step))
            history.record_attempt(profile, attempt, saved(state))
        else:
            state = interview.retry(state) if number < 2 else interview.advance(state)
            history.save_session(profile, saved(state), at(state.step))
        sys.stdout.write(f"{state.step}\n")
        sys.stdout.flush()
    state = interview.finish(state, at(state.step))
    history.save_session(profile, saved(state), at(state.step))
    return state


def main(job: str, url: str, name: str, times: int = 0) -> None:
    """``play``: one interview; ``attempts``: so many replies to one question."""
    with History.open(Settings(history_url=url)) as history:
        profile = history.profile(name, START).id
        if job == "play":
            play(history, profile, interview.start(interview.InterviewPlan(number=3), QUESTIONS, "s1", START))
        for n in range(times):
            history.record_attempt(profile, Attempt("q0", "vision", "reply", "x", grade(QUESTIONS[0], "hit", "hit", "missed"), at(n)))


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))
