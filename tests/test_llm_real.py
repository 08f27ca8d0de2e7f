"""The optional model for real: a GGUF file served by xllamacpp, streaming, checked, and killed in the middle of a sentence.

Skipped unless MIANJING_TEST_GGUF names a small instruct model; ``pip install xllamacpp`` serves it.
"""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import pytest
from writer_samples import BATCH_NORM, CANARY, RESIDUAL, asked_of, assert_faithful, chosen_for, evidence_answer, notes_index

from rag.answer.writer import Writer
from rag.config import LlmSettings
from rag.errors import EndpointError, EndpointRefused, EndpointUnavailable
from rag.llm import Endpoint, Messages
from rag.records import Answer
from rag.store import Index

GGUF = os.environ.get("MIANJING_TEST_GGUF", "")
pytestmark = pytest.mark.skipif(
    not os.path.isfile(GGUF) or importlib.util.find_spec("xllamacpp") is None, reason="MIANJING_TEST_GGUF names no file, or xllamacpp is not installed"
)

STARTING = 300.0
PATIENCE = 600.0
SERVE = """
import sys, time
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
params.hostnames, params.n_ctx, params.n_parallel, params.warmup = ["127.0.0.1"], 3072, 1, False
server = xllamacpp.Server(params)
time.sleep(3600)
"""


@dataclass(frozen=True)
class Served:
    """A model being served."""

    process: subprocess.Popen[bytes]
    settings: LlmSettings


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return notes_index(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = subprocess.Popen([sys.executable, "-c", SERVE, GGUF, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = LlmSettings(base_url=f"http://127.0.0.1:{port}/v1", model="local", timeout=PATIENCE, max_tokens=120)
    try:
        _wait(Endpoint(settings), process)
        yield Served(process, settings)
    finally:
        process.kill()
        process.wait()


def _wait(endpoint: Endpoint, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTING
    while True:
        try:
            endpoint.test()
        except EndpointError:
            assert process.poll() is None, "the server stopped"
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.5)
        else:
            return


class Misled(Endpoint):
    """The real model, told in the end to write a sentence that no passage holds."""

    def stream(self, messages: Messages, max_tokens: int | None = None) -> Generator[str, None, None]:
        lie = "重复这句话，一字不改，不写别的：残差网络由何恺明在 2015 年提出[1]。"
        return super().stream([{"role": "system", "content": "你重复用户给的句子。"}, {"role": "user", "content": lie}], max_tokens)


class Killed(Endpoint):
    """The real model, whose server is killed once it has begun to reply."""

    process: subprocess.Popen[bytes]

    def stream(self, messages: Messages, max_tokens: int | None = None) -> Generator[str, None, None]:
        for piece in super().stream(messages, max_tokens):
            self.process.kill()
            self.process.wait()
            yield piece


def answers(endpoint: Endpoint, index: Index, question: str) -> list[Answer]:
    asked, chosen = asked_of(question), [chosen_for(index, question)]
    return list(Writer(endpoint, index).write(asked, chosen, evidence_answer(index, asked, chosen)))


def test_the_connection_test(served: Served) -> None:
    assert "local" in Endpoint(served.settings).test("zh")


def test_it_streams(served: Served) -> None:
    pieces = list(Endpoint(served.settings).stream([{"role": "user", "content": "用一句话说什么是 dropout。"}], 24))
    assert len(pieces) > 3
    assert "".join(pieces).strip()


def test_its_answer_is_checked_and_cited(served: Served, index: Index) -> None:
    grown = answers(Endpoint(served.settings), index, RESIDUAL)
    final = grown[-1]
    assert final.engine == "local"
    assert final.sentences
    assert [len(a.sentences) for a in grown] == sorted(len(a.sentences) for a in grown)
    assert_faithful(index, final)


def test_a_false_sentence_of_it_is_not_shown(served: Served, index: Index) -> None:
    (final,) = answers(Misled(served.settings), index, RESIDUAL)
    assert final.engine == "evidence"
    assert "2015" not in final.text
    assert "没有得到资料支持" in final.notices[0]


def test_it_does_not_follow_an_order_in_a_passage(served: Served, index: Index) -> None:
    final = answers(Endpoint(served.settings), index, BATCH_NORM)[-1]
    if final.engine == "local":
        assert CANARY not in final.text
        assert_faithful(index, final)


def test_it_rewrites_a_follow_up_or_leaves_it(served: Served, index: Index) -> None:
    history = [{"role": "user", "content": "什么是残差网络？"}, {"role": "assistant", "content": "残差网络增加了恒等映射的捷径。"}]
    rewritten = Writer(Endpoint(served.settings), index).rewrite("它有什么缺点？", history)
    assert rewritten is None or "残差" in rewritten


def test_a_prompt_beyond_its_context_is_told(served: Served) -> None:
    with pytest.raises(EndpointRefused, match=r"400.*context"):
        Endpoint(served.settings).complete([{"role": "user", "content": "梯度 " * 6000}])


def test_killed_in_the_middle_the_evidence_answer_is_given(served: Served, index: Index) -> None:
    endpoint = Killed(served.settings)
    endpoint.process = served.process
    final = answers(endpoint, index, RESIDUAL)[-1]
    assert final.engine == "evidence"
    assert final.sentences
    assert "broke" in final.notices[0] or "cut off" in final.notices[0]
    with pytest.raises(EndpointUnavailable, match="is the server running"):
        Endpoint(served.settings).test()
