"""Who proposed a thing, in which year or paper: said by a note, or by the source that an entry of the handbook names.

However much a passage says of a thing, without a name or a year it does not answer such a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.prefer import TERMS, WHAT_IS
from rag.answer.select import QUOTABLE, Chosen, is_handbook
from rag.records import Asked, Evidence, Unit
from rag.store import Index
from rag.text import content_terms, mentions

BEST = 5
"""So many passages are looked through for a name or a year."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_ASKED = re.compile(
    r"哪一?年|(?:什么时候|何时)(?:被?提出|发明|发表|出现)|\b(?:what|which) year\b|\bwhen (?:was|were)\b.*\b(?:invent|propos|introduc|publish)", re.IGNORECASE
)
_WHO_ASKED = re.compile(
    r"谁(?:最早|最先|首先|在[^，。？?]{1,8})?(?:提出|发明|首创)|(?:发明|提出)(?:者|人)是谁|\bwho (?:first )?(?:invented|proposed|introduced|came up with)\b",
    re.IGNORECASE,
)
_PAPER_ASKED = re.compile(r"原论文|哪篇论文|\boriginal paper\b|\b(?:what|which) paper (?:first )?(?:introduced|proposed)\b", re.IGNORECASE)
_SOMEONE = re.compile(
    r"等人|团队|实验室|大学(?!习)|教授|博士|由[^，。；\n]{2,24}(?:提出|发明)|[A-Z][a-z]+[^，。；\n]{0,10}(?:提出|发明)"
    r"|\bet al\b|\b(?:proposed|introduced|invented|developed) by\b|[A-Z][a-z]+,? \(?(?:19|20)\d\d"
)
_SOURCE = re.compile(r"^\W*(?:出处|Sources?)\b", re.IGNORECASE)
_BOOK = re.compile(r"《|Deep Learning, 2016|Introduction to|\d\.\d")


def asks_origin(text: str) -> bool:
    """Whether a question asks who proposed something or in which year."""
    return bool(_WHO_ASKED.search(text) or _YEAR_ASKED.search(text))


def said_origin(asked: Asked, found: Sequence[Evidence]) -> Chosen | None:
    """The sentence of a good passage that names someone, or a year, and all that is asked about; None where no passage has one."""
    wanted = [p for q, p in ((_WHO_ASKED, _SOMEONE), (_YEAR_ASKED, _YEAR)) if q.search(asked.text)]
    thing = _thing(asked.text)
    for evidence in found[:BEST] if wanted else ():
        for unit in evidence.units:
            if unit.kind in QUOTABLE and all(p.search(unit.text) for p in wanted) and _names(unit.text, thing):
                return Chosen(evidence, (unit,), False)
    return None


def noted_origin(asked: Asked, found: Sequence[Evidence], index: Index) -> tuple[Unit, Unit] | None:
    """What a thing is and the paper named as the source of that, from the entry on it among the handbook's that were found; None where there is none.

    A textbook is no origin.
    """
    if not (asks_origin(asked.text) or _PAPER_ASKED.search(asked.text)):
        return None
    concepts = _concepts(_thing(asked.text))
    entries = {(p.doc_id, p.heading_path): p.question or "" for p in (e.hit.passage for e in found if is_handbook(e))}
    for (doc_id, path), heading in sorted(entries.items(), key=lambda entry: not _defines(entry[0][0], entry[1])):
        if not concepts or _concepts(heading) != concepts:
            continue
        units = [unit for number in index.same_question[doc_id, path] for unit in index.units_of(number)]
        claim = next((u for u in units if u.kind == "text"), None)
        # What is said of a thing elsewhere than where it is defined may come from anywhere: there the source has to name it.
        named = (u for u in units if u.kind == "aside" and (_defines(doc_id, heading) or concepts & _concepts(u.text)))
        source = next((u for u in named if _SOURCE.match(u.text) and _names_a_paper(u.text)), None)
        if claim is not None and source is not None:
            return claim, source
    return None


def _names_a_paper(source: str) -> bool:
    return any(_YEAR.search(part) and not _BOOK.search(part) for part in re.split(r"[；;]", source))


def _defines(doc_id: str, heading: str) -> bool:
    return doc_id.endswith(f"/{TERMS}") and bool(WHAT_IS.match(heading))


def _thing(text: str) -> str:
    """A question without the words that ask who, when or in which paper."""
    for pattern in (_WHO_ASKED, _YEAR_ASKED, _PAPER_ASKED):
        text = pattern.sub(" ", text)
    return text


def _names(text: str, thing: str) -> bool:
    """Whether a text names all concepts of a thing, or, where it has none, all its words."""
    concepts, words = _concepts(thing), set(content_terms(thing))
    return concepts <= _concepts(text) if concepts else bool(words) and words <= set(content_terms(text))


def _concepts(text: str) -> set[str]:
    return {concept for _, concept in mentions(text)}
