"""The measuring itself: figures worked out by hand, the real tutor over the seeds, and data that does not fit."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from toy_encoder import BigramEncoder
from typer.testing import CliRunner

from rag.answer import phrase
from rag.cli import app
from rag.corpus import document_from_text
from rag.errors import UserInputError
from rag.evaluate import measure_abstention, measure_answers, measure_retrieval, tables
from rag.evaluate.abstention import Refusal, judge, risk_area
from rag.evaluate.abstention import summary as refusal_summary
from rag.evaluate.answers import measure_answer, summary
from rag.evaluate.data import BeirSet, GoldSet, Row, beir_folders, read_beir, read_rows
from rag.evaluate.retrieval import Ranked
from rag.evaluate.retrieval import summary as rank_summary
from rag.evaluate.spans import Sources
from rag.evaluate.tables import finite
from rag.records import Answer, Citation, Hit, Passage, Sentence
from rag.tutor import Tutor

SOURCE = "# 池化\n\n池化降低 分辨率。\n\n它对小的位移不敏感。\n\n卷积核通常是 3×3。\n"
DOCUMENT = document_from_text("notes.md", SOURCE)
SOURCES = Sources([DOCUMENT])
GOLD = GoldSet("notes.md", ("池化降低分辨率。", "它对小的位移不敏感。"))
QUESTION = Row("q1", "池化有什么用", "zh", "paraphrase", "", (GOLD,))
PREMISE = Row("u1", "池化为什么提高分辨率", "zh", "other", "false-premise", correcting=(GoldSet("notes.md", ("池化降低分辨率。",)),))


def citing(*quotes: str, premise: bool = False) -> Answer:
    """An answer that cites these literal quotes of the source."""
    citations = [Citation("notes.md", SOURCE.index(q), SOURCE.index(q) + len(q), q) for q in quotes]
    frame = (Sentence(phrase("premise", "zh"), kind="frame"),) if premise else ()
    return Answer("q", "q", "zh", (*frame, *(Sentence(c.quote, (c,)) for c in citations)), confidence=0.8)


REFUSED = Answer("q", "q", "zh", (Sentence("资料里没有这个问题的答案。", kind="refusal"),), abstained=True, confidence=0.1)


def hit(quote: str, kind: str = "prose") -> Hit:
    start = SOURCE.index(quote)
    return Hit(Passage(quote, "notes.md", start, start + len(quote), quote, kind), 0.9)  # type: ignore[arg-type]


def test_a_gold_is_found_without_its_white_space_and_precision_counts_blocks() -> None:
    found = measure_answer(QUESTION, citing("池化降低 分辨率。", "卷积核通常是 3×3。"), [hit("卷积核通常是 3×3。"), hit("池化降低 分辨率。")], SOURCES)
    assert found.shares == (0.5,)
    assert (found.right, found.characters) == (len("池化降低分辨率。"), len("池化降低分辨率。卷积核通常是3×3。"))
    assert found.relevant == (False, True)
    figures = summary([found])
    assert (figures["any_gold"], figures["all_golds"], figures["gold_recall"]) == (1.0, 0.0, 0.5)
    assert (figures["hit@1"], figures["hit@5"], figures["fidelity"]) == (0.0, 1.0, 1.0)


def test_less_than_half_of_a_gold_is_not_cited_unless_the_corpus_only_points() -> None:
    piece = citing("降低")
    assert measure_answer(QUESTION, piece, [], SOURCES).shares == (0.0,)
    assert measure_answer(replace(QUESTION, pointer=True), piece, [], SOURCES).shares == (0.5,)


def test_all_golds_may_come_from_an_equivalent_set_but_own_golds_may_not() -> None:
    row = replace(QUESTION, golds=(GOLD, GoldSet("notes.md", ("卷积核通常是 3×3。",))))
    figures = summary([measure_answer(row, citing("卷积核通常是 3×3。"), [], SOURCES)])
    assert (figures["all_golds"], figures["own_golds"]) == (1.0, 0.0)


def test_an_altered_quote_or_a_foreign_document_is_unfaithful() -> None:
    right = citing("池化降低 分辨率。").sentences[0].citations[0]
    forged = [replace(right, quote="池化提高 分辨率。"), replace(right, doc_id="other.md"), replace(right, start=right.start - 1)]
    answer = Answer("q", "q", "zh", (Sentence("a", (right, *forged)),))
    assert summary([measure_answer(QUESTION, answer, [], SOURCES)])["fidelity"] == 0.25


def test_a_refusal_counts_against_recall_and_not_against_precision() -> None:
    figures = summary([measure_answer(QUESTION, REFUSED, [], SOURCES), measure_answer(QUESTION, citing("池化降低 分辨率。"), [], SOURCES)])
    assert (figures["wrongly_refused"], figures["any_gold"], figures["gold_precision"]) == (0.5, 0.5, 1.0)
    assert math.isnan(summary([measure_answer(QUESTION, REFUSED, [], SOURCES)])["fidelity"])


def test_a_false_premise_is_met_by_refusing_or_by_citing_what_corrects_it() -> None:
    said, unsaid = (judge(PREMISE, citing("池化降低 分辨率。", premise=p), SOURCES) for p in (True, False))
    assert (said.right, said.unsaid) == (True, False)
    assert (unsaid.right, unsaid.unsaid) == (True, True)
    assert judge(PREMISE, REFUSED, SOURCES).right
    assert not judge(PREMISE, citing("卷积核通常是 3×3。"), SOURCES).right


@pytest.mark.parametrize(("allowed", "kind", "right"), [(True, "pointer", True), (True, "prose", False), (False, "pointer", False)])
def test_naming_the_page_is_right_only_where_the_row_allows_it_and_nothing_else_is_said(allowed: bool, kind: str, right: bool) -> None:
    row = Row("u2", "池化的公式", "zh", "other", "near-domain", pointer_ok=allowed)
    quote = "池化降低 分辨率。"
    assert judge(row, replace(citing(quote), hits=(hit(quote, kind),)), SOURCES).right is right


def test_refusal_figures_by_hand() -> None:
    asked = Row("a", "a", "zh", "other", "")
    absent = Row("u", "u", "zh", "other", "far")
    found = [Refusal(asked, 0.9, False), Refusal(asked, 0.2, True), Refusal(absent, 0.1, True), Refusal(absent, 0.6, False), Refusal(absent, 0.95, False, True)]
    figures = refusal_summary(found)
    assert (figures["precision"], figures["recall"], figures["refused"]) == pytest.approx((1 / 2, 2 / 3, 1 / 3))
    assert (figures["wrongly_refused"], figures["accuracy"]) == pytest.approx((1 / 2, 3 / 5))
    assert (figures["auroc"], figures["auroc_lenient"]) == pytest.approx((3 / 6, 3 / 4))
    # Most confident first: right otherwise, right, wrong, right, wrong.
    assert figures["risk_area"] == pytest.approx((0 + 0 + 1 / 3 + 1 / 4 + 2 / 5) / 5)
    assert figures["risk_area_best"] == pytest.approx((0 + 0 + 0 + 1 / 4 + 2 / 5) / 5)


def test_ties_in_confidence_count_against_us() -> None:
    assert risk_area([0.5, 0.5], [False, True]) == risk_area([0.5, 0.5], [True, False]) == pytest.approx(0.75)


def test_ranking_figures_by_hand() -> None:
    ranked = [Ranked("en", {"b": 1.0}, ("a", "b"), ("b", "a"), ()), Ranked("zh", {"a": 1.0}, ("a",), ("a",), ("c", "a"))]
    assert rank_summary(ranked, "fusion") == pytest.approx({"questions": 2, "nDCG@10": (1 / math.log2(3) + 1) / 2, "hit@1": 0.5, "hit@5": 1.0, "MRR": 0.75})
    assert rank_summary(ranked, "sparse")["MRR"] == 0.25


def beir(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    texts = [
        {"id": "t1", "text": "Pooling lowers resolution. So a map\nis smaller."},
        {"id": "t2", "text": "A recurrent network reads a sequence.\nIt goes in steps."},
    ]
    questions = [{"id": "q1", "text": "What does pooling lower?"}, {"id": "q2", "text": "which network reads a sequence"}, {"id": "q3", "text": "no gold"}]
    made = {
        "corpus.jsonl": "\n".join(json.dumps(t) for t in texts),
        "queries.jsonl": "\n".join(json.dumps(q) for q in questions),
        "qrels.tsv": "qid\tdocid\trel\nq1\tt1\t1\nq2\tt2\t1\nq3\tt1\t0\n",
    } | files
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_a_set_is_searched_with_the_shipped_fusion_and_its_vectors_are_kept(tmp_path: Path) -> None:
    data = read_beir(beir(tmp_path / "all" / "small"))
    assert list(data.queries) == ["q1", "q2"]
    assert beir_folders(tmp_path / "all") == beir_folders(tmp_path / "all" / "small") == [tmp_path / "all" / "small"]
    first, again = BigramEncoder(), BigramEncoder()
    report = measure_retrieval([data], first, keep=tmp_path / "kept")
    figures = report["sets"]["small"]
    assert figures["fusion"]["all"] == figures["fusion"]["en"] == {"questions": 2, "nDCG@10": 1.0, "hit@1": 1.0, "hit@5": 1.0, "MRR": 1.0}
    assert figures["sparse"]["all"]["hit@1"] == 1.0
    assert measure_retrieval([data], again, keep=tmp_path / "kept") == report
    assert first.embedded
    assert not again.embedded
    assert "fusion  all" in tables(report)


def test_only_the_text_is_indexed() -> None:
    data = BeirSet("s", {"t1": "alpha beta.\nIt is so.", "zebra": "gamma delta.\nIt is so."}, {"q": "zebra"}, {"q": "en"}, {"q": {"zebra": 1.0}})
    assert measure_retrieval([data], BigramEncoder())["sets"]["s"]["sparse"]["all"]["MRR"] == 0.0


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"corpus.jsonl": '{"id": "t1", "text": "a"}\n{"id": "t1", "text": "b"}'}, "corpus.jsonl:2: the id 't1' is given twice"),
        ({"corpus.jsonl": '{"id": "t1"}'}, "corpus.jsonl:1: field 'text' must be a string"),
        ({"qrels.tsv": "q1\tt1\tgood\nq1\tt9\t1"}, "has no text 't9'"),
        ({"qrels.tsv": "q1 t1 1"}, "qrels.tsv:1: expected query, text and grade between tabs"),
        ({"qrels.tsv": "nobody\tt1\t1"}, "no question of queries.jsonl has a relevant text"),
    ],
)
def test_a_set_that_does_not_fit_is_refused_with_its_place(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(UserInputError, match=said):
        read_beir(beir(tmp_path / "set", **files))


def write_rows(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def test_rows_say_what_they_are(tmp_path: Path) -> None:
    write_rows(
        tmp_path / "a.dev.jsonl",
        {"id": "1", "query": "问", "doc": "d", "gold": ["g"], "also": [{"doc": "e", "gold": ["h"]}], "answerable": "pointer", "lang": "mixed", "style": "typo"},
        {"id": "2", "query": "ask", "kind": "near-domain", "sub": "topic-absent", "pointer_ok": "Q20", "correcting": {"doc": "d", "gold": ["g"]}},
        {"id": "3", "query": "and then?", "doc": "d", "gold": "g", "history": [{"role": "user", "content": "x"}]},
    )
    write_rows(tmp_path / "foreign_fields.jsonl", {"id": "4", "query": "为什么用 CDN"})
    first, second, third, fourth = read_rows([tmp_path])
    assert first.golds == (GoldSet("d", ("g",)), GoldSet("e", ("h",)))
    assert (first.answerable, first.pointer, first.language, first.style) == (True, True, "mixed", "typo")
    assert (second.kind, second.pointer_ok, second.correcting, second.language) == ("near-domain:topic-absent", True, (GoldSet("d", ("g",)),), "en")
    assert (third.answerable, third.style) == (True, "follow-up")
    assert (fourth.answerable, fourth.kind, fourth.language) == (False, "foreign_fields", "zh")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "1"}, "field 'query' must be a string"),
        ({"query": "q", "gold": ["g"]}, "field 'doc' must be a string"),
        ({"query": "q", "doc": "d", "gold": [1]}, "field 'gold' must be a list of strings"),
        ({"query": "q", "answerable": "perhaps"}, "field 'answerable' must be true, false or"),
        ({"query": "q", "history": "x"}, "field 'history' must be a list"),
        ({"query": "q", "doc": "d", "gold": ["g"], "also": ["x"]}, "field 'also' must hold objects"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_place(tmp_path: Path, row: dict[str, object], said: str) -> None:
    with pytest.raises(UserInputError, match=f"rows.jsonl:1: {said}"):
        read_rows([write_rows(tmp_path / "rows.jsonl", row)])


SEED = "002_a140affdc23d98b7.txt"
ASKED = {"id": "k", "query": "为什么不用 2×2 的卷积核", "doc": SEED, "gold": ["2*2 卷积核的能力太弱，都不能表示简单的边缘检测器"]}


def test_the_real_tutor_over_the_seeds(tmp_path: Path, tutor: Tutor) -> None:
    follow_up = {**ASKED, "id": "f", "query": "为什么不用 2×2 的", "history": [{"role": "user", "content": "卷积核一般多大"}], "standalone": ASKED["query"]}
    rows = read_rows([write_rows(tmp_path / "rows.jsonl", ASKED, follow_up, {"id": "u", "query": "红烧肉怎么做才不腻", "kind": "far"})])
    answers = measure_answers(tutor, rows)
    assert (answers["overall"]["questions"], answers["follow_ups"]["questions"], answers["left_out"]) == (1, 1, 1)
    assert (answers["overall"]["fidelity"], answers["overall"]["any_gold"], answers["overall"]["hit@1"]) == (1.0, 1.0, 1.0)
    assert answers["misses"]["gold_not_in_source"] == []
    abstention = measure_abstention(tutor, rows)
    assert (abstention["overall"]["auroc"], abstention["overall"]["precision"], abstention["overall"]["recall"]) == (1.0, 1.0, 1.0)
    assert abstention["by_kind"]["far"]["refused"] == 1.0
    for report in (answers, abstention):
        assert "overall" in tables(report)
        json.dumps(finite(report), allow_nan=False)


def test_a_gold_of_another_corpus_is_named(tmp_path: Path, tutor: Tutor) -> None:
    rows = read_rows([write_rows(tmp_path / "rows.jsonl", {**ASKED, "doc": "other.md"})])
    with pytest.raises(UserInputError, match=r"has no document 'other\.md'"):
        measure_answers(tutor, rows)
    with pytest.raises(UserInputError, match="only one of the two"):
        measure_abstention(tutor, rows)


def test_the_command_writes_one_json_beside_its_table(tmp_path: Path, cache_dir: Path) -> None:
    out = tmp_path / "figures.json"
    folder = beir(tmp_path / "small")
    done = CliRunner().invoke(
        app, ["eval", "retrieval", "--data", str(folder), "--index", str(tmp_path / "index"), "--out", str(out)], env={"MIANJING_CACHE_DIR": str(cache_dir)}
    )
    assert done.exit_code == 0, done.output
    assert "small: 2 texts" in done.stdout
    made = json.loads(out.read_text(encoding="utf-8"))
    assert made["data"] == ["small"]
    assert made["sets"]["small"]["fusion"]["all"]["hit@5"] == 1.0


@pytest.mark.parametrize("what", ["retrieval", "answers", "abstention"])
def test_the_command_refuses_what_is_not_there(tmp_path: Path, what: str) -> None:
    done = CliRunner().invoke(app, ["eval", what, "--data", str(tmp_path / "absent")])
    assert isinstance(done.exception, UserInputError)
    assert "absent" in str(done.exception)
