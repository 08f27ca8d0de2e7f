"""A network's layers as torch's fused transformer layers, for a few short texts.

A question has some twenty tokens: most of its time goes into calling one small operation after another, and into reading weights of 32 bits. Fused layers
are one call each, and 16 bits are half the reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


class FusedLayers:
    """What the layers find; cosines of the embeddings to the model's own are at least .9999.

    Args:
        body: a transformers model for which :func:`rag.models.embedder.known` holds; its embeddings are used, not copied.
        dtype: of the layers' arithmetic.
    """

    def __init__(self, body: Any, dtype: torch.dtype) -> None:
        from torch import nn

        c = body.config
        self._embeddings = body.embeddings
        self._dtype = dtype
        self._layers: list[Any] = []
        for layer in body.encoder.layer:
            fused = nn.TransformerEncoderLayer(
                c.hidden_size, c.num_attention_heads, c.intermediate_size, 0.0, nn.functional.gelu, c.layer_norm_eps, batch_first=True, device="meta"
            )
            fused.load_state_dict(_renamed(layer), assign=True)
            self._layers.append(fused.to(dtype).eval().requires_grad_(False))

    def __call__(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states, shape (n, length, hidden), float32; ``ids`` and ``mask`` are of shape (n, length)."""
        import torch

        with torch.inference_mode():
            states: torch.Tensor = self._embeddings(input_ids=ids).to(self._dtype)
            left_out = None if bool(mask.all()) else mask == 0
            for layer in self._layers:
                states = layer(states, src_key_padding_mask=left_out)
            return states.float()


def _renamed(layer: Any) -> dict[str, torch.Tensor]:
    """The parameters of a BERT layer under the names of ``torch.nn.TransformerEncoderLayer``."""
    import torch

    attention, out = layer.attention.self, layer.attention.output
    parts = (attention.query, attention.key, attention.value)
    named = {"self_attn.out_proj": out.dense, "norm1": out.LayerNorm, "linear1": layer.intermediate.dense}
    named |= {"linear2": layer.output.dense, "norm2": layer.output.LayerNorm}
    found = {f"{name}.{kind}": getattr(module, kind).detach() for name, module in named.items() for kind in ("weight", "bias")}
    return found | {f"self_attn.in_proj_{kind}": torch.cat([getattr(p, kind).detach() for p in parts]) for kind in ("weight", "bias")}
