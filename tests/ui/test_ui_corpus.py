"""The corpus tab in a real browser, over a corpus of its own that is added to and taken from."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import OPENING_SECONDS, PATIENCE_MS, Served, health, start
from driving import ask, in_view
from format_samples import docx, html, pdf, scan, zipped

pytestmark = pytest.mark.browser
SEED = next((Path(__file__).parents[2] / "corpus" / "seeds").glob("002_*"))
NOTE = "什么是投机解码？\n\n投机解码让小模型先草拟若干个词，再由大模型一次验证，被接受的词不用重算，所以更快。\n"
FILES: dict[str, tuple[bytes, str, str]] = {
    "moe.md": (
        "# 混合专家\n\n## 混合专家为什么要加负载均衡损失？\n\n不加负载均衡损失，路由会把大多数词都送给少数专家，其余专家学不到东西。\n".encode(),
        "混合专家为什么要加负载均衡损失？",
        "路由会把大多数词都送给少数专家",
    ),
    "spec.txt": (NOTE.encode("gb18030"), "什么是投机解码？", "再由大模型一次验证"),
    "flash.html": (
        html("注意力加速", "FlashAttention 为什么快？", "FlashAttention 把注意力分块计算，中间结果留在片上缓存里，不写回显存。").encode(),
        "FlashAttention 为什么快？",
        "中间结果留在片上缓存里",
    ),
    "蒸馏.pdf": (pdf(), "什么是知识蒸馏的温度？", "温度把教师模型的输出分布变得更平滑"),
    "rlhf.docx": (
        docx("对齐笔记", (("为什么 RLHF 要加 KL 惩罚？", "KL 惩罚让策略不要离参考模型太远，否则它会钻奖励模型的空子。"),)),
        "为什么 RLHF 要加 KL 惩罚？",
        "它会钻奖励模型的空子",
    ),
    "notes.zip": (
        zipped({"notes/kv.md": "# KV\n\n## KV 缓存为什么占显存？\n\n每一层都要保存全部历史词的键和值，长度越长占得越多。\n".encode(), "notes/bad.md": b"\0"}),
        "KV 缓存为什么占显存？",
        "保存全部历史词的键和值",
    ),
}
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def shelf(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Path]]:
    """A server over a copy of one seed, and the corpus folder."""
    folder = tmp_path_factory.mktemp("shelf")
    corpus = folder / "corpus"
    corpus.mkdir()
    shutil.copy(SEED, corpus)
    server = start(folder, corpus)
    try:
        begun = time.monotonic()
        while not health(server.url)["ready"]:
            assert server.process.poll() is None, server.log.read_text(encoding="utf-8")[-2000:]
            assert time.monotonic() - begun < OPENING_SECONDS
            time.sleep(0.5)
        yield server, corpus
    finally:
        server.process.terminate()
        server.process.wait(30)


@pytest.fixture
def opened(browser: Any, shelf: tuple[Served, Path]) -> Iterator[Opened]:
    """Opens the corpus tab in a new browser; fails when a script of the page failed or it called another host."""
    faults: list[str] = []
    contexts: list[Any] = []

    def open_tab(**options: Any) -> Any:
        context = browser.new_context(**{"locale": "zh-CN", "viewport": {"width": 1360, "height": 850}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((shelf[0].url, "data:", "blob:")) else faults.append(request.url))
        page.goto(shelf[0].url)
        page.wait_for_selector("#chat .welcome")
        page.locator("#tab-corpus-button").click()
        page.locator("#documents tbody tr").first.wait_for()
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert not faults


def give(page: Any, tmp_path: Path, files: dict[str, bytes]) -> Any:
    """Choose files and wait until all are done; gives the rows that tell of them."""
    paths = []
    for name, data in files.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    page.set_input_files("#adding input[type=file]", [str(path) for path in paths])
    page.wait_for_function(
        "n => document.querySelectorAll('#intake li').length === n && document.querySelector('#intake .intake').getAttribute('aria-busy') === 'false'",
        arg=len(files),
    )
    return page.locator("#intake li")


def row(page: Any, doc_id: str) -> Any:
    return page.locator("#documents tbody tr").filter(has=page.locator(f'.file:text-is("{doc_id}")'))


def test_every_format_is_taken_in_and_answers(opened: Opened, shelf: tuple[Served, Path], tmp_path: Path) -> None:
    page = opened()
    rows = give(page, tmp_path, {name: data for name, (data, _, _) in FILES.items()})
    assert [text.split("\n")[0] for text in rows.all_inner_texts()] == list(FILES)
    assert page.locator("#intake li.done").count() == len(FILES)
    assert all("秒" in text for text in rows.all_inner_texts())
    assert "bad.md：不是文本文件" in rows.last.inner_text()
    row(page, "mine/notes/kv.md").wait_for()
    assert page.locator("#documents tbody tr[class=group]").all_inner_texts() == ["我添加的", "资料文件夹里的"]
    assert row(page, "mine/蒸馏.pdf").locator(".kind").inner_text() == "PDF"
    assert row(page, "mine/蒸馏.pdf").locator(".state").inner_text() == "已收录"
    page.locator("#tab-ask-button").click()
    for _, question, expected in FILES.values():
        answer = ask(page, question)
        assert expected in answer.locator(".answer").inner_text(), question
        page.locator("#pane .card").first.wait_for()
    assert not list((shelf[1] / "mine").rglob(".*"))


def test_what_cannot_be_read_is_said_in_both_languages(opened: Opened, shelf: tuple[Served, Path], tmp_path: Path) -> None:
    page = opened()
    files = {"scan.pdf": scan(), "locked.pdf": pdf(password="x"), "prog.exe": b"MZ", "cut.docx": b"PK\x03\x04", "empty.md": b" "}
    rows = give(page, tmp_path, files)
    assert page.locator("#intake li.failed").count() == len(files)
    for text, said in zip(rows.all_inner_texts(), ("都是图片", "有密码", "不认识 .exe", "损坏", "没有文字"), strict=True):
        assert said in text
    page = opened(locale="en-US")
    assert "protected by a password; save a copy" in give(page, tmp_path, {"locked.pdf": pdf(password="x")}).first.inner_text()
    assert not any((shelf[1] / "mine").glob("*locked*"))
    page.locator("[data-close]").click()
    page.locator("#intake .intake").wait_for(state="detached")


def test_a_file_too_large_is_not_even_sent(opened: Opened, tmp_path: Path) -> None:
    page = opened()
    big = tmp_path / "big.txt"
    with big.open("wb") as out:
        out.truncate(20 * 2**20 + 1)
    page.set_input_files("#adding input[type=file]", str(big))
    page.wait_for_function("document.querySelector('#adding .trouble').innerText.includes('big.txt')")
    assert "上限是 20 MB" in page.locator("#adding .trouble").inner_text()
    assert page.locator("#intake .intake").count() == 0


def test_paste_then_delete(opened: Opened, shelf: tuple[Served, Path]) -> None:
    page = opened()
    page.locator(".paste summary").click()
    page.locator(".paste input").fill("检索增强")
    page.locator(".paste textarea").fill("检索增强生成为什么能减少幻觉？\n\n检索增强生成先找到相关资料，再让模型依据资料回答，所以编造的内容少。")
    page.locator(".paste button").click()
    own = row(page, "mine/检索增强.md")
    own.wait_for()
    assert (shelf[1] / "mine" / "检索增强.md").exists()
    page.fill("#finder", "检索增强生成为什么能减少幻觉")
    page.select_option("#finder-in", "mine/检索增强.md")
    page.locator("#finder").press("Enter")
    page.locator("#found .card").first.wait_for()
    assert set(page.locator("#found .card .file").all_inner_texts()) == {"mine/检索增强.md"}
    delete = own.locator("[data-delete]")
    delete.click()
    assert delete.inner_text() == "确认删除"
    assert (shelf[1] / "mine" / "检索增强.md").exists()
    delete.click()
    own.wait_for(state="detached")
    assert page.locator("#documents .told").inner_text() == "删除了 检索增强。"
    assert not (shelf[1] / "mine" / "检索增强.md").exists()
    assert row(page, SEED.name).locator("[data-delete]").count() == 0


def test_a_shipped_document_cannot_be_deleted_by_a_made_up_event(opened: Opened, shelf: tuple[Served, Path], tmp_path: Path) -> None:
    page = opened()
    give(page, tmp_path, {"spec.txt": NOTE.encode()})
    own = row(page, "mine/spec.txt").locator("[data-delete]")
    # In one go: the list may be drawn anew at any moment.
    own.evaluate("(button, id) => { button.dataset.delete = id; button.click(); button.click(); }", SEED.name)
    page.locator("#documents .told").wait_for()
    assert "只能在这里删除自己添加的文档" in page.locator("#documents .told").inner_text()
    assert (shelf[1] / SEED.name).exists()


def test_passages_of_a_document(opened: Opened) -> None:
    page = opened()
    count = row(page, SEED.name).locator(".count")
    number = int(count.inner_text())
    count.click()
    page.locator("#found .pane-passages .card").first.wait_for()
    assert f"{number} 段" in page.locator("#found .pane-head").inner_text()
    assert page.locator("#found .card").count() == min(number, 30)
    page.locator("#found .card a.open").nth(1).click()
    page.locator("#found mark.here").first.wait_for()
    page.wait_for_timeout(300)
    assert in_view(page, "#found mark.here")


def test_the_map_shows_every_passage_and_opens_one(opened: Opened) -> None:
    page = opened()
    total = sum(int(t) for t in page.locator("#documents .count").all_inner_texts())
    page.locator("[data-show=map]").click()
    page.locator("#map svg").wait_for()
    assert page.locator("#map svg .dot").count() == total
    assert page.locator("#map .far-list a").count() == min(30, page.locator("#map svg .dot.far").count()) > 0
    dot = page.locator("#map svg .dot.own").last
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert page.locator("#map .pointed").inner_text() != page.locator("#map .pointed").get_attribute("data-empty")
    page.mouse.down()
    page.mouse.up()
    page.locator("#found mark.here").first.wait_for()
    page.locator("#map [data-colour]").first.click()
    assert 0 < page.locator("#map .dot:not(.dim)").count() < total
    page.locator("[data-language=en]").click()
    page.wait_for_function("document.querySelector('#map .display')?.innerText === 'Map of the passages'")


def test_phone_width_and_dark(opened: Opened) -> None:
    page = opened(viewport={"width": 360, "height": 740}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("[data-show=map]").click()
    page.locator("#map svg").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_others_are_answered_while_a_document_is_taken_in(opened: Opened, tmp_path: Path) -> None:
    one, two = opened(), opened()
    two.locator("#tab-ask-button").click()
    body = "".join(f"## 第 {n} 个独有的小节讲什么？\n\n第 {n} 节说明了第 {n} 种做法，它和第 {n + 1} 种做法在步长上不同。\n\n" for n in range(40))
    path = tmp_path / "long.md"
    path.write_text(f"# 长笔记\n\n{body}", encoding="utf-8")
    one.set_input_files("#adding input[type=file]", str(path))
    one.locator("#intake .intake[aria-busy=true]").wait_for()
    assert ask(two, "LSTM 的遗忘门有什么用？").locator(".answer").inner_text()
    one.wait_for_selector("#intake .intake[aria-busy=false]")
    assert one.locator("#intake li.done").count() == 1


def test_a_change_of_the_folder_is_taken_in(opened: Opened, shelf: tuple[Served, Path]) -> None:
    (shelf[1] / "more.md").write_text("# 预热\n\n## 学习率为什么要预热？\n\n训练刚开始时矩的估计还不可靠，步子要小。\n", encoding="utf-8")
    (shelf[1] / "bad.pdf").write_bytes(b"%PDF-1.4 cut")
    page = opened()
    assert row(page, "more.md").locator(".state").inner_text() == "还没收录，请更新"
    assert "损坏" in row(page, "bad.pdf").locator(".state").inner_text()
    page.locator("[data-update]").click()
    page.locator("#documents .told").wait_for()
    page.wait_for_function("[...document.querySelectorAll('#documents tr')].some(r => r.innerText.includes('more.md') && r.innerText.includes('已收录'))")
    (shelf[1] / "bad.pdf").unlink()
