"""The encoder adapter: shapes, prompts, repeatability, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.config import EncoderSettings
from rag.errors import ModelError
from rag.models import TransformerEncoder
from rag.models.eight_bit import EightBitLayers, Matrix, Workspace
from rag.models.embedder import Embedder, body_of, known
from rag.models.fused import FusedLayers


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


TEXTS = ["过拟合", "为什么 dropout 能防止过拟合", "BN?", "What is the difference between batch normalization and layer normalization? " * 3, "", "数" * 900]


@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS[1:4], TEXTS])
@pytest.mark.parametrize(("layers", "least"), [("float32", 0.999999), ("bfloat16", 0.9999), (1, 0.999), (2, 0.9995), (3, 0.999999)])
def test_other_arithmetic_finds_what_the_model_finds(encoder: TransformerEncoder, texts: list[str], layers: str | int, least: float) -> None:
    import torch

    body = body_of(encoder.model)
    made = FusedLayers(body, getattr(torch, layers)) if isinstance(layers, str) else EightBitLayers(body, layers)
    right = encoder.model.encode(texts, prompt_name="query", normalize_embeddings=True)
    found = Embedder(encoder.model, made)(texts, encoder.model.prompts["query"]).numpy()
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    assert float((found * right).sum(axis=1).min()) > least


@pytest.mark.parametrize("products", [1, 2, 3])
def test_in_eight_bits_a_text_gets_the_same_whatever_shares_its_batch(encoder: TransformerEncoder, products: int) -> None:
    """To the last bit: the smallest difference would grow to that of one rounding."""
    layers = EightBitLayers(body_of(encoder.model), products)
    features = encoder.model.preprocess([TEXTS[3], TEXTS[1], TEXTS[5]], prompt="")
    ids, mask = features["input_ids"], features["attention_mask"]
    length = int(mask[1].sum())
    assert length < ids.shape[1]
    assert (layers(ids[1:2, :length], mask[1:2, :length])[0] == layers(ids, mask)[1, :length]).all()


@given(rows=st.integers(1, 9), inputs=st.sampled_from([8, 32]), seed=st.integers(0, 10**6), size=st.sampled_from([1e-6, 1.0, 1e4]))
@settings(max_examples=40)
def test_a_product_in_eight_bits_is_near_the_exact_one(rows: int, inputs: int, seed: int, size: float) -> None:
    """Off by no more than roundings allow: half a step of a state times the weights' sum, half a step of a weight times the states'."""
    import torch

    torch.manual_seed(seed)
    weight, bias, x = torch.randn(16, inputs), torch.randn(16), size * torch.randn(rows, inputs)
    right = torch.nn.functional.linear(x.double(), weight.double(), bias.double())
    span, scale = x.amax(1, keepdim=True) - x.amin(1, keepdim=True), weight.abs().amax(1) / 127
    of_states, of_weights = span / 510 * weight.abs().sum(1), x.abs().sum(1, keepdim=True) * scale / 2
    for products, allowed in ((1, of_states + 1.1 * of_weights), (2, 0.01 * of_states + 1.1 * of_weights), (3, 0.01 * (of_states + of_weights))):
        found = Matrix(weight, bias, products)(x, Workspace(inputs, 16, products))
        assert ((found - right).abs() <= allowed + 2e-6 * (size + right.abs())).all()


def test_a_network_that_is_not_known_keeps_its_own_arithmetic(encoder: TransformerEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    body = body_of(encoder.model)
    assert known(body)
    monkeypatch.setattr(body.config, "hidden_act", "relu")
    assert not known(body)


def test_what_was_embedded_lately_is_not_embedded_again(encoder: TransformerEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["一个要点", "another key point", "一个要点"]
    found = encoder.passages(texts)
    monkeypatch.setattr(encoder, "_encode", None)
    assert np.array_equal(encoder.passages(texts[::-1]), found[::-1])


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
