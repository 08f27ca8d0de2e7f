"""mianjing: deep-learning interview preparation that can be trusted."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.config import Settings as Settings
    from rag.tutor import Tutor as Tutor

__all__ = ["Settings", "Tutor"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("rag.config" if name == "Settings" else "rag.tutor"), name)
    raise AttributeError(f"module 'rag' has no attribute {name!r}")
