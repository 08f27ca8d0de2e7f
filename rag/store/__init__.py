"""The built index: passages, units, vectors and postings, with a manifest that says what they were made from."""

from rag.store.build import BuildReport, Progress, build_index
from rag.store.disk import check_index, is_stale, load_index
from rag.store.index import Index, KeyKind

__all__ = ["BuildReport", "Index", "KeyKind", "Progress", "build_index", "check_index", "is_stale", "load_index"]
