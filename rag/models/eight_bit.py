"""A BERT-like network on processors that multiply 8-bit integers fast (VNNI): integer products with one scale a row, several times as fast as in 32 bits.

Every token's state is written as ``offset + step * q`` with q of 8 bits and a step and an offset of its own, every row of a matrix as ``scale * w``
(quantisation as in Jacob et al., 2018, with a scale a token as in ZeroQuant, Yao et al., 2022). Attention is computed text by text, so that what a text
gets is the same to the last bit whatever shares its batch. Where 8 bits are too coarse, a second 8-bit number holds what rounding left of the states, and
a third product adds what it left of the matrices.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

LEVELS = 254.0
"""Steps of the second number within one step of the first."""
TINY = 1e-9
TILE = 512
"""Rows that are multiplied at once. Fewer were slower, more no faster."""


def has_integer_products() -> bool:
    """Whether the processor multiplies 8-bit integers four at a time and has no AMX, with which bfloat16 is as fast and nearer to the exact values."""
    import torch

    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_vnni")) and not able.get("amx_bf16")


class EightBitLayers:
    """The layers of a network in 8-bit integers. Safe to call from several threads.

    Args:
        body: a transformers model for which :func:`rag.models.embedder.known` holds; its embeddings are used, not copied.
        products: 1 to 3 integer products for each matrix: states and matrices in 8 bits, states in 16, both in 16 (but for the product of both remainders).
    """

    def __init__(self, body: Any, products: int = 1) -> None:
        self._embeddings = body.embeddings
        self._layers = [_Layer(layer, body.config.num_attention_heads, products) for layer in body.encoder.layer]
        self._lock = threading.Lock()
        self._work = Workspace(body.config.hidden_size, body.config.intermediate_size, products)

    def __call__(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Last hidden states, shape (n, length, hidden), float32; ``ids`` and ``mask`` are of shape (n, length)."""
        import torch

        with torch.inference_mode(), self._lock:
            states: torch.Tensor = self._embeddings(input_ids=ids)
            there = mask.bool()
            flat = states[there]
            ends = there.sum(1).cumsum(0).tolist()
            texts = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
            for layer in self._layers:
                layer(flat, texts, self._work)
            states[there] = flat
            return states


