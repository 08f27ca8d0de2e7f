"""The command line as a user runs it: a process, its two streams and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from places import SEEDS

from rag.config import Settings
from rag.tutor import Tutor


class Shell:
    """Runs the console script over the seeds' index in a folder of its own."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.places = ["--corpus", str(settings.corpus), "--index", str(settings.index)]
        keep = {name: value for name, value in os.environ.items() if not name.startswith("MIANJING_")}
        self.environment = {**keep, "MIANJING_CACHE_DIR": str(settings.cache_dir), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}

    def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rag.cli", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def shell(tutor: Tutor, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tutor.settings, tmp_path_factory.mktemp("shell"))


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def fault(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong; a progress display may stand above it."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("mianjing: ")]
    assert len(said) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == said[0]
    return said[0]


def test_index_says_what_it_did_and_embeds_nothing_twice(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text("# 卷积\n\n## 为什么使用卷积？\n\n参数共享，所以参数少。\n", encoding="utf-8")
    places = ["--corpus", str(tmp_path / "corpus"), "--index", str(tmp_path / "index")]
    first = shell("index", *places)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("1 documents, 1 passages, ")
    assert " seconds" in first.stdout
    assert ", 0 of " in shell("index", *places).stdout


def test_search_for_a_reader(shell: Shell) -> None:
    done = shell("search", "为什么用 3×3 卷积核", "--top", "3", *shell.places)
    assert done.returncode == 0, done.stderr
    assert [line[:3] for line in done.stdout.splitlines() if line[:2].strip().isdigit()] == [" 1.", " 2.", " 3."]
    assert "002_" in done.stdout


def test_search_in_batch_keeps_the_contract(shell: Shell, tutor: Tutor, tmp_path: Path) -> None:
    file = tmp_path / "queries.jsonl"
    queries = [{"id": 7, "query": "为什么用 3×3 卷积核"}, {"id": "b", "query": "一行\u2028两行 dropout"}, {"query": ""}]
    file.write_text("\n".join(json.dumps(q, ensure_ascii=False) for q in queries) + "\n\n", encoding="utf-8")
    done = shell("search", "--jsonl", str(file), "--top", "4", *shell.places)
    assert done.returncode == 0, done.stderr
    found = rows(done)
    assert [row["id"] for row in found] == [7, "b", None]
    assert [len(row["hits"]) for row in found] == [4, 4, 0]
    for hit in found[0]["hits"] + found[1]["hits"]:
        assert list(hit) == ["doc", "start", "end", "text", "score", "heading_path"]
        source = (SEEDS / hit["doc"]).read_text(encoding="utf-8")
        assert source[hit["start"] : hit["end"]] == hit["text"]
        assert 0 <= hit["score"] <= 1
    whole = Tutor.open(tutor.settings)  # with the judge, as the shell has it
    assert [hit["text"] for hit in found[0]["hits"]] == [hit.passage.text for hit in whole.search("为什么用 3×3 卷积核", 4)]


def test_ask_for_a_reader(shell: Shell) -> None:
    done = shell("ask", "为什么用 3×3 卷积核？", *shell.places)
    assert done.returncode == 0, done.stderr
    assert "[1]" in done.stdout
    assert "[1] 002_" in done.stdout


def test_ask_something_else_offers_what_can_be_asked(shell: Shell) -> None:
    done = shell("ask", "红黑树有哪五条性质", *shell.places)
    assert done.returncode == 0, done.stderr
    assert "资料里没有" in done.stdout
    assert "可以这样问" in done.stdout


def test_ask_in_batch_from_standard_input_keeps_the_contract(shell: Shell, tutor: Tutor) -> None:
    history = [{"role": "user", "content": "什么是 LSTM？"}, {"role": "assistant", "content": "一种门控的循环网络。"}]
    questions = [
        {"id": "a", "query": "为什么用 3×3 卷积核？"},
        {"id": "b", "query": "它有什么缺点？", "history": history},
        {"id": "c", "query": "红黑树有哪五条性质"},
        {"id": "d", "query": "dropout\u2028为什么能防止过拟合？", "history": None},
    ]
    done = shell("ask", "--jsonl", "-", *shell.places, stdin="\ufeff" + "\n".join(json.dumps(q, ensure_ascii=False) for q in questions))
    assert done.returncode == 0, done.stderr
    found = rows(done)
    assert [row["id"] for row in found] == ["a", "b", "c", "d"]
    for row in found:
        assert list(row) == ["id", "abstained", "confidence", "answer", "standalone_question", "sentences"]
        for sentence in row["sentences"]:
            assert list(sentence) == ["text", "citations"]
            for citation in sentence["citations"]:
                assert list(citation) == ["doc", "start", "end", "quote"]
                source = (SEEDS / citation["doc"]).read_text(encoding="utf-8")
                assert source[citation["start"] : citation["end"]] == citation["quote"]
    assert [row["abstained"] for row in found] == [False, False, True, False]
    assert "LSTM" in found[1]["standalone_question"]
    assert found[0]["answer"] == Tutor.open(tutor.settings).ask("为什么用 3×3 卷积核？").text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", ":2: not JSON"),
        ("[1]", ":2: expected an object, got list"),
        ('{"id": 1}', "field 'query' must be a string, got None"),
        ('{"id": 1, "query": 5}', "field 'query' must be a string, got 5"),
        ('{"id": 1, "query": "dropout", "history": "x"}', "field 'history' must be a list, got str"),
        ('{"id": 1, "query": "dropout", "history": ["x"]}', "field 'history' must hold objects with role and content, got 'x'"),
    ],
)
def test_a_bad_row_is_a_fault_of_the_input(shell: Shell, tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"id": 0, "query": "你好"}\n' + line + "\n", encoding="utf-8")
    done = shell("ask", "--jsonl", str(file), *shell.places)
    assert said in fault(done)
    assert [row["id"] for row in rows(done)] == [0]


