"""A conversation, and how it is shown: answers as HTML, every sentence with the numbers of its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

from rag.records import Answer, Citation, Hit, Language, Sentence
from rag.ui.strings import EXAMPLES, known, say
from rag.ui.typeset import inline

SHOWN = 40
_STEP = re.compile(r"^(\d{1,3})\. ")
_STRONG = re.compile(r"^\*\*(.+)\*\*$", re.DOTALL)


@dataclass(frozen=True, eq=False, slots=True)
class Turn:
    """A question and how far its answer is; ``answer`` is None while it is waited for, and where it was stopped before it began."""

    question: str
    answer: Answer | None = None
    state: Literal["waiting", "growing", "done", "stopped"] = "waiting"


@dataclass(frozen=True, eq=False, slots=True)
class Conversation:
    """What one browser has asked, oldest first."""

    turns: tuple[Turn, ...] = ()

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self.turns) and self.turns[-1].state in {"waiting", "growing"}

    def ask(self, question: str) -> Conversation:
        """The conversation with one more question."""
        return Conversation((*self.turns, Turn(question)))

    def reply(self, answer: Answer) -> Conversation:
        """The conversation with the answer to its last question, as far as it has come."""
        return Conversation((*self.turns[:-1], Turn(self.turns[-1].question, answer, "growing")))

    def end(self) -> Conversation:
        """The conversation with nothing on its way any more."""
        if not self.busy:
            return self
        last = self.turns[-1]
        return Conversation((*self.turns[:-1], replace(last, state="done" if last.answer else "stopped")))

    def history(self) -> list[dict[str, object]]:
        """The turns that were answered, as chat messages."""
        out: list[dict[str, object]] = []
        for turn in self.turns:
            if turn.answer is not None:
                out += [{"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.answer.text}]
        return out

    def last_answered(self) -> int | None:
        """The number of the last turn that has an answer."""
        return next((n for n in range(len(self.turns) - 1, -1, -1) if self.turns[n].answer is not None), None)

    def cited(self, turn: int, number: int) -> Citation | None:
        """What number ``number`` of turn ``turn`` cites, or None where there is no such number."""
        if not 0 <= turn < len(self.turns):
            return None
        answer = self.turns[turn].answer
        found = [c for c, n in numbered(answer).items() if n == number] if answer else []
        return found[0] if found else None


def numbered(answer: Answer) -> dict[Citation, int]:
    """The citations of an answer with their numbers, from 1 in order of appearance."""
    numbers: dict[Citation, int] = {}
    for sentence in answer.sentences:
        for citation in sentence.citations:
            numbers.setdefault(citation, len(numbers) + 1)
    return numbers


def conversation_html(conversation: Conversation, language: Language, *, documents: int | None) -> str:
    """The whole conversation. ``documents`` is how many the corpus has, None while it is being opened."""
    state = f'aria-busy="{"true" if conversation.busy else "false"}" data-turns="{len(conversation.turns)}"'
    if not conversation.turns:
        return f'<div class="talk talk-empty" {state}>{_welcome(language, documents)}</div>'
    first = max(0, len(conversation.turns) - SHOWN)
    folded = f'<p class="folded">{say(language, "earlier", count=first)}</p>' if first else ""
    waiting = say(language, "waiting_model" if documents is None else "thinking")
    turns = "".join(_turn(n, conversation.turns[n], language, waiting) for n in range(first, len(conversation.turns)))
    return f'<div class="talk" role="log" aria-live="polite" aria-label="{say(language, "conversation")}" {state}>{folded}{turns}</div>'


def _welcome(language: Language, documents: int | None) -> str:
    lead = say(language, "ask_lead_opening") if documents is None else say(language, "ask_lead", documents=documents)
    order: Sequence[Language] = ("zh", "en") if language == "zh" else ("en", "zh")
    examples = "".join(f'<li lang="{code}">{_asking(text)}</li>' for code in order for text in EXAMPLES[code])
    return (
        f'<div class="welcome"><h1>{say(language, "ask_title")}</h1><p class="lead">{lead}</p>'
        f'<h2 class="small">{say(language, "examples")}</h2><ul class="examples">{examples}</ul></div>'
    )


def _asking(question: str) -> str:
    """A button that asks a question."""
    return f'<button type="button" class="asking" data-ask="{escape(question)}">{inline(question)}</button>'


def _turn(number: int, turn: Turn, language: Language, waiting: str) -> str:
    head = f'<h2 class="question">{inline(turn.question)}</h2>'
    if turn.answer is None:
        dots = f'<p class="waiting"><span class="dots" aria-hidden="true"></span>{waiting}</p>'
        body = dots if turn.state == "waiting" else f'<p class="frame">{say(language, "stopped")}</p>'
        return f'<article class="turn" id="turn-{number}">{head}{body}</article>'
    answer = turn.answer
    understood = ""
    if answer.standalone_question and answer.standalone_question.strip() != turn.question.strip():
        understood = f'<p class="understood">{escape(say(language, "understood", question=answer.standalone_question))}</p>'
    caution = f'<p class="callout" role="note">{say(language, "caution")}</p>' if answer.caution and not answer.abstained else ""
    notices = "".join(f'<p class="callout" role="note">{escape(n)}</p>' for n in answer.notices)
    body = f'<div class="answer" lang="{answer.language}">{answer_html(answer, number, language)}</div>'
    closest = ""
    if answer.closest:
        items = "".join(f"<li>{_asking(q)}</li>" for q in answer.closest)
        closest = f'<div class="closest"><p>{say(language, "examples" if answer.engine == "none" else "closest")}</p><ul class="examples">{items}</ul></div>'
    foot = "" if turn.state == "growing" else _foot(answer, number, language)
    return f'<article class="turn" id="turn-{number}">{head}{understood}{caution}{notices}{body}{closest}{foot}</article>'


def answer_html(answer: Answer, turn: int, language: Language) -> str:
    """The sentences of an answer: items as lists, formulas and code set apart, claims as running text."""
    numbers = numbered(answer)
    out: list[str] = []
    closing = ""

    def block(opening: str, close: str) -> None:
        nonlocal closing
        out.append(closing + opening)
        closing = close

    last = ""
    for sentence in answer.sentences:
        kind = sentence.kind
        body = _body(sentence) + _chips(sentence, numbers, turn, language)
        if kind in {"item", "row"}:
            if last not in {"item", "row"}:
                block("<ul>", "</ul>")
            out.append(f"<li>{body}</li>")
        elif kind == "step":
            if last != "step":
                block('<ol class="steps">', "</ol>")
            found = _STEP.match(sentence.text)
            out.append(f'<li value="{found.group(1)}">{body}</li>' if found else f"<li>{body}</li>")
        elif kind in {"frame", "caution", "pointer", "erratum", "refusal", "formula", "code", "block"}:
            role = ' role="note"' if kind in {"caution", "erratum"} else ""
            tag = "div" if kind in {"formula", "code", "block"} else "p"
            block(f'<{tag} class="{"callout " if role else ""}{kind}"{role}>{body}</{tag}>', "")
        elif kind == "paragraph" or not closing or not closing.endswith("</p>"):
            block(f"<p>{body}", "</p>")
        else:
            out.append((" " if sentence.text[:1].isascii() else "") + body)
        last = kind
    return "".join(out) + closing


def _body(sentence: Sentence) -> str:
    if sentence.kind == "step":
        return inline(_STEP.sub("", sentence.text))
    strong = _STRONG.match(sentence.text) if sentence.kind == "frame" else None
    return f"<strong>{inline(strong.group(1))}</strong>" if strong else inline(sentence.text)


def _chips(sentence: Sentence, numbers: dict[Citation, int], turn: int, language: Language) -> str:
    chips = ""
    for citation in sentence.citations:
        n = numbers[citation]
        name = escape(say(language, "cite_name", number=n, title=citation.doc_id))
        chips += f'<a class="cite" href="#cite-{turn}-{n}" data-n="{n}" data-turn="{turn}" title="{name}" aria-label="{name}">[{n}]</a>'
    return f'<span class="cites">{chips}</span>' if chips else ""


def _foot(answer: Answer, number: int, language: Language) -> str:
    percent = round(answer.confidence * 100)
    sure = ""
    if not answer.abstained:
        sure = f'<span class="sure" title="{say(language, "confidence_help")}">{say(language, "confidence", percent=percent)}</span>'
    copy = (
        f'<button type="button" class="quiet" data-copy="turn-{number}" data-done="{say(language, "copied")}" title="{say(language, "copy_help")}">'
        f"{say(language, 'copy')}</button>"
    )
    how = f'<details class="how"><summary>{say(language, "how")}</summary>{_how(answer, language)}</details>' if answer.engine != "none" else ""
    return f'<footer class="foot">{sure}{copy}{how}</footer><pre class="plain" hidden>{escape(plain_text(answer, language))}</pre>'


def plain_text(answer: Answer, language: Language) -> str:
    """An answer to be copied: the question, the sentences with numbers, and the list of sources."""
    numbers = numbered(answer)
    marked = tuple(replace(s, text=s.text + "".join(f"[{numbers[c]}]" for c in s.citations)) for s in answer.sentences)
    sources = [f"[{n}] {c.doc_id} [{c.start}:{c.end}]" for c, n in numbers.items()]
    text = f"{answer.question}\n\n{replace(answer, sentences=marked).text}"
    return text + (f"\n\n{say(language, 'copy_sources')}\n" + "\n".join(sources) if sources else "")


def _how(answer: Answer, language: Language) -> str:
    engine = say(language, "engine_evidence") if answer.engine == "evidence" else say(language, "engine_model", name=answer.engine)
    rows = [
        ("how_question", escape(answer.standalone_question or answer.question)),
        ("how_confidence", f"{answer.confidence:.2f}"),
        ("how_engine", escape(engine)),
        ("how_time", "，".join(_times(answer, language)) if language == "zh" else ", ".join(_times(answer, language))),
    ]
    facts = "".join(f"<dt>{say(language, key)}</dt><dd>{value}</dd>" for key, value in rows)
    passages = "".join(f"<li>{hit_head(hit)}{parts_html(hit, language)}</li>" for hit in answer.hits)
    used = f"<h3>{say(language, 'how_passages')}</h3><ol>{passages}</ol>" if passages else ""
    return f"<dl>{facts}</dl>{used}"


def _times(answer: Answer, language: Language) -> Iterator[str]:
    for stage, ms in answer.timings.items():
        name = say(language, f"stage_{stage}") if known(f"stage_{stage}") else stage
        yield escape(say(language, "milliseconds", stage=name, ms=f"{ms:.0f}"))


def hit_head(hit: Hit) -> str:
    """Where a passage stands, in one line."""
    path = hit.passage.heading_path or (hit.passage.doc_id,)
    return f'<span class="path">{" › ".join(inline(p) for p in path)}</span>'


def parts_html(hit: Hit, language: Language) -> str:
    """The score of a passage and what it was made of, as bars."""
    rows = [("score", hit.score), *((f"part_{name}", value) for name, value in hit.parts.items())]
    bars = ""
    for key, value in rows:
        name = say(language, key) if known(key) else key.removeprefix("part_")
        width = round(100 * min(1.0, max(0.0, value)))
        total = " part-total" if key == "score" else ""
        bars += (
            f'<span class="part{total}"><span class="part-name">{escape(name)}</span><span class="bar" aria-hidden="true">'
            f'<span style="width:{width}%"></span></span><span class="part-value">{value:.2f}</span></span>'
        )
    return f'<div class="parts">{bars}</div>'
