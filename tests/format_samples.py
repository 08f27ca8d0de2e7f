"""Files of every format for the tests, made by the libraries that people's programs use."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from html import escape

QUESTION_ZH = "什么是知识蒸馏的温度？"
ANSWER_ZH = "温度把教师模型的输出分布变得更平滑，学生模型因此学到类别之间的相似关系。温度越高，分布越平。"
QUESTION_EN = "Why does learning rate warm-up help?"
ANSWER_EN = "Warm-up keeps the first steps small because the moment estimates of Adam are still unreliable at the start of training."


def pdf(title: str = "知识蒸馏笔记", parts: Sequence[tuple[str, str]] = ((QUESTION_ZH, ANSWER_ZH), (QUESTION_EN, ANSWER_EN)), password: str = "") -> bytes:
    """A PDF with a title, questions set larger, answers as paragraphs, page numbers at the foot."""
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    body = ParagraphStyle("body", fontName="STSong-Light", fontSize=11, leading=16, wordWrap="CJK")
    head = ParagraphStyle("head", parent=body, fontSize=15, leading=22, spaceBefore=14)
    top = ParagraphStyle("top", parent=body, fontSize=22, leading=30)
    out = io.BytesIO()
    story = [Paragraph(escape(title), top)]
    for question, answer in parts:
        latin = question.isascii()
        style = [ParagraphStyle("latin", parent=s, fontName="Helvetica", wordWrap="LTR") if latin else s for s in (head, body)]
        story += [Paragraph(escape(question), style[0]), Paragraph(escape(answer), style[1]), Spacer(1, 10)]
    encrypt = StandardEncryption(password, canPrint=0) if password else None

    def number(canvas: object, _: object) -> None:
        canvas.drawString(290, 30, str(canvas.getPageNumber()))

    SimpleDocTemplate(out, encrypt=encrypt).build(story, onFirstPage=number, onLaterPages=number)
    return out.getvalue()


def scan(pages: int = 2) -> bytes:
    """A PDF whose pages hold a picture and no text."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for _ in range(pages):
        canvas.rect(50, 50, 400, 600, fill=1)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def docx(title: str = "知识蒸馏笔记", parts: Sequence[tuple[str, str]] = ((QUESTION_ZH, ANSWER_ZH), (QUESTION_EN, ANSWER_EN))) -> bytes:
    """A Word document with headings, paragraphs, a list and a table."""
    from docx import Document

    document = Document()
    document.add_heading(title, 0)
    for question, answer in parts:
        document.add_heading(question, 2)
        document.add_paragraph(answer)
    document.add_heading("要点", 2)
    document.add_paragraph("软标签含有类别之间的关系", style="List Bullet")
    document.add_paragraph("损失是软标签与硬标签两项之和", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip(table._cells, ("方法", "温度", "蒸馏", "2 到 20"), strict=True):
        cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def html(title: str = "知识蒸馏笔记", question: str = QUESTION_ZH, answer: str = ANSWER_ZH, extra: str = "") -> str:
    """A page as blogs write it, with a menu, a script and a footer around the text."""
    return (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title><script>alert("x")</script><style>p{{}}</style></head><body>'
        f"<nav><a href='/'>首页菜单</a></nav><article><h1>{title}</h1><h2>{question}</h2><p>{answer}</p>{extra}</article>"
        "<footer>版权所有 页脚</footer></body></html>"
    )


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of files by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()
