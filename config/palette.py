"""The palette: one search field over pages, people, orders, segments and flows, on every page.

Wires the reads of the apps together; each group stays small, so an answer costs a few short
look-ups whatever the size of the tenant.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET

from config.context import ENTRIES, find_url
from crm.queries.lookup import FoundOrder, find_orders
from crm.queries.people import Person, Wanted, list_people
from flows.queries.pages import find_by_name as find_flows
from kernel import clock
from segments.queries.listing import find_by_name as find_segments
from tenants.domain import capabilities
from tenants.domain.capabilities import may
from tenants.services.access import requires
from tenants.types import TenantRequest

EACH = 6
"""Most hits of one group."""
SHORTEST_NAME = 3
"""People and orders are looked up from this many letters on; fewer would match everybody."""
MAX_TEXT = 100


class Hit(NamedTuple):
    """One line that can be chosen."""

    icon: str
    title: str
    detail: str
    url: str


class Group(NamedTuple):
    """Hits of one kind under their heading."""

    label: str
    hits: list[Hit]


class Shortcut(NamedTuple):
    """A page below those of the sidebar, or something to do.

    Attributes:
        section: where it belongs; stands beside the title.
        words: what else people type for it.
    """

    title: str
    section: str
    words: str
    route: str
    icon: str
    capability: str


SHORTCUTS = (
    Shortcut("RFM groups", "Segments", "champions", "segments:rfm", "table", capabilities.VIEW),
    Shortcut(
        "Build a segment",
        "Segments",
        "new create",
        "segments:new",
        "plus",
        capabilities.EDIT_SEGMENTS,
    ),
    Shortcut(
        "Connect a store", "Stores", "new add", "stores:connect", "plus", capabilities.MANAGE_STORES
    ),
    Shortcut("Members", "Settings", "invite team", "tenants:members", "people", capabilities.VIEW),
    Shortcut(
        "API keys", "Settings", "token secret", "tenants:api_keys", "key", capabilities.MANAGE_KEYS
    ),
)


@requires(capabilities.VIEW)
@require_GET
def find(request: TenantRequest) -> HttpResponse:
    """Answer with the groups that a text finds; without one, with the pages."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:MAX_TEXT]
    groups = [group for group in _find_groups(request, text) if group.hits]
    return render(request, "frame/_found.html", {"groups": groups, "text": text})


def _find_groups(request: TenantRequest, text: str) -> Iterable[Group]:
    if not text:
        return [Group("Pages", list(_pages(request, "")))]
    slug = request.tenant.slug
    named = _people_and_orders(slug, text) if _is_worth_looking_up(text) else []
    return [
        Group("Pages", list(_pages(request, text))[:EACH]),
        *named,
        Group("Segments", _small(slug, find_segments, "segments:detail", "segments", text)),
        Group("Flows", _small(slug, find_flows, "flows:detail", "flow", text)),
    ]


def _pages(request: TenantRequest, text: str) -> Iterable[Hit]:
    slug, role = request.tenant.slug, request.member.role
    for title, route, icon in ENTRIES:
        if _matches(text, title) and (url := find_url(route, slug)):
            yield Hit(icon, title, "", url)
    for item in SHORTCUTS:
        is_meant = _matches(text, item.title, item.section, item.words)
        if is_meant and may(role, item.capability) and (url := find_url(item.route, slug)):
            yield Hit(item.icon, item.title, item.section, url)


def _matches(text: str, *words: str) -> bool:
    """Whether each word that was typed begins a word of the page."""
    known = " ".join(words).casefold().split()
    return all(any(word.startswith(typed) for word in known) for typed in text.casefold().split())


def _is_worth_looking_up(text: str) -> bool:
    return len(text) >= SHORTEST_NAME or any(map(str.isdigit, text))


def _people_and_orders(slug: str, text: str) -> list[Group]:
    people = list_people(Wanted(search=text), clock.now(), limit=EACH).rows
    orders = find_orders(text, limit=EACH)
    return [
        Group("Profiles", [_person_hit(slug, person) for person in people]),
        Group("Orders", [_order_hit(slug, order) for order in orders]),
    ]


def _person_hit(slug: str, person: Person) -> Hit:
    address = person.email or person.phone
    url = reverse("crm:profile", args=[slug, person.id])
    return Hit("user", person.name or address or "Nameless", address if person.name else "", url)


def _order_hit(slug: str, order: FoundOrder) -> Hit:
    url = reverse("crm:order", args=[slug, order.id])
    return Hit("order", f"Order {order.number}", order.person or "Without a person", url)


def _small(
    slug: str,
    search: Callable[..., Sequence[tuple[int, str]]],
    route: str,
    icon: str,
    text: str,
) -> list[Hit]:
    found = search(text, limit=EACH)
    return [Hit(icon, name, "", reverse(route, args=[slug, key])) for key, name in found]


urlpatterns: list[URLPattern] = [path("search/", find, name="palette")]
