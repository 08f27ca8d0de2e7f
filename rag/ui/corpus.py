"""The tab of the corpus: its documents, and a test of what a query finds."""

from __future__ import annotations

import time
from collections import Counter
from html import escape
from typing import Any

import gradio as gr

from rag.records import Document, Language
from rag.tutor import MAX_QUESTION
from rag.ui.shared import PRIVATE, Shared, Tab, detail, document_at, language_of_view, ready_tutor, script
from rag.ui.sources import hit_html
from rag.ui.strings import say
from rag.ui.typeset import plain

TOP = 10


def documents_html(documents: list[Document], passages: Counter[str], language: Language) -> str:
    """The list of documents."""
    columns = ("title", "language", "passages", "length")
    head = "".join(f'<th scope="col"{" class=num" if c in {"passages", "length"} else ""}>{say(language, f"column_{c}")}</th>' for c in columns)
    rows = "".join(
        f'<tr><th scope="row"><a class="open" href="#document" data-doc="{plain(d.id)}">{plain(d.title)}</a><span class="file">{plain(d.id)}</span></th>'
        f'<td>{say(language, f"language_{d.language}")}</td><td class="num">{passages[d.id]}</td><td class="num">{len(d.source):,}</td></tr>'
        for d in documents
    )
    count = say(language, "documents_count", documents=len(documents), passages=sum(passages.values()))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="list"><h2 class="display">{say(language, "documents")}</h2><p class="lead">{count}</p>{table}</div>'


def search_html(language: Language) -> str:
    """The form of the retrieval test."""
    return (
        f'<form class="finder"><h2>{say(language, "search_title")}</h2><p class="lead">{say(language, "search_lead")}</p>'
        f'<label class="sr-only" for="finder">{say(language, "search_label")}</label><div class="finder-row">'
        f'<input id="finder" type="search" maxlength="{MAX_QUESTION}" placeholder="{say(language, "search_hint")}" autocomplete="off">'
        f'<button type="submit" class="primary">{say(language, "search_send")}</button></div></form>'
    )


def build(shared: Shared) -> Tab:
    """The list of documents, and beside it the retrieval test."""
    opening = shared.opening
    results = gr.State("")
    with gr.Row(elem_id="corpus", equal_height=False):
        listing = gr.HTML("", elem_id="documents", js_on_load=script("documents"), apply_default_css=False)
        with gr.Column(elem_id="looking", scale=2, min_width=0):
            finder = gr.HTML("", elem_id="finder-box", js_on_load=script("finder"), apply_default_css=False)
            found = gr.HTML("", elem_id="found", js_on_load=script("found"), apply_default_css=False)

    def draw(view: str, query: str) -> list[Any]:
        language = language_of_view(view)
        if opening.tutor is None:
            return [f'<p class="lead">{say(language, "documents_opening")}</p>', search_html(language), ""]
        passages = Counter(p.doc_id for p in opening.tutor.index.passages)
        return [documents_html(opening.tutor.documents(), passages, language), search_html(language), hits(query, language)]

    def hits(query: str, language: Language) -> str:
        if not query:
            return ""
        tutor = ready_tutor(opening, language)
        started = time.perf_counter()
        list_of_hits = tutor.search(query, TOP)
        ms = round((time.perf_counter() - started) * 1000)
        if not list_of_hits:
            return f'<p class="lead">{say(language, "search_nothing")}</p>'
        line = escape(say(language, "search_found", query=query, count=len(list_of_hits), ms=ms))
        cards = [(hit, tutor.source(hit.passage.doc_id)) for hit in list_of_hits]
        body = "".join(hit_html(hit, document, language, rank=n) for n, (hit, document) in enumerate(cards, 1) if document)
        return f'<div class="pane"><p class="lead" role="status">{line}</p>{body}</div>'

    def search(event: gr.EventData, view: str) -> tuple[str, str]:
        query = detail(event, "text", MAX_QUESTION).strip()
        return query, hits(query, language_of_view(view))

    def open_document(event: gr.EventData, view: str) -> Any:
        return document_at(opening, event, language_of_view(view), back="back_results")

    def back(query: str, view: str) -> str:
        return hits(query, language_of_view(view))

    finder.submit(search, shared.view, [results, found], concurrency_limit=2, concurrency_id="tutor", **PRIVATE)
    listing.expand(open_document, shared.view, found, queue=False, **PRIVATE)
    found.expand(open_document, shared.view, found, queue=False, **PRIVATE)
    found.collapse(back, [results, shared.view], found, queue=False, **PRIVATE)
    return Tab(draw, [results], [listing, finder, found])
