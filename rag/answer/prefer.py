"""Which source speaks first: the reader's own notes where they answer well, the handbook where they do not, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rag.answer.followup import thing_asked
from rag.answer.parts import GENERIC, OTHERS
from rag.answer.select import SAME_QUESTION, found_no_answer, is_handbook, is_pointer, only_names
from rag.records import Asked, Evidence
from rag.text import ANY_FIELD, CONCEPT, concepts, content_terms, mentions

OWN_WORDS = 1.0
"""How far (in deviations) a note may lie below the handbook's entry and still be preferred."""
OWN_LANGUAGE = 1.6
"""By how much another entry must beat the one that belongs to the best note."""
OWN_TERMS = 0.12
"""By how much a note must hold more of the question's terms to be what the question speaks of."""
HEADED = 1.2
"""By how much nearer an entry's heading must be to what was asked than the question a note answers, for the entry to speak first."""
TERMS = "terms.md"
"""The handbook's chapter of definitions."""
BEYOND = 1.2
"""What an entry of that chapter loses to others where more is asked than its heading names: who asks why wants reasons, not what a thing is."""
_LINK = re.compile(r"链接|連結|网址|文章|博客|部落格|教程|\b(?:links?|urls?|articles?|blogs?|posts?|tutorials?)\b", re.IGNORECASE)
TOLD_BY_A_DEFINITION = frozenset("definition meaning purpose effect principle function mechanism".split())
"""What an entry of that chapter tells of a thing beside what it is: what it does and what for."""
HOW_IT_WORKS = frozenset({"principle", "mechanism"})
"""Who asks for these is told by a definition before a remark of the notes."""
WHAT_IS = re.compile(r"什么是|What (?:is|are)\b")
NONE = -9.0
"""The nearness of a passage that answers no question line."""
BESIDE_POINTER = 0.6
"""How far a passage that says something may lie below one that only names pages and still come first."""


def prefer(asked: Asked, found: Sequence[Evidence], linked: Sequence[Evidence] = ()) -> tuple[list[Evidence], Evidence | None]:
    """Evidence in the order it should speak, and the page reference to name beside it, if the question is one the notes only point to.

    ``linked`` are the handbook's entries, in the reader's language, for what the best notes are about. Without a handbook in the corpus the order is
    the ranking itself, but that a passage that says something comes before one that only names pages.
    """
    if not found:
        return [], None
    best = found[0]
    if not linked and not any(is_handbook(e) for e in found):
        return _content_first(asked, found)
    pointer = next((e for e in found[:4] if is_pointer(e) and e.hit.passage.question and e.raw >= best.raw - OWN_WORDS), None)
    content = [e for e in found if not is_pointer(e)]
    notes = [e for e in content if not is_handbook(e) and not only_names(e) and not found_no_answer(e)]
    entry = _entry(asked, found, linked, about_best=not is_handbook(best))
    naming = _naming_sources(asked, notes) if asked.wants_source else []
    if naming:
        return naming, None
    if asked.wants_source and not is_handbook(best):
        rest = [e for e in found if not is_handbook(e)]
        if is_pointer(best) and linked:
            return entry, best
        return ([*entry, *notes] if asked.language == "en" and entry and not is_pointer(best) else rest), None
    if not entry:
        return [e for e in found if not is_handbook(e)] or list(found), None
    if asked.language == "en":
        own = [e for e in notes if e.hit.passage.language == "en" and e.raw >= entry[0].raw - OWN_WORDS]
        named = notes[:1] if notes and _by_author(asked, notes[0]) else []
        return [*own, *entry, *named], pointer
    if is_pointer(best) and linked and not (notes and notes[0].raw >= best.raw - BESIDE_POINTER):
        return entry, pointer
    if notes and _by_author(asked, notes[0]):
        return notes, None
    explained = thing_asked(asked.text) or HOW_IT_WORKS & {concept for _, concept in mentions(asked.text)}
    if explained and _defines(entry[0]) and not _asks_beyond(asked, entry[0]):
        return entry, pointer
    if notes and _in_its_words(notes[0], entry[0]):
        return notes, None
    asks_it = bool(notes) and (entry[0].question >= _matched(notes[0]) + HEADED or entry[0].question >= SAME_QUESTION > _matched(notes[0]))
    if notes and not asks_it and notes[0].raw >= entry[0].raw - OWN_WORDS and (pointer is None or notes[0].raw >= pointer.raw - OWN_WORDS / 2):
        return notes, None
    return entry, pointer


