"""Questions drawn from documents that have no bank: a heading or question line, and key points from what answers it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from rag.corpus.lines import PAGES, footer_word, is_reference_head
from rag.records import Asking, Bilingual, Document, KeyPoint, Language, Passage, Question, Unit
from rag.text import content_terms, normalise

MIN_POINTS, MAX_POINTS = 2, 6
POINT_MIN, POINT_MAX = 8, 200
_LABEL_MAX = 60
_WORDS_MIN = 5
_UNITS_READ = 40
_TERMS_COUNTED = 12
AREA_MAX = 80
"""What the history keeps of the name of an area."""
_TITLE_MAX = 160
_ANSWERING = frozenset({"qa", "list", "table", "prose"})
_STATING = frozenset({"text", "item", "row"})
_NO_TOPIC = re.compile(
    r"^\W*(?:目录|前言|序|引言|简介|概述|正文|附录|总结|小结|结语|致谢|其他|其它|备注|说明|更新|"
    r"contents?|table of contents|introduction|overview|preface|appendix|summary|conclusions?|acknowledge?ments?|notes?|misc|other|changelog)\W*$",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(r"^\W*(?:例如|比如|例：|例:|举例|举个例子|譬如|for example|e\.g\.|for instance)", re.IGNORECASE)
_LEAD_IN = re.compile(r"[:：—]\s*$")
_ASKING = re.compile(r"[?？]\s*[;；]?\s*$")
_IMPRINT = re.compile(r"^\W*(?:作者|来源|链接|译者|日期)\s*[:：]|著作权|转载|批评指正|联系我|^\W*(?:author|source|date)\s*:|copyright", re.IGNORECASE)
_NOT_WORDS = re.compile(r"\$\$.*?\$\$|\$[^$\n]*\$|`[^`\n]*`|https?://\S+", re.DOTALL)
_CLAUSE_END = re.compile(r"[，,；;。.、](?!\d)")
_KINDS = (
    ("compare", re.compile(r"区别|差异|对比|比较|异同|优劣|优缺点|利弊|\bvs\b|compare|difference|versus", re.IGNORECASE)),
    ("why", re.compile(r"为什么|为何|原因|为啥|\bwhy\b", re.IGNORECASE)),
    ("derive", re.compile(r"推导|证明|derive|\bprove\b", re.IGNORECASE)),
    ("how", re.compile(r"如何|怎么|怎样|\bhow\b", re.IGNORECASE)),
)


def automatic_questions(document: Document, passages: Sequence[Passage], units: Sequence[Unit]) -> list[Question]:
    """The questions a document answers itself, in reading order, each with ``automatic`` set.

    A question line is asked as it stands, a bare heading as a request to explain it. Forum comments, passages that only point elsewhere, lists
    of sources and headings that name no topic give none, nor do answers of fewer than two statements. An answer gives 2 to 6 key points: its
    statements richest in terms, in reading order. Weights sum to 100; each follows the length of its point, held between half and one and a
    half times the equal share. An id depends on the document's id and the question's headings, so that edits elsewhere do not change it.

    Args:
        document: where the passages come from.
        passages: its passages; those of other documents are passed over.
        units: the units of the passages, in reading order.
    """
    by_passage: dict[str, list[Unit]] = {}
    for unit in units:
        by_passage.setdefault(unit.passage_id, []).append(unit)
    groups: dict[tuple[tuple[str, ...], str | None], list[Passage]] = {}
    for passage in passages:
        if passage.doc_id == document.id and passage.kind in _ANSWERING and _has_topic(passage):
            groups.setdefault((passage.heading_path, passage.question), []).append(passage)
    out: list[Question] = []
    taken: set[str] = set()
    for (path, question), group in groups.items():
        asked = _asked(path, question, document.language)
        points = _key_points(asked, _statements(document, [u for p in group for u in by_passage.get(p.id, ())]), document.language)
        head = document.source[group[0].start : group[0].end].strip().splitlines()
        question_id = _id(document.id, path, question)
        if points and head and question_id not in taken:
            taken.add(question_id)
            quote = question if question and question in head[0] else head[0].strip()
            area = (document.title.strip() or document.id)[:AREA_MAX].rstrip()
            out.append(Question(question_id, _in(document.language, asked), area, 2, _kind(asked), points, (Asking(document.id, quote),), automatic=True))
    return out


def _has_topic(passage: Passage) -> bool:
    if passage.question:
        return True
    title = passage.heading_path[-1].strip() if passage.heading_path else ""
    return 1 < len(title) <= _TITLE_MAX and not is_reference_head(title) and not _NO_TOPIC.match(title)


def _asked(path: tuple[str, ...], question: str | None, language: Language) -> str:
    if question:
        return question.strip()
    title = path[-1].strip(" :：")
    parent = path[-2].strip(" :：") if len(path) > 1 else ""
    if language == "zh":
        return f"请讲讲“{parent}”中的“{title}”。" if parent else f"请讲讲“{title}”。"
    return f"Please explain “{title}” (in “{parent}”)." if parent else f"Please explain “{title}”."


def _in(language: Language, text: str) -> Bilingual:
    return Bilingual(text, "") if language == "zh" else Bilingual("", text)


def _id(doc_id: str, path: tuple[str, ...], question: str | None) -> str:
    key = "\x1f".join([doc_id, *path, question or ""])
    return "auto-" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _kind(asked: str) -> str:
    return next((kind for kind, form in _KINDS if form.search(asked)), "what")


def _statements(document: Document, units: Sequence[Unit]) -> list[str]:
    """What the units state, each by itself: a short list item that only names what is indented below it is joined with that."""
    out: list[str] = []
    n = 0
    while n < len(units):
        unit, n = units[n], n + 1
        if unit.kind not in _STATING:
            continue
        below: list[str] = []
        if unit.kind == "item" and len(unit.text) <= _LABEL_MAX:
            while n < len(units) and units[n].kind == "item" and _column(document, units[n]) > _column(document, unit):
                below.append(units[n].text)
                n += 1
        if below:
            colon, stop = ("：", "；") if document.language == "zh" else (": ", "; ")
            out.append(unit.text.rstrip(" :：") + colon + stop.join(t.rstrip("。；;. ") for t in below))
        elif not _ASKING.search(unit.text):
            out.append(unit.text)
    return out


def _column(document: Document, unit: Unit) -> int:
    return unit.start - (document.source.rfind("\n", 0, unit.start) + 1)


def _is_point(text: str) -> bool:
    """Whether a statement can be a key point: words rather than a formula, link, page number, imprint or announcement of what follows."""
    words = re.sub(r"\W+", "", _NOT_WORDS.sub("", text))
    return len(text) >= POINT_MIN and len(words) >= _WORDS_MIN and not any(form.search(text) for form in (_LEAD_IN, PAGES, _IMPRINT)) and not footer_word(text)


def _key_points(asked: str, statements: Iterable[str], language: Language) -> tuple[KeyPoint, ...]:
    stated: list[str] = []
    seen = {normalise(asked)}
    for statement in statements:
        text = _bounded(statement)
        plain = normalise(text)
        if plain not in seen and _is_point(text):
            seen.add(plain)
            stated.append(text)
        if len(stated) == _UNITS_READ:
            break
    if len(stated) < MIN_POINTS:
        return ()
    ranked = sorted(range(len(stated)), key=lambda n: (-_richness(stated[n]), n))
    chosen = [stated[n] for n in sorted(ranked[:MAX_POINTS])]
    return tuple(KeyPoint(f"k{n}", weight, _in(language, text)) for n, (text, weight) in enumerate(zip(chosen, weights_of(chosen), strict=True), start=1))


def _bounded(text: str) -> str:
    """A statement of at most ``POINT_MAX`` characters, cut after a clause where there is one."""
    text = " ".join(text.split())
    if len(text) <= POINT_MAX:
        return text
    ends = [m.start() for m in _CLAUSE_END.finditer(text, POINT_MAX // 2, POINT_MAX)]
    return text[: ends[-1]] if ends else text[:POINT_MAX].rstrip()


def _richness(text: str) -> int:
    terms = min(len(content_terms(text)), _TERMS_COUNTED)
    return terms // 2 if _EXAMPLE.match(text) else terms


def weights_of(texts: Sequence[str]) -> list[int]:
    """Whole weights that sum to 100: by length, each length held between half and one and a half times the mean; largest remainders first."""
    mean = sum(map(len, texts)) / len(texts)
    held = [min(max(len(t), 0.5 * mean), 1.5 * mean) for t in texts]
    exact = [100 * h / sum(held) for h in held]
    whole = [int(e) for e in exact]
    for n in sorted(range(len(texts)), key=lambda i: (whole[i] - exact[i], i))[: 100 - sum(whole)]:
        whole[n] += 1
    return whole
