"""The judge: what training changed is added to the bundled encoder, and pairs are read the same however they are batched."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from rag.config import Settings
from rag.errors import ModelError
from rag.judge import ANSWERS, ENTAILS, FOLDER, LABELS, PARTLY, BundledJudge, chunks, network, open_judge, read_difference, write_difference
from rag.models.bundled import ensure_unpacked

PAIRS = [
    ("dropout 能防止过拟合", "训练时随机丢掉神经元，不让它们互相依赖，所以不容易过拟合"),
    ("Dropout prevents overfitting", "dropout makes overfitting worse, that is why nobody uses it in training"),
    ("批归一化让训练更快", "今天天气不错。" * 30),
    ("x", "y"),
]


@pytest.fixture(scope="module")
def base() -> Callable[[], Path]:
    folder = ensure_unpacked(Settings().cache_dir)
    return lambda: folder


@pytest.fixture(scope="module")
def judge(base: Callable[[], Path]) -> BundledJudge:
    return BundledJudge(base)


def test_a_judge_is_shipped_and_says_how_it_was_trained(judge: BundledJudge) -> None:
    assert BundledJudge.is_there()
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) <= 20_000_000
    assert tuple(judge.facts["labels"]) == LABELS
    assert {"seed", "pairs", "minutes", "machine", "held_out"} <= set(judge.facts)


def test_probabilities(judge: BundledJudge) -> None:
    found = judge.entails(PAIRS)
    assert found.shape == (len(PAIRS), len(LABELS))
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    for read in (judge.answers, judge.addresses):
        found = read(PAIRS)
        assert found.shape == (len(PAIRS),)
        assert ((found >= 0) & (found <= 1)).all()
        assert read([]).shape == (0,)
    assert judge.entails([]).shape == (0, len(LABELS))


def test_what_says_a_statement_is_told_from_what_denies_it(judge: BundledJudge) -> None:
    statement = "训练时以一定概率随机丢弃神经元，减少它们之间的共适应"
    right = "我记得 dropout 是训练的时候随机把一部分神经元关掉，这样它们就不能互相依赖了，共适应变少，所以不容易过拟合。"
    wrong = "我记得 dropout 训练的时候一个神经元都不丢，它是让神经元更加互相依赖的，共适应越强越好，所以会更容易过拟合。"
    said, denied = judge.entails([(statement, right), (statement, wrong)])
    assert said[ENTAILS] + said[PARTLY] > denied[ENTAILS] + denied[PARTLY]
    read = judge.answers(
        [
            ("什么是梯度消失？", "什么是梯度消失？\n反向传播时梯度逐层相乘，越靠前的层梯度越小，几乎不再更新。"),
            ("什么是梯度消失？", "卷积核\n1×1 卷积可以改变通道数。"),
        ]
    )
    assert read[0] > read[1]


def test_the_same_alone_and_in_a_batch_and_again(base: Callable[[], Path]) -> None:
    one = BundledJudge(base)
    together = one.entails(PAIRS)
    for n, pair in enumerate(PAIRS):
        assert np.allclose(BundledJudge(base).entails([pair]) if n == 0 else one.entails([pair]), together[n : n + 1], atol=0.03)
    assert (one.entails(PAIRS) == together).all()
    assert (one.entails(PAIRS[::-1]) == together[::-1]).all()


def test_a_difference_is_written_and_read_back(base: Callable[[], Path], tmp_path: Path) -> None:
    torch.manual_seed(1)
    plain, tuned, again = network(base()), network(base()), network(base())
    weight = tuned.body.encoder.layer[11].output.dense.weight
    with torch.no_grad():
        weight += 0.01 * torch.randn_like(weight)
        tuned.body.encoder.layer[11].output.dense.bias += 0.5
    write_difference(tuned, plain, tmp_path / "judge.safetensors")
    read_difference(again, tmp_path / "judge.safetensors")
    for (name, expected), (_, found) in zip(tuned.state_dict().items(), again.state_dict().items(), strict=True):
        assert torch.allclose(expected, found, atol=3e-4), name


def test_the_head_for_answers_is_a_linear_one_over_what_is_seen(base: Callable[[], Path], judge: BundledJudge, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "judge")
    head = load_file(tmp_path / "judge" / ANSWERS)
    logits = judge.seen(PAIRS) @ head["weight"][0].astype(np.float32) + head["bias"].astype(np.float32)
    assert np.allclose(judge.answers(PAIRS), 1 / (1 + np.exp(-logits)), atol=1e-4)
    (tmp_path / "judge" / ANSWERS).unlink()
    bare = BundledJudge(base, tmp_path / "judge")
    assert (bare.answers(PAIRS) == bare.addresses(PAIRS)).all()
    assert (bare.entails(PAIRS) == judge.entails(PAIRS)).all()
    save_file({"weight": head["weight"][:, :9].copy(), "bias": head["bias"]}, tmp_path / "judge" / ANSWERS)
    with pytest.raises(ModelError, match=r"do not fit.*search\.judge to off"):
        BundledJudge(base, tmp_path / "judge").answers(PAIRS)
    (tmp_path / "judge" / ANSWERS).write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"do not fit.*search\.judge to off"):
        BundledJudge(base, tmp_path / "judge").answers(PAIRS)


def test_faults_say_what_to_do(base: Callable[[], Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"search\.judge"):
        BundledJudge(base, tmp_path).answers(PAIRS)
    (tmp_path / "judge.json").write_text((FOLDER / "judge.json").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "judge.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="do not fit"):
        BundledJudge(base, tmp_path).answers(PAIRS)


def test_the_setting(base: Callable[[], Path], tmp_path: Path) -> None:
    assert open_judge("off", base) is None
    assert isinstance(open_judge("auto", base), BundledJudge)
    other = open_judge(str(tmp_path / "none"), base)
    assert other is not None
    with pytest.raises(ModelError, match="cannot be loaded"):
        other.answers(PAIRS)


def test_batches_hold_every_row_once_and_stay_small() -> None:
    lengths = [5, 9, 9, 30, 200]
    found = chunks([0, 1, 2, 3, 4], lengths, 60)
    assert [i for chunk in found for i in chunk] == [0, 1, 2, 3, 4]
    assert all(len(c) * max(lengths[i] for i in c) <= 60 or len(c) == 1 for c in found)
