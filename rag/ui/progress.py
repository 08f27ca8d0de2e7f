"""The tab of progress: what was practised, what is due, and who practises."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from html import escape
from typing import Any

import gradio as gr

from rag.errors import UserInputError
from rag.history import History, Profile
from rag.interview import InterviewPlan, load
from rag.records import Language
from rag.tutor import Candidate, end_of_today
from rag.ui.faults import fault
from rag.ui.interview import Room, Seat
from rag.ui.opening import Opening
from rag.ui.progress_view import Record, progress_html
from rag.ui.shared import PRIVATE, Shared, Tab, detail, language_of_view, owner, practising, script
from rag.ui.strings import say

SESSIONS = 200
REVIEW = 10


def build(shared: Shared, seat: Seat) -> Tab:
    """The tab; what is started here goes on in the interview's."""
    ledger = Ledger(shared.opening)
    page = gr.HTML("", elem_id="progress-page", js_on_load=script("progress"), apply_default_css=False)
    outbox = gr.HTML("", elem_id="progress-outbox", js_on_load=script("interviewOutbox"), apply_default_css=False)
    here: list[Any] = [shared.view, seat.profile, seat.playing]
    page.apply(ledger.act, [*here, shared.key], [page, seat.room, seat.profile, seat.playing], queue=False, **PRIVATE)
    page.select(ledger.play, here, [seat.room, seat.profile, seat.playing], concurrency_limit=4, **PRIVATE)
    page.download(ledger.export, [*here, shared.key], outbox, queue=False, **PRIVATE)
    return Tab(ledger.draw, [seat.profile], [page], ledger.draw, [page])


class Ledger:
    """What happens when something is done in the tab."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._room = Room(opening)

    def draw(self, view: str, profile: str) -> str:
        """The whole tab."""
        return self._html(language_of_view(view), profile)

    def act(self, event: gr.EventData, view: str, profile: str, playing: str, browser: str) -> tuple[str, Any, str, str]:
        """Make, rename, choose or delete a profile; the interview tab follows."""
        language, history = language_of_view(view), self._opening.history
        do, key, name = detail(event, "do", 20), detail(event, "id", 20), detail(event, "name", 200)
        told = ""
        mine, known = practising(history, profile)
        if history is not None:
            try:
                if do == "new":
                    profile, playing = str(history.profile(name, datetime.now(UTC)).id), ""
                elif do == "rename" and mine is not None:
                    history.rename_profile(mine.id, name)
                elif do == "switch" and any(str(p.id) == key for p in known):
                    profile, playing = key, ""
                elif do == "delete" and mine is not None:
                    history.delete_all(mine.id, _key(browser))
                    profile, playing, told = "", "", say(language, "pg_deleted")
            except UserInputError as error:
                told = fault(error, language_of_view(view))
        return self._html(language, profile, told), self._room.draw(view, profile, playing), profile, playing

    def play(self, event: gr.EventData, view: str, profile: str, playing: str) -> tuple[str, str, str]:
        """The report on a past interview, or a new one over what is due."""
        history, tutor, mine = self._opening.history, self._opening.tutor, practising(self._opening.history, profile)[0]
        if detail(event, "do", 20) == "report":
            playing = detail(event, "id", 64)
        elif history is not None and tutor is not None and mine is not None:
            plan = InterviewPlan(number=REVIEW, language=language_of_view(view), mode="due", seed=secrets.randbelow(2**31))
            try:
                playing = tutor.start_interview(plan, Candidate(history, mine.id), detail(event, "question", 200) or None).id
            except UserInputError as error:
                gr.Warning(escape(fault(error, language_of_view(view))))
        return self._room.draw(view, profile, playing), profile, playing

    def export(self, view: str, profile: str, playing: str, browser: str) -> str:
        """Everything kept of the profile as a file for the browser to save."""
        history = self._opening.history
        mine = practising(history, profile)[0]
        if history is None or mine is None:
            return ""
        body = json.dumps(history.export_all(mine.id, _key(browser)), ensure_ascii=False, indent=1)
        return f'<pre hidden data-save="mianjing-{datetime.now(UTC):%Y%m%d}.json" data-type="application/json">{escape(body)}</pre>'

    def _html(self, language: Language, profile: str, told: str = "") -> str:
        history = self._opening.history
        if history is None:
            reason = self._opening.history_fault
            text = say(language, "iv_no_history", fault=reason) if reason else say(language, "still_opening")
            return f'<div class="pg"><h2 class="display">{say(language, "pg_title")}</h2><p class="lead">{escape(text)}</p></div>'
        mine, known = practising(history, profile)
        return progress_html(self._record(history, mine) if mine else None, known, language, told)

    def _record(self, history: History, mine: Profile) -> Record:
        now = datetime.now().astimezone()
        tutor = self._opening.tutor
        questions = {question.id: question for question in tutor.pool} if tutor else None
        there = questions.keys() if questions is not None else set()
        finished = []
        for saved in history.sessions(mine.id, "finished", SESSIONS):
            try:
                finished.append((saved, load(saved.state)))
            except UserInputError:
                continue  # of a version that wrote interviews otherwise; its replies are counted all the same
        scores = history.scores(mine.id)
        gone = history.texts(mine.id, {s.question_id for s in scores} - there)
        return Record(
            profile=mine,
            streak=history.streak(mine.id, now.date(), now.tzinfo or UTC),
            progress=history.progress(mine.id, now.tzinfo or UTC),
            scores=scores,
            gone=gone,
            memory=history.memory(mine.id),
            due=[card for card in history.due(mine.id, end_of_today()) if card.question_id in there],
            sessions=finished,
            questions=questions,
            now=now,
            zone=now.tzinfo,
        )


def _key(browser: str) -> str | None:
    """The key that a browser keeps, if it keeps one."""
    mine = owner(browser)
    return mine.browser if mine else None
