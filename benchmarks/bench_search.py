"""Speed and memory of indexing, search and answers, beside LangChain's FAISS + BM25 ensemble with the same encoder.

    pip install -e ".[bench]"
    python benchmarks/bench_search.py --out benchmarks/results/search.json

Each side runs in a process of its own, so that its peak memory is its own, and the sides take turns within each run; every figure is the
median over the runs. Both embed with the same weights and settings and return the same number of results. ``langchain`` embeds through this project's
encoder class, ``stock`` through sentence-transformers' own ``encode``, as LangChain's HuggingFaceEmbeddings does. Loading the model is not counted.
``first`` is a question never asked before, its vector computed; ``again`` the same question with its vector at hand, which is the cost of everything but
the encoder. LangChain has no answers without a language model, so ``ask`` stands alone. Build, search and ask are without the judge
(``search.judge = "off"``), ``judged`` is with it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
K = 10
CHUNK, OVERLAP = 250, 50
SEPARATORS = ["\n\n", "\n", "。|！|？", r"\.\s|\!\s|\?\s", r"；|;\s", r"，|,\s"]
WARM_UP = "预热 warm up"
SIDES = ("mianjing build", "langchain build", "mianjing search", "langchain search", "stock search", "mianjing ask", "mianjing judged")
PACKAGES = ("torch", "sentence-transformers", "faiss-cpu", "bm25s", "langchain-classic", "langchain-community", "langchain-text-splitters", "rank-bm25")


def peak_mib() -> float:
    """The most memory this process ever held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def timed(work: Callable[[], Any]) -> float:
    """Seconds a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p95 in milliseconds, by linear interpolation."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return {"p50_ms": cuts[49] * 1000, "p95_ms": cuts[94] * 1000}


def first_and_again(ask: Callable[[str], Any], questions: Sequence[str]) -> dict[str, dict[str, float]]:
    """Every question once, then every question once more."""
    ask(WARM_UP)
    return {name: percentiles([timed(lambda q=q: ask(q)) for q in questions]) for name in ("first", "again")}


def warm_encoder(corpus: Path, index: Path) -> tuple[Any, Any]:
    """(settings, encoder), the model loaded."""
    from rag.config import Settings
    from rag.models import TransformerEncoder

    settings = Settings.load(corpus=corpus, index=index)
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir)
    encoder.passages([WARM_UP])
    return settings, encoder


def mianjing_build(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Seconds of a build from nothing, of one where nothing changed, and of opening what was built."""
    from rag.store import build_index, is_stale, load_index

    _, encoder = warm_encoder(corpus, folder)
    loaded = peak_mib()
    fresh = build_index(corpus, folder, encoder, rebuild=True)
    cached = build_index(corpus, folder, encoder)
    opened = timed(lambda: is_stale(load_index(folder, encoder).manifest, corpus))
    seconds = {"fresh_s": fresh.seconds, "cached_s": cached.seconds, "open_s": opened}
    return {**seconds, "vectors": fresh.keys, "encoder_mib": loaded, "peak_mib": peak_mib()}


