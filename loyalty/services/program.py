"""The rules of a tenant's points."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from kernel.errors import Invalid
from loyalty.models import Program
from tenants.services import audit


@transaction.atomic
def ensure_program() -> Program:
    """Return the tenant's program, made with one point per unit on first use."""
    program, _ = Program.objects.get_or_create()
    return program


@dataclass(frozen=True, slots=True)
class ProgramData:
    """What a merchant decides about points.

    Attributes:
        points_per_unit: points per whole unit of the tenant's currency paid, 0 or more.
        value_per_point: whole units of the tenant's currency that a point is worth, 0 or more.
        is_active: whether new orders earn.
    """

    name: str
    points_per_unit: Decimal
    value_per_point: Decimal
    is_active: bool


@transaction.atomic
def update_program(data: ProgramData, *, actor: str) -> Program:
    """Change the program from now on; entries keep the rate and version they were posted at.

    A new rate, or switching on or off, makes a new version. A repeat changes nothing.

    Args:
        data: what it shall be.
        actor: e-mail address of who decides.

    Raises:
        Invalid: the name is empty, or a figure is below 0.
    """
    _check(data)
    ensure_program()
    program = Program.objects.select_for_update(no_key=True).get()
    before, after = _describe(_data_of(program)), _describe(data)
    if before == after:
        return program
    earns = (program.points_per_unit, program.is_active)
    program.version += earns != (data.points_per_unit, data.is_active)
    program.name = data.name.strip()
    program.points_per_unit = data.points_per_unit
    program.value_per_point = data.value_per_point
    program.is_active = data.is_active
    program.save()
    audit.record("program.updated", "program", program.pk, before=before, after=after, actor=actor)
    return program


@transaction.atomic
def update_rate(points_per_unit: Decimal, *, actor: str = audit.SYSTEM) -> Program:
    """Change what new orders earn; entries keep the rate and version they were posted at.

    Args:
        points_per_unit: points per whole unit of the tenant's currency, 0 or more.
        actor: e-mail address of who decides.

    Raises:
        Invalid: the rate is below 0.
    """
    data = replace(_data_of(ensure_program()), points_per_unit=points_per_unit)
    return update_program(data, actor=actor)


def _data_of(program: Program) -> ProgramData:
    return ProgramData(
        name=program.name,
        points_per_unit=program.points_per_unit,
        value_per_point=program.value_per_point,
        is_active=program.is_active,
    )


def _describe(data: ProgramData) -> dict[str, Any]:
    """Return what the audit trail keeps; figures without the zeros behind them."""
    return {
        "name": data.name.strip(),
        "points_per_unit": f"{data.points_per_unit.normalize():f}",
        "value_per_point": f"{data.value_per_point.normalize():f}",
        "is_active": data.is_active,
    }


def _check(data: ProgramData) -> None:
    fields = {}
    if not data.name.strip():
        fields["name"] = "is empty"
    if data.points_per_unit < 0:
        fields["points_per_unit"] = "is below 0"
    if data.value_per_point < 0:
        fields["value_per_point"] = "is below 0"
    if fields:
        raise Invalid("The program cannot be like this.", fields=fields)
