"""What must hold between runs, steps, messages and entries."""

from django.db import transaction

from kernel.sql import run_sql


@transaction.atomic
def find_differences() -> list[str]:
    """Return a sentence for each run or entry that contradicts its facts; empty when all agree."""
    return [f"{row.subject} {row.id}: {row.fault}" for row in run_sql("flows.list_differences")]
