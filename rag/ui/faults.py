"""Errors of the layers below in the reader's language."""

from __future__ import annotations

import re

from rag.errors import Refused, UserInputError
from rag.records import Language
from rag.ui.strings import say

_LAYER = re.compile(r"^[a-z]+: ")


def fault(error: UserInputError, language: Language) -> str:
    """What went wrong, as text: in the page's words where the error names its reason, else its own message without the layer it comes from."""
    if isinstance(error, Refused):
        return say(language, f"refused_{error.why}", **error.values)
    if error.why:
        return say(language, f"fault_{error.why}", **error.values)
    return _LAYER.sub("", str(error))
