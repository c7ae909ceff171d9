"""The rules of a tenant's points."""

from decimal import Decimal

from django.db import transaction
from django.db.models import F

from kernel.errors import Invalid
from loyalty.models import Program


@transaction.atomic
def ensure_program() -> Program:
    """Return the tenant's program, made with one point per unit on first use."""
    program, _ = Program.objects.get_or_create()
    return program


@transaction.atomic
def update_rate(points_per_unit: Decimal) -> Program:
    """Change what new orders earn; entries keep the rate and version they were posted at.

    Args:
        points_per_unit: points per whole unit of the tenant's currency, 0 or more.

    Raises:
        Invalid: the rate is below 0.
    """
    if points_per_unit < 0:
        raise Invalid("A rate is 0 or more", fields={"points_per_unit": "is below 0"})
    program = ensure_program()
    Program.objects.filter(pk=program.pk).update(
        points_per_unit=points_per_unit, version=F("version") + 1
    )
    program.refresh_from_db()
    return program
