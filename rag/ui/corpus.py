"""The tab of the corpus: its documents and a map of them, adding and removing, and a test of what a query finds."""

from __future__ import annotations

import time
from collections.abc import Iterator
from html import escape
from typing import Any
from uuid import uuid4

import gradio as gr

from rag.corpus.intake import is_mine, safe_name
from rag.corpus.loader import MAX_BYTES
from rag.errors import MianjingError
from rag.records import Language
from rag.tutor import MAX_QUESTION, Tutor
from rag.ui.corpus_intake import MOST, Intake, Job, adding_html, intake_html, uploaded
from rag.ui.corpus_list import PAGE, documents_html, finder_html, passages_html, rows_of
from rag.ui.corpus_map import Atlas, map_html
from rag.ui.opening import Opening
from rag.ui.shared import PRIVATE, Shared, Tab, detail, document_at, language_of_view, number, ready_tutor, script
from rag.ui.sources import hit_html
from rag.ui.strings import say

TOP = 10
ADDING = "window.mianjing.adding(element, trigger, props, watch, upload);"
QUIET = {**PRIVATE, "queue": False}


def build(shared: Shared) -> Tab:
    """Left the documents or their map, with what adds to them above; right the retrieval test, and what was opened."""
    shelf = Shelf(shared.opening)
    view = shared.view
    results = gr.State(("", ""))
    jobs = gr.State([])
    told = gr.State(("", ""))
    with gr.Row(elem_id="corpus", equal_height=False):
        with gr.Column(elem_id="shelf", scale=3, min_width=0):
            adding = gr.HTML("", elem_id="adding", js_on_load=ADDING, apply_default_css=False)
            intake = gr.HTML("", elem_id="intake", js_on_load=script("intake"), apply_default_css=False)
            listing = gr.HTML("", elem_id="documents", js_on_load=script("shelf"), apply_default_css=False)
            chart = gr.HTML("", elem_id="map", js_on_load=script("atlas"), apply_default_css=False)
        with gr.Column(elem_id="looking", scale=2, min_width=0):
            finder = gr.HTML("", elem_id="finder-box", js_on_load=script("finder"), apply_default_css=False)
            found = gr.HTML("", elem_id="found", js_on_load=script("found"), apply_default_css=False)

    work: dict[str, Any] = {**PRIVATE, "concurrency_limit": 2, "concurrency_id": "intake"}
    adding.upload(shelf.take_files, view, [intake, jobs, view], **work)
    adding.submit(shelf.take_text, view, [intake, jobs, view], **work)
    listing.delete(shelf.remove, view, [listing, told, view], **work)
    listing.apply(shelf.update, view, [listing, told, view], **work)
    intake.clear(lambda: ("", []), None, [intake, jobs], **QUIET)
    chart.apply(shelf.draw_map, view, chart, concurrency_limit=1, concurrency_id="map", **PRIVATE)
    finder.submit(shelf.search, view, [results, found], concurrency_limit=2, concurrency_id="tutor", **PRIVATE)
    for component in (listing, found, chart):
        component.expand(shelf.open_document, view, found, **QUIET)
    for component in (listing, found):
        component.select(shelf.open_passages, view, found, **QUIET)
    found.collapse(shelf.back, [results, view], found, **QUIET)
    return Tab(shelf.draw, [results, jobs, told], [adding, intake, listing, finder, found, chart], shelf.renew, [listing])


