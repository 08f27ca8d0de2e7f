"""Sections (a heading and what it governs) from title blocks."""

from __future__ import annotations

from collections.abc import Sequence

from rag.records import Block, Section


def sections_of(blocks: Sequence[Block], size: int) -> tuple[Section, ...]:
    """One Section a title block, ending where the next title of the same or a higher rank begins."""
    titles = [b for b in blocks if b.kind == "title"]
    out: list[Section] = []
    for i, block in enumerate(titles):
        end = next((later.start for later in titles[i + 1 :] if later.level <= block.level), size)
        out.append(Section(block.text, block.level, block.start, end))
    return tuple(out)
