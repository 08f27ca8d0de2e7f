"""Embedding with other arithmetic than the model's own: its tokenizer, its embeddings and what follows its layers, with layers that compute the same faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Layers = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""Token ids and their mask, both of shape (n, length), to last hidden states of shape (n, length, hidden)."""
ARCHITECTURES = frozenset({"BertModel", "XLMRobertaModel"})
"""Networks of which it is known that a layer is attention and two matrices with GELU between, normalised after each half."""


class Embedder:
    """Embeds texts as a model does, through the layers it is given.

    Args:
        model: a sentence-transformers model whose :func:`body_of` is :func:`known`.
        layers: made from that body.
    """

    def __init__(self, model: SentenceTransformer, layers: Layers) -> None:
        self._model = model
        self._layers = layers

    def __call__(self, texts: Sequence[str], prompt: str) -> torch.Tensor:
        """Vectors of unit length, shape (n, dimension), float32."""
        import torch

        features = self._model.preprocess(list(texts), prompt=prompt)
        with torch.inference_mode():
            features["token_embeddings"] = self._layers(features["input_ids"], features["attention_mask"])
            for module in list(self._model)[1:]:
                features = module(features)
            vectors: torch.Tensor = torch.nn.functional.normalize(features["sentence_embedding"].float(), dim=1)
        return vectors


def body_of(model: SentenceTransformer) -> Any:
    """The transformers model inside; None where there is none."""
    first = model[0]
    return getattr(first, "model", None) or getattr(first, "auto_model", None)


def known(body: Any) -> bool:
    """Whether a network is one of ARCHITECTURES, with GELU and absolute positions, on the CPU."""
    config = getattr(body, "config", None)
    return (
        type(body).__name__ in ARCHITECTURES
        and body.device.type == "cpu"
        and getattr(config, "hidden_act", "") == "gelu"
        and getattr(config, "position_embedding_type", None) in {None, "absolute"}
    )
