"""The documents of the corpus as a table, and the passages of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from rag.corpus import load_document
from rag.corpus.intake import is_mine
from rag.corpus.loader import corpus_files
from rag.errors import CorpusError, Refused
from rag.records import Document, Language, Passage
from rag.tutor import Tutor
from rag.ui.faults import fault
from rag.ui.sources import gone_html
from rag.ui.strings import say
from rag.ui.typeset import inline, plain, span

FORMATS = {
    **dict.fromkeys((".md", ".markdown"), "Markdown"),
    **dict.fromkeys((".txt", ".text"), "txt"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), "HTML"),
    ".pdf": "PDF",
    ".docx": "DOCX",
}
PAGE = 30
LISTED = 500
COLUMNS = ("title", "kind", "passages", "questions", "date", "status")
_COUNTED = frozenset({"passages", "questions"})


@dataclass(frozen=True, slots=True)
class Row:
    """A document in the list. ``fault`` says why it is not indexed, ``state`` whether it is."""

    doc_id: str
    title: str
    language: Language
    passages: int
    questions: int
    changed: datetime | None
    state: str
    fault: Refused | CorpusError | None = None


def rows_of(tutor: Tutor) -> list[Row]:
    """Every document of the index and every file of the corpus folder that is not in it; one's own first."""
    passages = Counter(p.doc_id for p in tutor.index.passages)
    questions = questions_by_document(tutor)
    root = tutor.settings.corpus
    files = {path.relative_to(root).as_posix(): path for path in corpus_files(root)} if root.is_dir() else {}
    out: list[Row] = []
    for document in tutor.documents():
        path = files.pop(document.id, None)
        state = "state_indexed" if path else "state_gone"
        out.append(Row(document.id, document.title, document.language, passages[document.id], questions[document.id], _changed(path), state))
    for doc_id, path in files.items():
        fault = _fault(root, path, path.stat().st_mtime_ns) if path.is_file() else None
        out.append(Row(doc_id, path.stem, "en", 0, 0, _changed(path), "state_waiting", fault))
    return sorted(out, key=lambda row: (not is_mine(row.doc_id), row.doc_id))


def questions_by_document(tutor: Tutor) -> Counter[str]:
    """How many questions each document asks or, as a page of reference answers, answers."""
    found = Counter(doc_id for q in tutor.pool for doc_id in {asking.doc_id for asking in q.asked})
    for question in tutor.bank:
        for language in ("zh", "en"):
            page = tutor.bank.handbook(question, language)
            if page:
                found[page] += 1
    return found


