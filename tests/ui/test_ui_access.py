"""Every tab, in both languages, light, dark and narrow, against the rules of WCAG 2.1 A and AA as axe-core checks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from driving import ask

pytestmark = pytest.mark.browser
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa")
SERIOUS = ("serious", "critical")
LOOKS: dict[str, dict[str, Any]] = {
    "zh-light": {},
    "en-dark": {"locale": "en-US", "color_scheme": "dark"},
    "zh-phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


def faults(page: Any, where: str) -> list[str]:
    """The serious violations on the page as it stands, in words."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{where}: {v['id']}: {node['target']} {(node['any'] or node['all'] or node['none'] or [{}])[0].get('message', '')}"
        for v in found
        if v["impact"] in SERIOUS
        for node in v["nodes"][:4]
    ]


@pytest.mark.parametrize("look", LOOKS)
def test_no_serious_violation(visit: Callable[..., Any], look: str) -> None:
    page = visit(**LOOKS[look])
    english = LOOKS[look].get("locale") == "en-US"
    found = faults(page, "welcome")
    ask(page, "Why does dropout prevent overfitting?" if english else "列举常见的范数及其应用")
    page.locator("#chat .how summary").first.click()
    found += faults(page, "answer")
    page.locator("#chat .cite").first.click()
    page.locator("#pane mark.here").first.wait_for()
    found += faults(page, "document")
    ask(page, "How do I cook rice?" if english else "宫保鸡丁怎么做？")
    found += faults(page, "refusal")

    page.click("#tab-interview-button")
    page.wait_for_selector(".iv-start .plan")
    found += faults(page, "plan")
    page.click(".plan [type=submit]")
    page.wait_for_selector("#iv-reply")
    found += faults(page, "question")
    page.fill("#iv-reply", "It has many layers and learns features." if english else "它有很多层，可以学到特征。")
    page.locator("#iv-reply").press("Control+Enter")
    page.wait_for_selector(".covered .point, .graded .point")
    found += faults(page, "verdicts")

    page.click("#tab-progress-button")
    page.wait_for_selector(".pg .new-person, .new-person")
    found += faults(page, "progress")

    page.click("#tab-corpus-button")
    page.locator("#documents tbody tr").first.wait_for()
    found += faults(page, "documents")
    page.locator("#documents .count").first.click()
    page.locator("#found .pane-passages .card").first.wait_for()
    found += faults(page, "passages")
    page.locator("[data-show=map]").click()
    page.locator("#map svg").wait_for()
    found += faults(page, "map")

    page.click("#tab-settings-button")
    page.wait_for_selector("#settings")
    page.wait_for_timeout(300)
    found += faults(page, "settings")
    assert not found, "\n".join(found)
