"""What a reader does on the page, for the tests."""

from __future__ import annotations

from typing import Any


def ask(page: Any, question: str) -> Any:
    """Ask by keyboard and wait for the whole answer; gives the place of that answer."""
    before = page.locator("#chat .turn").count()
    page.fill("#question", question)
    page.locator("#question").press("Enter")
    page.wait_for_function(
        "n => document.querySelectorAll('#chat .turn').length > n && document.querySelector('#chat .talk').getAttribute('aria-busy') === 'false'", arg=before
    )
    return page.locator("#chat .turn").last


def in_view(page: Any, selector: str) -> bool:
    """Whether the middle of an element can be seen, and not only lies somewhere in a scrolled box."""
    found: bool = page.evaluate(
        """selector => {
            const element = document.querySelector(selector), box = element.getClientRects()[0];
            const x = box.left + Math.min(box.width, 40) / 2, y = box.top + box.height / 2;
            const seen = document.elementFromPoint(x, y);
            return seen !== null && (element.contains(seen) || seen.contains(element));
        }""",
        selector,
    )
    return found
