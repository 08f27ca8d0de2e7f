"""Bringing in files, zips and pasted texts, and taking them out: nothing outside the folder, nothing half done, nothing without bound."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from format_samples import docx, html, pdf, scan, zipped

from rag.corpus import intake as module
from rag.corpus import load_corpus
from rag.corpus.intake import add_text, bring_in, copy_in, is_mine, safe_name, take_out
from rag.errors import Refused

NOTE = "# 卷积\n\n为什么使用卷积？因为参数少，而且平移等变。\n".encode()


def put(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / "given" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def why(path: Path, corpus: Path, name: str | None = None) -> str:
    with pytest.raises(Refused) as caught:
        bring_in(path, corpus, name)
    assert not [p for p in corpus.rglob("*") if p.is_file()]
    return caught.value.why


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(("name", "data"), [("a.md", NOTE), ("a.txt", NOTE), ("a.html", html().encode()), ("a.pdf", pdf()), ("a.docx", docx())])
def test_each_format_comes_in(tmp_path: Path, corpus: Path, name: str, data: bytes) -> None:
    assert bring_in(put(tmp_path, name, data), corpus).doc_ids == (f"mine/{name}",)
    assert [d.id for d in load_corpus(corpus)[0]] == [f"mine/{name}"]
    assert [p.name for p in (corpus / "mine").iterdir()] == [name]


def test_what_cannot_be_read_is_not_kept(tmp_path: Path, corpus: Path) -> None:
    assert why(put(tmp_path, "scan.pdf", scan()), corpus) == "scanned"
    assert why(put(tmp_path, "locked.pdf", pdf(password="x")), corpus) == "password"
    assert why(put(tmp_path, "a.md", b"\x00\x01"), corpus) == "not_text"
    assert why(put(tmp_path, "a.txt", b" \n"), corpus) == "empty"
    assert why(put(tmp_path, "a.md", pdf()), corpus) == "wrong_suffix"
    assert why(put(tmp_path, "a.exe", NOTE), corpus) == "no_parser"
    assert why(put(tmp_path, "a.zip", b"PK\x03\x04"), corpus) == "damaged"
    assert why(put(tmp_path, "none.zip", zipped({"a.png": b"x"})), corpus) == "no_documents"
    assert why(tmp_path / "absent.md", corpus) == "unreadable"


def test_a_folder_as_zip(tmp_path: Path, corpus: Path) -> None:
    files = {"notes/a.md": NOTE, "notes/deep/b.html": html().encode(), "notes/pic.png": b"x", "notes/bad.md": b"\x00", "__MACOSX/notes/._a.md": b"x"}
    heard: list[tuple[int, int]] = []
    brought = bring_in(put(tmp_path, "notes.zip", zipped(files)), corpus, heard=lambda *step: heard.append(step))
    assert brought.doc_ids == ("mine/notes/a.md", "mine/notes/deep/b.html")
    assert [(e.why, e.values["name"]) for e in brought.refused] == [("not_text", "bad.md")]
    assert heard[-1] == (3, 3)
    assert [d.id for d in load_corpus(corpus)[0]] == list(brought.doc_ids)
    for doc_id in brought.doc_ids:
        take_out(doc_id, corpus)
    assert list((corpus / "mine").iterdir()) == []


def test_a_zip_cannot_leave_its_folder(tmp_path: Path, corpus: Path) -> None:
    files = {
        "../../evil.md": NOTE,
        "/etc/evil2.md": NOTE,
        "..\\..\\evil3.md": NOTE,
        "C:\\evil4.md": NOTE,
        "a/../../b.md": NOTE,
        "/".join("x" * 30) + "/d.md": NOTE,
    }
    brought = bring_in(put(tmp_path, "x.zip", zipped(files)), corpus, "../../x.zip")
    assert len(brought.doc_ids) == len(files)
    kept = list(tmp_path.rglob("*.md"))
    assert len(kept) == len(files)
    assert all(p.is_relative_to(corpus / "mine" / "x") for p in kept)
    assert all(len(i.split("/")) <= 2 + module.MAX_DEPTH for i in brought.doc_ids)


def test_a_zip_with_a_link_in_it(tmp_path: Path, corpus: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.md")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    bring_in(put(tmp_path, "a.zip", out.getvalue()), corpus)
    assert not any(p.is_symlink() for p in corpus.rglob("*"))


def test_zips_without_bound(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped({f"{n}.md": b"# a\n\n" + b"word " * 1_000_000 for n in range(3)})
    assert len(bomb) < 100_000
    monkeypatch.setattr(module, "MAX_UNPACKED", 4_000_000)
    with pytest.raises(Refused) as caught:
        bring_in(put(tmp_path, "bomb.zip", bomb), corpus)
    assert caught.value.why == "bomb"
    many = zipped({f"{n}.md": NOTE for n in range(module.MAX_FILES + 1)})
    with pytest.raises(Refused) as caught:
        bring_in(put(tmp_path, "many.zip", many), corpus)
    assert caught.value.why == "many_files"


def test_chinese_names_of_a_zip_made_on_windows(tmp_path: Path, corpus: Path) -> None:
    data = zipped({"mulu/aaaa.md": NOTE}).replace(b"mulu", "目录".encode("gbk")).replace(b"aaaa", "笔记".encode("gbk"))
    assert bring_in(put(tmp_path, "a.zip", data), corpus).doc_ids == ("mine/a/目录/笔记.md",)


def test_a_pasted_text(corpus: Path) -> None:
    assert add_text("  注意力 笔记 ", "为什么要除以根号 d？因为点积的方差随维度增大。", corpus) == "mine/注意力 笔记.md"
    (document,) = load_corpus(corpus)[0]
    assert document.title == "注意力 笔记"
    assert add_text("", NOTE.decode(), corpus) == "mine/notes.md"
    assert add_text("../../x", "一句话。", corpus) == "mine/x.md"
    with pytest.raises(Refused):
        add_text("空", " \n", corpus)
    with pytest.raises(Refused):
        add_text("大", "字" * (module.MAX_BYTES // 3 + 1), corpus)


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_name("长" * 300 + ".pdf").endswith("长.pdf")
    assert len(safe_name("长" * 300 + ".pdf")) == 120


def test_a_folder_that_cannot_be_written(tmp_path: Path, corpus: Path) -> None:
    (corpus / "mine").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(Refused) as caught:
        copy_in(put(tmp_path, "a.md", NOTE), corpus)
    assert caught.value.why == "no_room"


@pytest.mark.parametrize(
    ("doc_id", "mine"), [("mine/a.md", True), ("mine/z/a.md", True), ("a.md", False), ("mine/../a.md", False), ("mine", False), ("/mine/a.md", False)]
)
def test_what_is_mine(doc_id: str, mine: bool) -> None:
    assert is_mine(doc_id) is mine
