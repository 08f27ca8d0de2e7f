"""Gradio's own parts in the colours and fonts of the page; everything else is in static/style.css."""

from __future__ import annotations

import gradio as gr

SANS = ["system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Noto Sans Mono CJK SC", "monospace"]


def theme() -> gr.themes.Base:
    """The theme, without any web font."""
    return gr.themes.Base(primary_hue="slate", neutral_hue="slate", font=list(SANS), font_mono=list(MONO)).set(
        body_background_fill="#fbfbfa",
        body_background_fill_dark="#15181b",
        body_text_color="#1d2226",
        body_text_color_dark="#e3e1db",
        block_border_width="0px",
        block_shadow="none",
    )
