"""Rows that every test of a module begins with, made once instead of once for each test.

They lie in a transaction around the tests of the module. What a test changes is rolled back to
a savepoint, so the next one finds them as they were made. No test of such a module may be
transactional.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from pytest_django import DjangoDbBlocker

from kernel.tenancy import tenant_scope
from tenants.models import ApiKey, Tenant
from tests.factories.samples import make_everything
from tests.factories.tenants import make_key


@dataclass(frozen=True, slots=True)
class World:
    """A tenant with one of each thing.

    Attributes:
        tenant_id: of the tenant.
        media: folder of its files.
        ids: by the name of the argument that takes them in addresses.
    """

    tenant_id: int
    media: Path
    ids: dict[str, int]

    def lend(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> dict[str, int]:
        """Give a test files of its own in an empty folder; returns the ids."""
        shutil.copytree(self.media, folder, dirs_exist_ok=True)
        monkeypatch.setattr(settings, "MEDIA_ROOT", folder)
        return dict(self.ids)


@contextmanager
def world(
    blocker: DjangoDbBlocker,
    media: Path,
    make_tenant: Callable[[], Tenant],
    more: Callable[[], dict[str, int]] = dict,
) -> Iterator[World]:
    """Make a tenant with one of each thing, which is there until the block ends.

    Args:
        blocker: lets a fixture of a module into the database.
        media: an empty folder for files.
        make_tenant: creates the tenant.
        more: makes what else its tests need, in its scope; returns further ids.
    """
    block = transaction.atomic()
    with blocker.unblock():
        block.__enter__()
        made = _fill(make_tenant(), media, more)
        forget_tenant()
    yield made
    with blocker.unblock():
        transaction.set_rollback(True)
        block.__exit__(None, None, None)


def _fill(tenant: Tenant, media: Path, more: Callable[[], dict[str, int]]) -> World:
    with pytest.MonkeyPatch.context() as patch, tenant_scope(tenant.pk):
        patch.setattr(settings, "MEDIA_ROOT", media)
        ids = {**make_everything(), **more()}
        make_key(tenant)
        key_id = ApiKey.objects.get(tenant=tenant).pk
    return World(tenant.pk, media, {**ids, "key_id": key_id})


def forget_tenant() -> None:
    """Leave the transaction of a world bound to no tenant, as a test finds it."""
    with connection.cursor() as cursor:
        cursor.execute("RESET app.tenant_id")
    transaction.savepoint_rollback(transaction.savepoint())  # our connection forgets it too
