"""The buttons of the interview and progress tabs."""

from __future__ import annotations

from html import escape


def button(text: str, do: str, *, kind: str = "secondary", **data: str) -> str:
    """A button that asks for ``do``; ``data`` goes with it. With ``sure`` it must be pressed twice, and says so the first time."""
    more = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return f'<button type="button" class="{kind}" data-do="{do}"{more}>{escape(text)}</button>'
