"""A caller with a key for everything, and one of another tenant."""

import pytest
from django.test import Client

from tenants.models import Tenant
from tests.factories.tenants import call_with, make_key


@pytest.fixture
def api(tenant: Tenant, broker: object) -> Client:
    """A client that shows a key of the tenant which may do everything."""
    return call_with(make_key(tenant))


@pytest.fixture
def other_api(other_tenant: Tenant, broker: object) -> Client:
    """A client that shows a key of the other tenant."""
    return call_with(make_key(other_tenant))
