"""The judge: a cross-encoder that reads two texts together.

It decides whether a passage answers a question, and what a text does to a statement: entails it, partly entails it, contradicts it, or says nothing of
it. The shipped judge is the bundled encoder with the upper layers tuned by ``training/train_judge.py`` (cross-encoding: Nogueira and Cho, 2019,
"Passage Re-ranking with BERT"); the package holds only what training changed, as 8-bit differences with one scale a row. It is optional everywhere.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from rag.errors import ModelError
from rag.models import native_bfloat16
from rag.models.eight_bit import EightBitLayers, has_integer_products

if TYPE_CHECKING:
    import torch

    from rag.models.embedder import Layers

Floats = npt.NDArray[np.float32]
TextPair = tuple[str, str]
LABELS = ("entails", "partly", "contradicts", "unrelated")
ENTAILS, PARTLY, CONTRADICTS, UNRELATED = range(4)
FOLDER = Path(str(files("rag") / "data" / "judge"))
WEIGHTS, FACTS, ANSWERS = "judge.safetensors", "judge.json", "answers.safetensors"
"""The tuned network, what is known of its training, and the head that is fitted to it afterwards."""
BATCH_TOKENS = 400
HEAD_WIDTH = 64
SEPARATOR = 2
"""The token id of </s>; the encoder's configuration does not name it."""
REMEMBERED = 8192


class Judge(Protocol):
    """Anything that reads two texts together."""

    @property
    def name(self) -> str:
        """Its name as a person would say it; changes whenever its verdicts would."""
        ...

    def answers(self, pairs: Sequence[TextPair]) -> Floats:
        """Probability, shape (n,), that a passage answers a question; pairs are (question, passage)."""
        ...

    def addresses(self, pairs: Sequence[TextPair]) -> Floats:
        """Probability, shape (n,), that a reply speaks to a question; pairs are (question, reply)."""
        ...

    def entails(self, pairs: Sequence[TextPair]) -> Floats:
        """Probabilities, shape (n, 4), over :data:`LABELS` of what a text does to a statement; pairs are (statement, text)."""
        ...


class BundledJudge:
    """The judge that comes with the program; loaded at first use, safe to call from several threads, remembers the last pairs it read.

    Args:
        base: gives the folder of the encoder it was trained from; called at first use.
        folder: where its own weights lie.

    Raises:
        ModelError: at first use, when a file is missing or not of this format.
    """

    def __init__(self, base: Callable[[], Path], folder: Path = FOLDER) -> None:
        self._base = base
        self._folder = folder
        self._lock = threading.RLock()
        self._loaded: tuple[Any, Any, Any, int] | None = None
        self._known: OrderedDict[TextPair, Floats] = OrderedDict()

    @staticmethod
    def is_there(folder: Path = FOLDER) -> bool:
        """Whether a judge is shipped."""
        return (folder / WEIGHTS).is_file() and (folder / FACTS).is_file()

    @property
    def name(self) -> str:
        return f"bundled judge {self.facts.get('version', '')}".strip()

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of its training: data, minutes, machine, held-out figures."""
        try:
            found: dict[str, Any] = json.loads((self._folder / FACTS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"the judge in {self._folder} cannot be read ({error}); install the package again, or set search.judge to off") from error
        return found

    def answers(self, pairs: Sequence[TextPair]) -> Floats:
        return _probability(self._read(pairs)[:, 0])

    def addresses(self, pairs: Sequence[TextPair]) -> Floats:
        return _probability(self._read(pairs)[:, 1])

    def entails(self, pairs: Sequence[TextPair]) -> Floats:
        logits = self._read(pairs)[:, 2:]
        shares = np.exp(logits - logits.max(axis=1, keepdims=True)) if len(logits) else logits
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)

    def seen(self, pairs: Sequence[TextPair]) -> Floats:
        """What the heads see of each pair (at least one), a row each: what the head for answers is fitted on."""
        with self._lock:
            return self._forward(pairs, lambda model, _, seen: seen)

    def warm(self) -> None:
        """Load what the first call would wait for."""
        self._read([("warm", "up")])

    def _read(self, pairs: Sequence[TextPair]) -> Floats:
        """Logits, shape (n, 6): of :meth:`answers`, of :meth:`addresses`, and one for each of :data:`LABELS`."""
        with self._lock:
            new = [p for p in dict.fromkeys(pairs) if p not in self._known]
            if new:
                for pair, row in zip(new, self._forward(new, _logits), strict=True):
                    self._known[pair] = row
            out = np.zeros((len(pairs), 2 + len(LABELS)), np.float32)
            for n, pair in enumerate(pairs):
                self._known.move_to_end(pair)
                out[n] = self._known[pair]
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return out

    def _forward(self, pairs: Sequence[TextPair], part: Callable[[Any, Any, torch.Tensor], torch.Tensor]) -> Floats:
        """What ``part`` makes of the network, the head for answers and what both see of pairs, a row each."""
        import torch

        tokenizer, model, answers, limit = self._load()
        encoded = tokenizer([a for a, _ in pairs], [b for _, b in pairs], truncation=True, max_length=limit, return_token_type_ids=False)["input_ids"]
        order = sorted(range(len(pairs)), key=lambda i: len(encoded[i]))
        found: dict[int, Floats] = {}
        for chunk in chunks(order, [len(e) for e in encoded], BATCH_TOKENS):
            ids, mask = padded([encoded[i] for i in chunk], tokenizer.pad_token_id)
            with torch.inference_mode():
                found |= zip(chunk, part(model, answers, model.seen(ids, mask)).float().numpy(), strict=True)
        return np.stack([found[i] for i in range(len(pairs))])

    def _load(self) -> tuple[Any, Any, Any, int]:
        if self._loaded is None:
            from transformers import AutoTokenizer

            facts, base = self.facts, self._base()
            model = network(base)
            read_difference(model, self._folder / WEIGHTS)
            model.eval()
            if native_bfloat16():
                model.body.bfloat16()
            elif has_integer_products():
                model.layers = EightBitLayers(model.body)
                del model.body.encoder
            self._loaded = (
                AutoTokenizer.from_pretrained(base, local_files_only=True),
                model,
                _head_for_answers(self._folder / ANSWERS, model.width),
                int(facts["max_tokens"]),
            )
        return self._loaded


def _probability(logits: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0))), np.float32)


def _logits(model: Any, answers: Any, seen: torch.Tensor) -> torch.Tensor:
    """The logits of pairs; before a head for answers is fitted the network's own says what answers."""
    import torch

    own = model.judged(seen)
    return torch.cat([answers(seen) if answers is not None else own[:, :1], own], dim=1)


