"""Programs get from the page's endpoints what the command line writes, and one line where they ask for what cannot be had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import SEEDS

from rag.records import Language

gradio_client = pytest.importorskip("gradio_client")

HISTORY = [{"role": "user", "content": "什么是 dropout？"}, {"role": "assistant", "content": "训练时随机丢弃一部分神经元。"}]
ASKED: list[dict[str, Any]] = [
    {"id": "zh", "query": "为什么 dropout 能防止过拟合？"},
    {"id": "en", "query": "Why do gradients vanish?"},
    {"id": "follow", "query": "它有什么缺点？", "history": HISTORY},
    {"id": "absent", "query": "红烧肉怎么做才好吃？"},
]
POINTS = [{"id": "a", "text": "训练时随机丢弃神经元", "weight": 3}, {"id": "b", "text": "推理时不丢弃任何神经元", "weight": 1}]
GRADED: list[dict[str, Any]] = [
    {"id": "points", "question": "什么是 dropout？", "answer": "训练的时候随机丢弃一些神经元，防止过拟合。", "key_points": POINTS},
    {"id": "reference", "question": "What is dropout?", "answer": "It drops units at random.", "reference": "Dropout drops random units during training."},
]


@pytest.fixture(scope="module")
def client(served: Any) -> Any:
    return gradio_client.Client(served.url, verbose=False)


def shell(served: Any, command: str, rows: list[dict[str, Any]], *options: str) -> dict[str, Any]:
    """What ``mianjing COMMAND --jsonl -`` writes over the server's own index, by id and without it."""
    folder: Path = served.log.parent
    done = subprocess.run(
        [sys.executable, "-m", "rag.cli", command, "--jsonl", "-", "--corpus", str(SEEDS), "--index", str(folder / "index"), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(SEEDS.parent.parent)},
        input="".join(json.dumps(row) + "\n" for row in rows),
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=True,
    )
    written = [json.loads(line) for line in done.stdout.split("\n") if line]
    return {row.pop("id"): row for row in written}


def test_answers_are_those_of_the_command_line(served: Any, client: Any) -> None:
    said = shell(served, "ask", ASKED)
    assert {name for name, row in said.items() if row["abstained"]} == {"absent"}
    assert "dropout" in said["follow"]["standalone_question"]
    for row in ASKED:
        assert client.predict(row["query"], row.get("history"), api_name="/ask") == said[row["id"]]
    assert client.predict(question=ASKED[0]["query"], api_name="/ask") == said["zh"]


def test_hits_are_those_of_the_command_line(served: Any, client: Any) -> None:
    said = shell(served, "search", [{"id": 1, "query": "梯度消失"}], "--top", "3")[1]["hits"]
    assert len(said) == 3
    assert client.predict("梯度消失", 3, api_name="/search") == said
    assert client.predict("梯度消失", api_name="/search")[:3] == said


def test_grades_are_those_of_the_command_line(served: Any, client: Any) -> None:
    said = shell(served, "grade", GRADED)
    for row in GRADED:
        found = client.predict(row["question"], row["answer"], row.get("key_points"), row.get("reference", ""), api_name="/grade")
        assert found == said[row["id"]]
    assert [p["id"] for p in said["points"]["points"]] == ["a", "b"]
    assert 0 < said["points"]["score"] < 100


def test_documents_and_their_spans(client: Any) -> None:
    documents = client.predict(api_name="/documents")
    languages: set[Language] = {"zh", "en"}
    assert [d["doc"] for d in documents] == sorted(p.name for p in SEEDS.iterdir())
    assert all(d["passages"] > 0 and d["characters"] > 0 and d["language"] in languages for d in documents)


def test_every_endpoint_is_described(client: Any) -> None:
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    names = {name: [p["parameter_name"] for p in described[name]["parameters"]] for name in described}
    assert names == {
        "/ask": ["question", "history"],
        "/search": ["query", "top"],
        "/grade": ["question", "answer", "key_points", "reference", "misconceptions"],
        "/documents": [],
    }
    assert [p["parameter_name"] for p in described["/ask"]["parameters"] if not p["parameter_has_default"]] == ["question"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda c: c.predict("长" * 2001, api_name="/ask"), "question: has 2001 characters, the limit is 2000"),
        (lambda c: c.predict("q", ["x"], api_name="/ask"), "history: entry 1 must be an object, got 'x'"),
        (lambda c: c.predict("q", [{"role": "user"}], api_name="/ask"), "history: entry 1: content: must be a string, got None"),
        (lambda c: c.predict("q", 0, api_name="/search"), "top: must be a whole number from 1 to 200, got 0"),
        (lambda c: c.predict({"a": 1}, api_name="/search"), "query: must be a string, got {'a': 1}"),
        (lambda c: c.predict("q", "a", api_name="/grade"), "reference"),
        (lambda c: c.predict("q", "a", [{"id": "k"}], api_name="/grade"), "key_points: entry 1: text: must be a string, got None"),
        (lambda c: c.predict("q", "a", [{"text": "t", "weight": -1}], api_name="/grade"), "'weight' must be a number above 0, got -1"),
        (lambda c: c.predict("q", "a", [{"text": "t"}] * 51, api_name="/grade"), "key_points: has 51 entries, the limit is 50"),
        (lambda c: c.predict("q", "a", None, "r", [1], api_name="/grade"), "misconceptions: must be a string, got 1"),
    ],
    ids=["long", "turn", "role", "top", "query", "neither", "point", "weight", "many", "misconception"],
)
def test_what_cannot_be_had_is_told_in_one_line(client: Any, call: Callable[[Any], Any], told: str) -> None:
    with pytest.raises(gradio_client.exceptions.AppError) as refused:
        call(client)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
