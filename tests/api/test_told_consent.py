"""What a program tells of consent that was given or taken back before."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import ConsentEvent, Event, Profile
from crm.queries.statements import wants_back
from crm.services.checks import find_differences
from crm.services.consent import note_wish, record_consent
from kernel import clock
from tests.factories.crm import NOON, make_store
from tests.factories.samples import make_profile

DAYS = [NOON - timedelta(days=number) for number in (30, 20, 10)]


@pytest.fixture
def mei(tenant: object) -> Profile:
    make_store()
    return make_profile()


def tell(api: Client, who: Profile, **said: Any) -> tuple[int, bool]:
    body = {"profile_id": str(who.pk), **said}
    answer = api.post("/api/v1/consents/", body, content_type="application/json")
    return answer.status_code, answer.json()["is_new"]


def holds(who: Profile, channel: str) -> tuple[str, Any]:
    who.refresh_from_db()
    return getattr(who, f"{channel}_consent"), getattr(who, f"{channel}_consent_at")


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["email", "sms"])
def test_an_old_yes_does_not_go_over_a_newer_no_nor_an_old_no_over_a_newer_yes(
    api: Client, mei: Profile, channel: str
) -> None:
    before, then, after = DAYS
    with time_machine.travel(then, tick=False):
        record_consent(mei.pk, channel, "unsubscribed", method="one_click")
    told = {"channel": channel, "occurred_at": before.isoformat()}
    assert tell(api, mei, **told, state="subscribed") == (201, True)
    assert tell(api, mei, **told, state="subscribed") == (200, False)
    assert holds(mei, channel) == ("unsubscribed", then)
    assert Event.objects.filter(name="Consent Changed").count() == 1

    told = {"channel": channel, "occurred_at": after.isoformat()}
    assert tell(api, mei, **told, state="subscribed") == (201, True)
    assert holds(mei, channel) == ("subscribed", after)
    told = {"channel": channel, "occurred_at": (after - timedelta(days=1)).isoformat()}
    assert tell(api, mei, **told, state="unsubscribed") == (201, True)
    assert holds(mei, channel) == ("subscribed", after)
    told = {"channel": channel, "occurred_at": after.isoformat()}
    assert tell(api, mei, **told, state="unsubscribed") == (201, True)
    assert holds(mei, channel) == ("unsubscribed", after)

    assert tell(api, mei, channel=channel, state="subscribed") == (201, True)
    assert holds(mei, channel)[0] == "subscribed"
    assert tell(api, mei, channel=channel, state="unsubscribed") == (201, True)
    assert holds(mei, channel)[0] == "unsubscribed"
    events = Event.objects.filter(name="Consent Changed").order_by("pk")
    assert [each.properties["state"] for each in events] == [
        *("unsubscribed", "subscribed") * 2,
        "unsubscribed",
    ]
    assert ConsentEvent.objects.filter(channel=channel).count() == 7
    assert [each for each in find_differences() if "consent" in each] == []


@pytest.mark.django_db
def test_in_whatever_order_statements_are_told_the_last_one_holds(
    api: Client, mei: Profile
) -> None:
    said = list(zip(("subscribed", "unsubscribed", "withdrawn"), DAYS, strict=True))
    for order in permutations(said):
        other = make_profile()
        for state, at in order:
            assert tell(api, other, state=state, occurred_at=at.isoformat()) == (201, True)
        assert holds(other, "email") == ("withdrawn", DAYS[2])


@pytest.mark.django_db
def test_an_old_yes_takes_the_wish_to_come_back_from_nobody(api: Client, mei: Profile) -> None:
    record_consent(mei.pk, "email", "unsubscribed", method="one_click")
    note_wish(mei.pk, "email", occurred_at=clock.now(), method="form")
    assert tell(api, mei, state="subscribed", occurred_at=DAYS[0].isoformat()) == (201, True)
    assert wants_back(mei.pk, "email")
    assert tell(api, mei, state="unsubscribed") == (200, False)
    assert not wants_back(mei.pk, "email")
