"""The command line: also the batch interface, JSON lines in and out. Exit codes: 0 done, 1 a fault of the input, 2 wrong usage."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from rag import __version__
from rag.config import Settings
from rag.errors import MianjingError, UserInputError
from rag.records import Answer, Grade
from rag.rows import answer_row, grade_row, hit_row

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Deep-learning interview preparation from your own notes, every sentence cited.", rich_markup_mode=None
)

CorpusOption = Annotated[Path | None, typer.Option("--corpus", help="Folder of documents.", metavar="DIR")]
IndexOption = Annotated[Path | None, typer.Option("--index", help="Folder of the built index.", metavar="DIR")]
JsonlOption = Annotated[Path | None, typer.Option("--jsonl", help="Questions, one JSON object a line; - for standard input.", metavar="FILE")]
MAX_LINE = 1_000_000


def _settings(corpus: Path | None, index: Path | None) -> Settings:
    """Settings with the folders given; a corpus of one's own gets an index of its own beside the default one."""
    settings = Settings.load(corpus=corpus, index=index)
    if corpus is not None and index is None:
        name = hashlib.sha256(str(corpus.resolve()).encode()).hexdigest()[:12]
        settings = settings.model_copy(update={"index": settings.index / "corpora" / name})
    return settings


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class _Bar:
    """A progress bar on standard error; plain lines where that is no terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._bar = RichProgress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=False
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()

    def __call__(self, stage: str, done: int, total: int) -> None:
        names = {"read": "reading", "embed": "embedding", "write": "writing", "ask": "asking", "grade": "grading"}
        if stage not in self._tasks:
            self._tasks[stage] = self._bar.add_task(names.get(stage, stage), total=total)
        self._bar.update(self._tasks[stage], completed=done, total=total)


def _tutor(settings: Settings) -> Any:
    from rag.tutor import Tutor

    with _Bar() as bar:
        return Tutor.open(settings, report=_tell, progress=bar)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON lines file. Lines end at LF only: U+2028 inside a string is no line end."""
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig") if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserInputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserInputError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        if len(line) > MAX_LINE:
            raise UserInputError(f"{path}:{number}: the line has {len(line)} characters, the limit is {MAX_LINE}")
        try:
            row = json.loads(line)
        except ValueError as error:
            raise UserInputError(f"{path}:{number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise UserInputError(f"{path}:{number}: expected an object, got {type(row).__name__}")
        yield row


def _text_field(row: Mapping[str, Any], name: str, path: Path) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise UserInputError(f"{path}: id {row.get('id')!r}: field {name!r} must be a string, got {value!r:.60}")
    return value


def _emit(row: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()


@app.command()
def index(
    corpus: CorpusOption = None,
    index: IndexOption = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Embed everything again.")] = False,
) -> None:
    """Build the index, or bring it up to date."""
    from rag.models import TransformerEncoder
    from rag.store import build_index

    settings = _settings(corpus, index)
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir, _tell)
    with _Bar() as bar:
        report = build_index(settings.corpus, settings.index, encoder, rebuild=rebuild, progress=bar)
    for skipped in report.skipped:
        _tell(f"left out: {skipped.reason}")
    print(f"{report.documents} documents, {report.passages} passages, {report.embedded} of {report.keys} texts embedded, {report.seconds:.1f} seconds")


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for.")] = None,
    jsonl: JsonlOption = None,
    top: Annotated[int | None, typer.Option("--top", min=1, max=200, help="How many passages.  [default: the setting search.top]")] = None,
    corpus: CorpusOption = None,
    index: IndexOption = None,
) -> None:
    """Find passages."""
    _one_of(query, jsonl)
    settings = _settings(corpus, index)
    top = top or settings.search.top
    tutor = _tutor(settings)
    if jsonl is not None:
        for row in _rows(jsonl):
            hits = tutor.search(_text_field(row, "query", jsonl), top)
            _emit({"id": row.get("id"), "hits": [hit_row(h) for h in hits]})
        return
    assert query is not None
    for n, hit in enumerate(tutor.search(query, top), 1):
        p = hit.passage
        parts = "  ".join(f"{k} {v:.2f}" for k, v in hit.parts.items())
        print(f"{n:2}. {hit.score:.3f}  {p.doc_id} [{p.start}:{p.end}]  {' > '.join(p.heading_path)}\n    {' '.join(p.text.split())[:160]}\n    {parts}")


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="An interview question.")] = None,
    jsonl: JsonlOption = None,
    corpus: CorpusOption = None,
    index: IndexOption = None,
) -> None:
    """Answer a question, every sentence cited."""
    _one_of(question, jsonl)
    tutor = _tutor(_settings(corpus, index))
    if jsonl is not None:
        for row in _rows(jsonl):
            history = row.get("history") or []
            if not isinstance(history, list):
                raise UserInputError(f"{jsonl}: id {row.get('id')!r}: field 'history' must be a list, got {type(history).__name__}")
            if strange := [turn for turn in history if not isinstance(turn, dict)]:
                raise UserInputError(f"{jsonl}: id {row.get('id')!r}: field 'history' must hold objects with role and content, got {strange[0]!r:.60}")
            _emit({"id": row.get("id"), **answer_row(tutor.ask(_text_field(row, "query", jsonl), history))})
        return
    assert question is not None
    _print_answer(tutor.ask(question))


