"""What the frame of every page shows: where one can go, and for which tenant.

Nothing is read before a template asks for it, so error pages and fragments cost no query.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from kernel import clock
from messaging.queries.messages import DUE_CEILING, count_due
from stores.queries import SyncHealth, list_sync_health
from tenants.choices import Role, TenantStatus
from tenants.models import Member, Tenant
from tenants.queries import SettingsLink, list_memberships, list_settings_links

HOME = "analytics:home"
ENTRIES = (
    ("Home", HOME, "home"),
    ("Profiles", "crm:profiles", "people"),
    ("Orders", "crm:orders", "order"),
    ("Segments", "segments:list", "segments"),
    ("Flows", "flows:list", "flow"),
    ("Campaigns", "flows:campaigns", "campaign"),
    ("Messages", "messaging:list", "mail"),
    ("Conversations", "messaging:conversations", "chat"),
    ("Loyalty", "loyalty:overview", "gift"),
    ("Analytics", "analytics:overview", "chart"),
    ("Content", "messaging:templates", "content"),
    ("Catalog", "crm:products", "tag"),
    ("Data", "analytics:data", "table"),
    ("Stores", "stores:list", "store"),
    ("Settings", "tenants:settings", "settings"),
)

_PATIENCE = timedelta(minutes=2)
"""Messages that should have left longer ago than this are said to wait."""


class NavItem(NamedTuple):
    """One line of the sidebar."""

    label: str
    url: str
    icon: str
    active: bool


class NavTenant(NamedTuple):
    """One tenant the person may switch to."""

    name: str
    url: str
    active: bool


class NavHealth(NamedTuple):
    """Whether everything is in step: one quiet line that turns amber or red with a reason."""

    level: str
    text: str


class Navigation:
    """The frame of one request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._tenant: Tenant | None = getattr(request, "tenant", None)

    @cached_property
    def items(self) -> list[NavItem]:
        """The pages that exist; one without an address yet is left out."""
        if self._tenant is None:
            return []
        here = _section(self._request.path)
        addresses = [
            (label, find_url(name, self._tenant.slug), icon) for label, name, icon in ENTRIES
        ]
        return [
            NavItem(label, url, icon, _section(url) == here)
            for label, url, icon in addresses
            if url is not None
        ]

    @cached_property
    def settings(self) -> list[SettingsLink]:
        """The settings that the member may see; `tenants.domain.settings_pages` lists all."""
        member: Member | None = getattr(self._request, "member", None)
        if self._tenant is None or member is None:
            return []
        return list_settings_links(self._tenant.slug, member.role, here=self._request.path)

    @cached_property
    def tenants(self) -> list[NavTenant]:
        """The tenants the person is a member of, by name."""
        if not self._request.user.is_authenticated:
            return []
        return [
            NavTenant(
                member.tenant.name,
                find_url(HOME, member.tenant.slug) or f"/t/{member.tenant.slug}/",
                self._tenant is not None and member.tenant_id == self._tenant.pk,
            )
            for member in list_memberships(self._request.user.pk)
        ]

    @cached_property
    def health(self) -> NavHealth | None:
        """How data comes in and messages go out; None without a store."""
        if self._tenant is not None and self._tenant.status != TenantStatus.ACTIVE:
            return NavHealth("warn", "Suspended: nothing is sent")
        stores = list_sync_health() if self._tenant is not None else []
        return _judge(stores) if stores else None

    @property
    def account_url(self) -> str:
        """Where a person finds what is theirs and no tenant's."""
        return reverse("account_profile")

    @cached_property
    def create_url(self) -> str:
        """Where another tenant is made; empty for those who may not."""
        member: Member | None = getattr(self._request, "member", None)
        is_allowed = settings.SIGNUP_OPEN or (member is not None and member.role == Role.OWNER)
        return reverse("create_shop") if is_allowed else ""

    @property
    def logout_url(self) -> str:
        """Where the log-out form is sent."""
        return reverse("account_logout")


def navigation(request: HttpRequest) -> dict[str, Navigation]:
    """Give every template ``nav``."""
    return {"nav": Navigation(request)}


def find_url(name: str, slug: str) -> str | None:
    """Return the address of a page of a tenant, or None when there is no such page."""
    try:
        return reverse(name, args=[slug])
    except NoReverseMatch:
        return None


def _section(path: str) -> str:
    """Return the part of ``/t/<slug>/<section>/…`` that tells pages apart; Home has none."""
    parts = path.split("/")
    return parts[3] if len(parts) > 3 else ""  # noqa: PLR2004 three parts come before it


def _judge(stores: Sequence[SyncHealth]) -> NavHealth:
    slowest = max(stores, key=lambda store: store.lag_seconds)
    if slowest.is_late:
        return NavHealth("bad", f"{slowest.name} is {slowest.lag_seconds // 60} min behind")
    if quarantined := sum(store.quarantined for store in stores):
        many = "delivery" if quarantined == 1 else "deliveries"
        return NavHealth("warn", f"{quarantined:,} quarantined {many}")
    if waiting := count_due(clock.now() - _PATIENCE):
        more = "+" if waiting >= DUE_CEILING else ""
        return NavHealth("warn", f"{waiting:,}{more} sends wait")
    return NavHealth("good", "Everything is in step")
