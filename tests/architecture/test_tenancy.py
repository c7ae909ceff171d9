"""The tenancy rules as PostgreSQL and the models have them."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections, models

from kernel.postgres.compiler import tenant_models
from kernel.tenancy import TenantForeignKey, TenantModel

REFERENCE = {
    "tenants_user": "a person may be a member of many tenants",
    "tenants_tenant": "the tenant itself",
    **settings.REFERENCE_TABLES,
}
LOCAL = {
    "account_emailaddress": "log-in of a person, before any tenant",
    "account_emailconfirmation": "log-in of a person, before any tenant",
    "auth_group": "Django's own; unused",
    "auth_group_permissions": "Django's own; unused",
    "auth_permission": "Django's own; unused",
    "mfa_authenticator": "log-in of a person, before any tenant",
    "usersessions_usersession": "log-in of a person, before any tenant",
    "django_content_type": "Django's own",
    "django_session": "log-in of a person, before any tenant",
}
NOT_MODELS = {"django_migrations": "Django's own state"}
KEYS = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY k.place)
    FROM pg_constraint AS con
    JOIN pg_class AS c ON c.oid = con.conrelid
    CROSS JOIN LATERAL unnest(con.conkey) WITH ORDINALITY AS k (number, place)
    JOIN pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = k.number
    WHERE con.contype = 'p' AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
    GROUP BY c.relname, con.oid
"""
FOREIGN_KEYS = """
    SELECT c.relname, t.relname, con.conname,
      (SELECT array_agg(a.attname::text ORDER BY k.place)
       FROM unnest(con.conkey) WITH ORDINALITY AS k (number, place)
       JOIN pg_attribute AS a ON a.attrelid = con.conrelid AND a.attnum = k.number)
    FROM pg_constraint AS con
    JOIN pg_class AS c ON c.oid = con.conrelid
    JOIN pg_class AS t ON t.oid = con.confrelid
    WHERE con.contype = 'f' AND NOT c.relispartition
"""
INDEXES = """
    SELECT c.relname, i.relname, a.attname::text
    FROM pg_index AS x
    JOIN pg_class AS c ON c.oid = x.indrelid
    JOIN pg_class AS i ON i.oid = x.indexrelid
    LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
    WHERE NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
"""
POLICIES = """
    SELECT c.relname, c.relrowsecurity, p.qual, p.with_check, p.roles::text[]
    FROM pg_class AS c
    LEFT JOIN pg_policies AS p ON p.tablename = c.relname AND p.schemaname = 'public'
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace = 'public'::regnamespace
"""
PARTITION_GRANTS = """
    SELECT c.relname, g.grantee::text
    FROM pg_class AS c
    JOIN information_schema.role_table_grants AS g ON g.table_name = c.relname
    WHERE c.relispartition AND g.grantee <> pg_get_userbyid(c.relowner)
"""
EXISTING_TABLES = """
    SELECT c.relname FROM pg_class AS c
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relnamespace = 'public'::regnamespace
"""


def ask(statement: str) -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def test_every_model_declares_whose_rows_it_holds() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert tables - set(tenant_models()) - set(REFERENCE) - set(LOCAL) == set()


def test_no_name_in_the_lists_is_left_over() -> None:
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    assert (set(REFERENCE) | set(LOCAL)) - tables == set()


def test_every_tenant_table_subclasses_the_tenant_model() -> None:
    others = [
        table for table, model in tenant_models().items() if not issubclass(model, TenantModel)
    ]
    assert others == []


def test_every_table_in_the_database_is_known() -> None:
    known = {*tenant_models(), *REFERENCE, *LOCAL, *NOT_MODELS}
    assert {row[0] for row in ask(EXISTING_TABLES)} - known == set()


def test_every_tenant_table_has_a_policy_without_a_way_around() -> None:
    rows = {row[0]: row[1:] for row in ask(POLICIES)}
    own = "(tenant_id = (current_setting('app.tenant_id'::text))::bigint)"
    wrong = {
        table: rows[table]
        for table in tenant_models()
        if rows[table] != (True, own, own, ["patron_app"])
    }
    assert wrong == {}


def test_the_key_of_every_tenant_table_starts_with_the_tenant() -> None:
    keys = dict(ask(KEYS))
    wrong = {table: keys.get(table) for table in tenant_models() if keys[table][0] != "tenant_id"}
    assert wrong == {}


def test_every_reference_between_tenant_tables_has_two_columns() -> None:
    ours = tenant_models()
    wrong = [
        (table, name, columns)
        for table, target, name, columns in ask(FOREIGN_KEYS)
        if table in ours and target in ours and (len(columns) != 2 or columns[0] != "tenant_id")
    ]
    assert wrong == []


def test_references_between_tenant_models_are_tenant_foreign_keys() -> None:
    ours = set(tenant_models().values())
    wrong = [
        f"{model._meta.label}.{field.name}"
        for model in ours
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
        and field.related_model in ours
        and not isinstance(field, TenantForeignKey)
    ]
    assert wrong == []


def test_every_reference_has_its_constraint_in_the_database() -> None:
    found = {(table, columns[-1]) for table, _, _, columns in ask(FOREIGN_KEYS)}
    missing = [
        (table, field.column)
        for table, model in tenant_models().items()
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey) and (table, field.column) not in found
    ]
    assert missing == []


def test_every_index_of_a_tenant_table_starts_with_the_tenant() -> None:
    wrong = [
        (table, index, first)
        for table, index, first in ask(INDEXES)
        if table in tenant_models() and first != "tenant_id"
    ]
    assert wrong == []


def test_no_partition_can_be_read_past_its_parent() -> None:
    assert ask(PARTITION_GRANTS) == []


def test_the_web_role_is_held_by_row_level_security() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == ("patron_app", False, False)


def test_the_scope_is_opened_only_where_the_house_plan_says() -> None:
    opens = re.compile(r"\btenant_scope\(")
    allowed = {
        "config/provisioning.py",  # inside a scope already; a command may call it alone
        "stores/services/connections.py",  # the token of a webhook was found
        "stores/services/write_keys.py",  # the key of a tracking call was found
        "kernel/csvs.py",  # a streaming answer outlives the scope of its request
        "kernel/scope.py",
        "kernel/scan.py",
        "kernel/tasks.py",
        "kernel/work.py",
        "tenants/middleware.py",
        "tenants/services/tenants.py",  # a new tenant has no key and no session yet
        "tenants/services/person_audit.py",  # a log-in is written down in each tenant of a person
    }
    edges = re.compile(r"/(views(/\w+)?|public|edge|management/commands/\w+)\.py$")
    found = {
        str(path.relative_to(settings.BASE_DIR))
        for app in settings.INSTALLED_APPS[:10]
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py")
        if opens.search(path.read_text("utf-8"))
    }
    assert sorted(path for path in found - allowed if not edges.search(f"/{path}")) == []
