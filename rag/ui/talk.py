"""How a conversation is shown: answers as HTML, every sentence with the numbers of its sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from types import MappingProxyType

from rag.history import ConversationHead
from rag.records import Answer, Citation, Hit, Language, Sentence
from rag.ui.home import asking_html, home_html
from rag.ui.strings import known, say
from rag.ui.turns import Conversation, Turn, numbered
from rag.ui.typeset import inline

SHOWN = 40
NONE: Mapping[str, str] = MappingProxyType({})
VERDICTS = ("helpful", "wrong_source", "wrong_answer")
_STEP = re.compile(r"^(\d{1,3})\. ")
_STRONG = re.compile(r"^\*\*(.+)\*\*$", re.DOTALL)


def conversation_html(
    conversation: Conversation, language: Language, *, documents: int | None, past: Sequence[ConversationHead] = (), titles: Mapping[str, str] = NONE
) -> str:
    """The whole conversation, or the way in when it is empty.

    ``documents`` is how many the corpus has, None while it is being opened; ``titles`` names those that questions were limited to.
    """
    asked = f'data-id="{conversation.id}" data-asked="{conversation.asked}"'
    state = f'aria-busy="{"true" if conversation.busy else "false"}" {asked}'
    if not conversation.turns:
        return f'<div class="talk talk-empty" {state}>{home_html(language, documents, past)}</div>'
    first = max(0, len(conversation.turns) - SHOWN)
    folded = f'<p class="folded">{say(language, "earlier", count=first)}</p>' if first else ""
    waiting = say(language, "waiting_model" if documents is None else "thinking")
    turns = "".join(_turn(n, conversation.turns[n], language, waiting, titles) for n in range(first, len(conversation.turns)))
    return f'<div class="talk" role="log" aria-live="polite" aria-label="{say(language, "conversation")}" {state}>{folded}{turns}</div>'


def _turn(number: int, turn: Turn, language: Language, waiting: str, titles: Mapping[str, str]) -> str:
    edit = f'<button type="button" class="quiet edit" data-edit="{number}" data-text="{escape(turn.question)}">{say(language, "edit")}</button>'
    names = ("、" if language == "zh" else ", ").join(titles.get(name, name) for name in turn.documents)
    limited = f'<p class="understood">{escape(say(language, "limited", names=names))}</p>' if turn.documents else ""
    head = f'<div class="asked"><h2 class="question">{inline(turn.question)}</h2>{edit if turn.state in {"done", "stopped"} else ""}</div>{limited}'
    if turn.answer is None:
        dots = f'<p class="waiting"><span class="dots" aria-hidden="true"></span>{waiting}</p>'
        body = (
            dots
            if turn.state == "waiting"
            else f'<p class="frame">{say(language, "stopped")}</p><footer class="foot">{_again(turn, number, language)}</footer>'
        )
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
        items = "".join(f"<li>{asking_html(q)}</li>" for q in answer.closest)
        closest = f'<div class="closest"><p>{say(language, "examples" if answer.engine == "none" else "closest")}</p><ul class="examples">{items}</ul></div>'
    foot = "" if turn.state == "growing" else _foot(turn, answer, number, language)
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
        elif kind == "claim" and last in {"item", "row", "step"}:
            out[-1] = f"{out[-1].removesuffix('</li>')}{' ' * sentence.text[:1].isascii()}{body}</li>"
            continue
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


def _foot(turn: Turn, answer: Answer, number: int, language: Language) -> str:
    percent = round(answer.confidence * 100)
    sure = ""
    if not answer.abstained:
        sure = f'<span class="sure" title="{say(language, "confidence_help")}">{say(language, "confidence", percent=percent)}</span>'
    copy = (
        f'<button type="button" class="quiet" data-copy="turn-{number}" data-done="{say(language, "copied")}" title="{say(language, "copy_help")}">'
        f"{say(language, 'copy')}</button>"
    )
    verdicts = "".join(
        f'<button type="button" class="quiet" data-verdict="{kind}" data-turn="{number}" aria-pressed="{"true" if turn.said == kind else "false"}">'
        f"{say(language, f'verdict_{kind}')}</button>"
        for kind in VERDICTS
    )
    opinion = f'<span class="opinion" role="group" aria-label="{say(language, "verdict")}">{verdicts}</span>' if answer.engine != "none" else ""
    how = f'<details class="how"><summary>{say(language, "how")}</summary>{_how(answer, language)}</details>' if answer.engine != "none" else ""
    again = _again(turn, number, language)
    return f'<footer class="foot">{sure}{copy}{again}{opinion}{how}</footer><pre class="plain" hidden>{escape(plain_text(answer, language))}</pre>'


def _again(turn: Turn, number: int, language: Language) -> str:
    return f'<button type="button" class="quiet" data-again="{number}" data-text="{escape(turn.question)}">{say(language, "again")}</button>'


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
