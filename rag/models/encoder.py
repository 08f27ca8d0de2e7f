"""Encoders: text to unit vectors. The one adapter is sentence-transformers; what it loads is a setting."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rag.config import EncoderSettings
from rag.errors import MissingPackage, ModelError
from rag.models import bundled
from rag.models.eight_bit import EightBitLayers, has_integer_products
from rag.models.embedder import Embedder, body_of, known
from rag.models.fused import FusedLayers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
REMEMBERED = 4096
QUERY_BATCH = 8
FEW = 96
"""So many passages at most are remembered: those of a grading are, the key points of a question among them, and those of a build are not."""
PRODUCTS = 2
"""Integer products for each matrix: with two the cosine to exact vectors is at least .9998 on ordinary texts, with one .9994 (decisions/001)."""


class Encoder(Protocol):
    """Anything that embeds. Vectors are float32 rows of unit length."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the vectors of a text would."""
        ...

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        ...

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, shape (n, dimension)."""
        ...

    def passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of passages, shape (n, dimension); ``progress`` hears how many more are done."""
        ...


def native_bfloat16() -> bool:
    """Whether this processor multiplies matrices of bfloat16 faster than of float32: with AMX; AVX-512's instructions alone are slower (decisions/001)."""
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


def half_precision(device: str) -> contextlib.AbstractContextManager[object]:
    """bfloat16 arithmetic where this processor is made for it: 1.7 times as fast, cosine to full precision at least 0.9999."""
    import torch

    if device == "cpu" and native_bfloat16():
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()


class TransformerEncoder:
    """A sentence-transformers model, loaded at first use, safe to call from several threads.

    Args:
        settings: model name or folder, device, batch size, prompts.
        cache: where the bundled weights are unpacked.
        report: hears one line before anything slow.

    Raises:
        ModelError: at first use, when the model cannot be loaded.
    """

    def __init__(self, settings: EncoderSettings, cache: Path, report: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._cache = cache
        self._report = report
        self._model: SentenceTransformer | None = None
        self._few: Embedder | None = None
        self._many: Embedder | None = None
        self._lock = threading.RLock()
        self._asked: dict[str, Vectors] = {}
        self._told: dict[str, Vectors] = {}

    @property
    def name(self) -> str:
        """The model's name as a person would say it."""
        return self._settings.name or bundled.NAME

    @property
    def fingerprint(self) -> str:
        if self._settings.name is None:
            return f"bundled:{bundled.WEIGHTS_SHA256[:16]}:{bundled.LAYOUT_VERSION}"
        folder = Path(self._settings.name)
        weights = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
        detail = "".join(f"{p.name}{p.stat().st_size}" for p in weights)
        return f"{self._settings.name}:{hashlib.sha256(detail.encode()).hexdigest()[:12]}"

    @property
    def dimension(self) -> int:
        size = self.model.get_embedding_dimension()
        if size is None:
            raise ModelError(f"the encoder {self.name} does not say its dimension; choose another with MIANJING_ENCODER__NAME")
        return int(size)

    @property
    def loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model is not None

    @property
    def model(self) -> SentenceTransformer:
        """The model itself, loaded now if it was not."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> SentenceTransformer:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging
        except ImportError as error:
            if error.name not in {"torch", "sentence_transformers", "transformers"}:
                raise
            raise MissingPackage(f"the encoder needs the package {error.name}; run: pip install sentence-transformers torch==2.13.0") from error
        if self._settings.threads:
            torch.set_num_threads(self._settings.threads)
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        if self._settings.name is None:
            folder = bundled.ensure_unpacked(self._cache, self._report)
            return SentenceTransformer(str(folder), device=self._settings.device, local_files_only=True, model_kwargs={"add_pooling_layer": False})
        if self._report is not None:
            self._report(f"loading the encoder {self._settings.name}")
        try:
            return SentenceTransformer(self._settings.name, device=self._settings.device)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelError(
                f"the encoder {self._settings.name!r} cannot be loaded ({reason}); give a folder or hub id, or unset MIANJING_ENCODER__NAME"
            ) from error

    def _encode_few(self, texts: Sequence[str], prompt: str | None) -> Vectors:
        """A few short texts, at once where the network is known, else as passages are."""
        with self._lock:
            self._choose_arithmetic()
            if self._few is None:
                return self._encode(texts, prompt)
            return np.ascontiguousarray(self._few(texts, self.model.prompts.get(prompt or "") or ""), dtype=np.float32)

    def _encode(self, texts: Sequence[str], prompt: str | None) -> Vectors:
        with self._lock:
            self._choose_arithmetic()
            if self._many is not None:
                size, spoken = self._settings.batch_size, self.model.prompts.get(prompt or "") or ""
                found = [self._many(texts[at : at + size], spoken).numpy() for at in range(0, len(texts), size)]
                return np.concatenate(found).astype(np.float32, copy=False)
            with half_precision(self._settings.device):
                encoded = self.model.encode(
                    list(texts),
                    prompt_name=prompt,
                    batch_size=self._settings.batch_size,
                    normalize_embeddings=True,
                    convert_to_numpy=True,
                    show_progress_bar=False,
                )
        return np.ascontiguousarray(encoded, dtype=np.float32)

    def _choose_arithmetic(self) -> None:
        """What embeds few texts and what embeds many, by what this processor and this network are; None leaves it to the model itself."""
        import torch

        if self._few is not None or not known(body := body_of(self.model)):
            return
        if has_integer_products():
            self._few = self._many = Embedder(self.model, EightBitLayers(body, PRODUCTS))
        else:
            self._few = Embedder(self.model, FusedLayers(body, torch.bfloat16 if native_bfloat16() else torch.float32))

    def _prompt(self, *names: str) -> str | None:
        return next((n for n in names if self.model.prompts.get(n)), None)

    def queries(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        prompt = self._prompt(self._settings.query_prompt or "query", "query")
        if len(texts) > QUERY_BATCH:
            return self._encode(texts, prompt)
        return self._remembered(texts, self._asked, lambda new: self._encode_few(new, prompt))

    def _remembered(self, texts: Sequence[str], known: dict[str, Vectors], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
        """Vectors of texts, of which only those that were not asked for lately are computed."""
        # What is known does not wait for the lock, which a build of the index holds for seconds.
        found = {text: vector for text in texts if (vector := known.get(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            found.update(zip(new, encode(new), strict=True))
            with self._lock:
                known.update((text, found[text]) for text in new)
                while len(known) > REMEMBERED:
                    del known[next(iter(known))]
        return np.stack([found[text] for text in texts])

    def passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        prompt = self._prompt("document", "passage")
        if 0 < len(texts) <= FEW and progress is None:
            return self._remembered(texts, self._told, lambda new: self._encode(new, prompt))
        out = np.zeros((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        step = self._settings.batch_size * 8
        for at in range(0, len(order), step):
            rows = order[at : at + step]
            out[rows] = self._encode([texts[i] for i in rows], prompt)
            if progress is not None:
                progress(len(rows))
        return out
