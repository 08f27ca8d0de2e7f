"""Measures the page in a real Chromium: first paint, blocking, shifts, bytes; and the same for a bare chat page of the same Gradio in the same run.

    python benchmarks/page_speed.py --out benchmarks/results/page_speed.json

Every visit is a new browser profile with an empty cache. First contentful paint and layout shift are what the browser reports; total blocking time is the sum
over long tasks of what exceeds 50 ms, in the first five seconds; kilobytes are as transferred. "phone" is 360 pixels wide with the processor slowed
four times. "answer" is the time from Enter to the whole answer with its sources; the bare page's answer is a constant text, so it is the floor.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from serving import ROOT, chromium, free_port, served

BARE = """
import gradio as gr
gr.ChatInterface(lambda message, history: "A constant answer.", analytics_enabled=False, api_visibility="private").launch(server_port={port}, quiet=True)
"""
WATCH = """
window.seen = {blocking: 0, shift: 0};
new PerformanceObserver(list => { for (const e of list.getEntries()) window.seen.blocking += Math.max(0, e.duration - 50); })
  .observe({type: 'longtask', buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.seen.shift += e.value; })
  .observe({type: 'layout-shift', buffered: true});
"""
LOOKS: dict[str, dict[str, Any]] = {"desktop": {"viewport": {"width": 1360, "height": 850}}, "phone": {"viewport": {"width": 360, "height": 740}}}
SLOWED = 4


def visit(browser: Any, url: str, look: str, box: str, reply: str) -> dict[str, float]:
    """One visit of a new browser, and one question."""
    context = browser.new_context(locale="zh-CN", **LOOKS[look])
    page = context.new_page()
    page.add_init_script(WATCH)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    sizes: list[float] = []
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    if look == "phone":
        wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.goto(url)
    page.wait_for_selector(box)
    page.wait_for_timeout(5000)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    seen = page.evaluate("window.seen")
    found = {
        "first_contentful_paint_ms": paint,
        "total_blocking_ms": seen["blocking"],
        "layout_shift": seen["shift"],
        "transferred_kb": sum(sizes) / 1024,
        "requests": float(len(sizes)),
    }
    page.fill(box, "为什么 dropout 能防止过拟合？")
    begun = time.perf_counter()
    page.locator(box).press("Enter")
    page.wait_for_selector(reply)
    found["answer_ms"] = 1000 * (time.perf_counter() - begun)
    context.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/page_speed.json"))
    args = parser.parse_args()
    results: dict[str, Any] = {}
    ports = {"mianjing": free_port(), "bare chat": free_port()}
    places = {"mianjing": ("#question", "#chat .foot"), "bare chat": ("textarea", ".bot .message, .message.bot")}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        environ = {
            "MIANJING_CORPUS": str(ROOT / "corpus" / "seeds"),
            "MIANJING_INDEX": f"{folder}/index",
            "MIANJING_DATA_DIR": f"{folder}/data",
            "MIANJING_UI__PORT": str(ports["mianjing"]),
        }
        bare = ["-c", BARE.format(port=ports["bare chat"])]
        with served(["app.py"], ports["mianjing"], environ) as ours_at, served(bare, ports["bare chat"]) as theirs_at:
            browser = playwright.chromium.launch(executable_path=chromium())
            for look in LOOKS:
                for name, url in (("mianjing", ours_at), ("bare chat", theirs_at)):
                    visits = [visit(browser, url, look, *places[name]) for _ in range(args.visits + 1)][1:]
                    middle = {key: round(statistics.median(v[key] for v in visits), 3) for key in visits[0]}
                    results.setdefault(look, {})[name] = middle
                    print(look, name, middle, flush=True)
                ours, theirs = results[look]["mianjing"], results[look]["bare chat"]
                results[look]["ratio"] = {key: round(ours[key] / theirs[key], 2) for key in ours if theirs[key]}
            version = browser.version
            browser.close()
    import gradio

    results["with"] = {"visits": args.visits, "chromium": version, "gradio": gradio.__version__, "processor_slowed_on_phone": SLOWED}
    args.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
