"""Everything a tenant owns, as one ZIP: JSON lines per table, its files, and a README.

A background job whose batches each append one member to the file. What the members are called and
where they begin travels in the cursor, so that the last batch can write the directory of the ZIP;
a batch that broke off leaves nothing in it. Secrets, their hashes and tokens stay out.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, models
from psycopg import sql

from kernel import clock
from kernel.postgres.compiler import tenant_models
from kernel.scope import current_tenant_id
from kernel.sql import execute
from messaging.services import asset_files
from tenants.queries import get_tenant, list_members
from tenants.services.files import FOLDER as JOBS_FOLDER
from tenants.types import JobStep, JobTurn

ROWS = 20_000
ROWS_WITH_BODIES = 1_000
"""Rows of one batch, and of tables that hold whole payloads."""
LEFT_OUT = frozenset({"tenants_accesstoken", "tenants_member"})
"""Tokens are secrets; members are written with their addresses instead."""
SECRET_ENDINGS = ("_encrypted", "token", "key_hash", "token_hash")
_COMMA = sql.SQL(", ")
EPOCH = (1980, 1, 1, 0, 0, 0)
README = """{name}: everything that Patron keeps of this shop
Exported on {at} (UTC).

tables/NAME/PART.jsonl  one row per line as a JSON object, in the order of the key. A table that
                        has no rows has no folder. Times are in UTC, money in minor units of the
                        currency beside it, bytes in hexadecimal after \\x.
members.jsonl           who may sign in, with their role.
account.json            name, country, zone and currency of the shop.
media/                  files that people put in.

