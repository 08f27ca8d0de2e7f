"""Learning pairs and detail questions: what is accepted and every fault that is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bank_forms import BANK, QUIET, refusal, trees
from hypothesis import given
from hypothesis import strategies as st

from rag.bank import Detail, Pair, load_details, load_pairs
from rag.errors import BankError

POINT_ROW = {
    "question": "pool",
    "point": "k1",
    "entails": {"zh": ["甲", "乙"], "en": ["a"]},
    "partly": {"zh": ["丙"], "en": ["b"]},
    "contradicts": [{"lang": "zh", "how": "negation", "text": "丁"}, {"lang": "en", "how": "swap", "text": "c"}],
}
QUESTION_ROW = {"question": "pool", "asks": {"zh": ["问\u2028甲"], "en": ["q"]}, "near_miss": {"zh": "近", "en": "near"}}
DETAIL_ROW = {"on": {"handbook": "a.md", "question": "pool"}, "lang": "zh", "text": "细节？", "answered": False}
SEED_ROW = {"on": {"doc": "seeds/a.txt", "quote": "一句话"}, "lang": "en", "text": "detail?", "answered": True}


def jsonl(path: Path, *rows: object) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def test_pairs_load(tmp_path: Path) -> None:
    jsonl(tmp_path / "vision.jsonl", POINT_ROW, QUESTION_ROW)
    jsonl(tmp_path / "details-vision.jsonl", DETAIL_ROW, SEED_ROW)
    pairs = load_pairs(tmp_path, BANK)
    assert pairs[0] == Pair("pool", "k1", "zh", "entails", "statement", "甲")
    assert [(p.point_id, p.language, p.label, p.style, p.text) for p in pairs[1:]] == [
        ("k1", "zh", "entails", "statement", "乙"),
        ("k1", "en", "entails", "statement", "a"),
        ("k1", "zh", "partly", "vague", "丙"),
        ("k1", "en", "partly", "vague", "b"),
        ("k1", "zh", "contradicts", "negation", "丁"),
        ("k1", "en", "contradicts", "swap", "c"),
        (None, "zh", "answers", "paraphrase", "问\u2028甲"),
        (None, "en", "answers", "paraphrase", "q"),
        (None, "zh", "does_not_answer", "near_miss", "近"),
        (None, "en", "does_not_answer", "near_miss", "near"),
    ]
    assert load_details(tmp_path, BANK) == (
        Detail("zh", "细节？", False, question_id="pool"),
        Detail("en", "detail?", True, doc_id="seeds/a.txt", quote="一句话"),
    )


PAIR_FAULTS: list[tuple[Any, str]] = [
    ([], "got []; accepted: a JSON object"),
    ({"question": "pool"}, "accepted: asks, near_miss, question"),
    ({"question": "pool", "point": "k1"}, "accepted: contradicts, entails, partly, point, question"),
    ({**POINT_ROW, "question": "none"}, "question: got 'none'; accepted: the id of a question"),
    ({**POINT_ROW, "point": "k9"}, "point: got 'k9'; accepted: the id of a key point of 'pool'"),
    ({**POINT_ROW, "point": 3}, "point: got 3; accepted: a text"),
    ({**POINT_ROW, "entails": ["x"]}, "entails: got ['x']; accepted: an object with zh and en"),
    ({**POINT_ROW, "partly": {"zh": [], "en": ["x"]}}, "partly.zh: got []; accepted: a text"),
    ({**POINT_ROW, "partly": {"zh": [" "], "en": ["x"]}}, "partly.zh: got ' '; accepted: a text"),
    ({**POINT_ROW, "contradicts": []}, "contradicts: got []; accepted: a list of {lang, how, text}"),
    ({**POINT_ROW, "contradicts": [{"lang": "de", "how": "swap", "text": "x"}]}, "contradicts.1: got"),
    ({**QUESTION_ROW, "near_miss": None}, "near_miss: got None; accepted: an object with zh and en"),
]
DETAIL_FAULTS: list[tuple[Any, str]] = [
    ({**DETAIL_ROW, "more": 1}, "accepted: answered, lang, on, text"),
    ({**DETAIL_ROW, "lang": "de"}, "lang: got 'de'; accepted: zh or en"),
    ({**DETAIL_ROW, "answered": "yes"}, "answered: got 'yes'; accepted: true or false"),
    ({**DETAIL_ROW, "text": ""}, "text: got ''; accepted: a text"),
    ({**DETAIL_ROW, "on": {"doc": "a"}}, "on: got {'doc': 'a'}; accepted: texts handbook and question, or doc and quote"),
    ({**DETAIL_ROW, "on": {"handbook": "b.md", "question": "pool"}}, "accepted: the id of a question of the bank with its handbook file"),
]


@pytest.mark.parametrize(("row", "what"), [*PAIR_FAULTS, *DETAIL_FAULTS])
def test_pair_faults_name_file_and_line(tmp_path: Path, row: Any, what: str) -> None:
    details = (row, what) in DETAIL_FAULTS
    jsonl(tmp_path / ("details-x.jsonl" if details else "x.jsonl"), SEED_ROW if details else QUESTION_ROW, row)
    message = refusal(lambda: (load_details if details else load_pairs)(tmp_path, BANK))
    assert message is not None
    assert "x.jsonl: line 2: " in message
    assert what in message


def test_pair_rows_come_once_and_parse(tmp_path: Path) -> None:
    jsonl(tmp_path / "x.jsonl", QUESTION_ROW, QUESTION_ROW)
    (tmp_path / "y.jsonl").write_text('{"a": \n\n[' + "[" * 9999, encoding="utf-8")
    with pytest.raises(BankError) as caught:
        load_pairs(tmp_path)
    assert "a second row for question 'pool' point None" in str(caught.value)
    assert "y.jsonl: line 1: not JSON" in str(caught.value)
    assert "y.jsonl: line 3: not JSON" in str(caught.value)
    with pytest.raises(BankError, match="does not exist"):
        load_pairs(tmp_path / "none")


@QUIET
@given(
    row=st.dictionaries(
        st.sampled_from(sorted(POINT_ROW) + sorted(QUESTION_ROW) + sorted(DETAIL_ROW)), trees(st.sampled_from(["zh", "en", "lang", "how", "text"]))
    )
)
def test_any_rows_load_or_are_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    jsonl(tmp_path / "x.jsonl", {**POINT_ROW, **row}, {**QUESTION_ROW, **row}, row)
    jsonl(tmp_path / "details-x.jsonl", {**DETAIL_ROW, **row}, row)
    refusal(lambda: load_pairs(tmp_path, BANK))
    refusal(lambda: load_details(tmp_path, BANK))
