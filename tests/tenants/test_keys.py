"""Keys are shown once, revoked at once, and touched at most once a minute."""

from datetime import timedelta

import pytest
import time_machine

from kernel import clock
from kernel.errors import Invalid, NotFound
from kernel.tenancy import tenant_scope
from tenants import queries
from tenants.choices import KeyKind
from tenants.models import ApiKey, AuditEntry, Tenant
from tenants.services.keys import create_key, revoke_key, touch_key


def test_a_secret_key_shows_only_its_first_and_last_letters(tenant: Tenant) -> None:
    made = create_key(name="Shop", kind=KeyKind.SECRET, scopes=["orders:read"])
    assert made.key.hint == f"{made.secret[:7]}…{made.secret[-4:]}"
    assert made.key.scopes == ["orders:read"]


def test_a_revoked_key_is_not_found_and_revoking_twice_changes_nothing(tenant: Tenant) -> None:
    made = create_key(name="Shop", kind=KeyKind.SECRET)
    first = revoke_key(made.key.pk).revoked_at
    assert queries.find_api_key(made.secret) is None
    assert revoke_key(made.key.pk).revoked_at == first
    assert AuditEntry.objects.filter(action="key.revoked").count() == 1


def test_a_key_of_another_tenant_cannot_be_revoked(tenant: Tenant, other_tenant: Tenant) -> None:
    made = create_key(name="Shop", kind=KeyKind.SECRET)
    with tenant_scope(other_tenant.pk), pytest.raises(NotFound):
        revoke_key(made.key.pk)
    assert queries.find_api_key(made.secret) is not None


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [("", ["*"], "name"), ("Shop", [], "scopes"), ("Shop", ["orders:delete"], "scopes")],
)
def test_a_key_without_name_or_with_a_word_that_is_no_scope_is_refused(
    tenant: Tenant, name: str, scopes: list[str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        create_key(name=name, kind=KeyKind.SECRET, scopes=scopes)
    assert list(refused.value.fields) == [field]
    assert not ApiKey.objects.exists()


def test_a_key_is_touched_at_most_once_a_minute(tenant: Tenant) -> None:
    key = create_key(name="Shop", kind=KeyKind.SECRET).key
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False) as moment:
        touch_key(key)
        start = clock.now()
        moment.shift(timedelta(seconds=59))
        touch_key(ApiKey.objects.get())
        assert ApiKey.objects.get().last_used_at == start
        moment.shift(timedelta(seconds=2))
        touch_key(ApiKey.objects.get())
        assert ApiKey.objects.get().last_used_at == start + timedelta(seconds=61)
