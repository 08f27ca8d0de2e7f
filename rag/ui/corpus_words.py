"""The texts of the corpus tab that go beyond listing and searching, in both languages."""

from __future__ import annotations

from rag.records import Language

WORDS: dict[str, dict[Language, str]] = {}