Secrets of stores, keys of the API and tokens of addresses are not part of it. The tables were read
one after the other while the shop went on working, so a row that was written meanwhile may be in
one of them and not yet in another.
"""


@dataclass(slots=True)
class Progress:
    """Where the next batch begins.

    Attributes:
        place: of the table in the list of all; behind it the files follow.
        after: key of the last row, each column as text; empty at the beginning of a table.
        part: number of the next part of the table.
        at_byte: length of the file so far.
        members: name, CRC, packed and plain size, and offset of each member written.
    """

    place: int = 0
    after: list[str] = field(default_factory=list)
    part: int = 1
    at_byte: int = 0
    members: list[list[Any]] = field(default_factory=list)


class _Tail(io.BytesIO):
    """The end of a file whose beginning is on the disk already."""

    def __init__(self, at_byte: int) -> None:
        super().__init__()
        self._base = at_byte

    def tell(self) -> int:
        return self._base + super().tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._base + super().seek(offset - (self._base if whence == 0 else 0), whence)


def export_batch(turn: JobTurn) -> JobStep:
    """Write the next part of a table, the next file, or the end."""
    progress = Progress(**turn.cursor) if turn.cursor else Progress()
    total = None if turn.cursor else _count_rows()
    tables = _tables()
    while progress.place < len(tables):
        if rows := _read(tables[progress.place], progress.after):
            return _write_part(tables[progress.place], rows, progress, total)
        progress.place, progress.after, progress.part = progress.place + 1, [], 1
    files = _media()
    place = progress.place - len(tables)
    if place < len(files):
        name, read = files[place]
        output = _add(progress, f"media/{name}", read())
        progress.place += 1
        return JobStep(rows=0, cursor=asdict(progress), total=total, output=output)
    return JobStep(rows=0, cursor=None, total=total, output=_finish(progress))


def _write_part(
    model: type[models.Model], rows: Sequence[Any], progress: Progress, total: int | None
) -> JobStep:
    name = f"tables/{model._meta.db_table}/{progress.part:04}.jsonl"
    output = _add(progress, name, "".join(f"{row.line}\n" for row in rows).encode())
    progress.after, progress.part = list(rows[-1].mark), progress.part + 1
    return JobStep(rows=len(rows), cursor=asdict(progress), total=total, output=output)


def _read(model: type[models.Model], after: Sequence[str]) -> list[Any]:
    """Return the next rows of the active tenant as JSON, with their key as text."""
    keys = _keys(model)
    has_bodies = any(isinstance(item, models.BinaryField) for item in model._meta.concrete_fields)
    names = [sql.Identifier(item.column) for item in keys]
    marks = {f"after_{place}": value for place, value in enumerate(after)}
    types = [sql.SQL(str(item.db_type(connection)).removesuffix("serial")) for item in keys]
    values = [
        sql.SQL("CAST({} AS {})").format(sql.Placeholder(mark), kind)
        for mark, kind in zip(marks, types, strict=False)
    ]
    beyond = sql.SQL("AND ({}) > ({})").format(_COMMA.join(names), _COMMA.join(values))
    statement = sql.SQL(
        "SELECT ARRAY[{texts}] AS mark, (SELECT to_jsonb(r) FROM (SELECT {columns}) AS r)::text "
        "AS line FROM {table} AS t WHERE t.tenant_id = %(tenant_id)s {beyond} "
        "ORDER BY {names} LIMIT %(limit)s"
    ).format(
        texts=_COMMA.join(sql.SQL("{}::text").format(name) for name in names),
        columns=_COMMA.join(sql.SQL("t.{}").format(name) for name in _columns(model)),
        table=sql.Identifier(model._meta.db_table),
        beyond=beyond if marks else sql.SQL(""),
        names=_COMMA.join(names),
    )
    limit = ROWS_WITH_BODIES if has_bodies else ROWS
    return execute(statement.as_string(None), limit=limit, **marks)


def _add(progress: Progress, name: str, content: bytes) -> bytes:
    """Return one member as it stands in the file, and note where it begins."""
    tail = _Tail(progress.at_byte)
    archive = zipfile.ZipFile(tail, "w", zipfile.ZIP_DEFLATED)
    info = zipfile.ZipInfo(name, EPOCH)
    archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    output = tail.getvalue()
    archive.close()
    progress.members.append(
        [name, info.CRC, info.compress_size, info.file_size, info.header_offset]
    )
    progress.at_byte += len(output)
    return output


def _finish(progress: Progress) -> bytes:
    """Return the last members and the directory of the ZIP."""
    tail = _Tail(progress.at_byte)
    with zipfile.ZipFile(tail, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.infolist().extend(_recall(member) for member in progress.members)
        for name, text in _words().items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text, zipfile.ZIP_DEFLATED)
    return tail.getvalue()


def _recall(member: Sequence[Any]) -> zipfile.ZipInfo:
    name, crc, packed, plain, offset = member
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.CRC, info.compress_size, info.file_size, info.header_offset = crc, packed, plain, offset
    return info


def _words() -> dict[str, str]:
    tenant = get_tenant(current_tenant_id())
    members = [
        {"email": member.user.email, "role": member.role, "since": member.created_at.isoformat()}
        for member in list_members(tenant.pk)
    ]
    account = {
        name: getattr(tenant, name) for name in ("name", "slug", "country", "timezone", "currency")
    }
    return {
        "members.jsonl": "".join(f"{json.dumps(member)}\n" for member in members),
        "account.json": json.dumps(account, indent=2),
        "README.txt": README.format(name=tenant.name, at=f"{clock.now():%Y-%m-%d %H:%M}"),
    }


def _count_rows() -> int:
    count = "SELECT count(*) AS rows FROM {} AS t WHERE t.tenant_id = %(tenant_id)s"
    statements = [
        sql.SQL(count).format(sql.Identifier(model._meta.db_table)).as_string(None)
        for model in _tables()
    ]
    return sum(execute(statement)[0].rows for statement in statements)


def _tables() -> list[type[models.Model]]:
    owned = [*tenant_models(), *settings.REFERENCE_TABLES]
    known = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    return [known[table] for table in sorted(owned) if table not in LEFT_OUT]


def _keys(model: type[models.Model]) -> list[Any]:
    return [item for item in model._meta.pk_fields if item.column != "tenant_id"]


def _columns(model: type[models.Model]) -> list[sql.Identifier]:
    return [
        sql.Identifier(item.column)
        for item in model._meta.concrete_fields
        if item.column and not item.column.endswith(SECRET_ENDINGS)
    ]


def _media_home() -> Path:
    return Path(settings.MEDIA_ROOT) / str(current_tenant_id())


def _media() -> list[tuple[str, Callable[[], bytes]]]:
    """Return name and reader of each file, those of the media folder first."""
    home = _media_home()
    files = home.rglob("*") if home.is_dir() else []
    kept = sorted(
        file for file in files if file.is_file() and file.relative_to(home).parts[0] != JOBS_FOLDER
    )
    found: list[tuple[str, Callable[[], bytes]]] = [
        (file.relative_to(home).as_posix(), file.read_bytes) for file in kept
    ]
    tenant_id = current_tenant_id()
    for name in asset_files.list_elsewhere():
        read = partial(_read_picture, tenant_id, name)
        found.append((f"{asset_files.FOLDER}/{name}", read))
    return found


def _read_picture(tenant_id: int, name: str) -> bytes:
    """Return a picture that lies in a bucket; one that was removed meanwhile is empty."""
    return asset_files.read_file(tenant_id, name) or b""
