"""The end of an interview: the report, and its exports as Markdown, JSON and notes for Anki."""

from rag.report.anki import to_anki
from rag.report.build import READ_NEXT, make_report, report_from_json, report_to_json
from rag.report.markdown import to_markdown
from rag.report.words import AREAS, area_name

__all__ = ["AREAS", "READ_NEXT", "area_name", "make_report", "report_from_json", "report_to_json", "to_anki", "to_markdown"]
