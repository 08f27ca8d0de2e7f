"""Figures as plain text tables for a terminal, and as JSON without NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any


def tables(report: Mapping[str, Any]) -> str:
    """What was measured, as text: one table for each group of figures (``by_language``), one line for figures that stand alone.

    None and NaN are shown as ``-``. Ids under ``misses`` are listed after the tables, the first twelve of each sort.
    """
    if report["what"] == "retrieval":
        return "\n\n".join(_set_table(name, figures) for name, figures in report["sets"].items())
    if report["what"] == "grading":
        return "\n\n".join(_graded_table(name, figures) for name, figures in report["sets"].items())
    out: list[str] = []
    for key, value in report.items():
        if key == "misses" or not isinstance(value, Mapping) or not value:
            continue
        if all(isinstance(figures, Mapping) for figures in value.values()):
            columns = list(dict.fromkeys(name for figures in value.values() for name in figures))
            head = key.removeprefix("by_").replace("_by_", " by ").replace("_", "-")
            out.append(grid([head, *columns], [[name, *(figures.get(c) for c in columns)] for name, figures in value.items()]))
        elif value.get("questions", 1):
            out.append(grid(["", *value], [[key.replace("_", "-"), *value.values()]]))
    out.append("\n".join([f"rows left out: {report.get('left_out', 0)}", *(_missed(key, ids) for key, ids in report.get("misses", {}).items())]))
    return "\n\n".join(out)


def _missed(key: str, ids: Sequence[str]) -> str:
    shown = f"  {' '.join(ids[:12])}{' ...' if len(ids) > 12 else ''}" if ids else ""
    return f"{key.replace('_', ' ')}: {len(ids)}{shown}"


def _set_table(name: str, figures: Mapping[str, Any]) -> str:
    ways = [way for way in ("fusion", "dense", "sparse") if way in figures]
    columns = list(figures[ways[0]]["all"])
    rows = [[way, language, *values.values()] for way in ways for language, values in figures[way].items()]
    gap = figures["fusion_minus_better_half"]
    return f"{name}: {figures['texts']} texts\n" + grid(["", "language", *columns], rows) + f"\nnDCG@10 of the fusion less the better half's: {gap:+.4f}"


def _graded_table(name: str, figures: Mapping[str, Any]) -> str:
    overall = figures["overall"]
    out = [f"{name}: {overall['replies']} replies", grid(list(overall), [list(overall.values())])]
    if figures["by_kind"]:
        columns = list(next(iter(figures["by_kind"].values())))
        out.append(grid(["kind", *columns], [[kind, *(row[c] for c in columns)] for kind, row in figures["by_kind"].items()]))
    out += [f"{key.replace('_', ' ')}: {cell(value)}" for key, value in figures.items() if isinstance(value, float)]
    return "\n".join(out)


def grid(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns aligned by spaces: text to the left, numbers to the right."""
    cells = [[cell(value) for value in row] for row in rows]
    widths = [max(len(line[n]) for line in [list(head), *cells]) for n in range(len(head))]
    numeric = [not isinstance(value, str) for value in rows[0]] if rows else [False] * len(head)
    lines = [[text.rjust(w) if right else text.ljust(w) for text, w, right in zip(line, widths, numeric, strict=True)] for line in [list(head), *cells]]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def cell(value: Any) -> str:
    """One figure as text: three decimals, whole numbers whole."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def finite(value: Any) -> Any:
    """A value fit for JSON: floats rounded to 4 places, NaN (does not apply) as None."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value
