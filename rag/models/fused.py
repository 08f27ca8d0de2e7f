"""The bundled encoder's network for a few short texts, as torch's fused transformer layers.

A question has some twenty tokens: most of its time goes into calling one small operation after another, and into reading weights of 32 bits. Fused layers
are one call each, and 16 bits are half the reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

ARCHITECTURES = frozenset({"BertModel", "XLMRobertaModel"})
"""Networks of which it is known that a layer is torch's encoder layer, normalised after each half."""


class Fused:
    """Embeds a few texts as the model does that it was made from; cosines to what that one finds are at least .9999.

    Args:
        model: a sentence-transformers model for which :meth:`fits` holds. Its embeddings and what follows its layers are used, not copied.
        dtype: of the layers' arithmetic.
    """

    def __init__(self, model: SentenceTransformer, dtype: torch.dtype) -> None:
        from torch import nn

        self._model = model
        self._body = _body(model)
        self._dtype = dtype
        c = self._body.config
        self._layers: list[Any] = []
        for layer in self._body.encoder.layer:
            fused = nn.TransformerEncoderLayer(
                c.hidden_size, c.num_attention_heads, c.intermediate_size, 0.0, nn.functional.gelu, c.layer_norm_eps, batch_first=True, device="meta"
            )
            fused.load_state_dict(_renamed(layer), assign=True)
            self._layers.append(fused.to(dtype).eval().requires_grad_(False))

    @staticmethod
    def fits(model: SentenceTransformer) -> bool:
        """Whether a model's network is one of ARCHITECTURES, with GELU and absolute positions, on the CPU."""
        body = _body(model)
        config = getattr(body, "config", None)
        return (
            type(body).__name__ in ARCHITECTURES
            and model.device.type == "cpu"
            and getattr(config, "hidden_act", "") == "gelu"
            and getattr(config, "position_embedding_type", None) in {None, "absolute"}
        )

    def __call__(self, texts: Sequence[str], prompt: str) -> torch.Tensor:
        """Vectors of unit length, shape (n, dimension), float32."""
        import torch

        features = self._model.preprocess(list(texts), prompt=prompt)
        mask = features["attention_mask"]
        with torch.inference_mode():
            states = self._body.embeddings(input_ids=features["input_ids"]).to(self._dtype)
            left_out = None if bool(mask.all()) else mask == 0
            for layer in self._layers:
                states = layer(states, src_key_padding_mask=left_out)
            features["token_embeddings"] = states.float()
            for module in list(self._model)[1:]:
                features = module(features)
            vectors: torch.Tensor = torch.nn.functional.normalize(features["sentence_embedding"].float(), dim=1)
        return vectors


def _body(model: SentenceTransformer) -> Any:
    first = model[0]
    return getattr(first, "model", None) or getattr(first, "auto_model", None)


def _renamed(layer: Any) -> dict[str, torch.Tensor]:
    """The parameters of a BERT layer under the names of ``torch.nn.TransformerEncoderLayer``."""
    import torch

    attention, out = layer.attention.self, layer.attention.output
    parts = (attention.query, attention.key, attention.value)
    named = {"self_attn.out_proj": out.dense, "norm1": out.LayerNorm, "linear1": layer.intermediate.dense}
    named |= {"linear2": layer.output.dense, "norm2": layer.output.LayerNorm}
    found = {f"{name}.{kind}": getattr(module, kind).detach() for name, module in named.items() for kind in ("weight", "bias")}
    return found | {f"self_attn.in_proj_{kind}": torch.cat([getattr(p, kind).detach() for p in parts]) for kind in ("weight", "bias")}
