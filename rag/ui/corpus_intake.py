"""Bringing files into the corpus from the page: one job a file, worked off in a thread of its own while the page tells how far it is."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from threading import Event, Thread

from gradio.utils import get_upload_folder

from rag.corpus.intake import MAX_ENTRIES, ZIP, add_text, bring_in
from rag.corpus.loader import MAX_BYTES, supported_suffixes
from rag.errors import CorpusError, MianjingError
from rag.records import Language
from rag.tutor import Tutor
from rag.ui.corpus_list import reason
from rag.ui.strings import say
from rag.ui.typeset import plain

MOST = 50
LIMIT_MB = MAX_BYTES // 2**20
TOLD = 5
PAUSE = 0.25


@dataclass(slots=True)
class Job:
    """One file on its way into the corpus; ``stage`` is waiting, reading, embedding, saving, done or failed.

    A file lies at ``path``; a pasted text is in ``text``. ``passed_over`` names the files of a zip that are of no format read here.
    Written by the thread that works, read by the one that tells.
    """

    name: str
    path: Path | None = None
    text: str = ""
    stage: str = "waiting"
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    passages: int = 0
    doc_ids: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    faults: list[MianjingError] = field(default_factory=list)

    def hear(self, done: int, total: int) -> None:
        """How many of its files are read."""
        self.done, self.total = done, total


def uploaded(path: str) -> Path | None:
    """The file a browser says it has uploaded, if it lies where uploads do."""
    try:
        found = Path(path).resolve()
        return found if found.is_file() and found.is_relative_to(Path(get_upload_folder()).resolve()) else None
    except (OSError, ValueError):
        return None


def unknown_in_zip(path: Path, name: str) -> tuple[str, ...]:
    """The files of a zip that are of no format read here, so that they are not dropped without a word; none of another file."""
    if Path(name).suffix.lower() != ZIP:
        return ()
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [PurePosixPath(i.filename) for i in archive.infolist()[:MAX_ENTRIES] if not i.is_dir()]
    except (OSError, zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError):
        return ()  # what is wrong with it is told by the reading
    suffixes = supported_suffixes()
    return tuple(p.name for p in inside if p.suffix.lower() not in suffixes and not any(part.startswith((".", "__")) for part in p.parts))


class Intake:
    """The work on some files: read each, then index all of them in one build."""

    def __init__(self, tutor: Tutor, jobs: Sequence[Job]) -> None:
        self._tutor = tutor
        self._over = Event()
        self.jobs = list(jobs)

    def run(self) -> Iterator[None]:
        """Begin, and come back each time there may be news, until all is done. The work goes on if nobody listens any more."""
        thread = Thread(target=self._work, name="intake", daemon=True)
        thread.start()
        while not self._over.wait(PAUSE):
            yield
        thread.join()
        yield

    def _work(self) -> None:
        try:
            for job in self.jobs:
                self._read(job)
            self._index([job for job in self.jobs if job.stage != "failed"])
        finally:
            for job in self.jobs:
                if job.stage not in {"done", "failed"}:
                    job.stage = "failed"
            self._over.set()

    def _read(self, job: Job) -> None:
        begun = time.monotonic()
        job.stage = "reading"
        try:
            if job.path is None:
                job.doc_ids = (add_text(job.name, job.text, self._tutor.settings.corpus),)
            else:
                job.passed_over = unknown_in_zip(job.path, job.name)
                brought = bring_in(job.path, self._tutor.settings.corpus, job.name, job.hear)
                job.doc_ids = brought.doc_ids
                job.faults.extend(brought.refused)
        except CorpusError as error:
            job.stage = "failed"
            job.faults.append(error)
        finally:
            job.seconds += time.monotonic() - begun
            if job.path is not None:
                shutil.rmtree(job.path.parent, ignore_errors=True)

    def _index(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        before = [job.seconds for job in jobs]
        begun = time.monotonic()

        def hear(stage: str, done: int, total: int) -> None:
            for job, spent in zip(jobs, before, strict=True):
                job.stage = {"embed": "embedding", "write": "saving"}.get(stage, "embedding")
                job.done, job.total = (done, total) if stage == "embed" else (0, 0)
                job.seconds = spent + time.monotonic() - begun

        hear("read", 0, 0)
        try:
            self._tutor.rebuild(progress=hear)
        except MianjingError as error:
            for job in jobs:
                job.stage = "failed"
                job.faults.append(error)
            return
        counts = {doc_id: 0 for job in jobs for doc_id in job.doc_ids}
        for passage in self._tutor.index.passages:
            if passage.doc_id in counts:
                counts[passage.doc_id] += 1
        for job, spent in zip(jobs, before, strict=True):
            job.passages = sum(counts[doc_id] for doc_id in job.doc_ids)
            job.seconds = spent + time.monotonic() - begun
            job.stage = "done"


def adding_html(language: Language) -> str:
    """Where files are dropped or chosen and text is pasted, and the switch between list and map."""
    words = " ".join(
        f'data-{key}="{plain(say(language, text, **values))}"'
        for key, text, values in (
            ("many", "add_many", {"limit": MOST}),
            ("large", "refused_too_large", {"name": "{name}", "size": "{size}", "limit": LIMIT_MB}),
            ("lost", "add_upload_failed", {"name": "{name}"}),
            ("reading", "intake_reading", {}),
        )
    )
    accept = ".md,.markdown,.txt,.text,.html,.htm,.xhtml,.pdf,.docx,.zip"
    drop = (
        f'<div class="drop" data-most="{MOST}" data-limit="{MAX_BYTES}" {words}><p>{say(language, "add_drop")} '
        f'<label class="choose">{say(language, "add_choose")}<input type="file" class="sr-only" multiple accept="{accept}"></label></p>'
        f'<p class="formats">{say(language, "add_formats", limit=LIMIT_MB)}</p><p class="trouble" role="alert"></p></div>'
    )
    paste = (
        f'<details class="paste"><summary>{say(language, "add_paste")}</summary><form>'
        f'<label>{say(language, "add_paste_title")}<input type="text" name="title" maxlength="80" autocomplete="off"></label>'
        f'<label>{say(language, "add_paste_text")}<textarea name="text" rows="8" required></textarea></label>'
        f'<button type="submit" class="primary">{say(language, "add_paste_send")}</button></form></details>'
    )
    switch = "".join(
        f'<button type="button" data-show="{show}" aria-pressed="{"true" if show == "list" else "false"}">{say(language, f"show_{show}")}</button>'
        for show in ("list", "map")
    )
    return (
        f'<div class="adding"><h2 class="display">{say(language, "documents")}</h2><section aria-label="{say(language, "add_title")}">{drop}{paste}</section>'
        f'<div class="shown" role="group" data-drawing="{say(language, "map_drawing")}" aria-label="{say(language, "show_label")}">{switch}</div></div>'
    )


def intake_html(jobs: Sequence[Job], language: Language) -> str:
    """What becomes of each file: stage, progress, seconds, and the reason where it failed."""
    if not jobs:
        return ""
    over = all(job.stage in {"done", "failed"} for job in jobs)
    rows = "".join(_job(job, language) for job in jobs)
    close = f'<button type="button" class="quiet" data-close="true">{say(language, "intake_clear")}</button>' if over else ""
    title = say(language, "intake_over" if over else "intake_title")
    return f'<section class="intake" aria-busy="{"false" if over else "true"}"><div class="list-head"><h3>{title}</h3>{close}</div><ul>{rows}</ul></section>'


def _job(job: Job, language: Language) -> str:
    known = job.total > 0 and job.stage in {"reading", "embedding"}
    if job.stage == "done":
        key = "intake_done_many" if len(job.doc_ids) > 1 else "intake_done"
        said = say(language, key, documents=len(job.doc_ids), passages=job.passages)
    elif known:
        key = "intake_reading_of" if job.stage == "reading" else "intake_embedding_of"
        said = say(language, key, done=job.done, total=job.total)
    else:
        said = say(language, f"intake_{job.stage}")
    width = f'style="width:{100 * job.done / job.total:.0f}%"' if known else 'class="unknown"' if job.stage in {"reading", "embedding", "saving"} else ""
    bar = f'<span class="bar" aria-hidden="true"><span {width}></span></span>' if job.stage not in {"done", "failed"} else ""
    seconds = f'<span class="seconds">{say(language, "intake_seconds", seconds=f"{job.seconds:.1f}")}</span>' if job.seconds else ""
    faults = [reason(e, language) if isinstance(e, CorpusError) else plain(str(e)) for e in job.faults[:TOLD]]
    if len(job.faults) > TOLD:
        faults.append(say(language, "refused_other", count=len(job.faults) - TOLD))
    if job.passed_over and job.stage in {"done", "failed"}:
        few = ("、" if language == "zh" else ", ").join(job.passed_over[:TOLD]) + (" …" if len(job.passed_over) > TOLD else "")
        key = "intake_passed_over_one" if len(job.passed_over) == 1 else "intake_passed_over"
        faults.append(plain(say(language, key, count=len(job.passed_over), names=few)))
    if job.stage == "failed" and not faults:
        faults = [say(language, "intake_unexpected")]
    why = "".join(f"<p>{fault}</p>" for fault in faults)
    name = plain(job.name or say(language, "add_paste"))
    return f'<li class="{job.stage}"><span class="job-name">{name}</span><span class="job-stage">{said}</span>{seconds}{bar}<div class="why">{why}</div></li>'