@app.command()
def grade(
    jsonl: Annotated[Path | None, typer.Option("--jsonl", help="Replies, one JSON object a line; - for standard input.", metavar="FILE")] = None,
    question: Annotated[str | None, typer.Option("--question", help="The question.")] = None,
    answer: Annotated[str | None, typer.Option("--answer", help="The reply to grade.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", help="A good reply.")] = None,
    corpus: CorpusOption = None,
    index: IndexOption = None,
) -> None:
    """Grade replies against key points or a reference: {"id", "question", "answer", "key_points"?, "reference"?, "misconceptions"?} a line."""
    if jsonl is None and (question is None or answer is None or reference is None):
        raise typer.BadParameter("give --jsonl FILE, or --question, --answer and --reference")
    tutor = _tutor(_settings(corpus, index))
    if jsonl is not None:
        for row in _rows(jsonl):
            _emit({"id": row.get("id"), **grade_row(_grade_of(tutor, row, jsonl))})
        return
    print(json.dumps(grade_row(tutor.grade(question, (), answer, reference)), ensure_ascii=False, indent=1))


def _grade_of(tutor: Any, row: Mapping[str, Any], path: Path) -> Grade:
    """The grade a line asks for; its fields are checked first."""
    from rag.grade import key_points_of

    points, misconceptions, reference = row.get("key_points") or [], row.get("misconceptions") or [], row.get("reference")
    for name, value in (("key_points", points), ("misconceptions", misconceptions)):
        if not isinstance(value, list) or not all(isinstance(v, dict if name == "key_points" else str) for v in value):
            raise UserInputError(f"{path}: id {row.get('id')!r}: field {name!r} must be a list, got {value!r:.60}")
    if reference is not None and not isinstance(reference, str):
        raise UserInputError(f"{path}: id {row.get('id')!r}: field 'reference' must be a string, got {reference!r:.60}")
    question, answer = _text_field(row, "question", path), _text_field(row, "answer", path)
    try:
        grade: Grade = tutor.grade(question, key_points_of(points), answer, reference, misconceptions)
    except UserInputError as error:
        raise UserInputError(f"{path}: id {row.get('id')!r}: {error}") from None
    return grade


def _print_answer(answer: Answer) -> None:
    numbers: dict[tuple[str, int, int], int] = {}
    for sentence in answer.sentences:
        marks = "".join(f"[{numbers.setdefault((c.doc_id, c.start, c.end), len(numbers) + 1)}]" for c in sentence.citations)
        lead = "- " if sentence.kind in {"item", "row"} else ""
        print(f"{lead}{sentence.text} {marks}".rstrip())
    if answer.closest:
        print("\n" + ("可以这样问：" if answer.language == "zh" else "Try one of these:"))
        for closest in answer.closest:
            print(f"- {closest}")
    if numbers:
        print()
        for (doc, start, end), n in numbers.items():
            print(f"[{n}] {doc} [{start}:{end}]")


def _one_of(text: str | None, jsonl: Path | None) -> None:
    if (text is None) == (jsonl is None):
        raise typer.BadParameter("give either a text or --jsonl FILE")


@app.command()
def interview(
    number: Annotated[int, typer.Option("--number", "-n", min=1, max=50, help="How many questions.")] = 5,
    mode: Annotated[str, typer.Option("--mode", help="random, weak (low scores first), due (due today) or document.")] = "random",
    area: Annotated[list[str] | None, typer.Option("--area", help="Only this area; may be given several times.")] = None,
    difficulty: Annotated[list[int] | None, typer.Option("--difficulty", min=1, max=3, help="1 basic, 2 standard, 3 hard; several times.")] = None,
    document: Annotated[str | None, typer.Option("--document", help="The document to ask from, in mode document.")] = None,
    language: Annotated[str, typer.Option("--language", help="zh or en.")] = "zh",
    profile: Annotated[str, typer.Option("--profile", help="Who is interviewed; progress is kept by this name.")] = "me",
    seed: Annotated[int | None, typer.Option("--seed", help="Makes the choice of questions repeatable.")] = None,
    new: Annotated[bool, typer.Option("--new", help="Do not offer to go on with an unfinished interview.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the report: .md, .json, or .txt for Anki.", metavar="FILE")] = None,
    corpus: CorpusOption = None,
    index: IndexOption = None,
) -> None:
    """Hold a mock interview in the terminal; stop at any point and go on later."""
    import secrets

    from rag.interview import InterviewPlan
    from rag.play import play

    chosen = secrets.randbelow(2**31) if seed is None else seed
    plan = InterviewPlan(number, cast(Any, language), cast(Any, mode), tuple(area or ()), tuple(difficulty or ()), document, chosen)
    play(_tutor(_settings(corpus, index)), plan, profile, fresh=new, out=out)


