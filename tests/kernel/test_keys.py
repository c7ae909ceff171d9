import pytest
from django.db import connection, connections

from kernel.postgres.keys import find_older_keys, renew_keys
from kernel.sql import execute
from tenants.models import Tenant

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

REFERENCED = ("crm_profile", "crm_order", "crm_product", "flows_flowrun", "messaging_message")


def test_no_index_of_a_referenced_table_is_newer_than_its_key() -> None:
    assert find_older_keys(connections["owner"]) == []


@pytest.mark.parametrize("table", REFERENCED)
def test_a_row_of_a_tenant_without_statistics_is_found_by_its_key(
    table: str, tenant: Tenant
) -> None:
    look_up = "EXPLAIN (COSTS off) SELECT 1 FROM {} WHERE tenant_id = %(tenant_id)s AND id = 5"
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    rows = execute(look_up.format(table))
    [index] = [row[0] for row in rows if "Index" in row[0] and "Cond" not in row[0]]
    assert f"using {table}_pkey on" in index


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_key_with_a_newer_index_beside_it_is_built_anew() -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute("CREATE INDEX newer_idx ON crm_profile (tenant_id, locale)")
    try:
        assert renew_keys(owner) == ["crm_profile_pkey"]
        assert find_older_keys(owner) == []
    finally:
        with owner.cursor() as cursor:
            cursor.execute("DROP INDEX newer_idx")
