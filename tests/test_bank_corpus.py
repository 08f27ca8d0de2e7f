"""What the committed corpus promises: every question of the seeds has its bank entry, its handbook answer and its learning pairs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from rag.bank import Bank, Errata, load_bank, load_details, load_errata, load_pairs
from rag.bank.tree import read_entries
from rag.chunk import passages_of, units_of
from rag.corpus import load_corpus
from rag.corpus.lines import asks
from rag.records import Bilingual, Document, Question
from rag.text import concepts, language_of

ROOT = Path(__file__).resolve().parent.parent / "corpus"
LANGUAGES = ("zh", "en")
LABELS = {"zh": ("**易混淆**：", "**追问**：", "**出处**："), "en": ("**Common confusion**:", "**Follow-up**:", "**Source**:")}
CJK = re.compile(r"[\u3400-\u9fff]")
CJK_RUN, WORD_RUN = 16, 8
NOT_ASKED = {"在时序信号建模中", "不理解？"}
"""A bold line that only narrows the heading above it (which is quoted), and a rhetorical question."""
TERMS = "terms.md"
"""The chapter of definitions: the one that is not made of the bank's questions."""
BEYOND_THE_SEEDS = {"llm"}
"""Areas of the bank that no seed asks about."""
NOT_TRAINED_ON = {"llm"}
"""Areas of the bank for which no replies were written to learn from."""


@cache
def bank() -> Bank:
    return load_bank(ROOT / "bank")


@cache
def errata() -> Errata:
    return load_errata(ROOT / "errata.yaml")


@cache
def seeds() -> dict[str, Document]:
    documents, skipped = load_corpus(ROOT / "seeds")
    assert not skipped
    return {f"seeds/{d.id}": d for d in documents}


@dataclass(frozen=True)
class Entry:
    """One answer of the handbook: its heading and the paragraphs below it."""

    heading: str
    paragraphs: tuple[str, ...]

    @property
    def body(self) -> str:
        return "\n\n".join(self.paragraphs)


@cache
def chapters(language: str) -> dict[str, tuple[Entry, ...]]:
    return {path.name: tuple(entries_of(path.read_text(encoding="utf-8"))) for path in sorted((ROOT / "handbook" / language).glob("*.md"))}


def handbook(language: str) -> dict[str, tuple[Entry, ...]]:
    return {name: entries for name, entries in chapters(language).items() if name != TERMS}


def entries_of(text: str) -> Iterator[Entry]:
    heading, lines, fenced = "", list[str](), False
    for line in [*text.split("\n"), "## "]:
        if line.startswith("```"):
            fenced = not fenced
        if line.startswith("## ") and not fenced:
            if heading:
                yield Entry(heading, tuple(p.strip("\n") for p in re.split(r"\n[ \t]*\n", "\n".join(lines)) if p.strip()))
            heading, lines = line[3:].strip(), []
        else:
            lines.append(line)


def all_entries() -> Iterator[tuple[str, str, Entry]]:
    for language in LANGUAGES:
        for name, entries in chapters(language).items():
            for entry in entries:
                yield language, name, entry


def spans(source: str, quote: str) -> list[tuple[int, int]]:
    return [(m.start(), m.end()) for m in re.finditer(re.escape(quote), source)]


# -- seeds -----------------------------------------------------------------------------------------------------------------------------


def asking_spans(document: Document) -> dict[tuple[int, int], str]:
    """Every place of a document that asks: question lines, headings that ask, what its passages answer (pointers too), asking sentences."""
    asking = [b for b in document.blocks if b.kind == "question" or (b.kind == "title" and asks(b.text))]
    found = {(b.start, b.end): b.text for b in asking}
    for passage in passages_of(document):
        found.update({(u.start, u.end): u.text for u in units_of(document, passage) if u.kind == "question"})
        if passage.question and passage.question not in found.values():
            line = document.source[passage.start : passage.end].split("\n", 1)[0]
            found[passage.start, passage.start + len(line)] = passage.question
    return {span: text for span, text in found.items() if text not in NOT_ASKED}


def test_the_parser_finds_the_questions_of_the_seeds() -> None:
    counts = {doc_id: len(asking_spans(d)) for doc_id, d in seeds().items()}
    assert all(counts[doc_id] >= least for doc_id, least in zip(sorted(counts), (8, 8, 15, 14, 62), strict=True)), counts


def test_every_question_of_the_seeds_is_covered() -> None:
    missing = []
    for doc_id, document in seeds().items():
        quoted = [span for q in bank() for a in q.asked if a.doc_id == doc_id for span in spans(document.source, a.quote)]
        for (start, end), text in asking_spans(document).items():
            if not any(s < end and start < e for s, e in quoted):
                missing.append(f"{doc_id}: {text}")
    assert not missing, "\n".join(missing)


