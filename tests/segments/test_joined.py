"""For how long somebody has been in another segment: every way of asking says the same."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from crm.types import EventRef
from kernel.batches import Deadline
from kernel.clock import simulated
from segments.choices import Cause
from segments.domain.definitions import parse
from segments.domain.words import describe
from segments.errors import DefinitionError
from segments.fields import FIELDS
from segments.models import Membership, Segment, Upkeep
from segments.queries.impact import measure_impact
from segments.services import memberships
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.evaluate import matching, matching_then
from segments.services.live import refresh_for_events
from segments.services.rebuild import rebuild
from tenants.models import Tenant
from tests.factories.segments import change_facts, make_buyer, make_segment

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
"""One o'clock in London."""
BUYERS = {"field": "order_count", "is": ">=", "value": 1}


def joined(buyers: Segment, **window: Any) -> dict[str, Any]:
    return {"segment": str(buyers.pk), "is": "member", **window}


class Shop:
    """Three people of whom some buy, and segments by how long they have been buyers."""

    def __init__(self) -> None:
        self.names = {make_buyer(first_name=name): name for name in ("ada", "bob", "cy")}
        buyers = make_segment(BUYERS, "Buyers")
        named = {
            "new": joined(buyers, within={"days": 7}),
            "old": joined(buyers, before={"days": 7}),
            "hours": joined(buyers, within={"hours": 30}),
            "july": joined(buyers, since="2026-07-01", until="2026-07-03"),
            "not old": {"op": "not", "children": [joined(buyers, before={"days": 7})]},
        }
        self.segments = {name: make_segment(one, name) for name, one in named.items()}

    def buys(self, name: str, at: datetime, *, orders: int = 1) -> None:
        """Let somebody buy, or lose every order, and let the event be worked off."""
        [person] = [key for key, known in self.names.items() if known == name]
        change_facts(person, order_count=orders)
        with simulated(at):
            refresh_for_events([EventRef(7, "Order Placed", at, person, None, is_backfill=False)])

    def members(self, at: datetime) -> dict[str, str]:
        """Return who is in what once the clock has looked; all ways have to agree."""
        with simulated(at):
            reevaluate_due(Deadline(seconds=None))
            assert find_differences() == []
        return {name: self._names(one, at) for name, one in self.segments.items()}

    def _names(self, segment: Segment, at: datetime) -> str:
        stored = Membership.objects.filter(segment_ids__contains=[segment.pk])
        found = set(stored.values_list("profile_id", flat=True))
        assert matching(segment.definition, list(self.names), at) == found
        impact = measure_impact(segment.definition, at, segment_id=segment.pk)
        assert impact is not None
        assert (impact.members, impact.gained, impact.lost) == (len(found), 0, 0)
        return " ".join(sorted(self.names[key] for key in found))


def local(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(hours=1)


@pytest.mark.django_db
@pytest.mark.parametrize("many", [1, 20])
def test_how_long_somebody_is_a_member_is_known_to_events_the_clock_and_a_full_count(
    tenant: Tenant, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memberships, "MANY", many)
    shop = Shop()
    shop.buys("ada", NOW - timedelta(minutes=5))
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    Upkeep.objects.update(due_at=None)
    begun = {"new": "ada", "old": "", "hours": "ada", "july": "", "not old": "ada bob cy"}
    assert shop.members(NOW) == begun

    shop.buys("bob", NOW + timedelta(days=3))
    after = {**begun, "new": "ada bob", "hours": "bob", "july": "bob"}
    assert shop.members(NOW + timedelta(days=3)) == after
    # Hours to the second.
    still, over = NOW + timedelta(days=3, hours=29, minutes=59), NOW + timedelta(days=3, hours=30)
    assert shop.members(still)["hours"] == "bob"
    assert shop.members(over)["hours"] == ""
    # Days by the calendar of London: on 7 July it is 7 days, and on the 8th more than 7.
    on_7, on_8 = local(date(2026, 7, 7)), local(date(2026, 7, 8))
    assert shop.members(on_7 - timedelta(seconds=1))["old"] == ""
    seventh = shop.members(on_7)
    assert (seventh["old"], seventh["new"], seventh["not old"]) == ("ada", "ada bob", "bob cy")
    assert shop.members(on_8 - timedelta(seconds=1))["new"] == "ada bob"
    assert shop.members(on_8)["new"] == "bob"

    # Who leaves and comes back begins anew.
    shop.buys("ada", on_8 + timedelta(hours=9), orders=0)
    gone = shop.members(on_8 + timedelta(hours=9))
    assert (gone["old"], gone["new"], gone["not old"]) == ("", "bob", "ada bob cy")
    shop.buys("ada", on_8 + timedelta(hours=10))
    back = shop.members(on_8 + timedelta(hours=10))
    assert (back["old"], back["new"], back["hours"]) == ("", "ada bob", "ada")
    # Nobody who is no member waits for a day to come round.
    assert not Membership.objects.filter(reeval_at__isnull=False, segment_ids=[]).exists()


@pytest.mark.django_db
def test_of_the_past_it_counts_from_the_entry_before_the_moment(tenant: Tenant) -> None:
    shop = Shop()
    ada = next(iter(shop.names))
    with simulated(NOW):
        rebuild(NOW, Cause.DEFINITION)
    shop.buys("ada", NOW + timedelta(days=2))
    asked = [(ada, NOW + timedelta(days=count)) for count in range(12)]
    met = matching_then(shop.segments["old"].definition, asked, NOW + timedelta(days=20))
    assert [count for count, one in enumerate(asked) if one in met] == [9, 10, 11]
    met = matching_then(shop.segments["new"].definition, asked, NOW + timedelta(days=20))
    assert [count for count, one in enumerate(asked) if one in met] == [2, 3, 4, 5, 6, 7, 8, 9]


WORDS: list[tuple[dict[str, Any], str]] = [
    ({"before": {"days": 30}}, ", joined at least 30 days ago"),
    ({"within": {"hours": 24}}, ", joined in the last 24 hours"),
    (
        {"since": "2026-07-01", "until": "2026-07-31"},
        ", joined since 1 Jul 2026, until 31 Jul 2026",
    ),
    ({}, ""),
]
REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"is": "not_member", "within": {"days": 3}}, ".within", "stands beside “member” alone"),
    ({"is": "member", "within": {"years": 1}}, ".within", 'must be {"days": 30}'),
    ({"is": "member", "months": [1]}, ".months", "is not known"),
    (
        {"is": "member", "within": {"days": 3}, "before": {"days": 4}},
        ".before",
        "must not be longer ago",
    ),
]


def test_it_is_said_in_words_and_refused_at_its_place() -> None:
    for window, words in WORDS:
        tree = parse({"segment": "5", "is": "member", **window}, FIELDS)
        assert describe(tree, str, {5: "Buyers"}) == f"In segment “Buyers”{words}"
    for wrong, place, reason in REFUSED:
        with pytest.raises(DefinitionError) as refused:
            parse({"segment": "5", **wrong}, FIELDS)
        assert refused.value.path == f"definition{place}"
        assert refused.value.reason.startswith(reason)