@pytest.mark.parametrize(("data", "said"), [(None, "cannot be read"), (b"\xff\xfe\xfa", "not UTF-8")])
def test_a_bad_file_is_a_fault_of_the_input(shell: Shell, tmp_path: Path, data: bytes | None, said: str) -> None:
    file = tmp_path / "q.jsonl"
    if data is not None:
        file.write_bytes(data)
    assert said in fault(shell("search", "--jsonl", str(file), *shell.places))


def test_no_corpus(shell: Shell, tmp_path: Path) -> None:
    assert "does not exist; give one with --corpus DIR" in fault(shell("index", "--corpus", str(tmp_path / "none"), "--index", str(tmp_path / "i")))


def test_an_unknown_setting(shell: Shell) -> None:
    assert "unknown key nonsense" in fault(shell("ask", "dropout", *shell.places, MIANJING_NONSENSE="1"))


def test_a_foreign_index_names_its_cure(shell: Shell, tutor: Tutor, tmp_path: Path) -> None:
    version = tutor.settings.index / (tutor.settings.index / "CURRENT").read_text(encoding="ascii")
    copy = tmp_path / "index" / "v-copy"
    copy.mkdir(parents=True)
    manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({**manifest, "encoder": "another"}), encoding="utf-8")
    (tmp_path / "index" / "CURRENT").write_text("v-copy", encoding="ascii")
    said = fault(shell("search", "dropout", "--corpus", str(SEEDS), "--index", str(tmp_path / "index")))
    assert "'another'" in said
    assert said.endswith("run: mianjing index")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("search",),
        ("search", "a", "--jsonl", "b"),
        ("ask",),
        ("search", "a", "--top", "0"),
        ("search", "a", "--top", "x"),
        ("index", "--nope"),
        ("ask", "a", "b"),
    ],
)
def test_wrong_usage_is_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    done = shell(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_version_and_help(shell: Shell) -> None:
    assert shell("version").stdout.strip() == "0.1.0"
    help_text = shell("--help")
    assert help_text.returncode == 0
    assert all(name in help_text.stdout for name in ("index", "search", "ask", "serve", "doctor"))


def test_doctor(shell: Shell, tmp_path: Path) -> None:
    sound = shell("doctor", *shell.places)
    assert sound.returncode == 0, sound.stdout
    assert "BAD" not in sound.stdout
    bare = shell("doctor", "--corpus", str(SEEDS), "--index", str(tmp_path / "none"))
    assert bare.returncode == 1
    assert "BAD" in bare.stdout
    assert "run: mianjing index" in bare.stdout
