"""How a member sees the list of people: columns, saved views, and the one it begins with."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db.models import Q

from crm.models import ListPreference, SavedView


class Column(NamedTuple):
    """One column that can be shown beside the name; ``sort`` is a key of the orders, or empty."""

    key: str
    label: str
    sort: str = ""
    is_number: bool = False


COLUMNS = (
    Column("group", "RFM group"),
    Column("reach", "Reachable by"),
    Column("tags", "Tags"),
    Column("last_order", "Last order", "last", is_number=True),
    Column("orders", "Orders", "orders", is_number=True),
    Column("revenue", "Net revenue", "revenue", is_number=True),
    Column("points", "Points", is_number=True),
    Column("average", "Average order", is_number=True),
    Column("refunded", "Refunded", is_number=True),
    Column("first_order", "First order", is_number=True),
    Column("seen", "Last visit", "seen", is_number=True),
    Column("created", "First known", "new", is_number=True),
    Column("place", "Place"),
    Column("phone", "Phone"),
)
USUAL = ("group", "reach", "tags", "last_order", "orders", "revenue", "points")
_BY_KEY = {column.key: column for column in COLUMNS}


def find_preference(user_id: int) -> ListPreference | None:
    """Return what a member chose, or None."""
    return ListPreference.objects.filter(user_id=user_id).first()


def list_views(user_id: int) -> list[SavedView]:
    """Return the views that a member may see, oldest first: their own and the shared ones."""
    mine = Q(user_id=user_id) | Q(is_shared=True)
    return list(SavedView.objects.filter(mine, deleted_at=None).order_by("pk"))


def find_deleted(view_id: int, user_id: int) -> SavedView | None:
    """Return a view that a member deleted, or None."""
    found = SavedView.objects.filter(pk=view_id, user_id=user_id, deleted_at__isnull=False)
    return found.first()


def clean_columns(keys: Iterable[str]) -> list[str]:
    """Return the keys that exist, in the order in which columns stand, each once."""
    wanted = set(keys)
    return [column.key for column in COLUMNS if column.key in wanted]


def columns_of(keys: Sequence[str]) -> list[Column]:
    """Return columns by their keys; the usual ones where none is named."""
    return [_BY_KEY[key] for key in clean_columns(keys) or USUAL]