def _changed(path: Path | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None
    except OSError:
        return None


@lru_cache(maxsize=256)
def _fault(root: Path, path: Path, changed: int) -> CorpusError | None:
    """Why a file is not in the index; None where nothing speaks against it. ``changed`` makes a changed file be read anew."""
    try:
        load_document(root, path)
    except CorpusError as error:
        return error
    return None


def reason(error: CorpusError, language: Language) -> str:
    """A refusal in the language of the page, for HTML."""
    return plain(fault(error, language))


def documents_html(rows: Sequence[Row], language: Language, told: str = "") -> str:
    """The list of documents, one's own first; ``told`` is the outcome of what was just done."""
    indexed = [row for row in rows if row.state != "state_waiting"]
    count = say(language, "documents_count", documents=len(indexed), passages=sum(row.passages for row in rows))
    update = (
        f'<button type="button" class="quiet" data-update="true" title="{say(language, "documents_update_help")}">{say(language, "documents_update")}</button>'
    )
    head = f'<div class="list-head"><p class="lead">{count}</p>{update}</div>'
    note = f'<p class="told" role="status">{plain(told)}</p>' if told else ""
    if not rows:
        return f'<div class="list">{head}{note}<p class="empty">{say(language, "documents_none")}</p></div>'
    titles = "".join(f'<th scope="col" class="{"num" if c in _COUNTED else c}">{say(language, f"column_{c}")}</th>' for c in COLUMNS)
    mine = [row for row in rows if is_mine(row.doc_id)]
    rest = [row for row in rows if not is_mine(row.doc_id)]
    groups = [("group_mine", mine), ("group_rest", rest)] if mine else [("", rest)]
    body = "".join(_group(name, group, language) for name, group in groups)
    return f'<div class="list">{head}{note}<table><thead><tr>{titles}</tr></thead>{body}</table></div>'


def _group(name: str, rows: Sequence[Row], language: Language) -> str:
    head = f'<tr class="group"><th scope="colgroup" colspan="{len(COLUMNS)}">{say(language, name)}</th></tr>' if name else ""
    return f"<tbody>{head}{''.join(_row(row, language) for row in rows[:LISTED])}</tbody>"


def _row(row: Row, language: Language) -> str:
    doc_id, title = plain(row.doc_id), plain(row.title)
    opened = f'<a class="open" href="#document" data-doc="{doc_id}">{title}</a>' if row.state != "state_waiting" else title
    shows = plain(say(language, "passages_show", title=row.title))
    unit = f'data-unit="{say(language, "unit_passages")}"'
    count = f'<button type="button" class="count" data-passages="{doc_id}" {unit} aria-label="{shows}">{row.passages}</button>' if row.passages else "0"
    date = f'<time datetime="{row.changed.isoformat(timespec="seconds")}">{row.changed:%Y-%m-%d}</time>' if row.changed else ""
    state = reason(row.fault, language) if row.fault else say(language, row.state)
    bad = "" if row.state == "state_indexed" else " bad"
    form = FORMATS.get(Path(row.doc_id).suffix.lower(), "")
    delete = (
        f'<button type="button" class="quiet" data-delete="{doc_id}" data-sure="{say(language, "document_sure")}" '
        f'aria-label="{plain(say(language, "document_delete_name", title=row.title))}">{say(language, "document_delete")}</button>'
        if is_mine(row.doc_id)
        else ""
    )
    return (
        f'<tr><th scope="row">{opened}<span class="file">{doc_id}</span></th><td class="kind">{form}</td><td class="num">{count}</td>'
        f'<td class="num">{row.questions or ""}</td><td class="date">{date}</td><td class="status{bad}"><span class="state">{state}</span>{delete}</td></tr>'
    )


def passages_html(tutor: Tutor, doc_id: str, shown: int, language: Language) -> str:
    """The first ``shown`` passages of a document, in reading order."""
    document = tutor.source(doc_id)
    if document is None:
        return gone_html(language)
    passages = [p for p in tutor.index.passages if p.doc_id == doc_id]
    shown = max(PAGE, min(shown, len(passages)))
    cards = "".join(_card(p, document, language) for p in passages[:shown])
    left = len(passages) - shown
    more = (
        f'<button type="button" class="secondary" data-passages="{plain(doc_id)}" data-shown="{shown + PAGE}">'
        f"{say(language, 'passages_more', count=min(PAGE, left))}</button>"
        if left > 0
        else ""
    )
    empty = "" if passages else f'<p class="lead">{say(language, "passages_none")}</p>'
    head = (
        f'<header class="pane-head"><button type="button" class="quiet back" data-back="true">{say(language, "back_results")}</button>'
        f'<h2 tabindex="-1">{plain(document.title)}</h2><p>{say(language, "passages_title", count=len(passages))}</p></header>'
    )
    return f'<div class="pane pane-document pane-passages">{head}{empty}{cards}{more}</div>'


def _card(passage: Passage, document: Document, language: Language) -> str:
    path = " › ".join(inline(p) for p in passage.heading_path if p != document.title)
    said = f'<p class="path">{path}</p>' if path else ""
    body = f'<div class="source-text" lang="{document.language}">{span(document.source, passage.start, passage.end)}</div>'
    opened = f'<a class="open" href="#span-{passage.start}-{passage.end}" data-doc="{plain(document.id)}">{say(language, "open_document")}</a>'
    return f'<section class="card"><header><p class="sort">{say(language, f"sort_{passage.kind}")}</p>{said}</header>{body}{opened}</section>'


def finder_html(documents: Mapping[str, str], chosen: str, query: str, language: Language, limit: int) -> str:
    """The form of the retrieval test; ``documents`` are titles by id."""
    options = f'<option value="">{say(language, "search_all")}</option>' + "".join(
        f'<option value="{plain(doc_id)}"{" selected" if doc_id == chosen else ""}>{plain(title)} ({plain(doc_id)})</option>'
        for doc_id, title in documents.items()
    )
    return (
        f'<form class="finder"><h2>{say(language, "search_title")}</h2><p class="lead">{say(language, "search_lead")}</p>'
        f'<label class="sr-only" for="finder">{say(language, "search_label")}</label><div class="finder-row">'
        f'<input id="finder" type="search" maxlength="{limit}" value="{plain(query)}" placeholder="{say(language, "search_hint")}" autocomplete="off">'
        f'<button type="submit" class="primary">{say(language, "search_send")}</button></div>'
        f'<div class="finder-in"><label for="finder-in">{say(language, "search_in")}</label><select id="finder-in">{options}</select></div></form>'
    )
