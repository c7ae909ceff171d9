"""The database of a backup: one consistent snapshot out, all or nothing in."""

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import IO, Any

import psycopg
from psycopg import IsolationLevel, sql

from config.backup.archive import BackupError
from config.backup.tools import Tools, connect, find_tools, server_version

LOCK_WAIT = "30s"
LEAVING_SECONDS = 5.0
"""How long a connection that was just closed may take to be gone from the server's list."""
FIRST_WITH_TIMEOUT = 17
"""From this version on a dump begins with a setting (`transaction_timeout`) that is new in it."""
# Made by the bootstrap, with rights that the owner of the tables does not have.
NOT_OURS = (" EXTENSION ", " COMMENT ", " SCHEMA ", " DEFAULT ACL ", " ACL - SCHEMA ")
_TABLES = """
SELECT c.relname FROM pg_class AS c
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
  AND pid <> pg_backend_pid()
"""

Advance = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One moment of the database, held open while it is read.

    Attributes:
        name: by which `pg_dump` sees the same moment.
        postgres: major version of the server.
        tables: rows by table.
        migrations: applied ones, as ``app.name``.
    """

    name: str
    postgres: int
    tables: dict[str, int]
    migrations: list[str]


@contextmanager
def open_snapshot(advance: Advance) -> Iterator[Snapshot]:
    """Hold one moment of the database; writers go on meanwhile.

    Raises:
        BackupError: the database does not answer, or has no tables.
    """
    try:
        with connect() as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            row = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
            tables = list_tables(connection)
            if "django_migrations" not in tables:
                raise BackupError("the database has no tables yet; there is nothing to keep")
            yield Snapshot(
                name=row[0],
                postgres=server_version(connection),
                tables=count_rows(connection, advance),
                migrations=_list_migrations(connection),
            )
    except psycopg.Error as exc:
        raise BackupError(f"the database cannot be read: {exc}") from exc


@contextmanager
def dump(snapshot: Snapshot, advance: Advance) -> Iterator[IO[bytes]]:
    """Run `pg_dump` on a snapshot and hand out what it writes.

    Raises:
        BackupError: it failed; the text holds its last words.
    """
    tools = find_tools(snapshot.postgres)
    command = tools.command(
        "pg_dump",
        f"--dbname={tools.conninfo}",
        f"--snapshot={snapshot.name}",
        "--format=custom",
        "--compress=3",
        "--verbose",
    )
    with subprocess.Popen(
        command, env=tools.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None  # noqa: S101 a pipe was asked for
        words: list[str] = []
        total = len(snapshot.tables)
        listener = Thread(target=_listen, args=(process.stderr, words, advance, total))
        listener.start()
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        finally:
            listener.join()
    if process.returncode != 0:
        raise BackupError("pg_dump failed: " + "\n".join(words[-3:]))


def list_tables(connection: "psycopg.Connection[Any]") -> list[str]:
    """Return the tables of the product; partitions count to their parents."""
    return [name for (name,) in connection.execute(_TABLES)]


def count_rows(connection: "psycopg.Connection[Any]", advance: Advance) -> dict[str, int]:
    """Return the rows of each table, over all tenants."""
    counts = {}
    tables = list_tables(connection)
    for done, table in enumerate(tables, start=1):
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        counts[table] = int((connection.execute(statement).fetchone() or (0,))[0])
        advance(done, len(tables), table)
    return counts


def has_people(connection: "psycopg.Connection[Any]") -> bool:
    """Whether somebody works with this database already: a tenant or a person is in it."""
    tables = list_tables(connection)
    return any(
        connection.execute(
            sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))
        ).fetchone()
        for table in ("tenants_tenant", "tenants_user")
        if table in tables
    )


def count_others(connection: "psycopg.Connection[Any]") -> int:
    """Return how many other connections stay; those that are leaving get a moment to do so.

    The server goes on listing a connection for a while after its program has ended.
    """
    deadline = time.monotonic() + LEAVING_SECONDS
    while others := _count_others_now(connection):
        if time.monotonic() >= deadline:
            break
        time.sleep(0.05)
    return others


def _count_others_now(connection: "psycopg.Connection[Any]") -> int:
    connection.execute("SELECT pg_stat_clear_snapshot()")
    row: tuple[int] = connection.execute(_OTHERS).fetchone() or (0,)
    return row[0]


def load(chunks: Callable[[], Iterable[bytes]], total: int, advance: Advance) -> None:
    """Put a dump in the place of whatever the database holds, in one transaction.

    Args:
        chunks: gives the dump anew at each call.
        total: bytes of the dump.
        advance: told how much is done.

    Raises:
        BackupError: it failed; the database is as it was before.
    """
    with connect() as connection:
        tables = list_tables(connection)
        server = server_version(connection)
    tools = find_tools(server)
    if tools.major >= FIRST_WITH_TIMEOUT > server:
        raise BackupError(
            f"pg_restore {tools.major} writes what PostgreSQL {server} does not know; install "
            f"its own programs (Debian: apt install postgresql-client-{server})"
        )
    with tempfile.NamedTemporaryFile("w", suffix=".list") as wanted:
        wanted.write(_contents(tools, chunks()))
        wanted.flush()
        _replay(tools, wanted.name, tables, _counted(chunks(), total, advance))


def _contents(tools: Tools, chunks: Iterable[bytes]) -> str:
    """Return the table of contents of a dump, less what the bootstrap makes."""
    command = tools.command("pg_restore", "--list")
    with subprocess.Popen(
        command,
        env=tools.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None  # noqa: S101 a pipe was asked for
        assert process.stdout is not None  # noqa: S101 likewise
        feeder = Thread(target=_feed, args=(process.stdin, chunks))
        feeder.start()
        text = process.stdout.read().decode()
        feeder.join()
    if process.returncode != 0:
        raise BackupError("pg_restore cannot read the dump in this backup")
    lines = text.splitlines()
    return "\n".join(line for line in lines if not any(word in line for word in NOT_OURS))


def _replay(tools: Tools, wanted: str, tables: list[str], chunks: Iterable[bytes]) -> None:
    """Let `pg_restore` tell `psql` what to do: drop, make, fill, and commit at the very end."""
    with tempfile.TemporaryFile() as complaints, contextlib.ExitStack() as stack:
        psql = stack.enter_context(
            subprocess.Popen(
                tools.command(
                    "psql",
                    f"--dbname={tools.conninfo}",
                    "--no-psqlrc",
                    "--quiet",
                    "--set=ON_ERROR_STOP=1",
                    "--single-transaction",
                    "--file=-",
                ),
                env=tools.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
            )
        )
        assert psql.stdin is not None  # noqa: S101 a pipe was asked for
        psql.stdin.write(_drop_statement(tables).encode())
        psql.stdin.flush()
        reader = stack.enter_context(
            subprocess.Popen(
                tools.command("pg_restore", f"--use-list={wanted}", "--no-owner", "--file=-"),
                env=tools.env,
                stdin=subprocess.PIPE,
                stdout=psql.stdin,
                stderr=complaints,
            )
        )
        assert reader.stdin is not None  # noqa: S101 a pipe was asked for
        try:
            _feed(reader.stdin, chunks)
        except BaseException:
            psql.kill()  # before its input ends, which would let it commit
            reader.kill()
            raise
        if reader.wait() != 0:
            psql.kill()
        psql.stdin.close()
        psql.wait()
        complaints.seek(0)
        words = complaints.read().decode(errors="replace").strip().splitlines()
    if psql.returncode != 0 or reader.returncode != 0:
        raise BackupError("the database refused the backup: " + " ".join(words[-3:]))


def _drop_statement(tables: list[str]) -> str:
    start = f"SET lock_timeout = '{LOCK_WAIT}';\nSET client_min_messages = warning;\n"
    names = ", ".join(f'public."{table}"' for table in tables)
    return f"{start}DROP TABLE {names} CASCADE;\n" if tables else start


def _feed(target: IO[bytes], chunks: Iterable[bytes]) -> None:
    """Write chunks; a reader that has seen enough closes early."""
    with contextlib.suppress(BrokenPipeError):
        for chunk in chunks:
            target.write(chunk)
    with contextlib.suppress(BrokenPipeError):
        target.close()


def _counted(chunks: Iterable[bytes], total: int, advance: Advance) -> Iterator[bytes]:
    megabyte, done = 1024 * 1024, 0
    for chunk in chunks:
        done += len(chunk)
        advance(done // megabyte, max(total // megabyte, 1), "MB")
        yield chunk


def _listen(source: IO[bytes], words: list[str], advance: Advance, total: int) -> None:
    done = 0
    for line in source:
        words.append(line.decode(errors="replace").strip())
        del words[:-5]
        if b"dumping contents of table" in line:
            done += 1
            advance(done, max(total, done), words[-1].rpartition(".")[2].strip('"'))


def _list_migrations(connection: "psycopg.Connection[Any]") -> list[str]:
    found = connection.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [name for (name,) in found]
