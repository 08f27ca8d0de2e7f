"""What the trained parts learn from: replies to key points, other wordings of questions, and questions about details of a passage.

A folder holds two kinds of JSON lines: ``details-*.jsonl`` (:func:`load_details`) and all other ``.jsonl`` files (:func:`load_pairs`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.bank.bank import Bank
from rag.bank.tree import one_line, read_text, shown
from rag.errors import BankError
from rag.records import Language

PairLabel = Literal["entails", "partly", "contradicts", "answers", "does_not_answer"]
HOW = ("negation", "swap", "popular")
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_POINT_ROW = {"question", "point", "entails", "partly", "contradicts"}
_QUESTION_ROW = {"question", "asks", "near_miss"}
_DETAIL_ROW = {"on", "lang", "text", "answered"}
DETAILS = "details-"


@dataclass(frozen=True, slots=True)
class Pair:
    """A text held against a key point (``point_id``) or, where that is None, against a question.

    ``label`` says what a reply does to the key point (entails, partly, contradicts), or whether what answers the question answers the text as
    well (answers, does_not_answer). ``style`` is how it was written: statement, vague, negation, swap, popular, paraphrase or near_miss.
    """

    question_id: str
    point_id: str | None
    language: Language
    label: PairLabel
    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A question about a detail of a passage, and whether the passage answers it.

    The passage is the handbook answer of ``question_id`` (in both languages), or, where that is None, the one of ``doc_id`` that holds ``quote``.
    """

    language: Language
    text: str
    answered: bool
    question_id: str | None = None
    doc_id: str | None = None
    quote: str | None = None


def load_details(folder: str | Path, bank: Bank | None = None) -> tuple[Detail, ...]:
    """The detail questions of all ``details-*.jsonl`` files of a folder, files by name, in file order.

    Args:
        folder: where the files lie.
        bank: if given, handbook questions must be in it, in the file that the row names.

    Raises:
        BankError: the folder is absent or a row does not validate; all faults in one message.
    """
    faults: list[str] = []
    out: list[Detail] = []
    for file in _files(folder, details=True):
        for where, row in _rows(file, faults):
            detail = _detail(where, row, bank, faults)
            if detail is not None:
                out.append(detail)
    if faults:
        raise BankError(one_line(faults, "detail questions"))
    return tuple(out)


def _files(folder: str | Path, *, details: bool) -> list[Path]:
    root = Path(folder)
    if not root.is_dir():
        raise BankError(f"{root}: does not exist; accepted: a folder of .jsonl files")
    return sorted(p for p in root.iterdir() if p.suffix == ".jsonl" and p.is_file() and p.name.startswith(DETAILS) == details)


def load_pairs(folder: str | Path, bank: Bank | None = None) -> tuple[Pair, ...]:
    """The pairs of all ``.jsonl`` files of a folder but detail questions, files by name, in file order.

    Args:
        folder: where the files lie.
        bank: if given, questions and key points must be in it.

    Raises:
        BankError: the folder is absent or a row does not validate; all faults in one message.
    """
    faults: list[str] = []
    out: list[Pair] = []
    rows: Counter[tuple[str, str | None]] = Counter()
    for file in _files(folder, details=False):
        for where, row in _rows(file, faults):
            pairs = _pairs(where, row, faults)
            out.extend(pairs)
            if pairs:
                key = (pairs[0].question_id, pairs[0].point_id)
                rows[key] += 1
                _check_reference(where, key, rows[key], bank, faults)
    if faults:
        raise BankError(one_line(faults, "pairs"))
    return tuple(out)


