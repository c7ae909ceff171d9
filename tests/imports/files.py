"""Files as merchants bring them, taken through the steps of the wizard."""

from io import BytesIO
from typing import Any

from imports.models import Import
from imports.services.imports import create_import, propose_mapping, start_check, start_import
from kernel.scope import current_tenant_id
from kernel.work import drain_tenant

ACTOR = "ada@example.com"


def upload(content: str | bytes, *, kind: str = "customers", **fields: Any) -> Import:
    """Upload a file of the active tenant."""
    body = content.encode() if isinstance(content, str) else content
    values = {"store_id": None, "filename": "file.csv", "actor": ACTOR, **fields}
    return create_import(BytesIO(body), kind=kind, **values)


def check(content: str | bytes, options: dict[str, str] | None = None, **fields: Any) -> Import:
    """Upload a file, take the mapping that is proposed, and check it to the end."""
    source = upload(content, **fields)
    mapping, _ = propose_mapping(source)
    start_check(source.pk, mapping=mapping, options=options or {}, actor=ACTOR)
    return finish(source)


def bring(content: str | bytes, options: dict[str, str] | None = None, **fields: Any) -> Import:
    """Upload a file, check it and import it to the end."""
    source = check(content, options, **fields)
    start_import(source.pk, actor=ACTOR)
    return finish(source)


def finish(source: Import) -> Import:
    """Let the background jobs of the active tenant run, and read the import again."""
    drain_tenant(current_tenant_id(), kinds=["jobs"])
    source.refresh_from_db()
    return source


def counted(stored: dict[str, int]) -> dict[str, int]:
    """Return the counts that are not zero."""
    return {name: count for name, count in stored.items() if count}