def mianjing_search(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of ``Tutor.search``."""
    from rag.store import load_index
    from rag.tutor import Tutor

    settings, encoder = warm_encoder(corpus, folder)
    tutor = Tutor(settings, encoder, load_index(folder, encoder))
    return {**first_and_again(lambda q: tutor.search(q, K), questions), "peak_mib": peak_mib()}


def mianjing_ask(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of ``Tutor.ask``."""
    from rag.store import load_index
    from rag.tutor import Tutor

    settings, encoder = warm_encoder(corpus, folder)
    tutor = Tutor(settings, encoder, load_index(folder, encoder))
    tutor.warm()
    return {**first_and_again(tutor.ask, questions), "peak_mib": peak_mib()}


def mianjing_judged(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of ``Tutor.search`` as it is by default, the bundled judge reading the best passages."""
    from rag.config import Settings
    from rag.tutor import Tutor

    tutor = Tutor.open(Settings.load(corpus=corpus, index=folder))
    tutor.warm()
    return {"search": first_and_again(lambda q: tutor.search(q, K), questions), "peak_mib": peak_mib()}


class LangChain:
    """LangChain's parts over the same encoder: Chinese recursive splitting, FAISS, BM25 over jieba's words, equal weights."""

    def __init__(self, corpus: Path, folder: Path, *, stock: bool = False) -> None:
        import jieba
        from langchain_classic.embeddings import CacheBackedEmbeddings
        from langchain_classic.storage import LocalFileStore
        from langchain_core.embeddings import Embeddings

        _, encoder = warm_encoder(corpus, folder)
        jieba.initialize()

        class Same(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return encoder.passages(texts).tolist()

            def embed_query(self, text: str) -> list[float]:
                if stock:
                    return encoder.model.encode(encoder.model.prompts.get("query", "") + text, normalize_embeddings=True).tolist()
                return encoder.queries([text])[0].tolist()

        self.corpus = corpus
        self.store = folder / "langchain"
        self.words = jieba.lcut
        self.embeddings = Same()
        self.caching = CacheBackedEmbeddings.from_bytes_store(self.embeddings, LocalFileStore(folder / "langchain-cache"), key_encoder="sha256")

    def split(self) -> list[Any]:
        from langchain_core.documents import Document
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        splitter = RecursiveCharacterTextSplitter(SEPARATORS, keep_separator=True, is_separator_regex=True, chunk_size=CHUNK, chunk_overlap=OVERLAP)
        paths = sorted(p for p in self.corpus.rglob("*") if p.suffix in {".txt", ".md"})
        return splitter.split_documents([Document(p.read_text(encoding="utf-8"), metadata={"source": p.name}) for p in paths])

    def ensemble(self, dense: Any, chunks: list[Any]) -> Any:
        from langchain_classic.retrievers import EnsembleRetriever
        from langchain_community.retrievers import BM25Retriever

        lexical = BM25Retriever.from_documents(chunks, preprocess_func=self.words, k=K)
        return EnsembleRetriever(retrievers=[dense.as_retriever(search_kwargs={"k": K}), lexical], weights=[0.5, 0.5])

    def build(self, *, cached: bool = False) -> Any:
        from langchain_community.vectorstores import FAISS

        chunks = self.split()
        dense = FAISS.from_documents(chunks, self.caching if cached else self.embeddings)
        dense.save_local(str(self.store))
        return self.ensemble(dense, chunks)

    def load(self) -> Any:
        """Vectors from the store, BM25 from the texts, as it has no store of its own. The store's pickle was written by this script."""
        from langchain_community.vectorstores import FAISS

        return self.ensemble(FAISS.load_local(str(self.store), self.embeddings, allow_dangerous_deserialization=True), self.split())


def langchain_build(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Seconds of a build from nothing, of one that embeds nothing again, and of opening what was built."""
    chain = LangChain(corpus, folder)
    loaded = peak_mib()
    fresh = timed(chain.build)
    chain.build(cached=True)
    cached, opened = timed(lambda: chain.build(cached=True)), timed(chain.load)
    return {"fresh_s": fresh, "cached_s": cached, "open_s": opened, "vectors": len(chain.split()), "encoder_mib": loaded, "peak_mib": peak_mib()}


def langchain_search(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Milliseconds of the ensemble's ``invoke``, cut to the same number of results."""
    ensemble = LangChain(corpus, folder).load()
    return {**first_and_again(lambda q: ensemble.invoke(q)[:K], questions), "peak_mib": peak_mib()}


def stock_search(corpus: Path, folder: Path, questions: Sequence[str]) -> dict[str, Any]:
    """The same with questions embedded by sentence-transformers as it comes."""
    ensemble = LangChain(corpus, folder, stock=True).load()
    return {**first_and_again(lambda q: ensemble.invoke(q)[:K], questions), "peak_mib": peak_mib()}


def run_side(side: str, args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One side in a process of its own."""
    options = {"--side": side, "--folder": folder, "--corpus": args.corpus, "--questions": args.questions}
    command = [sys.executable, str(Path(__file__).resolve()), *(str(part) for pair in options.items() for part in pair)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    return json.loads(done.stdout.splitlines()[-1])


def middle(found: Sequence[Any]) -> Any:
    """The median of equal-shaped results, figure by figure."""
    if isinstance(found[0], dict):
        return {key: middle([one[key] for one in found]) for key in found[0]}
    return round(statistics.median(found), 3)


def machine() -> dict[str, Any]:
    """What the figures were measured on: nothing that names the machine."""
    import torch

    versions: dict[str, str] = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    facts = {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(), "encoder_threads": torch.get_num_threads()}
    return {**facts, "python": platform.python_version(), "packages": versions}


def report(args: argparse.Namespace) -> dict[str, Any]:
    """All sides, taking turns ``runs`` times."""
    found: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
    for run in range(args.runs):
        with tempfile.TemporaryDirectory() as folder:
            for side in SIDES:
                found[side].append(run_side(side, args, Path(folder)))
                print(f"run {run + 1} of {args.runs}: {side}: {json.dumps(found[side][-1])}", file=sys.stderr, flush=True)
    ours, theirs, stock = ({side.split(" ")[1]: middle(found[side]) for side in SIDES if side.startswith(name)} for name in ("mianjing", "langchain", "stock"))
    faster = {
        **{name: theirs["build"][f"{name}_s"] / ours["build"][f"{name}_s"] for name in ("fresh", "cached", "open")},
        **{f"search_{t}_{p}": theirs["search"][t][f"{p}_ms"] / ours["search"][t][f"{p}_ms"] for t in ("first", "again") for p in ("p50", "p95")},
        **{f"stock_search_first_{p}": stock["search"]["first"][f"{p}_ms"] / ours["search"]["first"][f"{p}_ms"] for p in ("p50", "p95")},
    }
    return {
        "machine": machine(),
        "k": K,
        "questions": len(read_questions(args.questions)),
        "runs": args.runs,
        "mianjing": ours,
        "langchain": theirs,
        "stock": stock,
        "times_as_fast": {key: round(value, 2) for key, value in faster.items()},
    }


def read_questions(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=HERE.parent / "corpus" / "seeds")
    parser.add_argument("--questions", type=Path, default=HERE / "questions.txt")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "search.json")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        work = globals()[args.side.replace(" ", "_")]
        print(json.dumps(work(args.corpus, args.folder, read_questions(args.questions))))
        return
    made = report(args)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
