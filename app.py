"""`python app.py` opens the page (with `--mcp` also for MCP clients): settings, one tutor, the page. No logic."""

from __future__ import annotations

import sys

from rag.config import Settings
from rag.errors import MianjingError
from rag.ui import serve

if __name__ == "__main__":
    try:
        serve(Settings.load(), mcp="--mcp" in sys.argv[1:])
    except MianjingError as error:
        sys.exit(f"mianjing: {error}")