def test_every_quote_of_the_bank_is_literal() -> None:
    wrong = [f"{q.id}: {a}" for q in bank() for a in q.asked if a.doc_id not in seeds() or a.quote not in seeds()[a.doc_id].source]
    assert not wrong, "\n".join(wrong)


def test_every_question_says_where_it_is_asked() -> None:
    assert [q.id for q in bank() if bool(q.asked) == (q.area in BEYOND_THE_SEEDS)] == []


# -- bank ------------------------------------------------------------------------------------------------------------------------------


def test_entries_are_complete() -> None:
    """The form that the guide for authors promises, which is narrower than what a user's own bank may hold."""
    wrong = []
    for q in bank():
        if q.area != Path(q.handbook or "").stem:
            wrong.append(f"{q.id}: area {q.area} and handbook {q.handbook} differ")
        for what, low, high, count in (
            ("key points", 3, 6, len(q.key_points)),
            ("misconceptions", 2, 4, len(q.misconceptions)),
            ("follow-ups", 2, 3, len(q.follow_ups)),
            ("hints", 1, 2, len(q.hints)),
        ):
            if not low <= count <= high:
                wrong.append(f"{q.id}: {count} {what}, not {low} to {high}")
    assert not wrong, "\n".join(wrong)


def test_weights_sum_to_100() -> None:
    assert [q.id for q in bank() if sum(p.weight for p in q.key_points) != 100] == []


def texts_of(question: Question) -> Iterator[tuple[str, Bilingual]]:
    yield "question", question.text
    yield from ((p.id, p.text) for p in question.key_points)
    yield from (("misconception", m) for m in question.misconceptions)
    yield from ((f"follow-up {f.point}", f.text) for f in question.follow_ups)
    yield from (("hint", h) for h in question.hints)


def test_every_text_is_given_in_both_languages() -> None:
    wrong = []
    for q in bank():
        for what, text in texts_of(q):
            if not CJK.search(text.zh):
                wrong.append(f"{q.id} {what}: zh is {text.zh!r}")
            if not re.search(r"[A-Za-z]{2}", text.en) or CJK.search(text.en):
                wrong.append(f"{q.id} {what}: en is {text.en!r}")
    assert not wrong, "\n".join(wrong)


def test_no_two_questions_have_the_same_words() -> None:
    for language in ("zh", "en"):
        twice = [t for t, n in Counter(q.text.in_language(language) for q in bank()).items() if n > 1]
        assert not twice, twice


def test_the_reader_agrees_with_safe_load() -> None:
    """Our typeless reader and PyYAML's see the same entries; only numbers are still words with ours."""

    def worded(value: object) -> object:
        if isinstance(value, dict):
            return {k: worded(v) for k, v in value.items()}
        return [worded(v) for v in value] if isinstance(value, list) else str(value) if isinstance(value, int) else value

    for path in [*sorted((ROOT / "bank").glob("*.yaml")), ROOT / "errata.yaml"]:
        faults: list[str] = []
        ours = [e.value for e in read_entries(path, faults)]
        assert not faults
        assert ours == worded(yaml.safe_load(path.read_text(encoding="utf-8"))), path.name


# -- handbook --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_handbook_and_bank_hold_the_same_questions(language: str) -> None:
    """Every heading belongs to one entry of the bank, every entry has its heading, in one order."""
    files = {q.handbook for q in bank()}
    assert set(handbook(language)) == files
    for name in sorted(f for f in files if f):
        headings = [e.heading for e in handbook(language)[name]]
        questions = [q.text.zh if language == "zh" else q.text.en for q in bank() if q.handbook == name]
        assert headings == questions, name


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_handbook_file_has_one_title(language: str) -> None:
    for path in sorted((ROOT / "handbook" / language).glob("*.md")):
        lines = path.read_text(encoding="utf-8").split("\n")
        assert lines[0].startswith("# "), path
        assert sum(bool(re.match(r"#\s", line)) for line in lines) == 1, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_fixed_paragraphs_are_present(language: str) -> None:
    wrong = []
    for name, entries in handbook(language).items():
        for entry in entries:
            for label in LABELS[language]:
                count = sum(p.startswith(label) and len(p) > len(label) + 5 for p in entry.paragraphs)
                if count != 1 or entry.body.count(label) != 1:
                    wrong.append(f"{name} {entry.heading!r}: {label} {count} times")
    assert not wrong, "\n".join(wrong)


def named_in(heading: str) -> set[str]:
    """What the two languages' headings of one definition have in common: its concepts, and its Latin names."""
    return {*concepts(heading), *re.findall(r"[a-z][a-z0-9]+", heading.lower().replace("-", ""))}


