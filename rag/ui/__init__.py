"""The page in the browser: Gradio over :class:`rag.tutor.Tutor`, one module a tab."""

from rag.ui.server import create_app, serve

__all__ = ["create_app", "serve"]
