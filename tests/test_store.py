"""The index on disk: whole or not at all, and honest about what it was made from."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from toy_encoder import BigramEncoder, InterruptedEncoder

from rag.chunk import passages_of, units_of
from rag.corpus import load_corpus
from rag.errors import CorpusError, IndexDamaged, IndexForeign, IndexMissing, UserInputError
from rag.models import TransformerEncoder
from rag.store import Index, KeyKind, build_index, check_index, is_stale, load_index
from rag.store.build import make_index
from rag.store.disk import known_tokens

NOTES = {
    "a.md": "# 卷积\n\n## 为什么使用卷积？\n\n- 参数共享，减少参数\n- 局部连接\n\n## 池化有什么用？\n\n降低分辨率，容忍小的平移。\n",
    "deep/b.md": "# RNN\n\n| 名 | 门 |\n|---|---|\n| LSTM | 三个 |\n| GRU | 两个 |\n\n梯度会消失。LSTM 用门来缓解。\u2028同一行。\n",
    "c.txt": "Plain notes.\n\nWhat is overfitting?\nA model that fits the noise.\n",
}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name, text in NOTES.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "corpus"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def toy() -> BigramEncoder:
    return BigramEncoder()


@pytest.fixture
def built(corpus: Path, folder: Path, toy: BigramEncoder) -> Path:
    build_index(corpus, folder, toy)
    return folder


def version_of(folder: Path) -> Path:
    return folder / (folder / "CURRENT").read_text(encoding="ascii")


def test_what_is_loaded_is_what_the_corpus_holds(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    index = load_index(built, toy)
    documents, _ = load_corpus(corpus)
    assert list(index.documents) == [d.id for d in documents]
    passages = [p for d in documents for p in passages_of(d)]
    assert index.passages == tuple(passages)
    assert index.units == tuple(u for d in documents for p in passages_of(d) for u in units_of(d, p))
    for document in documents:
        stored = index.documents[document.id]
        assert (stored.source, stored.sha256, stored.title, stored.sections) == (document.source, document.sha256, document.title, document.sections)


def test_every_key_belongs_where_it_says(built: Path, toy: BigramEncoder) -> None:
    index = load_index(built, toy)
    assert index.vectors.shape == (len(index.keys), toy.dimension)
    assert np.allclose(np.linalg.norm(index.vectors, axis=1), 1, atol=1e-5)
    for number in range(len(index.passages)):
        own = index.keys[index.keys[:, 0] == number]
        assert (own[:, 1] == KeyKind.PASSAGE).sum() == 1
        assert (own[:, 1] == KeyKind.QUESTION).sum() <= 1
    for number, kind, unit in index.keys.tolist():
        assert (kind == KeyKind.UNIT) == (unit >= 0)
        if unit >= 0:
            assert index.units[unit].passage_id == index.passages[number].id
    for unit_number, row in enumerate(index.unit_rows.tolist()):
        assert row == -1 or index.keys[row, 2] == unit_number
    for number, passage in enumerate(index.passages):
        assert [u.passage_id for u in index.units_of(number)] == [passage.id] * len(index.units_of(number))


def test_a_question_line_is_a_key_of_its_own(built: Path, toy: BigramEncoder) -> None:
    index = load_index(built, toy)
    number = next(n for n, p in enumerate(index.passages) if p.question == "为什么使用卷积？")
    row = next(r for r, (n, kind, _) in enumerate(index.keys.tolist()) if (n, kind) == (number, KeyKind.QUESTION))
    assert np.allclose(index.vectors[row], toy.queries(["为什么使用卷积？"])[0], atol=1e-6)


def test_each_question_of_a_line_that_asks_several_is_a_key(tmp_path: Path, toy: BigramEncoder) -> None:
    line = "卷积为什么能用在语音上？为什么 AlphaGo 也用卷积？怎么看？"
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text(f"# 卷积\n\n## {line}\n\n因为它们都有局部结构。\n", encoding="utf-8")
    build_index(tmp_path / "corpus", tmp_path / "index", toy)
    index = load_index(tmp_path / "index", toy)
    keys = index.vectors[index.keys[:, 1] == KeyKind.QUESTION]
    asked = [line, "卷积为什么能用在语音上？", "为什么 AlphaGo 也用卷积？"]  # "怎么看？" asks nothing by itself
    assert np.allclose(keys, toy.queries(asked), atol=1e-6)


def test_the_dense_half_holds_every_key(built: Path, toy: BigramEncoder) -> None:
    index = load_index(built, toy)
    for row in range(len(index.keys)):
        ids, scores = index.dense.search(index.vectors[row], 1)
        assert scores[0] == pytest.approx(1.0, abs=1e-5)
        assert np.allclose(index.vectors[ids[0]], index.vectors[row], atol=1e-5)


def test_nothing_on_disk_is_pickled(built: Path) -> None:
    for path in built.rglob("*"):
        if path.is_file():
            assert path.suffix not in {".pkl", ".pickle"}
            assert not path.read_bytes().startswith(b"\x80\x04")
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


def test_the_report(corpus: Path, folder: Path, toy: BigramEncoder) -> None:
    (corpus / "bad.md").write_bytes(b"\x00\x01")
    heard: list[tuple[str, int, int]] = []
    report = build_index(corpus, folder, toy, progress=lambda *step: heard.append(step))
    assert (report.documents, [s.doc_id for s in report.skipped]) == (3, ["bad.md"])
    assert report.embedded == len(toy.embedded) <= report.keys
    assert {stage for stage, _, _ in heard} == {"read", "embed", "write"}
    assert all(done <= total for _, done, total in heard)
    assert ("embed", report.embedded, report.embedded) in heard


def test_unchanged_texts_are_not_embedded_again(corpus: Path, built: Path) -> None:
    again = BigramEncoder()
    assert build_index(corpus, built, again).embedded == 0
    assert again.embedded == []


def test_only_what_changed_is_embedded(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    before = load_index(built, toy)
    path = corpus / "a.md"
    path.write_text(path.read_text(encoding="utf-8").replace("局部连接", "局部相关性好"), encoding="utf-8")
    (corpus / "c.txt").unlink()
    again = BigramEncoder()
    build_index(corpus, built, again)
    assert again.embedded
    assert all("局部相关性好" in text for text in again.embedded)
    after = load_index(built, toy)
    assert "c.txt" not in after.documents
    kept = {p.id for p in before.passages} & {p.id for p in after.passages}
    assert len(kept) >= len(after.passages) - 1


def test_tokens_of_unchanged_texts_are_taken_from_the_index(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    before = load_index(built, toy)
    known = known_tokens(built)
    assert [list(known[h]) for h in before.token_hashes] == [list(t) for t in before.tokens]
    made, _, _ = make_index(load_corpus(corpus)[0], toy, {}, tokens_of={h: ["kept"] for h in known})
    assert all(list(tokens) == ["kept"] for tokens in made.tokens)
    (corpus / "new.md").write_text("# 新\n\n新的内容在这里。\n", encoding="utf-8")
    build_index(corpus, built, toy)
    fresh, _, _ = make_index(load_corpus(corpus)[0], toy, {})
    assert [list(t) for t in load_index(built, toy).tokens] == [list(t) for t in fresh.tokens]


def test_a_rebuild_embeds_everything(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    again = BigramEncoder()
    report = build_index(corpus, built, again, rebuild=True)
    assert report.embedded == len(again.embedded) == len(toy.embedded)


def test_the_same_corpus_gives_the_same_index(corpus: Path, tmp_path: Path, toy: BigramEncoder) -> None:
    for name in ("one", "two"):
        build_index(corpus, tmp_path / name, toy)
    one, two = (load_index(tmp_path / name, toy) for name in ("one", "two"))
    assert one.passages == two.passages
    assert np.array_equal(one.vectors, two.vectors)
    assert np.array_equal(one.keys, two.keys)
    assert [list(t) for t in one.tokens] == [list(t) for t in two.tokens]


def test_an_interrupted_build_leaves_the_old_index(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    before = {p.id for p in load_index(built, toy).passages}
    (corpus / "new.md").write_text("# 新\n\n新的内容在这里。\n", encoding="utf-8")
    with pytest.raises(KeyboardInterrupt):
        build_index(corpus, built, InterruptedEncoder())
    assert {p.id for p in load_index(built, toy).passages} == before
    assert len(list(built.glob("v-*"))) == 1


def test_a_build_that_cannot_write_leaves_the_old_index(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    """A folder that stands where the pointer's file must go stops the swap at its last step."""
    index = load_index(built, toy)
    old = version_of(built)
    (built / "CURRENT").rename(built / "kept")
    (built / "CURRENT").mkdir()
    (built / "CURRENT" / "x").write_text("", encoding="utf-8")
    with pytest.raises(UserInputError, match=r"cannot be written \(Is a directory\)"):
        build_index(corpus, built, toy)
    shutil.rmtree(built / "CURRENT")
    (built / "kept").rename(built / "CURRENT")
    assert [p.name for p in built.glob("v-*")] == [old.name]
    assert load_index(built, toy).passages == index.passages


