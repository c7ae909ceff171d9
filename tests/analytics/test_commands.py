"""`verify` and `drain` as a person runs them."""

import io
import json
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command

from analytics.services import verification
from kernel.scope import current_tenant_id
from tenants.models import Tenant


def run(name: str, *arguments: str) -> tuple[int, list[str]]:
    out, status = io.StringIO(), 0
    try:
        call_command(name, *arguments, stdout=out)
    except SystemExit as exc:
        status = int(str(exc.code))
    return status, out.getvalue().splitlines()


@pytest.fixture
def only_crm(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], list[str]]], None]:
    def use(find: Callable[[], list[str]]) -> None:
        monkeypatch.setattr(verification, "CHECKS", {"crm": find})

    return use


def test_nothing_stored_differs_from_nothing(tenant: Tenant) -> None:
    status, lines = run("verify", "--json")
    assert status == 0
    assert json.loads(lines[-1]) == {"tenants": ["ada-soap"], "differences": 0}


def test_each_difference_is_printed_with_its_tenant_and_the_status_is_1(
    tenant: Tenant,
    other_tenant: Tenant,
    only_crm: Callable[[Callable[[], list[str]]], None],
) -> None:
    only_crm(lambda: ["net is 5, should be 6"] if current_tenant_id() == tenant.pk else [])
    status, lines = run("verify")
    assert status == 1
    assert lines == [
        "ada-soap: crm: net is 5, should be 6",
        "1 differences in 2 tenants",
    ]


def test_one_tenant_is_looked_at_alone(
    tenant: Tenant,
    other_tenant: Tenant,
    only_crm: Callable[[Callable[[], list[str]]], None],
) -> None:
    seen: list[int] = []

    def look() -> list[str]:
        seen.append(current_tenant_id())
        return []

    only_crm(look)
    assert run("verify", "--tenant", "basho-tea", "--json")[0] == 0
    assert seen == [other_tenant.pk]


@pytest.mark.parametrize("name", ["verify", "drain"])
def test_an_unknown_tenant_is_named(tenant: Tenant, name: str) -> None:
    with pytest.raises(CommandError, match="There is no tenant 'nobody'"):
        call_command(name, "--tenant", "nobody")


def test_draining_goes_on_until_all_tenants_are_idle(
    tenant: Tenant, other_tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {tenant.pk: [2, 1, 0], other_tenant.pk: [1, 0, 0]}
    monkeypatch.setattr(
        "analytics.management.commands.drain.drain_tenant", lambda key: left[key].pop(0)
    )
    _, lines = run("drain", "--until-idle", "--json")
    assert json.loads(lines[-1]) == {"tenants": 2, "rounds": 4}
    assert left == {tenant.pk: [], other_tenant.pk: []}


def test_without_until_idle_each_tenant_is_drained_once(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [2, 1]
    monkeypatch.setattr("analytics.management.commands.drain.drain_tenant", lambda _: left.pop(0))
    assert run("drain")[1] == ["2 rounds of work for 1 tenants"]
    assert left == [1]