def _entry(asked: Asked, found: Sequence[Evidence], linked: Sequence[Evidence], *, about_best: bool) -> list[Evidence]:
    """The pieces of the one handbook entry that answers: that of the best note where notes rank first, else the best found."""
    book = [e for e in found if is_handbook(e) and e.hit.passage.language == asked.language]
    own = max(book, key=lambda e: _standing(asked, e)) if book else None
    # A definition that holds what the question is about (XOR, at the perceptron) gives way to none that does not.
    own = book[0] if own is not None and book[0].raw > own.raw and (_in_its_words(book[0], own) or _on_another_thing(asked, own, book[0])) else own
    top = max(linked, key=lambda e: e.raw) if linked and about_best else own
    if own is not None and top is not None and _standing(asked, own) > top.raw + OWN_LANGUAGE:
        top = own
    if top is None:
        return []
    return [e for e in {e.hit.passage.id: e for e in [top, *book, *linked]}.values() if e.hit.passage.heading_path == top.hit.passage.heading_path]


def _on_another_thing(asked: Asked, entry: Evidence, best: Evidence) -> bool:
    """Whether an entry's heading names things, and none of the question's, one of which heads the best entry: how to evaluate a language model is no answer
    to why accuracy says little of imbalanced classes."""
    things = set(concepts(asked.text)) - GENERIC
    headed = set(concepts(entry.hit.passage.question or "")) - GENERIC
    of_best = {concept for _, concept in mentions(best.hit.passage.question or "")} - GENERIC - ANY_FIELD
    return bool(headed) and not headed & things and bool(things & of_best)


def _defines(entry: Evidence) -> bool:
    """Whether an entry stands in the chapter of definitions."""
    return entry.hit.passage.doc_id.rsplit("/", 1)[-1] == TERMS


def _standing(asked: Asked, entry: Evidence) -> float:
    """The score of an entry among entries. Who asks what one thing is for or how it works is not asking how it stands to others."""
    beside = {c for _, c in mentions(entry.hit.passage.question or "")} - GENERIC - set(concepts(asked.text)) if _told_by_a_definition(asked.text) else set()
    return entry.raw - (BEYOND if _defines(entry) and _asks_beyond(asked, entry) else 0.0) - OTHERS * min(2, len(beside))


def _asks_beyond(asked: Asked, entry: Evidence) -> bool:
    """Whether a question asks for something else than an entry of the definitions answers: more than what the thing of its heading is, or, where the
    heading is a question of its own, just what a thing is, or of other things."""
    heading = entry.hit.passage.question or ""
    thing = thing_asked(asked.text)
    here = set(content_terms(heading))
    beyond = set(content_terms(thing) if thing else asked.terms) - here
    told = _told_by_a_definition(asked.text)
    if WHAT_IS.match(heading):
        return bool(beyond - told)
    # Who asks for the principle of GANs is not told why they are hard to train.
    return bool(thing) or bool(told and not told & here) or any(t.startswith(CONCEPT) and t.removeprefix(CONCEPT) not in GENERIC for t in beyond)


@lru_cache(maxsize=64)
def _told_by_a_definition(question: str) -> frozenset[str]:
    """The terms by which a question asks for what a definition tells beside what a thing is."""
    return frozenset(t for words, concept in mentions(question) if concept in TOLD_BY_A_DEFINITION for t in (CONCEPT + concept, *content_terms(words)))


def _content_first(asked: Asked, found: Sequence[Evidence]) -> tuple[list[Evidence], Evidence | None]:
    """A passage that says something before one that only names pages, where both fit; the pages are then named beside it. Who asks for something to read
    on the web gets what names it before pages of a book."""
    best = found[0]
    if asked.wants_source and _LINK.search(asked.text):
        linking = [e for e in found[:4] if e.raw >= best.raw - OWN_WORDS and any(u.kind == "reference" for u in e.units)]
        return [*linking, *(e for e in found if e not in linking)], None
    if not is_pointer(best) or asked.wants_source:
        return list(found), None
    saying = next((e for e in found[:4] if not is_pointer(e) and e.raw >= best.raw - BESIDE_POINTER), None)
    if saying is None:
        return list(found), None
    return [e for e in found if not is_pointer(e)], best


def _naming_sources(asked: Asked, notes: Sequence[Evidence]) -> list[Evidence]:
    """The notes that name a source for what the question names."""
    terms = set(asked.terms)
    return [e for e in notes if any(u.kind == "reference" and terms & set(content_terms(u.text)) for u in e.units)]


def _matched(note: Evidence) -> float:
    """How near a note is to what was asked: by the question it answers, or by its best sentence where it answers none."""
    return note.question if note.question > NONE else max(note.relevance, default=NONE)


def _by_author(asked: Asked, note: Evidence) -> bool:
    """Whether a question names the author of a note, as signed or in another writing of the name."""
    author = note.hit.passage.author
    if not author:
        return False
    return author.lower() in asked.text.lower() or bool(set(concepts(author)) & set(concepts(asked.text)))


def _in_its_words(note: Evidence, entry: Evidence) -> bool:
    """Whether a note, or an entry, holds clearly more of the question's terms than another entry: then the question speaks of it."""
    return note.hit.parts.get("sparse", 0.0) >= entry.hit.parts.get("sparse", 0.0) + OWN_TERMS
