"""Reading and changing a corpus folder: encodings, limits, and nothing outside the folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rag.corpus import load_corpus, load_document, supported_suffixes
from rag.corpus.intake import copy_in, safe_name, take_out
from rag.corpus.loader import _EXTRACTORS, MAX_BYTES, corpus_files, decode
from rag.errors import CorpusError

TEXT = "# 卷积\n\n为什么使用卷积？因为参数少。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "gbk"])
def test_the_usual_encodings(encoding: str) -> None:
    assert decode(TEXT.encode(encoding)) == TEXT


TRADITIONAL = "# 機器學習筆記\n\n過擬合是指模型在訓練集上表現很好，在測試集上卻很差。\n"
WESTERN = "The model’s loss is “flat” – it doesn’t learn. See Fréchet’s naïve café.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (TRADITIONAL, "big5"),
        (TRADITIONAL, "gb18030"),
        (WESTERN, "cp1252"),
        ("Attention（注意力）is all you need.", "gb18030"),
        ("反向传播", "gbk"),
        ("café", "cp1252"),
    ],
)
def test_other_encodings_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("cut", [1, 2])
def test_utf8_cut_inside_its_last_character_loses_only_that(cut: int) -> None:
    assert decode((TEXT + "因").encode()[:-cut]) == TEXT


def test_a_bad_byte_among_thousands_is_marked() -> None:
    text = TEXT * 100
    assert decode(text.encode() + b"\xff" + text.encode()) == text + "\ufffd" + text


def test_a_name_that_is_not_utf8_is_left_out_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "b.md").write_text(TEXT, encoding="utf-8")
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xb1\xca.md"))
    try:
        odd.write_text(TEXT, encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    documents, skipped = load_corpus(tmp_path)
    assert [d.id for d in documents] == ["b.md"]
    assert [(s.doc_id, "not UTF-8" in s.reason) for s in skipped] == [("\\udcb1\\udcca.md", True)]
    assert "".join(s.doc_id + s.reason for s in skipped).encode()
    assert list(corpus_files(tmp_path)) == [tmp_path / "b.md"]


def test_a_parser_that_fails_costs_its_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data: bytes, name: str) -> str:
        raise RecursionError

    monkeypatch.setitem(_EXTRACTORS, ".odd", fail)
    (tmp_path / "a.odd").write_bytes(b"x")
    (tmp_path / "b.md").write_text(TEXT, encoding="utf-8")
    documents, skipped = load_corpus(tmp_path)
    assert [d.id for d in documents] == ["b.md"]
    assert [s.reason for s in skipped] == ["a.odd: cannot be read (RecursionError while parsing)"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\x89PNG\x00\x00\x01")
    (tmp_path / "b.md").write_text(TEXT, encoding="utf-8")
    documents, skipped = load_corpus(tmp_path)
    assert [d.id for d in documents] == ["b.md"]
    assert [(s.doc_id, "not a text file" in s.reason) for s in skipped] == [("a.md", True)]


def test_a_document_knows_its_path_and_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "note.md"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    document = load_document(tmp_path, path)
    assert (document.id, document.title, document.language) == ("deep/note.md", "卷积", "zh")
    assert document.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_is_passed_over(tmp_path: Path) -> None:
    for name in ("note.md", "z.txt", "LICENSE.md", ".hidden.md", "__cache__/x.md", ".git/x.md", "pic.png", "data.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(TEXT, encoding="utf-8")
    documents, skipped = load_corpus(tmp_path)
    assert [d.id for d in documents] == ["note.md", "z.txt"]
    assert skipped == []


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.md"
    outside.write_text("# 秘密\n\n内容。\n", encoding="utf-8")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "link.md").symlink_to(outside)
    documents, skipped = load_corpus(corpus)
    assert documents == []
    assert "outside the corpus folder" in skipped[0].reason


def test_a_file_too_large(tmp_path: Path) -> None:
    with (tmp_path / "big.md").open("wb") as out:
        out.truncate(MAX_BYTES + 1)
    assert "the limit is" in load_corpus(tmp_path)[1][0].reason
    with pytest.raises(CorpusError, match="the limit is"):
        copy_in(tmp_path / "big.md", tmp_path / "corpus")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="does not exist; give one with --corpus DIR"):
        load_corpus(tmp_path / "none")


def test_no_parser(tmp_path: Path) -> None:
    path = tmp_path / "a.exe"
    path.write_bytes(b"x")
    with pytest.raises(CorpusError, match=r"no parser for \.exe; accepted: .*\.md"):
        load_document(tmp_path, path)
    assert {".md", ".txt"} <= set(supported_suffixes())


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\a.md", "a.md"),
        (".bashrc", "bashrc"),
        ("a\x00b.md", "a_b.md"),
        ("", "document.txt"),
        ("..", "document.txt"),
        ("面经.md", "面经.md"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_file_is_brought_in_replaced_and_taken_out(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    source = tmp_path / "note.md"
    source.write_text(TEXT, encoding="utf-8")
    assert copy_in(source, corpus) == "mine/note.md"
    source.write_text(TEXT + "新。\n", encoding="utf-8")
    assert copy_in(source, corpus, "../note.md") == "mine/note.md"
    assert [d.id for d in load_corpus(corpus)[0]] == ["mine/note.md"]
    assert "新。" in load_corpus(corpus)[0][0].source
    take_out("mine/note.md", corpus)
    assert list((corpus / "mine").iterdir()) == []


@pytest.mark.parametrize("doc_id", ["../outside.md", "mine/none.md", "", "mine"])
def test_nothing_else_is_taken_out(tmp_path: Path, doc_id: str) -> None:
    (tmp_path / "outside.md").write_text(TEXT, encoding="utf-8")
    (tmp_path / "corpus" / "mine").mkdir(parents=True)
    with pytest.raises(CorpusError, match="is not in the corpus folder"):
        take_out(doc_id, tmp_path / "corpus")
    assert (tmp_path / "outside.md").exists()
