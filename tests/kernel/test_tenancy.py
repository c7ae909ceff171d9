"""Without a scope nothing is read or written: Python refuses, and PostgreSQL once more."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Count, Exists, OuterRef
from django.http import StreamingHttpResponse
from django.test.utils import CaptureQueriesContext

from crm.models import Identity, Order, Profile, Store
from kernel import clock
from kernel.scan import across_tenants, list_tenants_due
from kernel.sql import execute
from kernel.tenancy import TenantScopeError, current_tenant_id, find_tenant_id, tenant_scope
from tenants.models import Tenant


def make_store(name: str = "Shop") -> Store:
    return Store.objects.create(name=name, platform="custom", currency="GBP", timezone="UTC")


def make_order(store: Store, profile: Profile | None = None) -> Order:
    now = clock.now()
    return Order.objects.create(
        store=store,
        external_id="1",
        profile=profile,
        ordered_at=now,
        currency="GBP",
        gross_minor=100,
        source_version_at=now,
    )


@pytest.fixture
def theirs(other_tenant: Tenant) -> Profile:
    """A profile of the other tenant."""
    with tenant_scope(other_tenant.pk):
        return Profile.objects.create(first_name="Basho")


def raw(statement: str, *params: int) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())


def test_without_a_scope_every_query_raises(db: None) -> None:
    with pytest.raises(TenantScopeError):
        Profile.objects.count()
    with pytest.raises(TenantScopeError):
        Profile.objects.create(first_name="Ada")
    with pytest.raises(TenantScopeError):
        Profile.objects.update(first_name="Ada")
    with pytest.raises(TenantScopeError):
        Profile.objects.all().delete()
    with pytest.raises(TenantScopeError):
        execute("SELECT 1")


@pytest.mark.unbound_sql
def test_without_a_scope_raw_sql_fails_in_postgresql_and_is_never_empty(db: None) -> None:
    # A connection that has known a tenant says that '' is no bigint; a fresh one names the setting.
    with pytest.raises(DatabaseError, match=r"app\.tenant_id|bigint"), transaction.atomic():
        raw("SELECT * FROM crm_profile")


def test_a_reference_table_is_not_asked_for_a_scope(db: None) -> None:
    assert list(Tenant.objects.all()) == []


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_a_tenant_table_is_refused() -> None:
    with tenant_scope(1), pytest.raises(TenantScopeError, match="transaction"):
        Profile.objects.count()


@pytest.mark.unbound_sql
def test_one_tenant_never_sees_the_other(tenant: Tenant, theirs: Profile) -> None:
    ours = Profile.objects.create(first_name="Ada")
    assert list(Profile.objects.all()) == [ours]
    assert Profile.objects.filter(pk=theirs.pk).first() is None
    assert Profile.objects.count() == 1
    assert Profile.objects.aggregate(n=Count("pk")) == {"n": 1}
    assert Profile.objects.filter(pk=theirs.pk).update(first_name="Eve") == 0
    assert Profile.objects.filter(pk=theirs.pk).delete()[0] == 0
    assert raw("SELECT count(*) FROM crm_profile") == [(1,)]


def test_subqueries_are_bound_too(tenant: Tenant, theirs: Profile) -> None:
    with tenant_scope(theirs.tenant_id):
        make_order(make_store(), theirs)
    orders = Order.objects.filter(profile_id=OuterRef("pk"))
    assert not Profile.objects.filter(Exists(orders)).exists()
    sql = str(Profile.objects.filter(Exists(orders)).query)
    assert sql.count(f"= {tenant.pk}") == 2


def test_raw_sql_that_names_another_tenant_gets_nothing(tenant: Tenant, theirs: Profile) -> None:
    Profile.objects.create(first_name="Ada")
    assert raw("SELECT 1 FROM crm_profile WHERE tenant_id = %s", theirs.tenant_id) == []


def test_postgresql_refuses_a_row_of_another_tenant(tenant: Tenant, theirs: Profile) -> None:
    make_store()
    with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        raw(
            "INSERT INTO crm_profile (tenant_id, first_name) VALUES (%s, 'Eve') RETURNING id",
            theirs.tenant_id,
        )


def test_python_refuses_a_row_of_another_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    with pytest.raises(TenantScopeError):
        Profile.objects.create(tenant=other_tenant, first_name="Eve")


def test_postgresql_refuses_a_row_that_points_into_another_tenant(
    tenant: Tenant, theirs: Profile
) -> None:
    order = make_order(make_store())
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012 the check is deferred
        Order.objects.filter(pk=order.pk).update(profile_id=theirs.pk)
        raw("SET CONSTRAINTS ALL IMMEDIATE; SELECT 1")
    assert Order.objects.get().profile_id is None


def test_a_row_never_changes_its_tenant(tenant: Tenant, other_tenant: Tenant) -> None:
    Profile.objects.create(first_name="Ada")
    with pytest.raises(TenantScopeError):
        Profile.objects.update(tenant=other_tenant)


def test_scopes_nest_and_postgresql_follows(tenant: Tenant, theirs: Profile) -> None:
    ours = Profile.objects.create(first_name="Ada")
    with tenant_scope(theirs.tenant_id):
        assert list(Profile.objects.all()) == [theirs]
        with tenant_scope(tenant.pk):
            assert list(Profile.objects.all()) == [ours]
        assert list(Profile.objects.all()) == [theirs]
    assert list(Profile.objects.all()) == [ours]


def test_a_scope_that_fails_gives_back_the_one_before(tenant: Tenant) -> None:
    with pytest.raises(ZeroDivisionError), tenant_scope(99):
        raise ZeroDivisionError
    assert current_tenant_id() == tenant.pk


@pytest.mark.unbound_sql
def test_after_a_savepoint_is_rolled_back_the_right_tenant_is_bound(
    tenant: Tenant, theirs: Profile
) -> None:
    ours = Profile.objects.create(first_name="Ada")
    stop = pytest.raises(ZeroDivisionError)
    with stop, transaction.atomic(), tenant_scope(theirs.tenant_id):
        assert list(Profile.objects.all()) == [theirs]
        raise ZeroDivisionError
    assert list(Profile.objects.all()) == [ours]
    assert raw("SELECT id FROM crm_profile") == [(ours.pk,)]


def test_after_an_error_in_a_savepoint_the_right_tenant_is_bound(
    tenant: Tenant, theirs: Profile
) -> None:
    store = make_store()
    with tenant_scope(theirs.tenant_id):
        Profile.objects.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        make_store(store.name)
    assert [row.pk for row in Store.objects.all()] == [store.pk]


@pytest.mark.django_db(transaction=True)
@pytest.mark.unbound_sql
def test_the_next_transaction_is_bound_again() -> None:
    tenants = [
        Tenant.objects.create(name=name, slug=name, currency="GBP") for name in ("ada", "basho")
    ]
    for tenant in tenants:
        with tenant_scope(tenant.pk), transaction.atomic():
            Profile.objects.create(first_name=tenant.name)
    for tenant in [*tenants, *reversed(tenants)]:
        with tenant_scope(tenant.pk), transaction.atomic():
            assert [row.first_name for row in Profile.objects.all()] == [tenant.name]
    with pytest.raises(DatabaseError, match="bigint"), transaction.atomic():
        raw("SELECT * FROM crm_profile")


@pytest.mark.django_db(transaction=True)
def test_a_streaming_response_opens_its_own_scope_and_transaction() -> None:
    tenant = Tenant.objects.create(name="Ada", slug="ada", currency="GBP")
    with tenant_scope(tenant.pk), transaction.atomic():
        Profile.objects.create(first_name="Ada")

    def unbound() -> Iterator[str]:
        yield from (row.first_name for row in Profile.objects.all())

    def bound() -> Iterator[str]:
        with tenant_scope(tenant.pk), transaction.atomic():
            yield from unbound()

    with tenant_scope(tenant.pk), transaction.atomic():
        late = StreamingHttpResponse(unbound())
        right = StreamingHttpResponse(bound())
    with pytest.raises(TenantScopeError):
        list(late)
    assert list(right) == [b"Ada"]
    assert find_tenant_id() is None


@pytest.mark.django_db(databases=["default", "sys"], transaction=True)
def test_a_scan_reads_all_tenants_and_only_on_its_own_connection() -> None:
    tenants = [
        Tenant.objects.create(name=name, slug=name, currency="GBP") for name in ("ada", "basho")
    ]
    for tenant in tenants:
        with tenant_scope(tenant.pk), transaction.atomic():
            Profile.objects.create(first_name=tenant.name)
    found = list_tenants_due("SELECT DISTINCT tenant_id FROM crm_profile ORDER BY 1")
    assert found == [tenant.pk for tenant in tenants]
    with across_tenants():
        assert Profile.objects.using("sys").count() == 2
        with pytest.raises(TenantScopeError), transaction.atomic():
            Profile.objects.count()


def test_the_application_role_cannot_truncate(tenant: Tenant) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        raw("TRUNCATE crm_profile; SELECT 1")


def test_a_condition_over_a_relation_binds_the_outer_statement_too(
    tenant: Tenant, theirs: Profile
) -> None:
    ada = Profile.objects.create(first_name="Ada")
    Identity.objects.create(kind="email", value_norm="ada@example.com", profile=ada)
    of_ada = Identity.objects.filter(profile__first_name="Ada")
    own = f'"tenant_id" = {tenant.pk}'

    with CaptureQueriesContext(connection) as seen:
        assert of_ada.update(kind="phone") == 1
        assert of_ada._raw_delete(using="default") == 1

    changed, removed = [query["sql"] for query in seen]
    assert changed.count(own) == 2
    assert removed.count(own) == 2
