"""Milliseconds and exactness of the encoder and the judge in each arithmetic this processor can do.

    python benchmarks/bench_arithmetic.py --out benchmarks/results/arithmetic.json

Texts are questions and passages of the shipped corpus. The ways take turns batch by batch, each batch once without being counted. Exactness is against
float32: the least cosine of a text's vector, and how far the judge's probabilities are off. The 8-bit ways are named by their integer products a matrix.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from rag.bank import load_bank
from rag.config import Settings
from rag.corpus import load_corpus
from rag.judge import FOLDER, WEIGHTS, network, padded, read_difference
from rag.models import TransformerEncoder
from rag.models.bundled import ensure_unpacked
from rag.models.eight_bit import EightBitLayers, has_integer_products
from rag.models.embedder import Layers, body_of
from rag.models.fused import FusedLayers

HERE = Path(__file__).resolve().parent
BATCHES = 24
TOKENS = 224
SHAPES = {"1 question": 1, "2 questions": 2, "8 passages": 8}


def own(body: Any) -> Layers:
    """The network's own layers."""

    def layers(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = body(input_ids=ids, attention_mask=mask).last_hidden_state
        return states

    return layers


def ways_of(body: Any) -> dict[str, Layers]:
    """Every way to compute what a body does, the exact one first."""
    ways = {"float32": own(body), "float32 fused": FusedLayers(body, torch.float32), "bfloat16 fused": FusedLayers(body, torch.bfloat16)}
    return {**ways, **{f"8 bits, {n}": EightBitLayers(body, n) for n in (1, 2, 3)}}


def timed(ways: Mapping[str, Callable[[Any], torch.Tensor]], work: list[Any], compare: Callable[[torch.Tensor, torch.Tensor], float]) -> dict[str, Any]:
    """Of each way the median of its milliseconds, and what ``compare`` says of each item beside what the first way finds."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    far: dict[str, list[float]] = {name: [] for name in ways}
    for item in work:
        right: torch.Tensor | None = None
        for name, way in ways.items():
            found = way(item)
            right = found if right is None else right
            far[name].append(compare(found, right))
            started = time.perf_counter()
            way(item)
            seconds[name].append(time.perf_counter() - started)
    return {name: {"p50_ms": round(statistics.median(seconds[name]) * 1000, 1), "off": far[name]} for name in ways}


def cosine(found: torch.Tensor, right: torch.Tensor) -> float:
    """The least cosine of a row of one with that of the other."""
    return float(torch.nn.functional.cosine_similarity(found, right).min())


def apart(found: torch.Tensor, right: torch.Tensor) -> float:
    """How far the largest difference of a pair's probabilities is, on average over the pairs."""
    return float((found[:, 1:].softmax(1) - right[:, 1:].softmax(1)).abs().amax(1).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=HERE.parent / "corpus")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "arithmetic.json")
    args = parser.parse_args()
    settings = Settings()
    base = ensure_unpacked(settings.cache_dir)
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    questions = [q.text.in_language(language) for q in load_bank(args.corpus / "bank") for language in ("zh", "en")]
    chosen = np.random.default_rng(0).permutation(len(questions))
    questions = [questions[int(i)] for i in chosen]
    texts = [d.source[at : at + 250] for d in load_corpus(args.corpus)[0] for at in range(0, len(d.source), 2000)]
    passages = [texts[int(i)] for i in np.random.default_rng(1).permutation(len(texts))[: 8 * BATCHES]]
    made: dict[str, Any] = {
        "machine": {
            "system": platform.system(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "integer products": has_integer_products(),
        }
    }

    def batch(a: list[str], b: list[str] | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        encoded = tokenizer(a, b, truncation=True, max_length=TOKENS)["input_ids"]
        return padded(encoded, tokenizer.pad_token_id)

    body = body_of(TransformerEncoder(settings.encoder, settings.cache_dir).model)

    def pooled(layers: Layers) -> Callable[[tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
        def found(item: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
            with torch.inference_mode():
                share = item[1].unsqueeze(-1).float()
                return (layers(*item) * share).sum(1) / share.sum(1)

        return found

    embedders = {name: pooled(layers) for name, layers in ways_of(body).items()}
    for shape, size in SHAPES.items():
        of = passages if "passage" in shape else questions
        rows = timed(embedders, [batch(of[at : at + size]) for at in range(0, size * BATCHES, size)], cosine)
        made[f"encoder, {shape}"] = {name: {"p50_ms": row["p50_ms"], "least_cosine": round(min(row["off"]), 6)} for name, row in rows.items()}

    model = network(base)
    read_difference(model, FOLDER / WEIGHTS)
    model.eval()

    def judged(layers: Layers) -> Callable[[tuple[torch.Tensor, torch.Tensor]], torch.Tensor]:
        def found(item: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
            with torch.inference_mode():
                model.layers = layers
                logits: torch.Tensor = model(*item)
                return logits

        return found

    work = [batch(questions[at : at + 4], passages[at : at + 4]) for at in range(0, 4 * BATCHES, 4)]
    rows = timed({name: judged(layers) for name, layers in ways_of(model.body).items()}, work, apart)
    made["judge, 4 pairs"] = {name: {"p50_ms": row["p50_ms"], "mean_off": round(statistics.mean(row["off"]), 5)} for name, row in rows.items()}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
