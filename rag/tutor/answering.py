"""Questions answered from the corpus."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answer import Chosen, choose, compose, phrase
from rag.answer.answerable import Answerability, signals
from rag.answer.compose import cite
from rag.answer.followup import Standalone, in_language, standalone, thing_asked
from rag.answer.gate import gate
from rag.answer.origin import asks_origin, noted_origin, said_origin
from rag.answer.parts import Parts, about, compares, covers, headed, naming_all, only_about, split_parts, term_of
from rag.answer.prefer import prefer
from rag.answer.premise import denied_by
from rag.answer.refuse import refusal, small_talk
from rag.answer.select import SAID, SHORT_PASSAGE, UNIT_GAP, is_handbook, overlap, quotable, readable, without
from rag.answer.writer import Writer, written_instead
from rag.errors import EndpointError
from rag.jsonable import clean
from rag.judge import BundledJudge
from rag.llm import Endpoint
from rag.records import Answer, Asked, Evidence, Hit, Language, Sentence, Unit
from rag.search import Query, Searcher
from rag.store import Index
from rag.text import language_of
from rag.tutor.library import Library

MAX_QUESTION = 2000
MAX_HISTORY = 12
CONTEXT_WEIGHT = 0.35
EVIDENCE = 12
PREMISE_GAP = 1.0
SIDE_BY_SIDE = 2
"""So many passages at most are quoted for a sentence that names all things of a comparison; the same sentence in two notes is one."""
NAMED = 0.9
"""How probable it is that a text answers which names, beside a thing, who or when is asked for."""
FEW = 2
"""So many Latin words at most make a text that is a bare name."""


@dataclass(frozen=True, slots=True)
class ByPart:
    """An answer in blocks, how many parts the notes answer, and the least probability that they do."""

    sentences: tuple[Sentence, ...]
    chosen: tuple[Chosen, ...]
    answered: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One question, as it was put, as it was read and as it was searched for, over one index."""

    searcher: Searcher
    question: str
    read: Standalone
    asked: Asked
    query: Query


