"""The texts of the interview and progress tabs, in both languages."""

from __future__ import annotations

from rag.records import Language

WORDS: dict[str, dict[Language, str]] = {}