@app.command()
def serve(
    corpus: CorpusOption = None,
    index: IndexOption = None,
    host: Annotated[str | None, typer.Option("--host")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535)] = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Serve read-only tools to MCP clients too, at /mcp.")] = False,
) -> None:
    """Open the page."""
    from rag.ui import serve as serve_page

    settings = _settings(corpus, index)
    ui = settings.ui.model_copy(update={k: v for k, v in {"host": host, "port": port}.items() if v is not None})
    serve_page(settings.model_copy(update={"ui": ui}), mcp=mcp)


@app.command()
def doctor(corpus: CorpusOption = None, index: IndexOption = None) -> None:
    """Say what is installed, which model and index are used, and what is wrong."""
    from rag.doctor import examine

    findings = examine(_settings(corpus, index))
    for finding in findings:
        print(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.detail}")
    if not all(f.ok for f in findings):
        raise typer.Exit(1)


eval_app = typer.Typer(no_args_is_help=True, help="Measure search, answers, refusals and grades on data with gold.", rich_markup_mode=None)
app.add_typer(eval_app, name="eval")
DataOption = Annotated[list[Path], typer.Option("--data", help="File or folder of the data; may be given several times.", metavar="PATH")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Where the figures go as JSON. [default: eval-WHAT.json]", metavar="FILE")]


@eval_app.command("retrieval")
def eval_retrieval(data: DataOption, out: OutOption = None, corpus: CorpusOption = None, index: IndexOption = None) -> None:
    """Rank the texts of BEIR-like folders: corpus.jsonl, queries.jsonl, qrels.tsv. They are their own corpus; their indexes are kept beside --index."""
    from rag.evaluate import measure_retrieval
    from rag.evaluate.data import beir_folders, read_beir
    from rag.models import TransformerEncoder

    settings = _settings(corpus, index)
    sets = [read_beir(folder) for path in data for folder in beir_folders(path)]
    encoder = TransformerEncoder(settings.encoder, settings.cache_dir, _tell)
    with _Bar() as bar:
        report = measure_retrieval(sets, encoder, candidates=settings.search.candidates, keep=settings.index / "eval", tell=bar)
    _show_figures(report, data, out)


@eval_app.command("answers")
def eval_answers(data: DataOption, out: OutOption = None, corpus: CorpusOption = None, index: IndexOption = None) -> None:
    """Hold answers against JSONL rows with query, doc, gold, also, answerable, and history for follow-ups."""
    from rag.evaluate import measure_answers

    _measure(measure_answers, data, out, _settings(corpus, index))


@eval_app.command("abstention")
def eval_abstention(data: DataOption, out: OutOption = None, corpus: CorpusOption = None, index: IndexOption = None) -> None:
    """Hold refusals against answerable and unanswerable JSONL rows; the latter have query and kind, and no gold."""
    from rag.evaluate import measure_abstention

    _measure(measure_abstention, data, out, _settings(corpus, index))


@eval_app.command("grading")
def eval_grading(data: DataOption, out: OutOption = None, corpus: CorpusOption = None, index: IndexOption = None) -> None:
    """Hold grades against people's: folders with items.jsonl (question, reference, answer, score), or with items.jsonl and answers.jsonl."""
    from rag.evaluate import measure_grading

    tutor = _tutor(_settings(corpus, index))
    with _Bar() as bar:
        report = measure_grading(tutor, data, lambda done, total: bar("grade", done, total))
    _show_figures(report, data, out)


def _measure(measure: Callable[..., dict[str, Any]], data: list[Path], out: Path | None, settings: Settings) -> None:
    from rag.evaluate.data import read_rows

    rows = read_rows(data)
    tutor = _tutor(settings)
    with _Bar() as bar:
        report = measure(tutor, rows, lambda done, total: bar("ask", done, total))
    _show_figures(report, data, out)


def _show_figures(report: dict[str, Any], data: list[Path], out: Path | None) -> None:
    from rag.evaluate import tables
    from rag.evaluate.tables import finite

    print(tables(report))
    path = out or Path(f"eval-{report['what']}.json")
    made = {"version": __version__, "data": [p.name for p in data], **report}
    try:
        path.write_text(json.dumps(finite(made), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserInputError(f"{path}: cannot be written ({error.strerror})") from error
    _tell(f"figures written to {path}")


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """The console script: errors made on purpose become one line and exit code 1."""
    try:
        app()
    except MianjingError as error:
        _tell(f"mianjing: {error}")
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        _tell("mianjing: stopped")
        sys.exit(130)


if __name__ == "__main__":
    main()
