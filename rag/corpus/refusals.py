"""Why a file is not taken in: one sentence a reason, with what to do next. The page says the same in both languages."""

from __future__ import annotations

from rag.errors import Refused

REASONS = {
    "no_parser": "{name}: no parser for {got}; accepted: {accepted}",
    "too_large": "{name}: {size} MB, the limit is {limit} MB; split the file",
    "unreadable": "{name}: cannot be read ({reason})",
    "not_text": "{name}: not a text file (it holds NUL bytes); give Markdown, txt, HTML, PDF or DOCX",
    "encoding": "{name}: its text encoding is not known; save it as UTF-8 and add it again",
    "wrong_suffix": "{name}: its content is {got}; name it {wanted} and add it again",
    "empty": "{name}: holds no text; add a file with text in it",
    "damaged": "{name}: is damaged and cannot be opened as {format}; save it again and add that",
    "password": "{name}: is protected by a password; save a copy without one and add that",
    "scanned": "{name}: its {pages} pages are pictures without text; run a text recognition (OCR) over it first",
    "garbled": "{name}: its text cannot be read out (the fonts do not say which characters they show); print it to a new PDF or run OCR over it",
    "many_pages": "{name}: {pages} pages, the limit is {limit}; split the file",
    "slow": "{name}: reading takes longer than {limit} seconds; split the file or save it again",
    "bomb": "{name}: unpacks to more than {limit} MB; split it",
    "many_files": "{name}: holds more than {limit} files; split it",
    "no_documents": "{name}: holds no document; accepted inside: {accepted}",
    "no_room": "{name}: cannot be written to {folder} ({reason}); make room or allow writing there",
}


def refusal(why: str, name: str, **values: object) -> Refused:
    """The error for a file that is not taken in.

    Args:
        why: a key of :data:`REASONS`.
        name: the file's name.
        values: what else the sentence names.
    """
    shown = {key: str(value) for key, value in values.items()}
    return Refused(REASONS[why].format(name=name, **shown), why, {"name": name, **shown})