def test_builds_at_once_take_turns(corpus: Path, folder: Path, toy: BigramEncoder) -> None:
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: build_index(corpus, folder, toy), range(4)))
    assert len({r.passages for r in reports}) == 1
    assert load_index(folder, toy).passages
    assert len(list(folder.glob("v-*"))) == 1


def test_a_folder_that_cannot_be_written_is_told_in_one_line(corpus: Path, tmp_path: Path, toy: BigramEncoder) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserInputError, match=r"file cannot be written \(File exists\); free space"):
        build_index(corpus, tmp_path / "file", toy)


def test_the_swap_leaves_one_version(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    old = version_of(built)
    (corpus / "new.md").write_text("# 新\n\n新的内容在这里。\n", encoding="utf-8")
    build_index(corpus, built, toy)
    assert version_of(built) != old
    assert sorted(p.name for p in built.iterdir()) == sorted([".lock", "CURRENT", version_of(built).name])


def test_no_index_says_what_to_run(folder: Path, toy: BigramEncoder) -> None:
    with pytest.raises(IndexMissing, match="run: mianjing index"):
        load_index(folder, toy)


@pytest.mark.parametrize(
    "name", ["documents.jsonl", "passages.jsonl", "units.jsonl", "vectors.npy", "keys.npy", "centres.npz", "tokens.jsonl", "hashes.txt", "bm25/frequency.tsv"]
)
@pytest.mark.parametrize("how", ["missing", "cut", "altered"])
def test_a_damaged_file_says_what_to_run(built: Path, toy: BigramEncoder, name: str, how: str) -> None:
    path = version_of(built) / name
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(bytes([*data[:-2], data[-2] ^ 1, data[-1]]))
    with pytest.raises(IndexDamaged, match="run: mianjing index --rebuild"):
        check_index(built, toy, deep=True)
    if how != "altered":
        with pytest.raises(IndexDamaged, match="run: mianjing index --rebuild"):
            load_index(built, toy)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00"])
def test_a_damaged_manifest_says_what_to_run(built: Path, toy: BigramEncoder, text: str) -> None:
    (version_of(built) / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(IndexDamaged, match="run: mianjing index --rebuild"):
        load_index(built, toy)


@pytest.mark.parametrize("pointer", ["v-none", "../elsewhere", "", "v-/../.."])
def test_a_pointer_astray_says_what_to_run(built: Path, toy: BigramEncoder, pointer: str) -> None:
    (built / "CURRENT").write_text(pointer, encoding="ascii")
    with pytest.raises(IndexDamaged, match="run: mianjing index --rebuild"):
        load_index(built, toy)


def test_a_damaged_index_is_mended_by_the_command_it_names(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    (version_of(built) / "vectors.npy").write_bytes(b"broken")
    report = build_index(corpus, built, toy)
    assert report.embedded == len(set(toy.embedded))
    assert load_index(built, toy).passages


def test_altered_vectors_are_not_used_again(corpus: Path, built: Path) -> None:
    path = version_of(built) / "vectors.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    again = BigramEncoder()
    assert build_index(corpus, built, again).embedded > 0


def test_another_encoder_is_told_and_mends_it(corpus: Path, built: Path) -> None:
    other = BigramEncoder("other", 32)
    with pytest.raises(IndexForeign, match=r"encoder 'toy:bigrams:48'.*'toy:other:32'; run: mianjing index"):
        load_index(built, other)
    build_index(corpus, built, other)
    assert load_index(built, other).vectors.shape[1] == 32


@pytest.mark.parametrize("key", ["format", "tokenizer", "chunker", "background"])
def test_an_index_of_another_program_is_told(built: Path, toy: BigramEncoder, key: str) -> None:
    path = version_of(built) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, key: "another"}), encoding="utf-8")
    with pytest.raises(IndexForeign, match=f"built with {key} 'another'.*run: mianjing index"):
        load_index(built, toy)


