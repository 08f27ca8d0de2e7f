"""The encoder adapter: shapes, prompts, repeatability, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.config import EncoderSettings
from rag.errors import ModelError
from rag.models import TransformerEncoder
from rag.models.fused import Fused


def test_rows_are_unit_vectors_in_the_order_asked(encoder: TransformerEncoder) -> None:
    texts = ["短", "a much longer text about convolution " * 10, "", "短"]
    rows = encoder.passages(texts)
    assert rows.shape == (4, encoder.dimension)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)
    assert float(rows[0] @ rows[3]) > 0.999
    assert float(rows[0] @ encoder.passages(["短"])[0]) > 0.999


def test_nothing_gives_no_rows(encoder: TransformerEncoder) -> None:
    assert encoder.queries([]).shape == (0, encoder.dimension)
    assert encoder.passages([]).shape == (0, encoder.dimension)


def test_questions_and_passages_have_their_own_prompts(encoder: TransformerEncoder) -> None:
    text = "什么是过拟合"
    assert float(encoder.queries([text])[0] @ encoder.passages([text])[0]) < 0.9999
    assert np.array_equal(encoder.queries([text]), encoder.queries([text]))


def test_a_batch_of_questions_equals_single_ones(encoder: TransformerEncoder) -> None:
    texts = [f"问题 {n}" for n in range(12)]
    single = np.stack([encoder.queries([text])[0] for text in texts])
    assert float((encoder.queries(texts) * single).sum(axis=1).min()) > 0.999


@pytest.mark.parametrize(
    "texts", [["过拟合"], ["为什么 dropout 能防止过拟合", "BN?", "What is the difference between batch normalization and layer normalization? " * 3]]
)
def test_fused_layers_find_what_the_model_finds(encoder: TransformerEncoder, texts: list[str]) -> None:
    import torch

    right = encoder.model.encode(texts, prompt_name="query", normalize_embeddings=True)
    for dtype, least in ((torch.float32, 0.999999), (torch.bfloat16, 0.9999)):
        found = Fused(encoder.model, dtype)(texts, encoder.model.prompts["query"]).numpy()
        assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
        assert float((found * right).sum(axis=1).min()) > least


def test_a_network_that_is_not_known_is_not_fused(encoder: TransformerEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Fused.fits(encoder.model)
    monkeypatch.setattr(encoder.model[0].model.config, "hidden_act", "relu")
    assert not Fused.fits(encoder.model)


def test_kept_vectors_cannot_be_changed_by_who_asked(encoder: TransformerEncoder) -> None:
    first = encoder.queries(["不会被改"])
    first[:] = 0
    assert np.linalg.norm(encoder.queries(["不会被改"])[0]) > 0.9


def test_progress_hears_every_text(encoder: TransformerEncoder) -> None:
    heard: list[int] = []
    encoder.passages([f"文 {n}" for n in range(70)], heard.append)
    assert sum(heard) == 70
    assert len(heard) > 1


def test_meaning_outweighs_language(encoder: TransformerEncoder) -> None:
    question = encoder.queries(["Why does dropout prevent overfitting?"])[0]
    right, wrong = encoder.passages(["dropout 相当于对许多网络取平均，因此减轻过拟合", "今天的天气很好，适合散步"])
    assert float(question @ right) > float(question @ wrong)


def test_the_fingerprint_needs_no_model_and_tells_models_apart(tmp_path: Path) -> None:
    default = TransformerEncoder(EncoderSettings(), tmp_path)
    other = TransformerEncoder(EncoderSettings(name="BAAI/bge-m3"), tmp_path)
    assert default.fingerprint != other.fingerprint
    assert not default.loaded
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_cannot_be_had_says_what_to_do(tmp_path: Path) -> None:
    encoder = TransformerEncoder(EncoderSettings(name=str(tmp_path / "no-such-model")), tmp_path)
    with pytest.raises(ModelError, match="MIANJING_ENCODER__NAME"):
        encoder.queries(["x"])


def test_a_folder_is_a_model_too(encoder: TransformerEncoder, cache_dir: Path) -> None:
    folder = next(path for path in cache_dir.iterdir() if path.name.startswith("e5-small-"))
    named = TransformerEncoder(EncoderSettings(name=str(folder)), cache_dir)
    assert named.fingerprint != encoder.fingerprint
    assert float(named.queries(["过拟合"])[0] @ encoder.queries(["过拟合"])[0]) > 0.999
