"""Two to five sentences for the candidate: what was said, what was wrong, what is missing, what to say next time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.records import Language, PointGrade, WrongStatement

QUOTE = 60
_PAUSE = re.compile(r"[，,。；;：:、 ]")
_TEXTS: dict[str, dict[Language, str]] = {
    "empty": {"zh": "没有收到可以评分的内容。", "en": "There was nothing to grade."},
    "dont_know": {
        "zh": "你说这题不会，这很诚实，但面试时至少可以说出相关的概念和思路。",
        "en": "You said that you do not know, which is honest; in an interview say at least what it relates to.",
    },
    "instructions": {"zh": "回答里有写给评分者的指令，这部分没有计分。", "en": "Your reply gives the grader instructions; they were not counted."},
    "echo": {"zh": "回答基本是在重复题目，没有给出新的内容。", "en": "The reply mostly repeats the question."},
    "keyword_list": {
        "zh": "只列出了名词，没有说明它们之间的关系，所以不能算答到要点。",
        "en": "You listed terms without saying how they relate, so no key point is made.",
    },
    "off_topic": {"zh": "这段话没有回答这道题。", "en": "This does not answer the question."},
    "padding": {"zh": "铺垫和套话偏多，直接说要点会更好。", "en": "Much of it is padding; come to the point sooner."},
    "all": {"zh": "要点都说到了。", "en": "You made every key point."},
    "hit": {"zh": "说对的：“{quote}”。", "en": "What you got right: “{quote}”."},
    "partial": {"zh": "“{quote}”只说了一部分，完整的说法是：{point}", "en": "“{quote}” is only part of it; in full: {point}"},
    "partial_bare": {"zh": "这一点只说了一部分，完整的说法是：{point}", "en": "This was only half said; in full: {point}"},
    "wrong": {"zh": "“{quote}”多半说错了，要点是：{point}", "en": "“{quote}” is probably wrong; the key point: {point}"},
    "misconception": {"zh": "“{quote}”是常见的误解。", "en": "“{quote}” is a common misconception."},
    "missed": {"zh": "没有说到：{point}", "en": "You did not mention: {point}"},
    "next": {"zh": "下次先把这一点说清楚：{point}", "en": "Next time, begin with this: {point}"},
    "next_done": {"zh": "下次可以再补一个具体的例子或数字。", "en": "Next time, add a concrete example or a number."},
}


def feedback(points: Sequence[PointGrade], wrong: Sequence[WrongStatement], flags: Sequence[str], language: Language) -> str:
    """The feedback in a language; quotes are the candidate's own words."""
    out = [_say(flag, language) for flag in ("empty", "dont_know", "instructions", "echo", "keyword_list", "off_topic") if flag in flags][:2]
    order = sorted(points, key=lambda p: -p.weight)
    hits = [p for p in order if p.verdict == "hit"]
    partial = [p for p in order if p.verdict == "partial"]
    missed = [p for p in order if p.verdict == "missed"]
    if points and len(hits) == len(points):
        out.append(_say("all", language))
    elif hits and hits[0].evidence:
        out.append(_say("hit", language, quote=_quote(hits[0].evidence)))
    for statement in wrong[:1]:
        key = "wrong" if statement.kind == "contradiction" else "misconception"
        out.append(_say(key, language, quote=_quote(statement.said), point=_stop(statement.against, language)))
    if partial and len(out) < 4:
        key = "partial" if partial[0].evidence else "partial_bare"
        out.append(_say(key, language, quote=_quote(partial[0].evidence), point=_stop(partial[0].text, language)))
    told = {statement.against for statement in wrong[:1]}
    open_points = [p for p in missed if p.text not in told]
    if len(open_points) > 1 and len(out) < 4:
        out.append(_say("missed", language, point=_stop(open_points[1].text, language)))
    if open_points:
        out.append(_say("next", language, point=_stop(open_points[0].text, language)))
    elif points and len(out) < 2:
        out.append(_say("next_done", language))
    if "padding" in flags and len(out) < 5:
        out.append(_say("padding", language))
    return ("" if language == "zh" else " ").join(out[:5])


def _say(key: str, language: Language, **places: str) -> str:
    return _TEXTS[key][language].format(**places)


def _quote(text: str) -> str:
    plain = " ".join(text.split()).strip(" 。.，,；;")
    if len(plain) <= QUOTE:
        return plain
    ends = [m.start() for m in _PAUSE.finditer(plain[: QUOTE + 1]) if m.start() >= QUOTE // 2]
    return plain[: ends[-1] if ends else QUOTE].rstrip() + "…"


def _stop(text: str, language: Language) -> str:
    plain = text.strip()
    return plain if plain[-1:] in "。.!！?？" else plain + ("。" if language == "zh" else ".")
