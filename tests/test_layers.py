"""Imports go only downward. The table is DESIGN's, with the modules that came later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RAG = ROOT / "rag"
FACE, APP = "rag", "app"

LAYERS: tuple[tuple[float, str], ...] = (
    (0, "errors records data"),
    (1, "config text jsonable views rows"),
    (2, "corpus models sparse dense llm measure"),
    # chunk turns what corpus made into passages and reads lines as corpus does: the data flows corpus -> chunk -> store.
    # The judge is read from what the encoder's weights are read from.
    (2.5, "chunk judge"),
    (3, "store bank history"),
    (4, "search answer grade interview report doctor"),
    (5, "tutor evaluate"),
    # The face of the package names Settings and Tutor, lazily; only what stands above the tutor may use it.
    (5.5, FACE),
    (6, "ui play"),
    # `mianjing serve` opens the page.
    (6.5, "cli"),
    (7, APP),
)
LEVEL = {name: level for level, names in LAYERS for name in names.split()}


def modules() -> list[str]:
    """What counts as one module: a file or a package directly under rag/."""
    found = {path.stem for path in RAG.glob("*.py") if path.stem != "__init__"}
    return sorted(found | {path.name for path in RAG.iterdir() if any(path.rglob("*.py"))})


def files() -> list[Path]:
    return [*sorted(RAG.rglob("*.py")), ROOT / "app.py"]


def module_of(path: Path) -> str:
    if path == ROOT / "app.py":
        return APP
    parts = path.relative_to(RAG).with_suffix("").parts
    return FACE if parts == ("__init__",) else parts[0]


def target_of(dotted: str, known: set[str]) -> str | None:
    """The module a dotted name belongs to; None where it is none of ours."""
    parts = dotted.split(".")
    if parts[0] != "rag":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in known else FACE


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import wherever it stands: in functions and under TYPE_CHECKING too, and by import_module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where they lead"
            names = [f"rag.{alias.name}" for alias in node.names] if node.module == "rag" else [str(node.module)]
            yield from ((node.lineno, name) for name in names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"import_module", "__import__"}:
            named = [n.value for argument in node.args for n in ast.walk(argument) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
            yield from ((node.lineno, name) for name in named)


def faults(path: Path, source: str, known: set[str]) -> list[str]:
    own = module_of(path)
    out: list[str] = []
    for line, dotted in imported(ast.parse(source)):
        target = target_of(dotted, known)
        if target is None or target == own:
            continue
        if LEVEL[target] >= LEVEL[own]:
            kind = "a sibling" if LEVEL[target] == LEVEL[own] else "upward"
            out.append(f"{path.relative_to(ROOT)}:{line}: {own} (L{LEVEL[own]:g}) imports {target} (L{LEVEL[target]:g}), {kind}")
    return out


def test_every_module_has_a_layer() -> None:
    assert [name for name in modules() if name not in LEVEL] == []


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_only_downward(path: Path) -> None:
    assert faults(path, path.read_text(encoding="utf-8"), set(modules())) == []


def test_nothing_imports_tests_or_training() -> None:
    for path in files():
        outside = [
            name for _, name in imported(ast.parse(path.read_text(encoding="utf-8"))) if name.split(".")[0] in {"tests", "training", "benchmarks", "app"}
        ]
        assert outside == [], path


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("rag/records.py", "from rag.config import Settings"),
        ("rag/text/tokens.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rag.tutor import Tutor"),
        ("rag/search.py", "def late():\n    import rag.answer.compose"),
        ("rag/store/disk.py", "from rag import Tutor"),
        ("rag/corpus/loader.py", "from rag import chunk"),
        ("rag/grade/flags.py", "from importlib import import_module\nimport_module('rag.report')"),
    ],
)
def test_the_rule_sees_every_way_to_import(place: str, source: str) -> None:
    assert len(faults(ROOT / place, source, set(modules()))) == 1
