import pytest
from django.db import connection

from kernel.sql import execute, load_sql, whole_tenant
from tenants.models import Tenant

pytestmark = pytest.mark.django_db


def nested_loops() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW enable_nestloop")
        return str(cursor.fetchone()[0])


def test_statements_for_a_whole_tenant_take_no_loop_of_look_ups(tenant: Tenant) -> None:
    explained = (
        "EXPLAIN (COSTS off) SELECT 1 FROM crm_profile AS p "
        "JOIN crm_profilefacts AS f ON f.tenant_id = p.tenant_id AND f.profile_id = p.id "
        "WHERE p.tenant_id = %(tenant_id)s AND f.tenant_id = %(tenant_id)s"
    )

    with whole_tenant():
        rows = execute(explained)

    assert [row[0] for row in rows if "Nested Loop" in row[0]] == []
    assert nested_loops() == "on"


def test_a_statement_takes_in_the_one_it_names() -> None:
    rule = load_sql("crm.figures_of_products")

    for name in ("crm.count_products", "crm.check_products"):
        assert rule in load_sql(name)
        assert "{crm." not in load_sql(name)
