"""The screen of a follow-up: what was said is named, what was missed stays covered, and an earlier follow-up has its verdict."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

from practice_samples import grade, point_grade, question

from rag.records import FollowUpAsked, WrongStatement
from rag.ui.corpus_intake import Job, intake_html, unknown_in_zip
from rag.ui.interview_grade import covered_html, follow_up_html

Q = question("q0")


def test_a_point_that_was_said_is_named_and_no_other() -> None:
    html = covered_html("说到 k1", grade(Q, "hit", "partial", "missed"), "zh")
    assert "q0 要点 1" in html
    assert "q0 要点 2" not in html
    assert "q0 要点 3" not in html
    assert html.count("先盖住") == 2
    assert "答完追问再看" in html


def test_what_is_likely_wrong_is_told_without_what_is_right() -> None:
    said = replace(grade(Q, "hit", "partial", "missed"), wrong=(WrongStatement("它<会>变小", "q0 要点 3"),))
    html = covered_html("说到 k1，它<会>变小", said, "zh")
    assert "它&lt;会&gt;变小</q>" in html
    assert "多半说错了" in html
    assert "q0 要点 3" not in html


def test_after_a_follow_up_the_note_speaks_of_its_verdict() -> None:
    before = FollowUpAsked("k3", "追问？", 0, "答 <b>", point_grade(Q, "k3", "hit"))
    html = covered_html("x", grade(Q, "hit", "missed", "missed"), "zh", [before])
    assert "上面是刚才那个追问的结果" in html
    assert "答完追问再看" not in html
    shown = follow_up_html(before, "zh")
    assert "答 &lt;b&gt;" in shown
    assert "说到了" in shown


def test_files_of_a_zip_that_are_left_out_are_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a/notes.md", "a/<b>.png", "run.py", "__MACOSX/x.bin", ".hidden", "a/"):
            archive.writestr(name, b"x")
    found = unknown_in_zip(path, "Notes.ZIP")
    assert found == ("<b>.png", "run.py")
    assert unknown_in_zip(path, "notes.md") == ()
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    assert unknown_in_zip(tmp_path / "broken.zip", "broken.zip") == ()
    html = intake_html([Job("notes.zip", stage="done", passed_over=found)], "zh")
    assert "里面有 2 个文件不是能读的格式，没有添加：&lt;b&gt;.png、run.py" in html
    assert "1 file in it" in intake_html([Job("notes.zip", stage="done", passed_over=found[:1])], "en")
