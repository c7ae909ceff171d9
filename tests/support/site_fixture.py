"""The fixture of a site with a write key, for every folder of tests that needs one."""

from collections.abc import Iterator

import pytest
from django.test import Client

from kernel.postgres.edge import close_connections
from stores.services.write_keys import forget_keys
from tenants.choices import KeyKind
from tenants.models import Tenant
from tenants.services.keys import create_key
from tests.support.tracking import FakeSite


@pytest.fixture
def site(transactional_db: None, tenant: Tenant, client: Client) -> Iterator[FakeSite]:
    """A site of the tenant, really committed: the edge has a connection of its own."""
    forget_keys()
    key = create_key(name="Site", kind=KeyKind.WRITE)
    yield FakeSite(key.secret, client)
    forget_keys()
    close_connections()
