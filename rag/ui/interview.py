"""The tab in which interviews are held."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from threading import Thread
from typing import Any, cast

import gradio as gr

from rag.errors import MianjingError, UserInputError
from rag.history import History, SavedSession
from rag.interview import Interview, InterviewPlan, Mode, load
from rag.records import Language, Question, Verdict
from rag.report import AREAS, report_to_json, to_anki, to_markdown
from rag.tutor import MAX_REPLY, Candidate, Tutor, end_of_today
from rag.ui.faults import fault
from rag.ui.interview_play import play_html
from rag.ui.interview_report import report_html
from rag.ui.interview_start import Choices, start_html
from rag.ui.opening import Opening
from rag.ui.shared import PRIVATE, Shared, Tab, chosen, detail, document_at, language_of_view, number, practising, script
from rag.ui.strings import say

UNFINISHED = 30
CORRECTIONS: dict[str, Verdict | None] = {"claim": "hit", "disown": "missed", "withdraw": None}
EXPORTS = {"markdown": ("md", "text/markdown"), "json": ("json", "application/json"), "anki": ("txt", "text/plain")}


def _prepare(tutor: Tutor, question: Question, language: Language) -> None:
    """Compute what grading will need while the candidate writes; what fails now is said when a reply is graded."""
    with suppress(MianjingError):
        tutor.prepare_grading(question, language)


@dataclass(frozen=True, slots=True)
class Seat:
    """What the interview and progress tabs share: who practises in this browser, which interview is on, and the place where it is shown."""

    profile: gr.BrowserState
    playing: gr.State
    room: gr.HTML


def build(shared: Shared) -> tuple[Tab, Seat]:
    """The interview, beside it a document that was opened."""
    room = Room(shared.opening)
    view, profile = shared.view, shared.profile
    playing = gr.State("")
    with gr.Row(elem_id="interview", equal_height=False):
        shown = gr.HTML("", elem_id="interview-room", js_on_load=script("interview"), apply_default_css=False)
        pane = gr.HTML("", elem_id="interview-pane", js_on_load=script("interviewPane"), apply_default_css=False)
    outbox = gr.HTML("", elem_id="interview-outbox", js_on_load=script("interviewOutbox"), apply_default_css=False)

    seat: list[Any] = [view, profile, playing]
    after: list[Any] = [shown, profile, playing]
    replying = shown.submit(room.reply, seat, after, concurrency_limit=2, concurrency_id="tutor", **PRIVATE)
    replying.failure(room.again, seat, after, queue=False, **PRIVATE)
    shown.apply(room.act, seat, after, concurrency_limit=4, **PRIVATE)
    shown.download(room.export, seat, outbox, queue=False, **PRIVATE)
    shown.expand(room.open_document, view, pane, queue=False, **PRIVATE)
    pane.collapse(lambda: "", None, pane, queue=False, **PRIVATE)
    return Tab(room.draw, [profile, playing], [shown], room.draw, [shown]), Seat(profile, playing, shown)


class Room:
    """What happens when something is done in the tab. It holds no interview: each is loaded from the history and saved there with every step."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening

    def draw(self, view: str, profile: str, playing: str) -> str:
        """The whole tab."""
        return self._html(language_of_view(view), profile, playing)

    def again(self, view: str, profile: str, playing: str) -> tuple[str, str, str]:
        """The tab as the history has it, after something failed."""
        return self._html(language_of_view(view), profile, playing), profile, playing

    def reply(self, event: gr.EventData, view: str, profile: str, playing: str) -> tuple[str, str, str]:
        """Grade a reply; a follow-up that fits is asked at once, but for a question that is answered again."""
        text = detail(event, "text", MAX_REPLY)

        def step(tutor: Tutor, state: Interview, me: Candidate) -> Interview:
            answered = state.exchange is not None and bool(state.exchange.grades)
            return tutor.reply(state, text, me, probe=state.pending is not None or not answered)

        return self._step(step, event, view, profile, playing)

    def act(self, event: gr.EventData, view: str, profile: str, playing: str) -> tuple[str, str, str]:
        """Everything but a reply."""
        language, do = language_of_view(view), detail(event, "do", 20)
        if do in CORRECTIONS:
            point = detail(event, "id", 64)
            return self._step(lambda tutor, state, me: tutor.correct(state, point, CORRECTIONS[do], me), event, view, profile, playing)
        if do in {"hint", "skip", "retry", "follow_up", "advance", "finish"}:

            def step(tutor: Tutor, state: Interview, me: Candidate) -> Interview:
                if do == "finish":
                    tutor.finish(state, me)
                    return tutor.resume_interview(state.id, me)
                return cast(Interview, getattr(tutor, do)(state, me))

            return self._step(step, event, view, profile, playing)
        try:
            if do == "start":
                return self._start(event, language, profile)
            if do == "again":
                return self._start_again(language, profile, detail(event, "session"))
            if do == "abandon":
                self._abandon(profile, detail(event, "id"))
            elif do == "resume":
                playing = detail(event, "id", 64)
                self._finish_asked(profile, playing)
        except UserInputError as error:
            gr.Warning(escape(fault(error, language_of_view(view))))
        if do in {"leave", "abandon"}:
            playing = ""
        return self._html(language, profile, playing), profile, playing

    def export(self, event: gr.EventData, view: str, profile: str, playing: str) -> str:
        """The report as a file for the browser to save."""
        kind, tutor, me = detail(event, "kind", 20), self._opening.tutor, self._candidate(profile)
        if kind not in EXPORTS or tutor is None or me is None:
            return ""
        try:
            state = tutor.resume_interview(playing, me)
        except UserInputError as error:
            gr.Warning(escape(fault(error, language_of_view(view))))
            return ""
        report = tutor.report(state)
        if kind == "markdown":
            text = to_markdown(report, {area: name.in_language(report.language) for area, name in AREAS.items()})
        elif kind == "json":
            text = report_to_json(report)
        else:
            text = to_anki(report, {question.id: question for question in state.questions})
        suffix, mime = EXPORTS[kind]
        # The parser of HTML drops a newline right after <pre>.
        day = f"{datetime.fromisoformat(report.finished).astimezone():%Y-%m-%d}"
        return f'<pre hidden data-save="mianjing-{day}-{state.id[:6]}.{suffix}" data-type="{mime}">\n{escape(text)}</pre>'

    def open_document(self, event: gr.EventData, view: str) -> Any:
        """The document an event names, at the span it names."""
        return document_at(self._opening, event, language_of_view(view), back="iv_close")

    def _candidate(self, profile: str) -> Candidate | None:
        history = self._opening.history
        mine = practising(history, profile)[0]
        return Candidate(history, mine.id) if history is not None and mine is not None else None

    def _step(
        self, step: Callable[[Tutor, Interview, Candidate], Interview], event: gr.EventData, view: str, profile: str, playing: str
    ) -> tuple[str, str, str]:
        """One step of the interview that the page shows, from its state in the history; none where that is no longer the state shown."""
        language, tutor, me = language_of_view(view), self._opening.tutor, self._candidate(profile)
        if tutor is not None and me is not None and detail(event, "session") == playing:
            try:
                state = tutor.resume_interview(playing, me)
                if state.step != number(event, "step"):
                    gr.Warning(say(language, "iv_went_on"))
                elif (state := step(tutor, state, me)).phase == "over":
                    tutor.finish(state, me)
            except UserInputError as error:
                gr.Warning(escape(fault(error, language_of_view(view))))
        return self._html(language, profile, playing), profile, playing

    def _start(self, event: gr.EventData, language: Language, profile: str) -> tuple[str, str, str]:
        difficulties = tuple(int(d) for d in chosen(event, "difficulties", 3) if d in {"1", "2", "3"})
        plan = InterviewPlan(
            number=number(event, "number"),
            language="zh" if detail(event, "spoken") == "zh" else "en",
            mode=cast(Mode, detail(event, "mode", 20)),
            areas=tuple(chosen(event, "areas", 1000)),
            difficulties=() if len(difficulties) == 3 else difficulties,
            document=detail(event, "document") or None,
            seed=secrets.randbelow(2**31),
        )
        return self._play(plan, language, detail(event, "profile", 20) or profile)

    def _start_again(self, language: Language, profile: str, session: str) -> tuple[str, str, str]:
        tutor, me = self._opening.tutor, self._candidate(profile)
        if tutor is None or me is None:
            return self._html(language, profile, ""), profile, ""
        plan = tutor.resume_interview(session, me).plan
        return self._play(replace(plan, seed=secrets.randbelow(2**31)), language, profile)

    def _play(self, plan: InterviewPlan, language: Language, profile: str) -> tuple[str, str, str]:
        """A new interview; who practises alone needs no name first."""
        tutor, history = self._opening.tutor, self._opening.history
        if tutor is None or history is None:
            return self._html(language, profile, ""), profile, ""
        mine, known = practising(history, profile)
        if mine is None and not known:
            mine = history.profile(say(language, "pg_me"), datetime.now(UTC))
        if mine is None:
            return self._html(language, profile, ""), profile, ""
        try:
            state = tutor.start_interview(plan, Candidate(history, mine.id))
        except UserInputError:
            gr.Warning(say(language, "iv_no_fit"))
            return self._html(language, str(mine.id), ""), str(mine.id), ""
        return self._html(language, str(mine.id), state.id), str(mine.id), state.id

    def _finish_asked(self, profile: str, session: str) -> None:
        """An interview whose process died between its last question and its end is ended."""
        tutor, me = self._opening.tutor, self._candidate(profile)
        if tutor is not None and me is not None and (state := tutor.resume_interview(session, me)).phase == "over":
            tutor.finish(state, me)

    def _abandon(self, profile: str, session: str) -> None:
        tutor, me = self._opening.tutor, self._candidate(profile)
        if tutor is not None and me is not None:
            tutor.abandon(tutor.resume_interview(session, me), me)

    def _html(self, language: Language, profile: str, playing: str) -> str:
        tutor, history = self._opening.tutor, self._opening.history
        if tutor is None:
            return f'<div class="iv"><h2 class="display">{say(language, "iv_title")}</h2><p class="lead">{say(language, "iv_opening")}</p></div>'
        if history is None:
            return f'<div class="iv"><p class="callout" role="alert">{escape(say(language, "iv_no_history", fault=self._opening.history_fault))}</p></div>'
        me = self._candidate(profile)
        if playing and me is not None:
            try:
                state = tutor.resume_interview(playing, me)
            except UserInputError as error:
                gr.Warning(escape(fault(error, language)))
            else:
                if state.phase in {"over", "finished"}:
                    return report_html(tutor.report(state), language, tutor)
                if state.question is not None and state.phase == "question":
                    Thread(target=_prepare, args=(tutor, state.question, state.plan.language), daemon=True).start()
                return play_html(state, language, tutor)
        return start_html(self._choices(tutor, history, profile), language)

    def _choices(self, tutor: Tutor, history: History, profile: str) -> Choices:
        mine, known = practising(history, profile)
        due = 0
        unfinished: list[tuple[SavedSession, Interview]] = []
        if mine is not None:
            ids = {question.id for question in tutor.pool}
            due = sum(card.question_id in ids for card in history.due(mine.id, end_of_today()))
            for saved in history.sessions(mine.id, "open", UNFINISHED):
                try:
                    unfinished.append((saved, load(saved.state)))
                except UserInputError:
                    continue  # of a version that wrote interviews otherwise; the progress tab still counts its replies
        return Choices(tutor.pool, tutor.documents(), due, mine, known, unfinished)