def test_definitions_stand_in_both_languages_in_one_order() -> None:
    zh, en = (chapters(language)[TERMS] for language in LANGUAGES)
    assert len(zh) == len(en) >= 120
    assert all(len({e.heading for e in entries}) == len(entries) for entries in (zh, en))
    assert all(e.heading.endswith("？") for e in zh)
    assert all(e.heading.endswith("?") for e in en)
    apart = [f"{a.heading} / {b.heading}" for a, b in zip(zh, en, strict=True) if not named_in(a.heading) & named_in(b.heading)]
    assert not apart, "\n".join(apart)


@pytest.mark.parametrize("language", LANGUAGES)
def test_definitions_have_their_fixed_paragraphs(language: str) -> None:
    wrong = []
    for entry in chapters(language)[TERMS]:
        confusion, _, source = LABELS[language]
        counts = [sum(p.startswith(label) and len(p) > len(label) + 5 for p in entry.paragraphs) for label in (confusion, source)]
        if counts != [1, 1] or not entry.paragraphs[-1].startswith(source) or entry.paragraphs[0].startswith(("-", "$", "*")):
            wrong.append(f"{entry.heading}: {counts}")
    assert not wrong, "\n".join(wrong)


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", " ", re.sub(r"(?ms)^```.*?^```[ \t]*$", " ", text))


def formulas_of(text: str) -> tuple[list[str], str | None]:
    """The formulas of a Markdown text without code, and what is wrong with its delimiters, if anything."""
    parts = without_code(text).replace(r"\$", "").split("$$")
    if len(parts) % 2 == 0:
        return [], "an odd number of $$"
    found = parts[1::2]
    for outside in parts[0::2]:
        for paragraph in re.split(r"\n[ \t]*\n", outside):
            pieces = paragraph.split("$")
            if len(pieces) % 2 == 0:
                return [], f"an odd number of $ in {paragraph.strip()[:60]!r}"
            found += pieces[1::2]
    return found, None


def fault_of(formula: str) -> str | None:
    bare = re.sub(r"\\[{}]", "", formula)
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return "a } too many"
    if depth:
        return "a { too many"
    if len(re.findall(r"\\left(?![A-Za-z])", formula)) != len(re.findall(r"\\right(?![A-Za-z])", formula)):
        return r"\left without \right"
    opened: list[str] = []
    for word, name in re.findall(r"\\(begin|end)\{([^}]*)\}", formula):
        if word == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            return rf"\end{{{name}}} without its \begin"
    return rf"\begin{{{opened[-1]}}} without its \end" if opened else None if formula.strip() else "empty"


def test_the_formula_check_sees_faults() -> None:
    assert formulas_of("a $x$ and\n\n$$\ny\n$$ `$` \\$5") == (["\ny\n", "x"], None)
    assert formulas_of("$$ x")[1]
    assert formulas_of("costs $5\n\nor $6")[1]
    assert fault_of(r"\{a\}_{b} \left( c \right) \begin{cases} x \end{cases} \leftarrow") is None
    assert all(fault_of(bad) for bad in ("{", "}", "}{", " ", r"\left(", r"\begin{cases}", r"\begin{a}\end{b}"))


def test_formulas_are_balanced() -> None:
    wrong = []
    for language, name, entry in all_entries():
        formulas, fault = formulas_of(entry.body)
        faults = [fault] if fault else [f"{f} in {formula.strip()[:80]!r}" for formula in formulas if (f := fault_of(formula))]
        wrong += [f"{language}/{name} {entry.heading!r}: {f}" for f in faults]
    assert not wrong, "\n".join(wrong)


def test_bank_formulas_are_balanced() -> None:
    wrong = []
    for q in bank():
        for what, text in texts_of(q):
            for said in (text.zh, text.en):
                formulas, fault = formulas_of(said)
                if fault or any(fault_of(f) for f in formulas):
                    wrong.append(f"{q.id} {what}: {said}")
    assert not wrong, "\n".join(wrong)


def cjk_of(text: str) -> str:
    return "".join(CJK.findall(text))


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


@cache
def seed_runs() -> tuple[frozenset[str], frozenset[tuple[str, ...]]]:
    characters: set[str] = set()
    words: set[tuple[str, ...]] = set()
    for document in seeds().values():
        cjk, english = cjk_of(document.source), words_of(document.source)
        characters.update(cjk[i : i + CJK_RUN] for i in range(len(cjk) - CJK_RUN + 1))
        words.update(tuple(english[i : i + WORD_RUN]) for i in range(len(english) - WORD_RUN + 1))
    return frozenset(characters), frozenset(words)


def copied(text: str) -> list[str]:
    """The runs a text shares with a seed, punctuation and spaces set aside."""
    characters, words = seed_runs()
    cjk, english = cjk_of(text), words_of(text)
    found = [run for i in range(len(cjk) - CJK_RUN + 1) if (run := cjk[i : i + CJK_RUN]) in characters]
    return found + [" ".join(run) for i in range(len(english) - WORD_RUN + 1) if (run := tuple(english[i : i + WORD_RUN])) in words]


