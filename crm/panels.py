"""The profile page's parts, what its timeline says of events, and what narrows the list of people.

Filled by every app when it starts (`AppConfig.ready`); crm asks and knows none of them by name.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm.models import Event


@dataclass(frozen=True, slots=True)
class Panel:
    """One part of the profile page, served under its own address by the app that owns the data.

    Attributes:
        key: stable word in the page's address.
        route: name of the address, which takes the tenant's slug and the profile's id.
        order: place among the parts, ascending.
    """

    key: str
    label: str
    route: str
    order: int


@dataclass(frozen=True, slots=True)
class OrderPart:
    """One part of an order's page: what the order changed, served by the app that knows it.

    Attributes:
        key: unique word.
        route: name of the address, which takes the tenant's slug and the order's id.
        order: place among the parts, ascending.
    """

    key: str
    label: str
    route: str
    order: int


@dataclass(frozen=True, slots=True)
class EventWords:
    """One line of the timeline.

    Attributes:
        symbol: an icon's name.
        tone: ``neutral``, ``good``, ``bad`` or ``accent``.
        link: route and id of what it is about; None without a page.
    """

    symbol: str
    title: str
    text: str = ""
    tone: str = "neutral"
    link: tuple[str, int] | None = None


SpeakEvents = Callable[[Sequence[Event]], Mapping[int, EventWords]]
"""Takes events of the names it was filled in for; answers by event id, in a fixed number of
statements."""


FindPause = Callable[[int], str]
"""Answers why promotions to a profile are paused now, and since when; empty while they are not."""


def _not_among_facts(value: Any) -> str:
    return ""


def _no_choice(value: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ListFilter:
    """One way to narrow the list of people.

    Attributes:
        key: name in the page's address.
        anything: what the empty choice says, such as ``Segment``.
        list_choices: value and label of each choice; of a ``choice`` alone.
        sql: condition over ``p`` (crm_profile) and ``f`` (crm_profilefacts, may be absent), with
            the value as ``%(<key>)s``; every table in it is bound to ``%(tenant_id)s``.
        among_facts: makes of the value as it is bound the same condition over ``f`` alone, where
            nobody without a row there can meet it; otherwise empty. Such a list is counted in one
            index.
        counted_from: ``FROM … WHERE …`` of rows that are the live people who meet it, one each,
            where another table has them in an index; counted when nothing else was chosen.
        define: the same as a condition of a segment definition, made of the value.
        kind: what the value is: ``choice``; ``text``; ``number``, whole and not negative;
            ``money`` of the tenant's currency, bound in minor units; ``day``, bound as the first
            instant of the day; ``last_day``, bound as the first instant after it.
        group: the heading that fields with the same one stand under; empty for the bar above
            the list.
        has_choice: says of a value that is not among the choices whether it is there all the
            same, where only the first ones are offered.
    """

    key: str
    label: str
    anything: str
    list_choices: Callable[[], Sequence[tuple[str, str]]]
    sql: str
    define: Callable[[str], dict[str, object]]
    order: int = 50
    kind: str = "choice"
    group: str = ""
    among_facts: Callable[[Any], str] = _not_among_facts
    counted_from: str = ""
    has_choice: Callable[[str], bool] = _no_choice


_panels: dict[str, Panel] = {}
_order_parts: dict[str, OrderPart] = {}
_speakers: dict[str, tuple[str, SpeakEvents]] = {}
_filters: dict[str, ListFilter] = {}
_pauses: list[FindPause] = []
_kinds: dict[str, str] = {}


def fill_panel(panel: Panel) -> None:
    """Add a part to the profile page; a later call with its key takes its place."""
    _panels[panel.key] = panel


def list_panels() -> list[Panel]:
    """Return the parts of the profile page in their order."""
    return sorted(_panels.values(), key=lambda panel: panel.order)


def fill_order_part(part: OrderPart) -> None:
    """Add a part to an order's page; a later call with its key takes its place."""
    _order_parts[part.key] = part


def list_order_parts() -> list[OrderPart]:
    """Return the parts of an order's page in their order."""
    return sorted(_order_parts.values(), key=lambda part: part.order)


def fill_pause(find: FindPause) -> None:
    """Say who knows why promotions to somebody are paused; a later call takes its place."""
    _pauses[:] = [find]


def find_pause(profile_id: int) -> str:
    """Return why promotions to a profile are paused now; empty while they are not."""
    return next((words for find in _pauses if (words := find(profile_id))), "")


def fill_words(kind: str, label: str, names: Iterable[str], speak: SpeakEvents) -> None:
    """Say who words the events of some names.

    Args:
        kind: what people filter the timeline by, such as ``messages``.
        label: the kind for people.
        names: of events.
        speak: words a batch of them.
    """
    _kinds[kind] = label
    _speakers.update(dict.fromkeys(names, (kind, speak)))


def list_kinds() -> list[tuple[str, str]]:
    """Return key and label of the kinds that the timeline can be filtered by."""
    return list(_kinds.items())


def names_of_kind(kind: str) -> list[str]:
    """Return the names of the events of a kind; empty for one that nobody filled in."""
    return [name for name, (found, _) in _speakers.items() if found == kind]


def speak_events(events: Collection[Event]) -> dict[int, EventWords]:
    """Return the words of events by id; one that nobody words says its name."""
    words = {event.pk: EventWords("dot", event.name) for event in events}
    batches: dict[SpeakEvents, list[Event]] = {}
    for event in events:
        if event.name in _speakers:
            batches.setdefault(_speakers[event.name][1], []).append(event)
    for speak, batch in batches.items():
        words.update(speak(batch))
    return words


def fill_filter(item: ListFilter) -> None:
    """Add a way to narrow the list of people; a later call with its key takes its place."""
    _filters[item.key] = item


def list_filters() -> list[ListFilter]:
    """Return the ways to narrow the list of people, in their order."""
    return sorted(_filters.values(), key=lambda item: item.order)


def label_of(key: str, value: str) -> str:
    """Return what people read for a value of a filter, such as an RFM group; else the value."""
    item = _filters.get(key)
    return dict(item.list_choices()).get(value, value) if item and value else value
