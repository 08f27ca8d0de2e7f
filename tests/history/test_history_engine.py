"""Opening and migrating, several processes at once, and what survives when one is killed."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from player import QUESTIONS, play, saved
from practice_samples import START, at, grade
from sqlalchemy import text

from rag import interview
from rag.config import Settings
from rag.errors import UserInputError
from rag.history import Attempt, Feedback, History, Owner
from rag.history.engine import VERSION_TABLE, config

PLAYER = Path(__file__).with_name("player.py")
GOOD = grade(QUESTIONS[0], "hit", "hit", "missed")


def process(*arguments: str) -> subprocess.Popen[str]:
    """The player as a process of its own."""
    paths = [str(PLAYER.parent.parent), str(Path(__file__).resolve().parents[2])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.Popen([sys.executable, str(PLAYER), *arguments], stdout=subprocess.PIPE, text=True, env=environment)


def test_the_migrations_make_the_tables_the_code_declares(history: History) -> None:
    with history.engine.begin() as connection:
        command.check(config(connection))


def test_migrations_go_down_and_up_again(history: History) -> None:
    with history.engine.begin() as connection:
        command.downgrade(config(connection), "base")
        command.upgrade(config(connection), "head")
        command.check(config(connection))
    assert history.profiles() == ()


def test_feedback_of_before_finds_its_conversation_and_what_is_lost_goes(history: History) -> None:
    mine = Owner(browser="k" * 32)
    turns = [{"question": "甲", "said": "helpful"}, {"question": "乙", "said": "wrong_answer"}]
    history.save_conversation(mine, "c1", "题", turns, START)
    with history.engine.begin() as connection:
        command.downgrade(config(connection), "0001")
        for kind, question in (("helpful", "甲"), ("wrong_source", "乙"), ("wrong_answer", "乙"), ("helpful", "删掉的")):
            values = {"kind": kind, "question": question, "at": "2026-01-01 00:00:00.000000"}
            connection.execute(text("INSERT INTO feedback (kind, question, answer, at) VALUES (:kind, :question, '{}', :at)"), values)
        command.upgrade(config(connection), "head")
    assert sorted((f.kind, f.question) for f in history.feedback_of(mine)) == [("helpful", "甲"), ("wrong_answer", "乙")]
    assert len(history.feedback()) == 2
    with history.engine.begin() as connection:
        command.downgrade(config(connection), "0001")
        assert connection.execute(text("SELECT count(*) FROM feedback")).scalar_one() == 2
        command.upgrade(config(connection), "head")
    assert len(history.feedback_of(mine)) == 2


def test_opening_again_keeps_everything(url: str) -> None:
    for _ in range(2):
        with History.open(Settings(history_url=url)) as history:
            assert history.profile("Ada", START).created == START


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    with History.open(Settings(history_url=url)) as history, history.engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(UserInputError, match="was written by a newer version"):
        History.open(Settings(history_url=url))


def test_several_processes_open_and_write_at_once(url: str) -> None:
    players = [process("attempts", url, "Ada", "20") for _ in range(3)]
    assert [player.communicate(timeout=120)[0] for player in players] == [""] * 3
    assert [player.returncode for player in players] == [0] * 3
    with History.open(Settings(history_url=url)) as history:
        (profile,) = history.profiles()
        assert len(history.attempts(profile.id)) == 60
        assert history.memory(profile.id)["q0"].reviews == 60


def test_several_threads_share_one_history(history: History) -> None:
    profile = history.profile("Ada", START).id

    def write(n: int) -> int:
        history.record_attempt(profile, Attempt("q0", "vision", "reply", "x", GOOD, at(n)))
        return history.memory(profile)["q0"].reviews

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(write, range(40)))
    assert max(seen) == history.memory(profile)["q0"].reviews == 40


@pytest.mark.parametrize("lines", [1, 4])
def test_a_killed_interview_goes_on_where_it_was(url: str, lines: int, capsys: pytest.CaptureFixture[str]) -> None:
    player = process("play", url, "Ada")
    assert player.stdout is not None
    reached = [int(player.stdout.readline()) for _ in range(lines)][-1]
    player.kill()
    player.wait(timeout=60)
    player.stdout.close()
    with History.open(Settings(history_url=url)) as history:
        profile = history.profile("Ada", START).id
        state = interview.load(history.session(profile, "s1").state)
        assert state.step >= reached
        assert len(history.attempts(profile)) == sum(len(e.replies) for e in state.exchanges)
        resumed = play(history, profile, state)
        assert history.session(profile, "s1").status == "finished"
        assert [a.reply for a in history.attempts(profile, "q1")] == ["第 1 次", "第 0 次"]
    with History.open(Settings(history_url="sqlite://")) as history:
        profile = history.profile("Ada", START).id
        assert play(history, profile, interview.start(interview.InterviewPlan(number=3), QUESTIONS, "s1", START)) == resumed
    assert capsys.readouterr().out


def test_without_a_url_it_is_sqlite_in_the_data_folder(tmp_path: Path) -> None:
    folder = tmp_path / "50% 数据" / "deep"
    with History.open(Settings(data_dir=folder)) as history:
        history.profile("Ada", START)
        with history.engine.connect() as connection:
            pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("foreign_keys", "journal_mode", "busy_timeout")]
    assert pragmas == [1, "wal", 15000]
    assert (folder / "history.db").is_file()


def test_a_reader_is_not_kept_waiting_by_a_writer(tmp_path: Path) -> None:
    with History.open(Settings(data_dir=tmp_path)) as history, sqlite3.connect(tmp_path / "history.db", isolation_level=None) as other:
        profile = history.profile("Ada", START)
        other.execute("BEGIN IMMEDIATE")
        assert history.profiles() == (profile,)
        other.execute("ROLLBACK")
    other.close()


def test_deleted_words_leave_the_file(tmp_path: Path) -> None:
    mark = "wholly-private-words"
    with History.open(Settings(data_dir=tmp_path)) as history:
        profile = history.profile("Ada", START).id
        for n in range(50):
            history.record_attempt(profile, Attempt(f"q{n}", "vision", "reply", mark * 50, GOOD, START))
        history.save_conversation(Owner(profile), "c", mark, [{"text": mark}], START)
        history.save_feedback(Owner(profile), "c", 0, Feedback("helpful", mark, {"text": mark}, START))
        assert any(mark.encode() in file.read_bytes() for file in tmp_path.iterdir())
        history.delete_all(profile)
        assert not any(mark.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_words_of_deleted_conversations_and_their_feedback_leave_the_file(tmp_path: Path) -> None:
    mark, mine = "wholly-private-words", Owner(browser="k" * 32)
    with History.open(Settings(data_dir=tmp_path)) as history:
        history.save_conversation(mine, "c", mark, [{"text": mark * 50}] * 20, START)
        history.save_feedback(mine, "c", 3, Feedback("helpful", mark, {"text": mark}, START))
        assert any(mark.encode() in file.read_bytes() for file in tmp_path.iterdir())
        history.delete_conversations(mine)
        assert not any(mark.encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_a_locked_database_says_so_in_one_line(tmp_path: Path) -> None:
    with History.open(Settings(data_dir=tmp_path)) as history, sqlite3.connect(tmp_path / "history.db", isolation_level=None) as other:
        with history.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserInputError, match="database is locked"):
            history.profile("Ada", START)
        other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "no SQLAlchemy URL"),
        ("nosuch://host/db", "must name a dialect"),
        ("sqlite:////proc/nowhere/history.db", "cannot make the folder"),
        ("postgresql://me:secret@localhost:1/db", r"cannot open postgresql://me:\*\*\*@localhost:1/db: .*; check history_url"),
    ],
)
def test_a_url_that_does_not_work_is_explained_without_its_password(url: str, said: str) -> None:
    if url.startswith("postgresql"):
        pytest.importorskip("psycopg", reason="the PostgreSQL driver psycopg is not installed")
    with pytest.raises(UserInputError, match=said) as caught:
        History.open(Settings(history_url=url))
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "history.db").write_text("these are words, not a database, and there are enough of them " * 20)
    with pytest.raises(UserInputError, match="file is not a database"):
        History.open(Settings(data_dir=tmp_path))


def test_saved_is_what_the_history_takes() -> None:
    state = interview.start(interview.InterviewPlan(number=3), QUESTIONS, "s1", START)
    assert (saved(state).step, saved(state).status) == (0, "open")
