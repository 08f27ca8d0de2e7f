"""A history on SQLite, and the same on a PostgreSQL server of its own where one can be started."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rag.config import Settings
from rag.history import History

_NUMBER = count()


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a throwaway server, without its last part, the database."""
    pytest.importorskip("psycopg", reason="the PostgreSQL driver psycopg is not installed")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed here")
    as_user: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="mj-pg-"))
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            shutil.chown(folder, "postgres")
        except LookupError:
            pytest.skip("PostgreSQL does not run as root and there is no user postgres")
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        subprocess.run([programs / program, *arguments], check=True, cwd=folder, stdout=subprocess.DEVNULL, timeout=120, **as_user)

    data = str(folder / "data")
    try:
        run("initdb", "-D", data, "-U", "mianjing", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8")
        run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", f"-c listen_addresses='' -c fsync=off -k {folder}", "start")
        try:
            yield f"postgresql://mianjing@/{{}}?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def new_postgres(postgres_url: str) -> str:
    """The URL of an empty database on that server."""
    import psycopg

    name = f"test{next(_NUMBER)}"
    with psycopg.connect(postgres_url.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return postgres_url.format(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    return str(request.getfixturevalue("new_postgres")) if request.param == "postgresql" else f"sqlite:///{tmp_path}/history.db"


@pytest.fixture
def history(url: str) -> Iterator[History]:
    """A history on that database."""
    with History.open(Settings(history_url=url)) as opened:
        yield opened
