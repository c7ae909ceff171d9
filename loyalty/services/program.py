"""The rules of a tenant's points."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from kernel.errors import Invalid
from loyalty.models import Program
from tenants.services import audit

MAX_MONTHS: Final = 120
MAX_PENDING_DAYS: Final = 365


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
        expires_after_months: how long points last that are earned from now on, 1 or more; None:
            for ever.
        pending_days: days after an order until its points can be used, 0 or more.
    """

    name: str
    points_per_unit: Decimal
    value_per_point: Decimal
    is_active: bool
    expires_after_months: int | None = None
    pending_days: int = 0


@transaction.atomic
def update_program(data: ProgramData, *, actor: str) -> Program:
    """Change the program from now on; entries keep the rate and version they were posted at.

    A new rate, another expiry or waiting time, or switching on or off makes a new version. A
    repeat changes nothing.

    Args:
        data: what it shall be.
        actor: e-mail address of who decides.

    Raises:
        Invalid: the name is empty, or a figure is out of its range.
    """
    _check(data)
    ensure_program()
    program = Program.objects.select_for_update(no_key=True).get()
    before, after = _describe(_data_of(program)), _describe(data)
    if before == after:
        return program
    program.version += _earning(_data_of(program)) != _earning(data)
    program.name = data.name.strip()
    program.points_per_unit = data.points_per_unit
    program.value_per_point = data.value_per_point
    program.is_active = data.is_active
    program.expires_after_months = data.expires_after_months
    program.pending_days = data.pending_days
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
        expires_after_months=program.expires_after_months,
        pending_days=program.pending_days,
    )


def _earning(data: ProgramData) -> tuple[Any, ...]:
    """Return what new orders earn, and how long."""
    return (data.points_per_unit, data.is_active, data.expires_after_months, data.pending_days)


def _describe(data: ProgramData) -> dict[str, Any]:
    """Return what the audit trail keeps; figures without the zeros behind them.

    Points that never expire, or need not wait, go unsaid.
    """
    said: dict[str, Any] = {
        "name": data.name.strip(),
        "points_per_unit": f"{data.points_per_unit.normalize():f}",
        "value_per_point": f"{data.value_per_point.normalize():f}",
        "is_active": data.is_active,
    }
    if data.expires_after_months is not None:
        said["expires_after_months"] = data.expires_after_months
    if data.pending_days:
        said["pending_days"] = data.pending_days
    return said


def _check(data: ProgramData) -> None:
    fields = {}
    if not data.name.strip():
        fields["name"] = "is empty"
    if data.points_per_unit < 0:
        fields["points_per_unit"] = "is below 0"
    if data.value_per_point < 0:
        fields["value_per_point"] = "is below 0"
    if data.expires_after_months is not None and not 1 <= data.expires_after_months <= MAX_MONTHS:
        fields["expires_after_months"] = f"is not from 1 to {MAX_MONTHS}"
    if not 0 <= data.pending_days <= MAX_PENDING_DAYS:
        fields["pending_days"] = f"is not from 0 to {MAX_PENDING_DAYS}"
    if fields:
        raise Invalid("The program cannot be like this.", fields=fields)
