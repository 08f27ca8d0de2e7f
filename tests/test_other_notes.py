"""Notes on another field than deep learning: what they answer is answered, and nothing else, with the real encoder and judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.answer.answerable import CONCEPTS_OF_THE_FIELD
from rag.config import Settings
from rag.judge import BundledJudge
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.store import Index, build_index, load_index
from rag.tutor import Tutor

CONTAINERS = """# 容器笔记

## 镜像和容器有什么区别？
镜像是只读的模板，由一层层文件系统叠加而成；容器是镜像运行起来的实例，在镜像之上多了一层可写层。

## 怎样持久化容器里的数据？
用数据卷或者绑定挂载。数据卷由引擎管理，存在宿主机的固定目录下；绑定挂载直接把宿主机的目录映射进容器。

## COPY 和 ADD 有什么区别？
COPY 只把构建上下文里的文件复制进镜像；ADD 还能解压本地的压缩包。一般推荐用 COPY，行为更可预期。

## 容器之间怎么通信？
同一个自定义网络里的容器可以用名字互相访问，内置的 DNS 会解析；跨主机要用 overlay 网络。
"""
DATABASES = """# Database notes

## What does ACID stand for?
Atomicity, consistency, isolation and durability: the guarantees that a transaction gives.

## Why can an index slow down writes?
Every insert, update or delete has to change the index as well as the table, so each additional index adds work to every write.

## What is a deadlock and how is it resolved?
Two transactions each hold a lock that the other one needs. The database detects the cycle and rolls one of them back, which the application should retry.
"""
QUERIES = """# SQL 笔记

## WHERE 和 HAVING 有什么区别？
WHERE 在分组之前过滤行，HAVING 在 GROUP BY 分组之后过滤组，所以聚合函数只能写在 HAVING 里。
"""


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path, encoder: TransformerEncoder) -> Tutor:
    folder = tmp_path_factory.mktemp("notes")
    settings = Settings(corpus=folder / "corpus", index=folder / "index", cache_dir=cache_dir, data_dir=folder / "data")
    settings.corpus.mkdir()
    (settings.corpus / "containers.md").write_text(CONTAINERS, encoding="utf-8")
    (settings.corpus / "databases.md").write_text(DATABASES, encoding="utf-8")
    (settings.corpus / "queries.md").write_text(QUERIES, encoding="utf-8")
    build_index(settings.corpus, settings.index, encoder)
    return Tutor(settings, encoder, load_index(settings.index, encoder), BundledJudge(lambda: ensure_unpacked(cache_dir)))


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("镜像和容器的区别", "可写层"),
        ("怎么持久化容器的数据", "数据卷"),
        ("为什么推荐用 COPY 而不是 ADD", "更可预期"),
        ("两个容器怎么互相访问", "名字互相访问"),
        ("跨主机的容器怎么通信", "overlay"),
        ("WHERE 和 HAVING 的区别", "分组之后"),
        ("What is ACID?", "durability"),
        ("why do indexes make inserts slower", "adds work to every write"),
        ("How do databases resolve deadlocks?", "rolls one of them back"),
    ],
)
def test_what_notes_on_another_field_answer_is_answered(notes: Tutor, question: str, said: str) -> None:
    answer = notes.ask(question)
    assert not answer.abstained
    assert said in answer.text


@pytest.mark.parametrize(
    "question",
    ["什么是批归一化", "dropout 的作用", "怎么做红烧肉", "什么是外键", "What is gradient descent?", "What is a view in SQL?", "How do I prune a rose bush?"],
)
def test_what_they_do_not_hold_is_refused(notes: Tutor, question: str) -> None:
    assert notes.ask(question).abstained


@pytest.mark.parametrize("question", ["triplet loss", "什么是批归一化", "dropout 是什么", "Q-learning"])
def test_a_thing_that_is_never_named_is_surely_not_answered(notes: Tutor, question: str) -> None:
    answer = notes.ask(question)
    assert answer.abstained
    assert answer.confidence == 0.0


def test_only_notes_on_deep_learning_are_full_of_its_concepts(notes: Tutor, seeds_index: Index) -> None:
    assert min(seeds_index.concept_share.values()) > CONCEPTS_OF_THE_FIELD
    assert max(notes.index.concept_share.values()) < CONCEPTS_OF_THE_FIELD / 2