class Workspace:
    """Memory that the layers write into: fresh memory for every result took longer than the products."""

    def __init__(self, hidden: int, inner: int, products: int) -> None:
        import torch

        inputs, outputs = max(hidden, inner), max(3 * hidden, inner)
        parts = min(products, 2)
        self._scaled = torch.empty(TILE * inputs)
        self._whole = torch.empty(parts * TILE * inputs, dtype=torch.int8)
        self._sums = torch.empty(products * TILE * outputs, dtype=torch.int32)
        self._out = torch.empty(TILE * outputs)
        self._attended = torch.empty(0)

    def scaled(self, rows: int, width: int) -> torch.Tensor:
        return self._scaled[: rows * width].view(rows, width)

    def whole(self, rows: int, width: int) -> torch.Tensor:
        return self._whole[: rows * width].view(rows, width)

    def sums(self, rows: int, width: int) -> torch.Tensor:
        return self._sums[: rows * width].view(rows, width)

    def out(self, rows: int, width: int) -> torch.Tensor:
        return self._out[: rows * width].view(rows, width)

    def attended(self, rows: int, hidden: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Queries, keys and values of all rows, shape (rows, 3 * hidden), and what attention makes of them, shape (rows, hidden)."""
        import torch

        if len(self._attended) < 4 * rows * hidden:
            self._attended = torch.empty(4 * rows * hidden)
        split, end = 3 * rows * hidden, 4 * rows * hidden
        return self._attended[:split].view(rows, 3 * hidden), self._attended[split:end].view(rows, hidden)


class Matrix:
    """A linear layer."""

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, products: int) -> None:
        import torch

        weight = weight.detach().float()
        scale = weight.abs().amax(1, keepdim=True).clamp_min(TINY) / 127
        exact = weight / scale
        whole = exact.round()
        rest = ((exact - whole) * LEVELS).round()
        held = whole + rest / LEVELS if products == 3 else whole
        self._weight = whole.to(torch.int8).t()
        self._rest = rest.to(torch.int8).t() if products == 3 else None
        self._scale = (scale / 255).t().contiguous()
        self._of_ones = (held.sum(1, keepdim=True) * scale).t().contiguous()
        self._bias = bias.detach().float()
        self._products = products

    def __call__(self, x: torch.Tensor, work: Workspace, out: torch.Tensor | None = None) -> torch.Tensor:
        """Shape (rows, outputs), in ``out`` or in memory that the next product overwrites; ``x`` is of shape (rows, inputs), at most TILE rows."""
        import torch

        rows, inputs = x.shape
        outputs = self._weight.shape[1]
        low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
        width = high.sub_(low).add_(TINY)
        scaled = torch.sub(x, low, out=work.scaled(rows, inputs)).mul_(255 / width).sub_(128)
        out = work.out(rows, outputs) if out is None else out
        if self._products == 1:
            whole = work.whole(rows, inputs).copy_(scaled.round_())
            out.copy_(torch._int_mm(whole, self._weight, out=work.sums(rows, outputs)))
        else:
            whole = work.whole(2 * rows, inputs)
            first, second = whole[:rows], whole[rows:]
            first.copy_(scaled.round())
            second.copy_(scaled.sub_(first).mul_(LEVELS).round_())
            sums = work.sums(self._products * rows, outputs)
            torch._int_mm(whole, self._weight, out=sums[: 2 * rows])
            if self._rest is not None:
                torch._int_mm(first, self._rest, out=sums[2 * rows :])
                sums[rows : 2 * rows].add_(sums[2 * rows :])
            out.copy_(sums[rows : 2 * rows]).div_(LEVELS).add_(sums[:rows])
        torch.addcmul(self._bias, out.mul_(self._scale), width, out=out)
        return out.addcmul_(low.add_(width, alpha=128 / 255), self._of_ones)


class _Layer:
    """One layer: attention, then two matrices with GELU between, each half added to what came in and normalised."""

    def __init__(self, layer: Any, heads: int, products: int) -> None:
        import torch

        self._heads = heads
        attention = layer.attention.self
        parts = (attention.query, attention.key, attention.value)
        self._attend = Matrix(torch.cat([p.weight for p in parts]), torch.cat([p.bias for p in parts]), products)
        self._join = Matrix(layer.attention.output.dense.weight, layer.attention.output.dense.bias, products)
        self._up = Matrix(layer.intermediate.dense.weight, layer.intermediate.dense.bias, products)
        self._down = Matrix(layer.output.dense.weight, layer.output.dense.bias, products)
        self._norms = (layer.attention.output.LayerNorm, layer.output.LayerNorm)

    def __call__(self, x: torch.Tensor, texts: list[slice], work: Workspace) -> None:
        """Replace the states ``x``, shape (rows, hidden), by the next ones; ``texts`` are the rows of each text."""
        import torch
        from torch.nn import functional as f

        rows, hidden = x.shape
        tiles = [slice(at, min(at + TILE, rows)) for at in range(0, rows, TILE)]
        attended, mixed = work.attended(rows, hidden)
        for tile in tiles:
            self._attend(x[tile], work, attended[tile])
        split = attended.view(rows, 3, self._heads, hidden // self._heads)
        for text in texts:
            query, key, value = split[text].permute(1, 2, 0, 3).unsqueeze(1)
            mixed[text].view(-1, self._heads, hidden // self._heads).copy_(f.scaled_dot_product_attention(query, key, value)[0].transpose(0, 1))
        for tile in tiles:
            half = self._norms[0](self._join(mixed[tile], work).add_(x[tile]))
            inner = torch.ops.aten.gelu_(self._up(half, work))
            x[tile] = self._norms[1](self._down(inner, work).add_(half))
