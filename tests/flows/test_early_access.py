"""Lists of early access wait until it is known who is on them, and say so."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Event, Profile
from flows.models import AccessList
from flows.services.early_access import SETTLED_WITHIN, AccessData, create_list, tell_due
from kernel import clock
from kernel.batches import Deadline
from segments.models import Membership, Segment
from tenants.models import Tenant
from tests.factories.campaigns import make_audience
from tests.factories.loyalty import make_profile
from tests.factories.tenants import sign_in

pytestmark = [pytest.mark.usefixtures("noon"), pytest.mark.covers("F23")]


def opened(name: str) -> AccessList:
    """Return a list that opens to a segment at once, and to all in an hour."""
    found = Segment.objects.get(name=name)
    at = clock.now() + timedelta(hours=1)
    return create_list(AccessData(name, "https://a.example/", [found.pk], 1, at), actor="ada")


def work() -> int:
    return tell_due(Deadline(seconds=None))


def told() -> list[int | None]:
    events = Event.objects.filter(name="Early Access Opened").order_by("profile_id")
    return list(events.values_list("profile_id", flat=True))


def test_a_list_waits_for_a_segment_that_is_yet_to_be_computed(
    tenant: Tenant, api: Client, noon: time_machine.Traveller
) -> None:
    old, new = make_profile(), make_profile()
    segment = make_audience([old], "VIP")
    Segment.objects.update(redefined_at=clock.now())
    drop = opened("VIP")
    assert work() == 1
    drop.refresh_from_db()
    assert (told(), drop.due_at) == ([], clock.now() + SETTLED_WITHIN)
    words = "It is being worked out who is in “VIP”. They are told once that is known."
    assert api.get(f"/api/v1/early-access/{drop.pk}/").json()["reason"] == words
    assert words in sign_in(tenant).get("/t/ada-soap/flows/early-access/").content.decode()

    Membership.objects.create(profile=Profile.objects.get(pk=new.pk), segment_ids=[segment.pk])
    Segment.objects.update(redefined_at=None)
    noon.shift(SETTLED_WITHIN)
    assert work() == 1
    drop.refresh_from_db()
    assert (told(), drop.due_at, drop.reason) == ([old.pk, new.pk], None, "")


def test_a_list_of_a_segment_that_was_stopped_says_so_until_it_is_too_late(
    tenant: Tenant, noon: time_machine.Traveller
) -> None:
    make_audience([make_profile()], "Slow")
    Segment.objects.update(redefined_at=clock.now(), stopped_at=clock.now())
    drop = opened("Slow")
    assert work() == 1
    drop.refresh_from_db()
    assert drop.reason == (
        "Who is in “Slow” is not known, as working it out took too long. Make that segment "
        "simpler: its people are told once it is known who they are."
    )
    noon.shift(timedelta(hours=1))
    assert work() == 1
    drop.refresh_from_db()
    assert (told(), drop.due_at) == ([], None)
    assert drop.reason == (
        "It opened to everybody before it was known who is on the list, so not all of them "
        "were told."
    )
