"""Records as the rows of the JSON contract: the command line and the page's endpoints say the same."""

from __future__ import annotations

from typing import Any

from rag.records import Answer, Document, Grade, Hit


def hit_row(hit: Hit) -> dict[str, Any]:
    """A hit as the JSON contract has it."""
    p = hit.passage
    return {"doc": p.doc_id, "start": p.start, "end": p.end, "text": p.text, "score": round(hit.score, 4), "heading_path": list(p.heading_path)}


def answer_row(answer: Answer) -> dict[str, Any]:
    """An answer as the JSON contract has it."""
    return {
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 4),
        "answer": answer.text,
        "standalone_question": answer.standalone_question,
        "sentences": [
            {"text": s.text, "citations": [{"doc": c.doc_id, "start": c.start, "end": c.end, "quote": c.quote} for c in s.citations]} for s in answer.sentences
        ],
    }


def grade_row(grade: Grade) -> dict[str, Any]:
    """A grade as the JSON contract has it."""
    return {
        "score": grade.score,
        "points": [{"id": p.point_id, "verdict": p.verdict, "evidence": p.evidence} for p in grade.points],
        "wrong": [{"said": w.said, "against": w.against, "kind": w.kind} for w in grade.wrong],
        "flags": list(grade.flags),
        "feedback": grade.feedback,
        **({"notices": list(grade.notices)} if grade.notices else {}),
    }


def document_row(document: Document, passages: int) -> dict[str, Any]:
    """A document of the corpus with the number of its passages and the length of its source in code points."""
    return {"doc": document.id, "title": document.title, "language": document.language, "passages": passages, "characters": len(document.source)}
