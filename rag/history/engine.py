"""Opening the database: SQLite by default, any SQLAlchemy URL; brought to the newest version first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from rag.errors import MissingPackage, UserInputError

VERSION_TABLE = "mianjing_version"
WRITE = {"mianjing_write": True}
_BUSY_MS = 15_000
_PG_LOCK = 7_233_019  # an arbitrary number: whoever migrates holds it


def open_engine(url: str | None, data_dir: Path) -> Engine:
    """An engine on a database of the newest version; ``data_dir/history.db`` without a URL.

    Raises:
        UserInputError: the URL does not parse, the database cannot be reached, is no database, or was written by a newer version.
        MissingPackage: the driver of the URL is not installed.
    """
    address = _address(url, data_dir)
    engine = _engine(address)
    try:
        migrate(engine)
    except DBAPIError as error:
        engine.dispose()
        raise UserInputError(f"history: cannot open {where(engine)}: {reason(error)}; check history_url") from error
    except CommandError as error:
        engine.dispose()
        raise UserInputError(f"history: {where(engine)} was written by a newer version ({error}); upgrade mianjing", "newer_version") from error
    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version; one process at a time, nothing or all of it."""
    scripts = ScriptDirectory.from_config(config())
    with engine.connect() as connection:
        if _version(connection) == scripts.get_current_head():
            return
    with engine.execution_options(**WRITE).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_PG_LOCK})")
        command.upgrade(config(connection), "head")


def config(connection: Connection | None = None) -> Config:
    """The alembic configuration, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def where(engine: Engine) -> str:
    """The database as a person may read it, without its password."""
    return engine.url.render_as_string(hide_password=True)


def reason(error: DBAPIError) -> str:
    """The first line of what the driver says."""
    return str(error.orig).strip().partition("\n")[0]


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def _address(url: str | None, data_dir: Path) -> URL:
    if url is None:
        address = URL.create("sqlite", database=str(data_dir / "history.db"))
    else:
        try:
            address = make_url(url)
        except ArgumentError:
            raise UserInputError("history: history_url is no SQLAlchemy URL; for example postgresql://user:password@host/database") from None
    if address.get_backend_name() == "sqlite" and not _in_memory(address):
        folder = Path(str(address.database)).expanduser().parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserInputError(f"history: cannot make the folder {folder}: {error.strerror}") from error
    return address


def _in_memory(address: URL) -> bool:
    return address.database in {None, "", ":memory:"}


def _engine(address: URL) -> Engine:
    options: dict[str, Any] = {"pool_pre_ping": True}
    if address.get_backend_name() == "sqlite":
        options = {"connect_args": {"check_same_thread": False, "timeout": _BUSY_MS / 1000}, "poolclass": QueuePool}
        if _in_memory(address):  # each connection would be a database of its own
            options |= {"pool_size": 1, "max_overflow": 0}
    try:
        engine = create_engine(address, **options)
    except NoSuchModuleError as error:
        raise UserInputError(f"history: {error}; the history_url must name a dialect SQLAlchemy knows, such as sqlite or postgresql") from error
    except ModuleNotFoundError as error:
        raise MissingPackage(f"history: the driver {error.name} is not installed; for PostgreSQL run: pip install 'mianjing[postgres]'") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own transactions would leave reads outside and DDL uncommitted
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {_BUSY_MS}", "foreign_keys = ON", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    if cursor.execute("PRAGMA journal_mode").fetchone()[0] not in {"wal", "memory"}:
        cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A reading transaction that turns to writing fails at once when another wrote meanwhile; a writer must say so at the start.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if "mianjing_write" in connection.get_execution_options() else "BEGIN")
