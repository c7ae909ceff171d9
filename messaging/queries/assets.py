"""Pictures of a merchant as pages, the editor and mails show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from kernel.arrays import array
from kernel.keyset import Place, Sorting, Statement, count_up_to, has_any, select_page
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from messaging.domain.assets import MOVING
from messaging.models import Asset

PAGE_SIZE: Final = 24
NEWEST: Final = Sorting("a.id", "a.id", "id")
_FROM = "FROM messaging_asset AS a"
_SELECT = f"""
SELECT a.id, a.key, a.name, a.alt, a.extension, a.width, a.height, a.size_bytes, a.created_by,
    a.created_at
{_FROM}
"""


class AssetUser(NamedTuple):
    """A template that shows a picture."""

    template_id: int
    name: str


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One picture with where it is shown.

    Attributes:
        used_by: the templates that show it.
    """

    id: int
    key: str
    name: str
    alt: str
    extension: str
    width: int
    height: int
    size_bytes: int
    created_by: str
    created_at: datetime
    used_by: Sequence[AssetUser] = ()

    @property
    def url(self) -> str:
        """Where everybody finds it."""
        return public_address(f"{self.key}.{self.extension}")

    @property
    def path(self) -> str:
        """Where pages of this site show it from."""
        return _path(f"{self.key}.{self.extension}")

    @property
    def thumb(self) -> str:
        """Where pages show a small one from."""
        return _path(f"{self.key}-thumb.{'png' if self.extension == MOVING else self.extension}")

    @property
    def size_text(self) -> str:
        """Return how large its file is, for people."""
        if self.size_bytes >= 1024 * 1024:
            return f"{self.size_bytes / 1024 / 1024:.1f} MB"
        return f"{max(1, round(self.size_bytes / 1024)):,} KB"


@dataclass(frozen=True, slots=True)
class AssetPage:
    """One page of pictures, newest first; the marks lead to its neighbours."""

    rows: list[AssetRow]
    next: str | None
    previous: str | None


def list_assets(search: str, place: Place, *, with_users: bool = True) -> AssetPage:
    """Return a page of pictures, newest first.

    Args:
        search: part of a name or of the words instead, in any case; empty: all.
        place: which page.
        with_users: whether to look up where they are shown.
    """
    found = select_page(
        Statement(_SELECT, *_conditions(search)), NEWEST, descending=True, place=place
    )
    users = find_users([row.key for row in found.rows]) if with_users else {}
    rows = [AssetRow(**row._asdict(), used_by=users.get(row.key, ())) for row in found.rows]
    return AssetPage(rows, found.next, found.previous)


def count_assets(search: str) -> int:
    """Return how many pictures there are, at most the ceiling."""
    return count_up_to(_FROM, *_conditions(search))


def has_assets() -> bool:
    """Say whether the tenant has any picture."""
    return has_any(live_assets())


def find_asset(asset_id: int) -> AssetRow | None:
    """Return one picture with where it is shown, or None."""
    asset = live_assets().filter(pk=asset_id).first()
    return None if asset is None else describe(asset, find_users([asset.key]).get(asset.key, ()))


def live_assets() -> QuerySet[Asset]:
    """Return the pictures that were not removed."""
    return Asset.objects.filter(removed_at=None)


def describe(asset: Asset, used_by: Sequence[AssetUser] = ()) -> AssetRow:
    """Return a picture as it is shown."""
    names = [name for name in AssetRow.__slots__ if name not in ("id", "used_by")]
    return AssetRow(id=asset.pk, used_by=used_by, **{name: getattr(asset, name) for name in names})


def find_users(keys: Sequence[str]) -> dict[str, list[AssetUser]]:
    """Return the templates that show pictures, by key of the picture."""
    found: dict[str, list[AssetUser]] = {}
    if keys:
        for row in run_sql("messaging.find_asset_users", keys=array(list(keys))):
            found.setdefault(row.key, []).append(AssetUser(row.template_id, row.name))
    return found


def public_address(name: str) -> str:
    """Return the address under which everybody finds a file of a picture."""
    return f"{settings.PUBLIC_URL}{_path(name)}"


def _path(name: str) -> str:
    return reverse("picture", args=[current_tenant_id(), name])


def _conditions(search: str) -> tuple[list[str], dict[str, Any]]:
    parts = ["a.tenant_id = %(tenant_id)s", "a.removed_at IS NULL"]
    if not search:
        return parts, {}
    parts.append("strpos(lower(a.name || ' ' || a.alt), %(search)s) > 0")
    return parts, {"search": search.lower()}