class Shelf:
    """What happens when something is done in the tab."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._atlas = Atlas()

    def draw(self, view: str, results: tuple[str, str], jobs: list[Job], told: tuple[str, str]) -> list[Any]:
        """The whole tab; the map is drawn when somebody looks at it. What was ``told`` stays for the view it came with."""
        language = language_of_view(view)
        tutor = self._opening.tutor
        if tutor is None:
            return ["", "", f'<p class="lead">{say(language, "documents_opening")}</p>', finder_html({}, "", "", language, MAX_QUESTION), "", ""]
        query, chosen = results
        titles = {d.id: d.title for d in tutor.documents()}
        finder = finder_html(titles, chosen, query, language, MAX_QUESTION)
        hits = self._hits(tutor, query, chosen, language)
        listing = documents_html(rows_of(tutor), language, told[1] if told[0] == view else "")
        return [adding_html(language), intake_html(jobs, language), listing, finder, hits, ""]

    def renew(self, view: str, results: tuple[str, str], jobs: list[Job], told: tuple[str, str]) -> Any:
        """The list of documents as it is now."""
        tutor = self._opening.tutor
        return documents_html(rows_of(tutor), language_of_view(view), told[1] if told[0] == view else "") if tutor else gr.skip()

    def take_files(self, event: gr.EventData, view: str) -> Iterator[Any]:
        """Bring in the files a browser has uploaded; each step of each is told."""
        data = event._data if isinstance(event._data, dict) else {}
        files = data.get("files")
        jobs: list[Job] = []
        for file in files[:MOST] if isinstance(files, list) else []:
            path = uploaded(str(file.get("path", ""))) if isinstance(file, dict) else None
            if path is not None:
                jobs.append(Job(safe_name(str(file.get("name", "")) or path.name), path))
        yield from self._take(jobs, view)

    def take_text(self, event: gr.EventData, view: str) -> Iterator[Any]:
        """Keep a pasted text as a document."""
        title, text = detail(event, "title", 80).strip(), detail(event, "text", MAX_BYTES)
        yield from self._take([Job(title or _first_line(text), text=text)], view)

    def _take(self, jobs: list[Job], view: str) -> Iterator[Any]:
        language = language_of_view(view)
        tutor = ready_tutor(self._opening, language)
        if not jobs:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        work, told = Intake(tutor, jobs), ""
        for _ in work.run():
            now = intake_html(work.jobs, language)
            if now != told:
                told = now
                yield now, gr.skip(), gr.skip()
        added = any(job.stage == "done" for job in jobs)
        yield told, work.jobs, changed(view) if added else gr.skip()

    def remove(self, event: gr.EventData, view: str) -> tuple[Any, Any, Any]:
        """Delete a document of one's own."""
        language = language_of_view(view)
        tutor = ready_tutor(self._opening, language)
        doc_id = detail(event, "doc")
        document = tutor.source(doc_id)
        if not is_mine(doc_id):
            return documents_html(rows_of(tutor), language, say(language, "document_kept")), gr.skip(), gr.skip()
        try:
            tutor.remove(doc_id)
        except MianjingError as error:
            return documents_html(rows_of(tutor), language, str(error)), gr.skip(), gr.skip()
        return self._over(view, say(language, "document_deleted", title=document.title if document else doc_id))

    def update(self, view: str) -> tuple[Any, Any, Any]:
        """Take in what changed in the corpus folder."""
        language = language_of_view(view)
        tutor = ready_tutor(self._opening, language)
        try:
            report = tutor.rebuild()
        except MianjingError as error:
            return documents_html(rows_of(tutor), language, str(error)), gr.skip(), gr.skip()
        return self._over(view, say(language, "documents_updated", embedded=report.embedded, seconds=f"{report.seconds:.1f}"))

    def _over(self, view: str, told: str) -> tuple[Any, Any, Any]:
        new = changed(view)
        return gr.skip(), (new, told), new

    def draw_map(self, view: str) -> str:
        """The map of the passages."""
        language = language_of_view(view)
        return map_html(self._atlas.chart(ready_tutor(self._opening, language)), language)

    def search(self, event: gr.EventData, view: str) -> tuple[tuple[str, str], str]:
        """The passages a query finds, in all documents or in one."""
        language = language_of_view(view)
        results = detail(event, "text", MAX_QUESTION).strip(), detail(event, "doc")
        return results, self._hits(ready_tutor(self._opening, language), *results, language)

    def open_document(self, event: gr.EventData, view: str) -> Any:
        """A document, at a span where the event names one."""
        return document_at(self._opening, event, language_of_view(view), back="back_results")

    def open_passages(self, event: gr.EventData, view: str) -> str:
        """The passages of a document."""
        language = language_of_view(view)
        return passages_html(ready_tutor(self._opening, language), detail(event, "doc"), max(PAGE, number(event, "shown")), language)

    def back(self, results: tuple[str, str], view: str) -> str:
        """What was found before a document was opened."""
        language = language_of_view(view)
        return self._hits(ready_tutor(self._opening, language), *results, language)

    def _hits(self, tutor: Tutor, query: str, chosen: str, language: Language) -> str:
        if not query:
            return ""
        started = time.perf_counter()
        hits = tutor.search(query, TOP, [chosen] if chosen else None)
        ms = round((time.perf_counter() - started) * 1000)
        if not hits:
            return f'<p class="lead">{say(language, "search_nothing")}</p>'
        line = escape(say(language, "search_found", query=query, count=len(hits), ms=ms))
        cards = [(hit, tutor.source(hit.passage.doc_id)) for hit in hits]
        body = "".join(hit_html(hit, document, language, rank=n) for n, (hit, document) in enumerate(cards, 1) if document)
        return f'<div class="pane"><p class="lead" role="status">{line}</p>{body}</div>'


def changed(view: str) -> str:
    """A view of the same language that is another value, so that every tab is drawn anew over the changed corpus."""
    return f"{view.partition(':')[0]}:ready:{uuid4().hex[:8]}"


def _first_line(text: str) -> str:
    """The beginning of a text as a name for it."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return " ".join(line.strip(" #*-").split())[:40]
