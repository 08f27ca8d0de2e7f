"""What the doctor found, in the language of the page. Its own lines are for a terminal, and in English."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from rag.doctor import Finding
from rag.records import Language
from rag.ui.strings import known, say

_BUNDLED = re.compile(r"(?P<name>.+) \(bundled\)")
_INDEX = r"(?P<documents>\d+) documents, (?P<passages>\d+) passages, built (?P<created>\S+), in (?P<folder>.+?)"
_DETAILS = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (_BUNDLED.pattern, "encoder_shipped"),
        (r"not installed \(optional, for [^:]+: (?P<command>.+)\)", "health_optional"),
        (r"not installed; run: (?P<command>.+)", "health_missing"),
        (r"unpacked in (?P<folder>.+)", "health_unpacked"),
        (r"not unpacked yet \(done at first use\)", "health_packed"),
        (r"off \(fast mode\)", "health_judge_off"),
        (r"none is shipped; .+", "health_judge_none"),
        (r"bundled", "health_judge_bundled"),
        (r"(?P<name>.+) for ranking, bundled for the rest", "health_judge_other"),
        (r"folder (?P<folder>.+) does not exist; give one with --corpus DIR", "health_no_corpus"),
        (_INDEX + r"; the corpus changed since; run: mianjing index", "health_index_stale"),
        (_INDEX, "health_index_fine"),
        (r"(?P<model>.+) at (?P<url>https?://.+)", "health_model_at"),
        (r"none \(optional\)", "health_model_none"),
    )
)


def health_html(findings: Iterable[Finding], language: Language) -> str:
    """The findings as a table."""
    rows = "".join(
        f'<tr class="{"well" if f.ok else "ill"}"><th scope="row">{escape(finding_name(f, language))}</th>'
        f"<td>{say(language, 'health_ok' if f.ok else 'health_bad')}</td><td>{escape(finding_detail(f, language))}</td></tr>"
        for f in findings
    )
    return f"<table><tbody>{rows}</tbody></table>"


def finding_name(finding: Finding, language: Language) -> str:
    """What was looked at; packages keep their names."""
    key = f"health_{finding.what.replace(' ', '_')}"
    return say(language, key) if known(key) else finding.what


def finding_detail(finding: Finding, language: Language) -> str:
    """What was found; what has no words here, such as a version or the message of an error, stays as it is."""
    for pattern, key in _DETAILS:
        if found := pattern.fullmatch(finding.detail):
            return say(language, key, **found.groupdict())
    return finding.detail


def encoder_label(name: str, language: Language) -> str:
    """The name of the retrieval model, and whether it is the one that comes with the program."""
    found = _BUNDLED.fullmatch(name)
    return say(language, "encoder_shipped", name=found.group("name")) if found else name