def test_stale_is_added_changed_or_removed(corpus: Path, built: Path, toy: BigramEncoder) -> None:
    manifest = load_index(built, toy).manifest
    assert not is_stale(manifest, corpus)
    (corpus / "LICENSE.md").write_text("x", encoding="utf-8")
    assert not is_stale(manifest, corpus)
    (corpus / "new.md").write_text("x", encoding="utf-8")
    assert is_stale(manifest, corpus)
    (corpus / "new.md").unlink()
    path = corpus / "a.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + " ", encoding="utf-8")
    assert is_stale(manifest, corpus)
    path.write_text(text, encoding="utf-8")
    assert not is_stale(manifest, corpus)
    path.unlink()
    assert is_stale(manifest, corpus)


def test_a_file_that_cannot_be_read_does_not_make_the_index_stale_for_ever(corpus: Path, folder: Path, toy: BigramEncoder) -> None:
    (corpus / "bad.md").write_bytes(b"\x00\x01")
    build_index(corpus, folder, toy)
    assert not is_stale(load_index(folder, toy).manifest, corpus)


def test_an_empty_corpus_is_refused(tmp_path: Path, folder: Path, toy: BigramEncoder) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"put \.md, \.txt, \.html, \.pdf or \.docx files there"):
        build_index(tmp_path / "empty", folder, toy)
    assert not folder.exists()


def test_a_document_without_passages(tmp_path: Path, folder: Path, toy: BigramEncoder) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a.md").write_text("---\n", encoding="utf-8")
    report = build_index(tmp_path / "c", folder, toy)
    assert (report.passages, report.keys) == (0, 0)
    assert load_index(folder, toy).passages == ()


def test_the_index_of_the_seeds_came_back_from_disk(seeds_index: Index, seeds: dict[str, object]) -> None:
    assert len(seeds_index.documents) == len(seeds) == 5
    assert set(seeds_index.centres) == {"zh", "en"}


def test_the_real_encoder_is_recorded(seeds_index: Index, encoder: TransformerEncoder) -> None:
    assert seeds_index.manifest["encoder"] == encoder.fingerprint
    assert seeds_index.manifest["dimension"] == encoder.dimension == 384