class Answering(Library):
    """Search and answers over the library."""

    def search(self, query: str, k: int = 10, documents: Collection[str] | None = None) -> list[Hit]:
        """The ``k`` best passages, ordered by (-score, id)."""
        return self._searcher.search(clean(query[:MAX_QUESTION]), k, documents, self.settings.search.candidates)

    def ask(self, question: str, history: Sequence[Mapping[str, object]] = (), documents: Collection[str] | None = None) -> Answer:
        """Answer a question with citations, or say that the corpus has no answer."""
        *_, answer = self.ask_stream(question, history, documents)
        return answer

    def ask_stream(self, question: str, history: Sequence[Mapping[str, object]] = (), documents: Collection[str] | None = None) -> Iterator[Answer]:
        """Growing answers; the last one is whole."""
        final, asked, chosen = self._answer(clean(question[:MAX_QUESTION]), list(history)[-MAX_HISTORY:], documents)
        if asked is not None and not final.abstained and self.settings.llm.enabled:
            try:
                writer = self._writer()
            except EndpointError as error:
                yield written_instead(final, error)
                return
            yield from writer.write(asked, chosen, final)
            return
        for n in range(1, len(final.sentences)):
            yield replace(final, sentences=final.sentences[:n])
        yield final

    def _writer(self) -> Writer:
        """The optional model over the index in use; it may only rephrase what the evidence holds."""
        return Writer(Endpoint(self.settings.llm), self.index, self.encoder)

    def _answer(
        self, question: str, history: Sequence[Mapping[str, object]], documents: Collection[str] | None
    ) -> tuple[Answer, Asked | None, Sequence[Chosen]]:
        started = time.perf_counter()
        wanted, told = in_language(question, history)
        language = told or language_of(question)
        gated = gate(wanted, has_history=bool(history))
        if gated.kind is not None:
            return small_talk(question, gated.kind, language), None, ()
        read = standalone(gated.question, history, self.index.bm25)
        if not history and not read.followed and gate(gated.question).kind == "vague":
            return small_talk(question, "vague", language), None, ()
        searcher = self._searcher
        found, query = self._find(searcher, read, documents, told)
        searched = time.perf_counter()
        asked = replace(query.asked, text=read.search if read.followed else query.text, language=told or query.language)
        confidence = self._probability(asked, found, searcher.index)
        refuse_below, caution_below = self._thresholds()
        by_part = self._by_part(searcher, asked, _parts(gated.question, read), found, documents)
        if by_part is not None and by_part.answered >= 2:
            confidence = max(confidence, by_part.confidence)
        if not found or confidence < refuse_below:
            chosen: Sequence[Chosen] = ()
            answer = refusal(question, read.text, language, confidence, found)
        else:
            turn = Turn(searcher, question, read, asked, query)
            answer, chosen = self._compose(turn, found, by_part)
            if read.context and _nothing_new(answer, read.said):
                answer, chosen, confidence = self._unsaid(turn, found, answer, chosen, confidence)
            answer = replace(answer, confidence=confidence, caution=answer.caution or confidence < caution_below)
        timings = {"search": searched - started, "answer": time.perf_counter() - searched}
        return replace(answer, timings={k: round(v * 1000, 1) for k, v in timings.items()}), asked, chosen

    def _unsaid(
        self, turn: Turn, found: Sequence[Evidence], repeated: Answer, chosen: Sequence[Chosen], confidence: float
    ) -> tuple[Answer, Sequence[Chosen], float]:
        """In place of an answer that only repeats the last one: one from the other passages, where they surely answer, else the same, which then says so.
        With what it quotes and how sure it is."""
        caution_below = self._thresholds()[1]
        told = {c.evidence.hit.passage.id for c in chosen}
        rest = [e for e in found if e.hit.passage.id not in told]
        sure = self._probability(turn.asked, rest, turn.searcher.index) if rest else 0.0
        if sure >= caution_below:
            other, quoted = self._compose(turn, rest, None)
            if other.sentences and not _nothing_new(other, turn.read.said):
                return other, quoted, sure
        again = Sentence(phrase("nothing_new", turn.asked.language), kind="frame")
        return replace(repeated, sentences=(again, *repeated.sentences), caution=True), chosen, min(confidence, caution_below)

    @property
    def _answerability(self) -> Answerability:
        """The fitted model of whether the corpus answers: with a judge's signals where the bundled judge reads along, it was fitted on that one's."""
        return Answerability.shipped(judged=self._searcher.rereads and isinstance(self.judge, BundledJudge))

    def _probability(self, asked: Asked, found: Sequence[Evidence], index: Index) -> float:
        """How probable it is that the evidence answers; 0 for a bare Latin name that the corpus never writes, whose vector says nothing, where it is asked
        what a thing is that the corpus never names, and where someone or a year is asked for and named nowhere."""
        terms = [t for t in asked.terms if len(t) > 1]
        if asked.text.isascii() and len(asked.text.split()) <= FEW and not any(t in index.bm25 for t in terms):
            return 0.0
        # Of what a thing is called in any way the glossary knows, the corpus has nothing: what lies nearest is another thing.
        if (thing := thing_asked(asked.text)) and (term := term_of(thing)) is not None and term not in index.bm25:
            return 0.0
        if asks_origin(asked.text):
            named = said_origin(asked, found) or noted_origin(asked, found, index)
            return NAMED if named else 0.0
        return self._answerability.probability(signals(asked, found, index))

    def _thresholds(self) -> tuple[float, float]:
        """The probabilities below which a question is refused, and answered with a caution: the settings', else the model's."""
        given, model = self.settings.answer, self._answerability
        return (
            given.refuse_below if given.refuse_below is not None else model.refuse_below,
            given.caution_below if given.caution_below is not None else model.caution_below,
        )

    def _find(self, searcher: Searcher, read: Standalone, documents: Collection[str] | None, told: Language | None = None) -> tuple[list[Evidence], Query]:
        """Evidence for a question, readable in the language it was ``told`` to answer in; one that continues a conversation leans on the passages of
        what it continues."""
        query = searcher.query(read.search)
        documents = documents if documents is not None else readable(searcher.index, told or query.language)
        scored = searcher.score(query, documents, self.settings.search.candidates)
        # Who was told what a thing is and asks on is not answered by its definition again.
        if read.followed and read.context and scored and not thing_asked(read.context):
            before = {s.number: s.raw for s in searcher.score(searcher.query(read.context), documents, self.settings.search.candidates)}
            floor = min(before.values(), default=0.0)
            leaning = [replace(s, raw=s.raw + CONTEXT_WEIGHT * (before.get(s.number, floor) - floor) + self._quoted(searcher, s.number, read)) for s in scored]
            scored = sorted(leaning, key=lambda s: (-round(s.raw, 9), searcher.index.passages[s.number].id))
        return searcher.reread(query, searcher.evidence(query, scored[:EVIDENCE])), query

    @staticmethod
    def _quoted(searcher: Searcher, number: int, read: Standalone) -> float:
        """What a passage gains by holding the words of the last answer: from 0 (less than two fifths of them) to 1 (all)."""
        return max(0.0, (overlap(read.said, searcher.index.passages[number].text) - 0.4) / 0.6) if read.said else 0.0

    def _compose(self, turn: Turn, found: Sequence[Evidence], by_part: ByPart | None) -> tuple[Answer, Sequence[Chosen]]:
        index, asked = turn.searcher.index, turn.asked
        if by_part is not None:
            sentences, chosen = list(by_part.sentences), list(by_part.chosen)
        elif said := said_origin(asked, found):
            chosen = [said]
            sentences = compose(asked, chosen, index)
        elif noted := noted_origin(asked, found, index):
            sentences, chosen = self._noted(turn, *noted)
        else:
            chosen = self._choose(turn, found)
            sentences = self._corrected(asked, found, index) or compose(asked, chosen, index)
        sentences = self._with_errata(sentences, asked.language, index)
        hits = tuple(c.evidence.hit for c in chosen) or tuple(e.hit for e in found[:3])
        return Answer(turn.question, turn.read.text, asked.language, tuple(sentences), hits=hits), chosen

    @staticmethod
    def _noted(turn: Turn, claim: Unit, source: Unit) -> tuple[list[Sentence], list[Chosen]]:
        """What a thing is and the source of that, for who asks where it comes from."""
        index = turn.searcher.index
        numbers = sorted({index.number[u.passage_id] for u in (claim, source)})
        document = index.documents[index.passages[numbers[0]].doc_id]
        first, last = (Sentence(u.text, (cite(document, u.start, u.end),), kind) for u, kind in ((claim, "paragraph"), (source, "item")))
        found = turn.searcher.evidence_of(turn.query, numbers)
        chosen = [Chosen(e, tuple(u for u in (claim, source) if u.passage_id == e.hit.passage.id), False) for e in found]
        return [first, Sentence(phrase("origin", turn.asked.language), kind="frame"), last], chosen

    def _choose(self, turn: Turn, found: Sequence[Evidence]) -> list[Chosen]:
        """What is quoted for a question of one part."""
        searcher, read = turn.searcher, turn.read
        linked = searcher.evidence_of(turn.query, self._linked(found[:3], turn.asked.language))
        ordered, pointer = prefer(turn.asked, found, linked)
        chosen = choose(turn.asked, self._with_first_piece(searcher, turn.query, ordered), searcher.index, read.said if read.followed else "")
        if pointer is not None and all(c.evidence is not pointer for c in chosen):
            chosen = [*chosen, Chosen(pointer, pointer.units, True)]
        return chosen

    @staticmethod
    def _with_first_piece(searcher: Searcher, query: Query, ordered: Sequence[Evidence]) -> list[Evidence]:
        """Evidence with the piece that a leading entry of the handbook begins with, last where it was not found."""
        if not ordered or not is_handbook(ordered[0]):
            return list(ordered)
        passage = ordered[0].hit.passage
        first = min(searcher.index.same_question[passage.doc_id, passage.heading_path])
        if any(e.hit.passage.id == searcher.index.passages[first].id for e in ordered):
            return list(ordered)
        return [*ordered, *searcher.evidence_of(query, [first])]

    def _linked(self, found: Sequence[Evidence], language: Language) -> list[int]:
        """The handbook's passages, in a language, for what notes are about: by the bank, which quotes where each question is asked."""
        index = self.index
        out: dict[int, None] = {}
        for evidence in found:
            passage = evidence.hit.passage
            if passage.doc_id not in self._asked_in:
                continue
            for start, end, question in self._asked_in[passage.doc_id]:
                if start < passage.end and passage.start < end and question.handbook:
                    heading = question.text.in_language(language)
                    out.update(dict.fromkeys(self._handbook_entries.get((f"{language}/{question.handbook}", heading), ())))
            if out:
                break
        return [n for n in out if n < len(index.passages)]

    @staticmethod
    def _corrected(asked: Asked, found: Sequence[Evidence], index: Index) -> list[Sentence]:
        """The correction of a question whose premise a good passage denies; empty where none does."""
        for evidence in found[:3]:
            denying = denied_by(asked, evidence.units)
            if denying and evidence.raw >= found[0].raw - PREMISE_GAP:
                document = index.documents[evidence.hit.passage.doc_id]
                quotes = [Sentence(u.text, (cite(document, u.start, u.end),), "item") for u in denying]
                return [Sentence(phrase("premise", asked.language), kind="frame"), *quotes]
        return []

    def _with_errata(self, sentences: Sequence[Sentence], language: Language, index: Index) -> list[Sentence]:
        """Sentences, each followed by the known mistakes of the spans it cites, once each."""
        out: list[Sentence] = []
        told: set[str] = set()
        for sentence in sentences:
            out.append(sentence)
            mended = ""
            for citation in sentence.citations:
                document = index.documents[citation.doc_id]
                if mended and mended != citation.doc_id:
                    break  # one statement merged from several notes is corrected once
                for erratum in self.errata.for_span(citation.doc_id, citation.start, citation.end, document.source):
                    if erratum.id not in told:
                        told.add(erratum.id)
                        mended = citation.doc_id
                        key = "erratum" if erratum.kind == "mistake" else "contradiction"
                        out.append(Sentence(phrase(key, language, right=erratum.right.in_language(language)), (citation,), "erratum"))
        return out

    def _by_part(self, searcher: Searcher, asked: Asked, parts: Parts, found: Sequence[Evidence], documents: Collection[str] | None) -> ByPart | None:
        """One block a part, each found and judged on its own. None where a passage answers for all parts together, where the notes hold none of them,
        where they hold one of several questions, or where one entry answers for several."""
        if not parts.items:
            return None
        whole = bool(found) and covers(parts, found[0])
        if whole and not (parts.compares and self._handbook_entries and _is_brief(found[0])):
            return None
        index, refuse_below = searcher.index, self._thresholds()[0]
        together: list[Chosen] = []
        if parts.compares:
            together = choose(asked, found[:1], index) if whole else self._together(searcher, asked, [name for name, _ in parts.items], found, documents)
        first = compose(asked, together, index)
        told = {(c.evidence.hit.passage.id, u.start) for c in together for u in c.units}
        blocks: list[Sentence] = []
        taken: list[Chosen] = []
        sure: list[float] = []
        for name, part in parts.items:
            of_part, query = self._find(searcher, Standalone(part, part, False), documents, asked.language)
            inner = Asked(part, asked.language, query.terms, asked.wants_source)
            blocks.append(Sentence(phrase("part", asked.language, part=name), kind="frame"))
            confidence = self._probability(inner, of_part, index)
            chosen = self._choose_part(searcher, query, inner, name if parts.compares else "", of_part) if confidence >= refuse_below else []
            fresh = [c for one in chosen if (c := without(one, {start for passage, start in told if passage == one.evidence.hit.passage.id}))]
            if fresh:
                blocks += compose(inner, fresh, index)
                taken += fresh
                sure.append(confidence)
            else:
                blocks.append(Sentence(phrase("part_missing", asked.language, part=name), kind="frame"))
        if not sure and first:
            return ByPart(tuple(first), tuple(together), 0, 0.0)
        entries = {(c.evidence.hit.passage.doc_id, c.evidence.hit.passage.heading_path) for c in taken}
        if len(sure) < (1 if parts.compares else 2) or len(entries) < len(sure):
            return None
        return ByPart((*first, *blocks), (*together, *taken), len(sure), min(sure))

    def _together(self, searcher: Searcher, asked: Asked, names: Sequence[str], found: Sequence[Evidence], documents: Collection[str] | None) -> list[Chosen]:
        """The sentences of notes that set all things of a comparison side by side, if they lie about as near to the question as the best of what was found.
        The handbook compares in entries of its own, which search finds: what it says of both elsewhere it says in passing."""
        index = searcher.index
        terms = [term for name in names if (term := term_of(name))]
        if not terms:
            return []
        allowed = documents if documents is not None else readable(index, asked.language)
        holding = [n for n, tokens in enumerate(index.tokens) if all(t in tokens for t in terms) and (allowed is None or index.passages[n].doc_id in allowed)]
        near = max((r for e in found for r in e.relevance), default=0.0) - 2 * UNIT_GAP
        chosen: list[tuple[float, Chosen]] = []
        for evidence in searcher.evidence_of(searcher.query(asked.text), holding):
            if is_handbook(evidence):
                continue
            relevance = dict(zip((u.start for u in evidence.units), evidence.relevance, strict=True))
            units = naming_all(names, [u for u in quotable(evidence.units) if relevance[u.start] >= near])
            if units:
                chosen.append((max(relevance[u.start] for u in units), Chosen(evidence, tuple(units), False)))
        chosen.sort(key=lambda pair: (-pair[0], pair[1].evidence.hit.passage.id))
        return [c for _, c in chosen[:SIDE_BY_SIDE]]

    @staticmethod
    def _choose_part(searcher: Searcher, query: Query, asked: Asked, name: str, found: Sequence[Evidence]) -> list[Chosen]:
        """What the best passage about a part says of it; an entry of the handbook begins with its claim. ``name`` is empty for a whole question."""
        if not name:
            return choose(asked, prefer(asked, found)[0], searcher.index)[:1]
        named = prefer(asked, about(name, found))[0]
        if not named:
            return []
        passage = named[0].hit.passage
        of_it = headed(name, named[0])
        entry = of_it and is_handbook(named[0])
        if entry:
            named = searcher.evidence_of(query, [min(searcher.index.same_question[passage.doc_id, passage.heading_path])])
        chosen = choose(asked, named, searcher.index)[:1]
        short = [replace(c, units=tuple(only_about(name, quotable(c.evidence.units, asides=not of_it), c.units, of_it=of_it, entry=entry))) for c in chosen]
        return [c for c in short if c.units]


def _parts(question: str, read: Standalone) -> Parts:
    """The parts of a question; who asks on has one of parts only where something is set beside what was talked of."""
    if not read.context:
        return split_parts(read.text)
    return split_parts(read.search) if compares(question) else Parts()


def _is_brief(evidence: Evidence) -> bool:
    """Whether a note says only a little under no question: what it sets side by side is worth a look, and no whole comparison where a handbook has more."""
    passage = evidence.hit.passage
    return not passage.question and not is_handbook(evidence) and len(passage.text) <= SHORT_PASSAGE


def _nothing_new(answer: Answer, said: str) -> bool:
    """Whether an answer quotes only what another one has said."""
    quoted = [s.text for s in answer.sentences if s.citations]
    return bool(quoted) and all(overlap(text, said) >= SAID for text in quoted)
