"""Question files: what is accepted, every fault that is named; and the bank made of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from bank_forms import BANK, NAMES, QUIET, entry, question, refusal, trees, write
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.bank import Bank, load_bank, load_errata, load_pairs, same_document
from rag.bank.tree import MAX_BYTES, MAX_DEPTH, parse_entries
from rag.errors import BankError, UserInputError
from rag.records import Asking, Bilingual, FollowUp, KeyPoint, Question


def faults_of(folder: Path) -> str:
    message = refusal(lambda: load_bank(folder))
    assert message is not None
    return message


# -- loading ---------------------------------------------------------------------------------------------------------------------------


def test_a_complete_entry(tmp_path: Path) -> None:
    write(tmp_path / "gradients.yaml", [entry()])
    (question,) = load_bank(tmp_path)
    assert question == Question(
        id="relu-why",
        text=Bilingual("为什么用 ReLU？", "Why use ReLU?"),
        area="gradients",
        difficulty=2,
        kind="why",
        key_points=(
            KeyPoint("k1", 60, Bilingual("ReLU 正侧不饱和。", "ReLU does not saturate on the positive side.")),
            KeyPoint("k2", 40, Bilingual("ReLU 计算便宜。", "ReLU is cheap to compute.")),
        ),
        asked=(Asking("seeds/a.txt", "ReLU 的好处"),),
        handbook="gradients.md",
        misconceptions=(Bilingual("ReLU 处处可导。", "ReLU is differentiable everywhere."),),
        follow_ups=(FollowUp("k1", Bilingual("负侧呢？", "And the negative side?")),),
        hints=(Bilingual("看两端。", "Look at both ends."),),
    )


def test_a_users_entry_needs_one_language_and_no_extras(tmp_path: Path) -> None:
    points = [{"id": "k1", "weight": 100, "en": "It is cheap."}]
    write(
        tmp_path / "mine.yml",
        [entry(question={"en": "Why?", "zh": ""}, key_points=points, asked=None, handbook=None, misconceptions=None, follow_ups=[], hints=None)],
    )
    (question,) = load_bank(tmp_path)
    assert question.text == Bilingual("", "Why?")
    assert question.text.in_language("zh") == "Why?"
    assert (question.asked, question.handbook, question.misconceptions, question.follow_ups, question.hints) == ((), None, (), (), ())


@pytest.mark.parametrize("form", ["bom", "crlf", "empty", "comment"])
def test_forms_of_a_file(tmp_path: Path, form: str) -> None:
    text = {"empty": "", "comment": "# nothing yet\n"}.get(form, yaml.safe_dump([entry()], allow_unicode=True))
    text = ("\ufeff" if form == "bom" else "") + (text.replace("\n", "\r\n") if form == "crlf" else text)
    (tmp_path / "a.yaml").write_bytes(text.encode())
    assert len(load_bank(tmp_path)) == (1 if form in {"bom", "crlf"} else 0)


def test_other_files_and_subfolders_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", [entry()])
    write(tmp_path / ".hidden.yaml", ["not an entry"])
    write(tmp_path / "pairs" / "b.yaml", ["not an entry"])
    (tmp_path / "notes.txt").write_text("nothing", encoding="utf-8")
    assert [q.id for q in load_bank(tmp_path)] == ["relu-why"]
    assert [q.id for q in load_bank(tmp_path / "a.yaml")] == ["relu-why"]


def test_a_users_bank_stands_beside_ours(tmp_path: Path) -> None:
    write(tmp_path / "ours" / "z.yaml", [entry(), entry(id="relu-why-2")])
    write(tmp_path / "mine" / "a.yaml", [entry(id="mine", area="我的题")])
    assert [q.id for q in load_bank(tmp_path / "ours", tmp_path / "mine")] == ["relu-why", "relu-why-2", "mine"]
    assert len(load_bank(tmp_path / "ours", tmp_path / "ours")) == 2
    assert len(load_bank()) == 0


def test_words_that_yaml_takes_for_other_things_stay_words(tmp_path: Path) -> None:
    faults: list[str] = []
    (read,) = parse_entries("- {a: no, b: 2020-13-45, c: 1:30, d: 0x1F, e: !!str, f: ~, g: '', h: '~', i: 12}", "x", faults)
    assert faults == ["x: line 1: tag 'tag:yaml.org,2002:str'; accepted: plain values without tags"]
    assert read.value == {"a": "no", "b": "2020-13-45", "c": "1:30", "d": "0x1F", "e": "", "f": None, "g": "", "h": "~", "i": "12"}


# -- faults ----------------------------------------------------------------------------------------------------------------------------

POINT = {"id": "k1", "weight": 100, "zh": "一。", "en": "One."}
FIELD_FAULTS: list[tuple[dict[str, Any], str, str]] = [
    ({"id": None}, "id: missing", "lower-case letters"),
    ({"id": "Relu Why"}, "id: got 'Relu Why'", "lower-case letters"),
    ({"id": ["a"]}, "id: got a list of 1", "lower-case letters"),
    ({"question": None}, "question: missing", "a mapping"),
    ({"question": "Why?"}, "question: got 'Why?'", "a mapping"),
    ({"question": {}}, "question.zh: missing", "a text in zh, en or both"),
    ({"question": {"zh": "", "en": None}}, "question.zh: missing", "a text in zh, en or both"),
    ({"question": {"zh": "  ", "en": "Why?"}}, "question.zh: got '  '", "a text of 1 to 4000 characters"),
    ({"question": {"zh": "问" * 4001}}, "question.zh: got '问问问", "a text of 1 to 4000 characters"),
    ({"question": {"zh": "问\x08"}}, "question.zh: got", "a text of 1 to 4000 characters"),
    ({"question": {"zh": ["x"], "en": "Why?"}}, "question.zh: got a list of 1", "a text"),
    ({"question": {"zh": "问", "de": "Frage"}}, "question.de: unknown field", "accepted: en, zh"),
    ({"area": None}, "area: missing", "a short name"),
    ({"area": "a/b"}, "area: got 'a/b'", "a short name"),
    ({"difficulty": None}, "difficulty: missing", "a whole number from 1 to 3"),
    ({"difficulty": 4}, "difficulty: got '4'", "a whole number from 1 to 3"),
    ({"difficulty": 1.5}, "difficulty: got '1.5'", "a whole number from 1 to 3"),
    ({"difficulty": "hard"}, "difficulty: got 'hard'", "a whole number from 1 to 3"),
    ({"kind": None}, "kind: missing", "what, why, how"),
    ({"kind": "quiz"}, "kind: got 'quiz'", "what, why, how, compare, derive, design, judge"),
    ({"handbook": "../a.md"}, "handbook: got '../a.md'", "a Markdown file name"),
    ({"handbook": "a.txt"}, "handbook: got 'a.txt'", "a Markdown file name"),
    ({"key_points": None}, "key_points: missing", "a list of 1 to 12 items"),
    ({"key_points": []}, "key_points: got a list of 0", "a list of 1 to 12 items"),
    ({"key_points": [POINT] * 13}, "key_points: got a list of 13", "a list of 1 to 12 items"),
    ({"key_points": {"k1": "x"}}, "key_points: got a mapping of ['k1']", "a list of 1 to 12 items"),
    ({"key_points": ["x"]}, "key_points.1: got 'x'", "a mapping of fields"),
    ({"key_points": [{**POINT, "weight": 99}]}, "key_points: weights sum to 99", "accepted: 100"),
    ({"key_points": [{**POINT, "weight": 0}]}, "key_points.k1.weight: got '0'", "a whole number from 1 to 100"),
    ({"key_points": [{**POINT, "weight": -5}]}, "key_points.k1.weight: got '-5'", "a whole number from 1 to 100"),
    ({"key_points": [{"id": "k1", "weight": 100}]}, "key_points.k1.zh: missing", "a text in zh, en or both"),
    ({"key_points": [{**POINT, "text": "x"}]}, "key_points.k1.text: unknown field", "en, id, weight, zh"),
    ({"key_points": [{**POINT, "id": "K 1"}]}, "key_points.1.id: got 'K 1'", "lower-case letters"),
    ({"key_points": [{**POINT, "weight": 50}, {**POINT, "weight": 50}]}, "key_points: id 'k1' is used 2 times", "once"),
    ({"asked": "seeds/a.txt"}, "asked: got 'seeds/a.txt'", "a list of 0 to 200 items"),
    ({"asked": [{"doc": "/etc/passwd", "quote": "x"}]}, "asked.1.doc: got '/etc/passwd'", "a path relative to the corpus folder"),
    ({"asked": [{"doc": "a/../b", "quote": "x"}]}, "asked.1.doc: got 'a/../b'", "a path relative to the corpus folder"),
    ({"asked": [{"doc": "a.txt"}]}, "asked.1.quote: missing", "a text"),
    ({"asked": [{"doc": "a.txt", "quote": "x", "page": 3}]}, "asked.1.page: unknown field", "doc, quote"),
    ({"misconceptions": ["x"]}, "misconceptions.1: got 'x'", "a mapping of fields"),
    ({"misconceptions": [{}]}, "misconceptions.1.zh: missing", "a text in zh, en or both"),
    ({"follow_ups": [{"point": "k9", "zh": "问？"}]}, "follow_ups.1.point: got 'k9'", "the id of a key point: k1, k2"),
    ({"follow_ups": [{"zh": "问？"}]}, "follow_ups.1.point: missing", "the id of a key point"),
    ({"hints": {"zh": "看"}}, "hints: got a mapping of ['zh']", "a list of 0 to 200 items"),
    ({"wieght": 3}, "wieght: unknown field", "accepted: area, asked, difficulty"),
]


@pytest.mark.parametrize(("changes", "what", "accepted"), FIELD_FAULTS, ids=[w for _, w, _ in FIELD_FAULTS])
def test_each_field_fault_names_file_entry_value_and_what_is_accepted(tmp_path: Path, changes: dict[str, Any], what: str, accepted: str) -> None:
    file = write(tmp_path / "mine.yaml", [entry(id="fine"), entry(**changes)])
    message = faults_of(tmp_path)
    named = "entry without a usable id" if "id" in changes else "entry 'relu-why'"
    assert message.startswith(f"question bank: {file}: {named} (line ")
    assert what in message
    assert accepted in message.split(what, 1)[1]
    assert "faults" not in message


FORM_FAULTS = {
    "syntax": ("- id: [a", "does not parse as YAML"),
    "colon": ("- id: a\n  question: what: ever", "line 2: does not parse as YAML"),
    "control": ("- id: \x01", "does not parse as YAML"),
    "mapping": ("id: a", "holds a mapping; accepted: a list of entries"),
    "text": ("hello", "holds the text 'hello'; accepted: a list of entries"),
    "item": ("- hello", "line 1: not a mapping; accepted: an entry with fields"),
    "alias": ("- &x {id: a}\n- *x", "line 2: alias '*x'; accepted: plain values"),
    "tag": ("- !!python/object:os.system {id: a}", "line 1: tag 'tag:yaml.org,2002:python/object:os.system'"),
    "twice": ("- id: a\n  id: b", "line 2: key 'id' is given twice"),
    "key": ("- {[a]: b}", "line 1: a list as a key; accepted: a field name"),
    "documents": ("- {}\n---\n- {}", "a second YAML document"),
    "deep": ("- " + "[" * 50 + "]" * 50, f"nested too deeply; accepted: up to {MAX_DEPTH} levels"),
    "deeper": ("- " * 5000 + "x", f"nested too deeply; accepted: up to {MAX_DEPTH} levels"),
}


@pytest.mark.parametrize("name", FORM_FAULTS)
def test_each_fault_of_form_is_named(tmp_path: Path, name: str) -> None:
    text, what = FORM_FAULTS[name]
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    message = faults_of(tmp_path)
    assert str(tmp_path / "mine.yaml") in message
    assert what in message


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    assert "does not exist; accepted: a folder" in faults_of(tmp_path / "none")
    (tmp_path / "a.yaml").write_bytes("- 梯度".encode("gb18030"))
    (tmp_path / "b.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    message = faults_of(tmp_path)
    assert "a.yaml: not UTF-8 (byte 2)" in message
    assert "b.yaml: 5.2 MB; accepted: up to 5.2 MB, split the file" in message


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", [entry(difficulty=9, kind="quiz", extra=1), entry(id="other", area=None)])
    (tmp_path / "b.yaml").write_text("- [", encoding="utf-8")
    write(tmp_path / "c.yaml", [entry(id="third", key_points=None, handbook="x")])
    message = faults_of(tmp_path)
    assert message.startswith("question bank: 7 faults: ")
    for part in ("difficulty: got '9'", "kind: got 'quiz'", "extra: unknown field", "'other' (line", "b.yaml", "key_points: missing", "handbook: got 'x'"):
        assert part in message


def test_very_many_faults_stay_readable(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", [{} for _ in range(300)])
    message = faults_of(tmp_path)
    assert message.startswith("question bank: 1800 faults: ")
    assert message.endswith("; and 1600 more")


def test_an_id_used_twice_names_both_files(tmp_path: Path) -> None:
    write(tmp_path / "ours" / "a.yaml", [entry(id="first"), entry()])
    write(tmp_path / "mine" / "b.yaml", [entry()])
    with pytest.raises(BankError) as caught:
        load_bank(tmp_path / "ours", tmp_path / "mine")
    message = str(caught.value)
    assert f"{tmp_path / 'mine' / 'b.yaml'}: entry 'relu-why' (line 1): id: already used in {tmp_path / 'ours' / 'a.yaml'} (line " in message


@QUIET
@given(data=st.one_of(trees(NAMES), st.lists(st.dictionaries(NAMES, trees(NAMES)), max_size=4)))
def test_any_yaml_data_loads_or_is_refused(tmp_path: Path, data: Any) -> None:
    write(tmp_path / "any.yaml", data)
    if refusal(lambda: load_bank(tmp_path)) is None:
        assert all(sum(p.weight for p in q.key_points) == 100 for q in load_bank(tmp_path))


@QUIET
@given(changes=st.dictionaries(NAMES, trees(NAMES), max_size=3))
def test_a_damaged_entry_loads_or_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    write(tmp_path / "any.yaml", [{**entry(), **changes}])
    refused = refusal(lambda: load_bank(tmp_path))
    assert "any.yaml: entry" in refused if refused else len(load_bank(tmp_path)) == 1


@QUIET
@given(data=st.binary(max_size=200) | st.text(alphabet="-:{}[]&*!|>'\"#%@`,? \n\tabz0", max_size=120).map(str.encode))
def test_any_bytes_load_or_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "any.yaml").write_bytes(data)
    (tmp_path / "any.jsonl").write_bytes(data)
    for load in (lambda: load_bank(tmp_path), lambda: load_errata(tmp_path / "any.yaml"), lambda: load_pairs(tmp_path)):
        refusal(load)


def test_importing_the_bank_does_no_work() -> None:
    code = "import sys, rag.bank; assert not {'yaml', 'jieba', 'opencc', 'torch', 'numpy'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- the bank ------------------------------------------------------------------------------------------------------------------------------


def test_by_id_area_difficulty_and_document() -> None:
    assert BANK.areas == ("g", "r", "v")
    assert [q.id for q in BANK.in_area("g")] == ["vanish", "explode"]
    assert BANK.in_area("none") == ()
    assert BANK["pool"].id == "pool"
    assert "pool" in BANK
    assert "none" not in BANK
    with pytest.raises(UserInputError, match="no question with id 'none'"):
        BANK["none"]
    assert [q.id for q in BANK.select(areas=["g", "v"], difficulties=[2])] == ["vanish", "pool"]
    assert [q.id for q in BANK.select(doc="seeds/1.txt")] == ["vanish"]
    assert [q.id for q in BANK.select(doc="1.txt")] == ["vanish", "pool"]
    assert BANK.select(automatic=True) == ()
    assert BANK.select() == BANK.questions
    assert BANK.handbook(BANK["pool"], "en") == "handbook/en/a.md"


def test_more_questions_need_new_ids() -> None:
    assert len(BANK.with_questions([question("new", "新题？")])) == 5
    with pytest.raises(BankError, match="id 'pool' is used more than once"):
        BANK.with_questions([question("pool", "新题？")])


@pytest.mark.parametrize("text", ["什么造成梯度消失", " 什麼造成 梯度消失？", "WHAT CAUSES vanishing gradients", "vanish", "什麽造成梯度消失问题?推导一下"])
def test_exact_words_whatever_their_form(text: str) -> None:
    found = BANK.exact(text)
    assert found is not None
    assert found.id == "vanish"
    assert BANK.find(text)[0].id == "vanish"


def test_find_by_shared_terms() -> None:
    assert [q.id for q in BANK.find("梯度")] == ["explode", "vanish"]
    assert BANK.find("vanishing gradient 的原因")[0].id == "vanish"
    assert BANK.find("随机失活 dropout")[0].id == "dropout"
    assert BANK.find("量子计算") == ()
    assert BANK.find("") == ()
    assert BANK.find("梯度", limit=1)[0].id == "explode"
    assert BANK.find("梯度", limit=0) == ()
    assert BANK.exact("梯度") is None


def test_an_empty_bank() -> None:
    assert (Bank().areas, Bank().find("梯度"), Bank().exact(""), len(Bank())) == ((), (), None, 0)


@given(st.text(max_size=60))
@settings(QUIET, max_examples=60)
def test_find_never_fails(text: str) -> None:
    found = BANK.find(text)
    assert len({q.id for q in found}) == len(found) <= 5


def test_same_document() -> None:
    assert same_document("seeds/a.txt", "seeds/a.txt")
    assert same_document("seeds/a.txt", "a.txt")
    assert not same_document("seeds/a.txt", "b/a.txt")
    assert not same_document("seeds/aa.txt", "a.txt")
    assert not same_document("seeds/a.txt", "")
