"""Which passages answer, and which of their units: complete on what was asked, silent on what was not."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rag.answer.orders import gives_orders
from rag.records import Asked, Evidence, Language, Unit
from rag.store import Index
from rag.text import content_terms, is_cjk, normalise

PASSAGE_GAP = 0.8
"""How far (in deviations) below the best passage another one may lie and still answer too."""
UNIT_GAP = 1.0
"""How far below a passage's best unit another of its units may lie and still belong to the answer."""
WHOLE_MARGIN = 0.25
SAME_QUESTION = 4.3
"""From here on a question line counts as what was asked, in other words."""
FAMILY_MAX = 760
SHORT_PASSAGE = 170
MAX_PASSAGES = 4
ASKED_ON_MAX = 900
"""A passage of at most so many characters is told to its end to who asks on."""
SAID = 0.6
"""A unit of which an answer holds this share has been said."""
LABEL_LETTERS = 8
LABEL_WORDS = 3
"""A note of at most so many Chinese letters, or Latin words, under no question only names something: its vector lies near to too much."""
HANDBOOK = "handbook"

_LISTING = re.compile(
    r"哪些|哪几|几种|几个|列举|分别|步骤|流程|一步一步|怎么做的|对比|比较|优缺点|各自|"
    r"\b(?:list|which (?:\w+ )?(?:two|three|four|five)|what (?:are|kinds|types)|steps?|walk me|compare|procedure)\b",
    re.IGNORECASE,
)
_WHY = re.compile(r"为什么|为啥|为何|怎么会|原因|凭什么|\bwhy\b|\breasons?\b", re.IGNORECASE)
_BECAUSE = re.compile(r"因为|由于|所以|因此|原因|故而|\b(?:because|since|so that|therefore|hence)\b", re.IGNORECASE)
_LATIN = re.compile(r"[A-Za-z]{2,}")
_FORMULA = re.compile(r"[=≈∝<>]|\$|://")
_NOT_FOUND = re.compile(
    r"(?:没有?|未)[^，。；！？\n]{0,4}找到[^，。；！？\n]{0,6}答案|找不到答案|答案[^，。；！？\n]{0,4}(?:没有?|未)[^，。；！？\n]{0,4}找到"
    r"|\b(?:did not|didn't|could not|couldn't) find (?:an|the|any) answer\b",
    re.IGNORECASE,
)
_LEAD = re.compile(r"[：:]\s*$|——\s*$")
CLAUSE = re.compile(r"[；;]\s*$")
"""Where a unit ends inside a sentence."""
_ENGLISH_CLAUSE = re.compile(r"[A-Za-z)$\"”] ?;\s*$")
SENTENCE_MAX = 160
QUOTABLE = frozenset({"text", "item", "row", "formula", "code", "question"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A passage and the units taken from it, in reading order. ``whole`` says that all of it answers."""

    evidence: Evidence
    units: tuple[Unit, ...]
    whole: bool


def is_pointer(evidence: Evidence) -> bool:
    """Whether a passage only names pages or sources."""
    return evidence.hit.passage.kind == "pointer"


def is_label(evidence: Evidence) -> bool:
    """Whether a passage is a few words under no question: it names something and says nothing of it."""
    passage = evidence.hit.passage
    return not passage.question and passage.kind not in {"formula", "code"} and _names(passage.text)


def only_names(evidence: Evidence) -> bool:
    """Whether all that a passage says to the question above it is a few words."""
    said = [u for u in evidence.units if u.kind not in {"question", "head"}]
    return bool(said) and all(u.kind in {"text", "item"} for u in said) and _names(" ".join(u.text for u in said), 2 * LABEL_WORDS)


def found_no_answer(evidence: Evidence) -> bool:
    """Whether who wrote a passage says to have found no answer to the question above it."""
    return bool(_NOT_FOUND.search(evidence.hit.passage.text))


def _names(text: str, words: int = LABEL_WORDS) -> bool:
    """Whether a text is too short to say anything of what it names: hardly an ideograph, and so many Latin words at most."""
    return sum(map(is_cjk, text)) <= LABEL_LETTERS and len(_LATIN.findall(text)) <= words and not _FORMULA.search(text)


def readable(index: Index, language: Language) -> Collection[str] | None:
    """The documents an answer in a language may quote: all (None), but of the handbook, which stands in both, only that language's half."""
    twin = f"{HANDBOOK}/{'en' if language == 'zh' else 'zh'}/"
    mine = [doc_id for doc_id in index.documents if not doc_id.startswith(twin)]
    return None if len(mine) == len(index.documents) else mine


def is_handbook(evidence: Evidence) -> bool:
    """Whether a passage comes from the handbook that ships with the program: one entry there is one complete answer."""
    return HANDBOOK in evidence.hit.passage.doc_id.split("/")[:-1]


def choose(asked: Asked, found: Sequence[Evidence], index: Index, said: str = "") -> list[Chosen]:
    """The passages that answer, best first, each with its units. Empty when nothing was found.

    ``said`` is the answer that the question follows up: who asks on wants what the same passage has left to say.
    """
    if not found:
        return []
    found = [e for e in found if not is_label(e)] or found
    best = found[0]
    chosen: list[Chosen] = []
    for evidence in found[: MAX_PASSAGES * 2]:
        if len(chosen) >= MAX_PASSAGES or evidence.raw < best.raw - PASSAGE_GAP:
            break
        if evidence is not best and not _adds(asked, evidence, best):
            continue
        units = pick_units(asked, evidence)
        if units:
            chosen.append(Chosen(evidence, tuple(units), len(units) == len(quotable(evidence.units))))
    if said and chosen and len(chosen[0].evidence.hit.passage.text) <= ASKED_ON_MAX:
        chosen[0] = _with_the_rest(asked, chosen[0], said)
    if chosen and is_handbook(chosen[0].evidence) and not said:
        chosen = _with_claim(chosen, found, index)
    return _in_reading_order(_with_siblings(asked, chosen, found, index))


def _with_claim(chosen: list[Chosen], found: Sequence[Evidence], index: Index) -> list[Chosen]:
    """An entry of the handbook begins with its claim, its first paragraph; what was chosen from it cannot be judged without."""
    passage = chosen[0].evidence.hit.passage
    first = index.passages[min(index.same_question[passage.doc_id, passage.heading_path])].id
    evidence = next((e for e in found if e.hit.passage.id == first), None)
    claim = _first_paragraph(quotable(evidence.units), index) if evidence is not None else []
    if evidence is None or not claim:
        return chosen
    at = next((n for n, c in enumerate(chosen) if c.evidence.hit.passage.id == first), None)
    if at is None:
        return [Chosen(evidence, tuple(_with_context(quotable(evidence.units), {u.start for u in claim})), False), *chosen]
    units = tuple(_with_context(quotable(evidence.units), {u.start for u in (*claim, *chosen[at].units)}))
    return [*chosen[:at], replace(chosen[at], units=units), *chosen[at + 1 :]]


def _first_paragraph(units: Sequence[Unit], index: Index) -> list[Unit]:
    """The text units before the first line's end; none where a list, a table or a formula comes first."""
    out: list[Unit] = []
    for unit in units:
        if unit.kind != "text":
            break
        if out and "\n" in index.documents[index.passages[index.number[unit.passage_id]].doc_id].source[out[-1].end : unit.start]:
            break
        out.append(unit)
    return out


def _in_reading_order(chosen: Sequence[Chosen]) -> list[Chosen]:
    """Pieces of one entry in the order they were written, at the place of the best of them: an example does not come before what it is an example of."""
    entries: dict[tuple[str, tuple[str, ...]], list[Chosen]] = {}
    for choice in chosen:
        passage = choice.evidence.hit.passage
        entries.setdefault((passage.doc_id, passage.heading_path), []).append(choice)
    return [choice for entry in entries.values() for choice in sorted(entry, key=lambda c: c.evidence.hit.passage.start)]


def _with_the_rest(asked: Asked, chosen: Chosen, said: str) -> Chosen:
    """A choice with all other units of its passage that were not said yet."""
    taken = {u.start for u in chosen.units}
    usable = quotable(chosen.evidence.units, sources=asked.wants_source)
    units = tuple(u for u in usable if u.start in taken or overlap(u.text, said) < SAID)
    return replace(chosen, units=units or chosen.units, whole=len(units) == len(usable))


def overlap(text: str, other: str) -> float:
    """The share of a text's letter trigrams that another text holds."""
    own, others = _trigrams(text), _trigrams(other)
    return len(own & others) / len(own) if own else 0.0


def _trigrams(text: str) -> set[str]:
    letters = re.sub(r"[\W_]+", "", normalise(text))
    return {letters[i : i + 3] for i in range(len(letters) - 2)}


def _adds(asked: Asked, evidence: Evidence, best: Evidence) -> bool:
    """Whether a runner-up belongs into the same answer: it is about what the best is about, or fits nearly as well."""
    if is_pointer(evidence) != is_pointer(best) and not asked.wants_source:
        return False
    if is_pointer(evidence):
        return evidence.raw > best.raw - PASSAGE_GAP / 3
    top = max(evidence.relevance, default=-9.0)
    return top >= max(best.relevance, default=-9.0) - UNIT_GAP or evidence.question >= best.question - WHOLE_MARGIN


def quotable(units: Sequence[Unit], *, sources: bool = False, asides: bool = False) -> list[Unit]:
    """The units that can be sentences of an answer: none that gives orders; ``sources`` lets references in, for who asks for them, ``asides`` what an entry
    says beside its answer."""
    kinds = QUOTABLE | ({"reference"} if sources else set()) | ({"aside"} if asides else set())
    return [u for u in units if u.kind in kinds and not gives_orders(u.text)]


def pick_units(asked: Asked, evidence: Evidence) -> list[Unit]:
    """The units of one passage that answer: all of a short one or of one whose question line is what was asked, else the best and their context."""
    passage = evidence.hit.passage
    usable = quotable(evidence.units, sources=asked.wants_source)
    if not usable:
        return [u for u in evidence.units if u.kind in {"pages", "reference"} and not gives_orders(u.text)]
    relevance = dict(zip((u.start for u in evidence.units), evidence.relevance, strict=True))
    best = max(relevance[u.start] for u in usable)
    named = evidence.question if passage.question else evidence.question - WHOLE_MARGIN
    if len(passage.text) <= SHORT_PASSAGE or (named >= best - WHOLE_MARGIN and named >= (SAME_QUESTION if not is_handbook(evidence) else 0.0)):
        return usable
    gap = UNIT_GAP * (1.6 if _LISTING.search(asked.text) else 1.0)
    terms = set(asked.terms)
    taken = {u.start for u in usable if relevance[u.start] >= best - gap}
    taken |= {u.start for u in usable if relevance[u.start] >= best - 2 * gap and _covers(u, terms)}
    taken |= _sources(usable, terms)
    if _WHY.search(asked.text):
        taken |= _reasons(usable, taken)
    return _with_context(usable, _whole_lists(usable, taken, always=bool(_LISTING.search(asked.text))))


def _whole_lists(units: Sequence[Unit], taken: set[int], *, always: bool) -> set[int]:
    """Complete a list or table of which half is taken (any of it, where a list was asked for): half a list misleads."""
    out = set(taken)
    run: list[Unit] = []
    for unit in [*units, None]:
        if unit is not None and unit.kind in {"item", "row"} and (not run or run[-1].kind == unit.kind):
            run.append(unit)
            continue
        count = sum(u.start in taken for u in run)
        if run and count and run[0].kind == "item" and (always or 2 * count >= len(run)):
            out |= {u.start for u in run}
        run = [unit] if unit is not None and unit.kind in {"item", "row"} else []
    return out


def _reasons(units: Sequence[Unit], taken: set[int]) -> set[int]:
    """The clauses that say because, in the sentences of which something is taken."""
    runs = [units[first : last + 1] for first, last in _sentences_of(units)]
    return {u.start for run in runs if any(u.start in taken for u in run) for u in run if _BECAUSE.search(u.text)}


def _sources(units: Sequence[Unit], terms: set[str]) -> set[int]:
    """The references among the units that name most of what a question names; all of them where none names any."""
    named = {u.start: len(terms & set(content_terms(u.text))) for u in units if u.kind == "reference"}
    return {start for start, count in named.items() if count == max(named.values())}


def _covers(unit: Unit, terms: set[str]) -> bool:
    """Whether a unit holds at least half of the question's terms."""
    return bool(terms) and 2 * len(terms & set(content_terms(unit.text))) >= len(terms)


def _with_context(units: Sequence[Unit], taken: set[int]) -> list[Unit]:
    """Add what a taken unit cannot be read without: the lead-in above a list item, what a taken lead-in introduces, a formula's line."""
    keep = [u.start in taken for u in units]
    for i, unit in enumerate(units):
        if keep[i] and _LEAD.search(unit.text):
            for j in range(i + 1, len(units)):
                if units[j].kind not in {"item", "row", "formula", "code"} and j > i + 1:
                    break
                keep[j] = True
        if keep[i] and i and unit.kind in {"formula", "code"} and units[i - 1].kind == "text":
            keep[i - 1] = True
        if keep[i] and i + 1 < len(units) and units[i + 1].kind == "formula":
            keep[i + 1] = True
        if keep[i] and unit.text[:1] in "（(" and i:
            keep[i - 1] = True
    for first, last in _sentences_of(units):
        # A sentence is not broken at its semicolons, unless it is a long Chinese one, whose clauses stand for themselves.
        if units[last].end - units[first].start <= SENTENCE_MAX or _ENGLISH_CLAUSE.search(units[first].text):
            keep[first : last + 1] = [any(keep[first : last + 1])] * (last + 1 - first)
    return [u for u, k in zip(units, keep, strict=True) if k]


def _goes_on(clause: Unit, unit: Unit) -> bool:
    """Whether a unit goes on with the sentence of the clause before it."""
    return bool(CLAUSE.search(clause.text)) and unit.kind in {clause.kind, "text"} and unit.start - clause.end <= 1


def _sentences_of(units: Sequence[Unit]) -> list[tuple[int, int]]:
    """First and last index of the runs of clauses that semicolons part."""
    runs: list[tuple[int, int]] = []
    first = 0
    for i in range(1, len(units) + 1):
        if i == len(units) or not _goes_on(units[i - 1], units[i]):
            if i - 1 > first:
                runs.append((first, i - 1))
            first = i
    return runs


def _with_siblings(asked: Asked, chosen: list[Chosen], found: Sequence[Evidence], index: Index) -> list[Chosen]:
    """When a question line was matched whole, the other pieces its answer was cut into belong to the answer too."""
    if not chosen:
        return chosen
    first = chosen[0]
    passage = first.evidence.hit.passage
    if passage.question is None or first.evidence.question < SAME_QUESTION:
        return chosen
    family = index.same_question.get((passage.doc_id, passage.heading_path), ())
    if sum(len(index.passages[n].text) for n in family) > FAMILY_MAX:
        return chosen
    have = {c.evidence.hit.passage.id for c in chosen}
    extra = []
    by_id = {e.hit.passage.id: e for e in found}
    for number in family:
        other = index.passages[number]
        if other.id in have or other.kind == "pointer":
            continue
        evidence = by_id.get(other.id)
        if evidence is not None:
            units = quotable(evidence.units) if first.evidence.question >= max(first.evidence.relevance, default=-9.0) else pick_units(asked, evidence)
            if units:
                extra.append(Chosen(evidence, tuple(units), True))
    if not extra:
        return chosen
    block = sorted([first, *extra], key=lambda c: c.evidence.hit.passage.start)
    return [*block, *chosen[1:]]


def without(chosen: Chosen, starts: set[int]) -> Chosen | None:
    """A choice without some of its units; None when nothing is left."""
    units = tuple(u for u in chosen.units if u.start not in starts)
    return replace(chosen, units=units) if units else None