def _head_for_answers(path: Path, width: int) -> Any:
    """The linear head over ``width`` numbers in a file of ``training/fit_answers.py``; None where there is none.

    Raises:
        ModelError: the file is damaged, or of another network.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        return None
    try:
        head = torch.nn.Linear(width, 1)
        head.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise ModelError(f"the judge's weights in {path} do not fit ({reason}); install the package again, or set search.judge to off") from error
    return head


class CrossEncoderJudge:
    """Any sentence-transformers cross-encoder with one output (bge-reranker-v2-m3 ...) for ranking; entailment stays with another judge.

    Raises:
        ModelError: at first use, when the model cannot be loaded or has several outputs.
    """

    def __init__(self, model: str, entailment: Judge, device: str = "cpu") -> None:
        self._model_name = model
        self._entailment = entailment
        self._device = device
        self._lock = threading.RLock()
        self._model: Any = None

    @property
    def name(self) -> str:
        return self._model_name

    def answers(self, pairs: Sequence[TextPair]) -> Floats:
        if not pairs:
            return np.zeros(0, np.float32)
        with self._lock:
            found = self._load().predict(list(pairs), convert_to_numpy=True, show_progress_bar=False)
        return np.asarray(found, np.float32)

    def addresses(self, pairs: Sequence[TextPair]) -> Floats:
        return self._entailment.addresses(pairs)

    def entails(self, pairs: Sequence[TextPair]) -> Floats:
        return self._entailment.entails(pairs)

    def _load(self) -> Any:
        if self._model is None:
            import torch
            from sentence_transformers import CrossEncoder

            try:
                model = CrossEncoder(self._model_name, device=self._device)
            except (OSError, ValueError) as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise ModelError(f"the judge {self._model_name!r} cannot be loaded ({reason}); give a folder or hub id, or set search.judge to auto") from error
            if model.num_labels != 1:
                raise ModelError(f"the judge {self._model_name!r} has {model.num_labels} outputs, a reranker has one; set search.judge to another")
            model.activation_fn = torch.nn.Sigmoid()
            self._model = model
        return self._model


def open_judge(setting: str, base: Callable[[], Path], device: str = "cpu") -> Judge | None:
    """The judge a setting names: ``auto`` the bundled one if it is shipped, ``off`` none, else a cross-encoder by hub id or folder."""
    bundled = BundledJudge(base) if BundledJudge.is_there() else None
    if setting in {"auto", "off"}:
        return bundled if setting == "auto" else None
    if bundled is None:
        raise ModelError(f"the judge {setting!r} ranks only; for the rest the bundled one is needed, and it is missing; install the package again")
    return CrossEncoderJudge(setting, bundled, device)


def chunks(order: Sequence[int], lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Rows in batches of about so many tokens when padded; ``order`` goes from short to long."""
    out: list[list[int]] = []
    for i in order:
        if out and (len(out[-1]) + 1) * lengths[i] <= tokens:
            out[-1].append(i)
        else:
            out.append([i])
    return out