def _rows(file: Path, faults: list[str]) -> Iterator[tuple[str, dict[str, object]]]:
    # Lines end at LF only: str.splitlines would cut at U+2028 inside a text.
    for number, line in enumerate((read_text(file, faults) or "").split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{file}: line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.append(f"{where}: not JSON ({error}); accepted: one object a line")
            continue
        if isinstance(row, dict):
            yield where, row
        else:
            faults.append(f"{where}: got {shown(row)}; accepted: a JSON object")


def _check_reference(where: str, key: tuple[str, str | None], times: int, bank: Bank | None, faults: list[str]) -> None:
    question_id, point_id = key
    if times > 1:
        faults.append(f"{where}: a second row for question '{question_id}' point {point_id}; accepted: one")
    if bank is None:
        return
    if question_id not in bank:
        faults.append(f"{where}: question: got '{question_id}'; accepted: the id of a question of the bank")
    elif point_id is not None and point_id not in {p.id for p in bank[question_id].key_points}:
        faults.append(f"{where}: point: got '{point_id}'; accepted: the id of a key point of '{question_id}'")


def _detail(where: str, row: dict[str, object], bank: Bank | None, faults: list[str]) -> Detail | None:
    """The detail question of a row; None where it has a fault."""
    before = len(faults)
    on = row.get("on")
    if set(row) != _DETAIL_ROW:
        faults.append(f"{where}: fields {shown(sorted(row))}; accepted: {', '.join(sorted(_DETAIL_ROW))}")
        return None
    text = _text(where, "text", row["text"], faults)
    if row["lang"] not in _LANGUAGES:
        faults.append(f"{where}: lang: got {shown(row['lang'])}; accepted: zh or en")
    if not isinstance(row["answered"], bool):
        faults.append(f"{where}: answered: got {shown(row['answered'])}; accepted: true or false")
    if not isinstance(on, dict) or set(on) not in ({"handbook", "question"}, {"doc", "quote"}) or not all(isinstance(v, str) and v for v in on.values()):
        faults.append(f"{where}: on: got {shown(on)}; accepted: texts handbook and question, or doc and quote")
    elif "question" in on and bank is not None and (on["question"] not in bank or bank[on["question"]].handbook != on["handbook"]):
        faults.append(f"{where}: on: got {shown(on)}; accepted: the id of a question of the bank with its handbook file")
    if len(faults) > before or not isinstance(on, dict):
        return None
    return Detail("zh" if row["lang"] == "zh" else "en", text, row["answered"] is True, on.get("question"), on.get("doc"), on.get("quote"))


def _pairs(where: str, row: dict[str, object], faults: list[str]) -> list[Pair]:
    """The pairs of a row; none where it has a fault."""
    before = len(faults)
    of_point = "point" in row
    accepted = _POINT_ROW if of_point else _QUESTION_ROW
    if set(row) != accepted:
        faults.append(f"{where}: fields {shown(sorted(row))}; accepted: {', '.join(sorted(accepted))}")
        return []
    question_id = _text(where, "question", row["question"], faults)
    out: list[Pair] = []
    if of_point:
        point_id = _text(where, "point", row["point"], faults)
        for label, style in (("entails", "statement"), ("partly", "vague")):
            made: PairLabel = "entails" if label == "entails" else "partly"
            out.extend(Pair(question_id, point_id, language, made, style, text) for language, text in _both(where, label, row[label], faults))
        out.extend(Pair(question_id, point_id, language, "contradicts", how, text) for language, how, text in _wrong(where, row["contradicts"], faults))
    else:
        out.extend(Pair(question_id, None, language, "answers", "paraphrase", text) for language, text in _both(where, "asks", row["asks"], faults))
        out.extend(
            Pair(question_id, None, language, "does_not_answer", "near_miss", text) for language, text in _both(where, "near_miss", row["near_miss"], faults)
        )
    return out if len(faults) == before else []


def _text(where: str, name: str, value: object, faults: list[str]) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    faults.append(f"{where}: {name}: got {shown(value)}; accepted: a text that is not empty")
    return ""


def _both(where: str, name: str, value: object, faults: list[str]) -> list[tuple[Language, str]]:
    """The texts of ``{"zh": text or [texts], "en": …}``."""
    if not isinstance(value, dict) or set(value) != set(_LANGUAGES):
        faults.append(f"{where}: {name}: got {shown(value)}; accepted: an object with zh and en")
        return []
    out: list[tuple[Language, str]] = []
    for language in _LANGUAGES:
        given = value[language]
        texts = given if isinstance(given, list) and given else [given]
        out.extend((language, _text(where, f"{name}.{language}", text, faults)) for text in texts)
    return out


def _wrong(where: str, value: object, faults: list[str]) -> list[tuple[Language, str, str]]:
    out: list[tuple[Language, str, str]] = []
    if not isinstance(value, list) or not value:
        faults.append(f"{where}: contradicts: got {shown(value)}; accepted: a list of {{lang, how, text}}")
        return out
    for n, item in enumerate(value, start=1):
        if not isinstance(item, dict) or set(item) != {"lang", "how", "text"} or item["lang"] not in _LANGUAGES or item["how"] not in HOW:
            faults.append(f"{where}: contradicts.{n}: got {shown(item)}; accepted: lang zh or en, how {', '.join(HOW)}, and text")
            continue
        out.append(("zh" if item["lang"] == "zh" else "en", str(item["how"]), _text(where, f"contradicts.{n}.text", item["text"], faults)))
    return out
