"""Where secrets lie encrypted, and how they come under the newest key.

A text column whose name ends in ``_encrypted`` holds what `kernel.secrets.encrypt` made, so no list
of columns can be forgotten. A package that keeps such texts inside JSON of its own is named in
``settings.ENCRYPTED_JSON``; there a secret is known by how every Fernet token begins.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Model, Q, QuerySet

from kernel.scope import is_tenant_model
from kernel.secrets import rotate

SUFFIX = "_encrypted"
BATCH_ROWS = 500
TOKEN = re.compile(r"gAAAA[\w=-]+")


@dataclass(slots=True)
class SecretCounts:
    """How many stored secrets each key opens.

    Attributes:
        by_key: count by place in ``PATRON_ENCRYPTION_KEYS``, 0 the newest.
        unreadable: secrets that none opens.
        rotated: secrets that were encrypted anew.
    """

    by_key: Counter[int] = field(default_factory=Counter)
    unreadable: int = 0
    rotated: int = 0

    @property
    def current(self) -> int:
        """Secrets under the newest key."""
        return self.by_key[0]

    @property
    def unused_keys(self) -> int:
        """Old keys that open nothing."""
        return sum(self.by_key[place] == 0 for place in range(1, len(settings.ENCRYPTION_KEYS)))

    def add(self, secret: str) -> int | None:
        """Count one secret; returns the place of the key that opens it, None when none does."""
        place = _find_key(secret)
        if place is None:
            self.unreadable += 1
        else:
            self.by_key[place] += 1
        return place


def encrypted_columns() -> list[tuple[type[Model], list[str]]]:
    """Return every model that keeps secrets, with their columns."""
    found = ((model, _columns_of(model)) for model in apps.get_models())
    return [(model, columns) for model, columns in found if columns]


def count_secrets() -> SecretCounts:
    """Try the keys on every stored secret, over all tenants, and change nothing."""
    counts = SecretCounts()
    for secret in _read_all():
        counts.add(secret)
    return counts


def rotate_secrets(counts: SecretCounts, *, tenant_tables: bool) -> None:
    """Encrypt anew, in batches, what the newest key did not make; a repeat finds nothing to do.

    Args:
        counts: gets what was found and done.
        tenant_tables: those of the open scope; False means the tables that belong to no tenant.
    """
    for model, columns in encrypted_columns():
        if is_tenant_model(model) is tenant_tables:
            last: int | None = 0
            while last is not None:
                last = _rotate_batch(model, columns, last, counts)


@transaction.atomic
def _rotate_batch(
    model: type[Model], columns: list[str], after: int, counts: SecretCounts
) -> int | None:
    """Work on the rows behind a key; returns the last one, None at the end."""
    empty = Q(*((column, "") for column in columns if column.endswith(SUFFIX)))
    rows: list[Any] = list(
        QuerySet(model)
        .filter(~empty, pk__gt=after)
        .order_by("pk")
        .select_for_update(no_key=True)[:BATCH_ROWS]
    )
    changed = [row for row in rows if _rotate_row(row, columns, counts)]
    if changed:
        QuerySet(model).bulk_update(changed, columns)
    return rows[-1].pk if rows else None


def _rotate_row(row: Model, columns: Iterable[str], counts: SecretCounts) -> bool:
    def renew(secret: str) -> str:
        if (counts.add(secret) or 0) == 0:
            return secret
        counts.rotated += 1
        return rotate(secret)

    before = counts.rotated
    for column in columns:
        setattr(
            row,
            column,
            renew_within(getattr(row, column), renew, is_secret=column.endswith(SUFFIX)),
        )
    return counts.rotated > before


def renew_within(value: Any, renew: Callable[[str], str], *, is_secret: bool = False) -> Any:
    """Return a value in which every secret is renewed: the text itself, or tokens within JSON."""
    if isinstance(value, dict):
        return {name: renew_within(inner, renew) for name, inner in value.items()}
    if isinstance(value, list):
        return [renew_within(inner, renew) for inner in value]
    if isinstance(value, str) and value and (is_secret or TOKEN.fullmatch(value)):
        return renew(value)
    return value


def _columns_of(model: type[Model]) -> list[str]:
    names = [f.attname for f in model._meta.local_concrete_fields if f.name.endswith(SUFFIX)]
    inside = settings.ENCRYPTED_JSON.get(model._meta.db_table)
    return [*names, inside] if inside else names


def _read_all() -> Iterator[str]:
    with connections["sys"].cursor() as cursor:
        for model, columns in encrypted_columns():
            for column in columns:
                cursor.execute(_column_statement(model, column))
                for rows in iter(lambda: cursor.fetchmany(BATCH_ROWS), []):
                    yield from _secrets_in(rows, column)


def _secrets_in(rows: list[Any], column: str) -> Iterator[str]:
    for (text,) in rows:
        if column.endswith(SUFFIX):
            yield text
        else:
            yield from TOKEN.findall(text)


def _column_statement(model: type[Model], column: str) -> str:
    table = model._meta.db_table
    return f"SELECT {column}::text FROM {table} WHERE {column}::text > ''"  # noqa: S608 names of our own models


def _find_key(secret: str) -> int | None:
    for place, key in enumerate(settings.ENCRYPTION_KEYS):
        try:
            Fernet(key).decrypt(secret.encode())
        except InvalidToken:
            continue
        return place
    return None