def padded(encoded: Sequence[Sequence[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and their mask, both of shape (n, longest)."""
    import torch

    longest = max(len(e) for e in encoded)
    ids = torch.full((len(encoded), longest), pad)
    mask = torch.zeros((len(encoded), longest), dtype=torch.long)
    for row, e in enumerate(encoded):
        ids[row, : len(e)] = torch.tensor(e)
        mask[row, : len(e)] = 1
    return ids, mask


def network(base: Path) -> Any:
    """The cross-encoder before training: the encoder's body and one small head for both tasks, five logits a pair.

    The two texts attend to each other in the body; the head sees the mean states u and v of each of them, their difference and their product, as in
    InferSent (Conneau et al., 2017). One mean over both learned far more slowly.
    """
    import torch
    from transformers import AutoModel

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = AutoModel.from_pretrained(base, local_files_only=True, add_pooling_layer=False, attn_implementation="sdpa")
            self.layers: Layers | None = None
            width = 4 * self.body.config.hidden_size
            self.width = width + HEAD_WIDTH
            self.heads = torch.nn.Sequential(
                torch.nn.LayerNorm(width), torch.nn.Linear(width, HEAD_WIDTH), torch.nn.GELU(), torch.nn.Linear(HEAD_WIDTH, 1 + len(LABELS))
            )

        def seen(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            """Both texts compared, then the head's hidden layer, ``width`` numbers a pair."""
            states = self.layers(ids, mask) if self.layers else self.body(input_ids=ids, attention_mask=mask).last_hidden_state.float()
            passed = (ids == SEPARATOR).cumsum(1)
            u, v = (_mean(states, where & (mask == 1)) for where in (passed == 0, passed >= 2))
            compared = self.heads[0](torch.cat([u, v, (u - v).abs(), u * v], dim=1))
            return torch.cat([compared, self.heads[2](self.heads[1](compared))], dim=1)

        def judged(self, seen: torch.Tensor) -> torch.Tensor:
            """The logits of what was seen."""
            logits: torch.Tensor = self.heads[3](seen[:, -HEAD_WIDTH:])
            return logits

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.judged(self.seen(ids, mask))

    def _mean(states: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
        share = where.unsqueeze(-1).float()
        return (states * share).sum(1) / share.sum(1).clamp_min(1.0)

    return Network()


def write_difference(tuned: Any, base: Any, path: Path) -> None:
    """What training changed: of matrices the difference in 8 bits with one scale a row, of vectors and heads the values themselves, in 16 bits."""
    from safetensors.numpy import save_file

    before = base.state_dict()
    tensors: dict[str, npt.NDArray[Any]] = {}
    for name, value in tuned.state_dict().items():
        now, was = value.detach().float().cpu().numpy(), before[name].detach().float().cpu().numpy()
        if name.startswith("heads."):
            tensors[name] = now.astype(np.float16)
        elif not np.array_equal(now, was):
            if now.ndim == 1:
                tensors[name] = now.astype(np.float16)
                continue
            change = now - was
            scale = np.maximum(np.abs(change).max(axis=1, keepdims=True), 1e-12) / 127
            tensors[f"{name}|change"] = np.rint(change / scale).astype(np.int8)
            tensors[f"{name}|scale"] = scale.astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def read_difference(model: Any, path: Path) -> None:
    """Add to a fresh :func:`network` what :func:`write_difference` wrote.

    Raises:
        ModelError: the file is missing, damaged, or of another network.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
        state = model.state_dict()
        for name, value in tensors.items():
            if name.endswith("|change"):
                plain = name.removesuffix("|change")
                change = value.astype(np.float32) * tensors[f"{plain}|scale"]
                state[plain] += torch.from_numpy(change)
            elif not name.endswith("|scale"):
                state[name].copy_(torch.from_numpy(value.astype(np.float32)))
    except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise ModelError(f"the judge's weights in {path} do not fit ({error}); install the package again, or set search.judge to off") from error
