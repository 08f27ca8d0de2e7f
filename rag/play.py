"""`mianjing interview`: a mock interview in the terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rag.errors import UserInputError
from rag.history import History
from rag.interview import Interview, InterviewPlan, change, legal
from rag.records import Grade, Language, Report, Verdict
from rag.report import AREAS, area_name, report_to_json, to_anki, to_markdown
from rag.tutor import Candidate, Tutor

HELP: Mapping[Language, str] = {
    "zh": "写完回答后另起一行只写一个句点 . 提交。命令：:hint 提示，:skip 跳过，:quit 停下（以后可以接着面），:end 结束看报告，:help 这段说明。",
    "en": "End a reply with a line that holds only a full stop. Commands: :hint, :skip, :quit (go on later), :end (report), :help.",
}
WORDS: Mapping[str, Mapping[Language, str]] = {
    "question": {"zh": "第 {at} / {of} 题 · {area}", "en": "Question {at} of {of} · {area}"},
    "follow_up": {"zh": "追问", "en": "Follow-up"},
    "hint": {"zh": "提示：{text}", "en": "Hint: {text}"},
    "no_hint": {"zh": "没有更多提示了。", "en": "There are no more hints."},
    "score": {"zh": "得分 {score} / 100", "en": "Score {score} / 100"},
    "hit": {"zh": "✓ 说到了", "en": "✓ said"},
    "partial": {"zh": "◐ 说了一半", "en": "◐ half said"},
    "missed": {"zh": "✗ 没说到", "en": "✗ missed"},
    "words": {"zh": "凭你这句：{text}", "en": "by your words: {text}"},
    "source": {"zh": "出处：{text}（{doc}）", "en": "source: {text} ({doc})"},
    "wrong": {"zh": "多半说错了：{said}；要点是：{against}", "en": "probably wrong: {said}; the key point: {against}"},
    "misconception": {"zh": "多半说错了：{said}；常见的误解：{against}", "en": "probably wrong: {said}; a common misconception: {against}"},
    "changed": {"zh": "比上次 {points:+.0f} 分", "en": "{points:+.0f} points against the reply before"},
    "next": {
        "zh": "回车：下一题　r：再答一次　+2：第 2 点我说到了（-2：没说到，=2：撤销）　e：结束看报告 > ",
        "en": "Enter: next   r: try again   +2: I did say point 2 (-2: I did not, =2: undo)   e: end and report > ",
    },
    "corrected": {"zh": "（你更正的）", "en": " (corrected by you)"},
    "no_point": {"zh": "没有第 {at} 点。", "en": "There is no point {at}."},
    "resume": {"zh": "有一场没面完（第 {at} / {of} 题）。接着面吗？[Y/n] ", "en": "There is an unfinished interview (question {at} of {of}). Go on? [Y/n] "},
    "kept": {"zh": "进度已保存，再运行一次就能接着面。", "en": "Kept; run the command again to go on."},
    "empty": {"zh": "还没有写回答。", "en": "There is no reply yet."},
    "written": {"zh": "报告写到了 {path}", "en": "Report written to {path}"},
}


CORRECTIONS: Mapping[str, Verdict | None] = {"+": "hit", "-": "missed", "=": None}


class LeftError(Exception):
    """The candidate leaves; the interview can be gone on with."""


class ReportWantedError(Exception):
    """The candidate wants the report now."""


class Terminal:
    """One interview between two streams. ``ask`` writes a prompt and reads a line; it raises EOFError where the input ends."""

    def __init__(self, tutor: Tutor, candidate: Candidate, language: Language, ask: Callable[[str], str] = input, out: TextIO | None = None) -> None:
        self._tutor = tutor
        self._me = candidate
        self._language: Language = language
        self._ask = ask
        self._out = out or sys.stdout

    def play(self, plan: InterviewPlan, *, fresh: bool = False) -> Report | None:
        """An interview to its end, gone on with or new; the report, or None where the candidate leaves before."""
        state = None if fresh else self._unfinished()
        state = state or self._tutor.start_interview(plan, self._me)
        self._language = state.plan.language
        self._tell(HELP[self._language])
        try:
            while state.phase not in {"over", "finished"}:
                state = self._graded(state) if state.phase == "graded" else self._asked(state)
        except ReportWantedError:
            state = self._tutor.resume_interview(state.id, self._me)
        except (LeftError, EOFError):
            self._tell(self._say("kept"))
            return None
        return self._tutor.finish(state, self._me) if "finish" in legal(state) else self._tutor.report(state)

    def state(self, report: Report) -> Interview:
        """The interview behind a report."""
        return self._tutor.resume_interview(report.session_id, self._me)

    def _unfinished(self) -> Interview | None:
        saved = self._me.history.sessions(self._me.profile, "open", 1)
        if not saved:
            return None
        state = self._tutor.resume_interview(saved[0].id, self._me)
        wanted = self._ask(self._say("resume", at=min(state.position + 1, len(state.questions)), of=len(state.questions)))
        return state if wanted.strip().lower() in {"", "y", "yes", "是", "好"} else None

    def _asked(self, state: Interview) -> Interview:
        question = state.question
        assert question is not None
        head = self._say("question", at=state.position + 1, of=len(state.questions), area=area_name(question.area, self._language))
        self._tell(f"\n{head}" if state.pending is None else f"\n{self._say('follow_up')}")
        self._tell(f"{state.prompt}\n")
        lines: list[str] = []
        while True:
            said = self._reply(lines)
            if said == ":hint":
                if "hint" not in legal(state):
                    self._tell(self._say("no_hint"))
                    continue
                state = self._tutor.hint(state, self._me)
                self._tell(self._say("hint", text=state.hints[-1]))
            elif said == ":skip":
                return self._tutor.skip(state, self._me)
            elif said:
                answered = state.exchange is not None and bool(state.exchange.grades)
                return self._tutor.reply(state, said, self._me, probe=state.pending is not None or not answered)
            else:
                self._tell(self._say("empty"))

    def _reply(self, lines: list[str]) -> str:
        """The lines up to one that holds only a full stop, or a command; what was written before a command stays in ``lines``."""
        while True:
            line = self._ask("> ").strip()
            if line == ":help":
                self._tell(HELP[self._language])
            elif line == ":quit":
                raise LeftError
            elif line == ":end":
                raise ReportWantedError
            elif line in {":hint", ":skip"}:
                return line
            elif line in {".", "。"}:
                return "\n".join(lines).strip()
            else:
                lines.append(line)

    def _graded(self, state: Interview) -> Interview:
        exchange = state.exchange
        assert exchange is not None
        self._tell("\n" + "\n".join(self._lines(self._tutor.grades(exchange)[-1])))
        changed = change(state)
        if changed is not None:
            self._tell(self._say("changed", points=changed.difference))
        wanted = "".join(unicodedata.normalize("NFKC", self._ask(self._say("next"))).lower().split())
        if wanted[:1] in CORRECTIONS and wanted[1:].isdecimal():
            points, at = exchange.grades[-1].points, int(wanted[1:4])
            if 0 < at <= len(points):
                return self._tutor.correct(state, points[at - 1].point_id, CORRECTIONS[wanted[0]], self._me)
            self._tell(self._say("no_point", at=at))
            return state
        if wanted == ":quit":
            raise LeftError
        if wanted in {"e", ":end"}:
            raise ReportWantedError
        if wanted not in {"", "r"}:
            return state
        return self._tutor.retry(state, self._me) if wanted else self._tutor.advance(state, self._me)

    def _lines(self, grade: Grade) -> Iterator[str]:
        yield self._say("score", score=f"{grade.score:.0f}")
        for wrong in grade.wrong:
            yield self._say("misconception" if wrong.kind == "misconception" else "wrong", said=wrong.said, against=wrong.against)
        for number, point in enumerate(grade.points, 1):
            yield f"{number}. {self._say(point.verdict)}{self._say('corrected') if point.corrected else ''} ({point.weight})  {point.text}"
            if point.evidence.strip():
                yield f"    {self._say('words', text=' '.join(point.evidence.split()))}"
            for citation in point.citations[:1]:
                yield f"    {self._say('source', text=' '.join(citation.quote.split()), doc=citation.doc_id)}"
        if grade.feedback:
            yield grade.feedback

    def _say(self, key: str, **places: object) -> str:
        return WORDS[key][self._language].format(**places)

    def _tell(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def play(tutor: Tutor, plan: InterviewPlan, profile: str, *, fresh: bool = False, out: Path | None = None) -> None:
    """Hold an interview in the terminal, print its report as Markdown, and write it to ``out`` (.md, .json, or .txt for Anki).

    Raises:
        UserInputError: nothing fits the plan, the history cannot be opened, or ``out`` cannot be written.
    """
    if out is not None and out.suffix not in {".md", ".json", ".txt"}:
        raise UserInputError(f"{out}: the report ends in .md, .json or .txt (for Anki)")
    with History.open(tutor.settings) as history:
        terminal = Terminal(tutor, Candidate(history, history.profile(profile, datetime.now(UTC)).id), plan.language)
        report = terminal.play(plan, fresh=fresh)
        if report is None:
            return
        text = to_markdown(report, {area: name.in_language(report.language) for area, name in AREAS.items()})
        sys.stdout.write(f"\n{text}")
        if out is not None:
            if out.suffix == ".json":
                text = report_to_json(report)
            elif out.suffix == ".txt":
                text = to_anki(report, {question.id: question for question in terminal.state(report).questions})
            try:
                out.write_text(text, encoding="utf-8")
            except OSError as error:
                raise UserInputError(f"{out}: cannot be written ({error.strerror})") from error
            sys.stdout.write(WORDS["written"][report.language].format(path=out) + "\n")