def test_the_copy_check_sees_copies() -> None:
    assert copied("我们说：池化操作与多层次结构一起，实现了数据的降维，所以快")
    assert copied("see Understanding the difficulty of training deep feedforward neural networks for more")
    assert not copied("池化和多层结构合起来把数据降维")


def test_the_handbook_copies_no_seed() -> None:
    wrong = []
    for language, name, entry in all_entries():
        for paragraph in re.split(r"\n[ \t]*\n", without_code(entry.body)):
            if not paragraph.startswith(LABELS[language][2]):
                own = re.sub("《[^》]*》", "", paragraph)  # a title that is named is no copy
                wrong += [f"{language}/{name} {entry.heading!r}: {run}" for run in copied(own)[:1]]
    assert not wrong, "\n".join(wrong)


# -- errata and pairs ------------------------------------------------------------------------------------------------------------------


def test_every_quote_of_the_errata_is_literal_and_found_by_its_span() -> None:
    for erratum in errata():
        for doc_id, quote in [(erratum.doc_id, erratum.quote), *((a.doc_id, a.quote) for a in erratum.against)]:
            source = seeds()[doc_id].source
            places = spans(source, quote)
            assert places, f"{erratum.id}: {quote!r} is not in {doc_id}"
            for start, end in places:
                assert erratum in errata().for_span(doc_id, start, end, source)
                assert erratum in errata().for_span(doc_id.removeprefix("seeds/"), end - 1, end, source)


def test_errata_are_complete() -> None:
    for e in errata():
        assert all((e.right.zh, e.right.en, e.why.zh, e.why.en, e.source)), e.id
        assert language_of(e.right.zh) == language_of(e.why.zh) == "zh", e.id
        # English may quote the Chinese words it is about.
        assert all(len(words_of(text)) > len(cjk_of(text)) for text in (e.right.en, e.why.en)), e.id


def test_pairs_name_existing_questions_and_points() -> None:
    pairs = load_pairs(ROOT / "bank" / "pairs", bank())
    assert {p.label for p in pairs} == {"entails", "partly", "contradicts", "answers", "does_not_answer"}


def test_every_area_with_pairs_is_complete() -> None:
    """Where an area has a file of pairs, each of its questions and key points has its row."""
    folder = ROOT / "bank" / "pairs"
    given = {(p.question_id, p.point_id) for p in load_pairs(folder)}
    areas = {path.stem for path in folder.glob("*.jsonl") if not path.name.startswith("details-")}
    wanted = {(q.id, point) for q in bank() if q.area in areas for point in (None, *(p.id for p in q.key_points))}
    assert areas <= set(bank().areas)
    assert wanted == given


def test_pairs_are_in_the_language_they_say() -> None:
    wrong = [p for p in load_pairs(ROOT / "bank" / "pairs") if p.language == "en" and CJK.search(p.text)]
    assert not wrong, "\n".join(f"{p.question_id} {p.point_id} {p.text}" for p in wrong)


def test_detail_questions_name_existing_passages() -> None:
    details = load_details(ROOT / "bank" / "pairs", bank())
    wrong = [d for d in details if d.quote and (d.doc_id not in seeds() or d.quote not in seeds()[d.doc_id].source)]
    assert not wrong, "\n".join(map(str, wrong))
    assert {d.answered for d in details} == {True, False}


def test_short_sentences_stand_to_key_points_of_the_bank() -> None:
    """Every key point has its kinds in a language, every question in both; each sentence stands once, and none is the key point itself."""
    learnt_from = [q for q in bank() if q.area not in NOT_TRAINED_ON]
    points = {(q.id, p.id): p.text for q in learnt_from for p in q.key_points}
    labels = {"short": "entails", "negated_true": "entails", "negation": "contradicts", "swap": "contradicts", "half": "partly", "beside": "unrelated"}
    said: list[str] = []
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for path in sorted((ROOT / "bank" / "short").glob("*.jsonl")):
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            assert row["label"] == labels[row["style"]]
            point = points[row["question"], row["point"]]
            assert row["text"] not in (point.zh, point.en)
            assert bool(CJK.search(row["text"])) == (row["lang"] == "zh")
            kinds.setdefault((row["question"], row["point"], row["lang"]), []).append(row["style"])
            said.append(row["text"])
    assert {(q, p) for q, p, _ in kinds} == set(points)
    assert {(q, language) for q, _, language in kinds} == {(q.id, language) for q in learnt_from for language in ("zh", "en")}
    assert all(set(labels) - set(found) <= {"beside"} and len(set(found)) == len(found) for found in kinds.values())
    assert len(set(said)) == len(said)
