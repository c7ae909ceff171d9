"""Which rows other tables rest on, whatever apps own those."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model


def find_held(model: type[Model], ids: Sequence[int], besides: set[str]) -> set[int]:
    """Return which of some rows are named by rows of other tables, but for some tables."""
    held: set[int] = set()
    relations: list[Any] = list(model._meta.get_fields(include_hidden=True))
    for relation in relations:
        if not relation.auto_created or relation.concrete:
            continue
        other = relation.related_model
        if other._meta.db_table in besides:
            continue
        name = relation.remote_field.name
        rows = other._base_manager.filter(**{f"{name}__in": ids})  # noqa: SLF001 likewise
        held.update(rows.values_list(f"{name}_id", flat=True).distinct())
    return held
