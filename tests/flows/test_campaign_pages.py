"""Pages of campaigns: written in four steps, sent, held back, and told what came of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from crm.models import Profile
from flows.models import Campaign, Recipient
from flows.services.campaigns.rehearsing import Coupons, rehearse
from kernel import clock
from messaging.models import Message
from messaging.services.senders import ensure_default_sender
from segments.models import Segment
from tenants.choices import Role
from tenants.models import Tenant
from tests.factories.campaigns import make_audience, make_campaign, run
from tests.factories.coupons import coupon_template, make_pool
from tests.factories.messaging import make_recipient, make_template
from tests.factories.tenants import make_member
from tests.flows.conftest import NOON


@pytest.fixture
def clocked() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def template(tenant: Tenant, clocked: time_machine.Traveller) -> int:
    ensure_default_sender()
    return make_template("spring").pk


@pytest.fixture
def people(tenant: Tenant) -> list[Profile]:
    emails = [f"b{number}@example.com" for number in range(4)]
    return [make_recipient(email=email, email_norm=email) for email in emails]


@pytest.fixture
def audience(people: list[Profile]) -> Segment:
    return make_audience(people, "Soap lovers")


@pytest.fixture
def client(tenant: Tenant) -> Client:
    found = Client()
    found.force_login(make_member(tenant, Role.MARKETER, "ada@soap.example").user)
    return found


def address(tenant: Tenant, path: str = "") -> str:
    return f"/t/{tenant.slug}/campaigns/{path}"


def text_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.covers("M2")
def test_a_campaign_is_written_in_four_steps_and_sent(
    tenant: Tenant, client: Client, template: int, audience: Segment
) -> None:
    assert "No campaigns yet" in text_of(client, address(tenant))
    begun = client.post(address(tenant, "new/"), {"segment": audience.pk})
    campaign = Campaign.objects.get()
    compose = address(tenant, f"{campaign.pk}/compose/")
    assert begun["Location"] == compose
    assert "Soap lovers" in text_of(client, compose)
    assert '<span class="c-size">4</span>' in text_of(
        client, address(tenant, f"{campaign.pk}/size/")
    )

    saved = client.post(
        f"{compose}?step=audience",
        {"version": 1, "name": "Spring", "channel": "email", "include": audience.pk},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert "Saved" in saved
    assert 'value="2"' in saved
    content = {"version": 2, "template": template, "then": "check"}
    assert client.post(f"{compose}?step=content", content)["Location"] == f"{compose}?step=check"
    check = text_of(client, f"{compose}?step=check")
    assert "Nothing keeps it from being sent" in check
    rehearsal = text_of(client, address(tenant, f"{campaign.pk}/rehearsal/"))
    assert "of 4 people would get it" in rehearsal
    plan = {"version": 3, "timing": "now", "holdout": "0", "then": "confirm"}
    assert client.post(f"{compose}?step=schedule", plan)["Location"] == f"{compose}?step=confirm"
    assert "Send it now" in text_of(client, f"{compose}?step=confirm")
    sent = client.post(address(tenant, f"{campaign.pk}/schedule/"), {"version": 4})
    assert sent["Location"] == address(tenant, f"{campaign.pk}/")
    run()
    assert Message.objects.count() == 4
    assert "Everybody is queued; 4 still wait" in text_of(client, sent["Location"])


def test_what_is_not_saved_says_why_and_changes_nothing(
    tenant: Tenant, client: Client, template: int, audience: Segment
) -> None:
    campaign = make_campaign(audience, [template])
    url = address(tenant, f"{campaign.pk}/compose/?step=audience")
    for body in ({"version": 1, "name": ""}, {"version": 9, "name": "Other"}):
        answer = client.post(url, body, headers={"HX-Request": "true"}).content.decode()
        assert "This was not saved" in answer
        assert "This was not saved" in client.post(url, body).content.decode()
    campaign.refresh_from_db()
    assert (campaign.name, campaign.version) == ("Spring", 1)
    stale = client.post(address(tenant, f"{campaign.pk}/schedule/"), {"version": 9}, follow=True)
    assert "Somebody changed this campaign" in stale.content.decode()


def test_a_plan_is_read_from_its_form(
    tenant: Tenant, client: Client, template: int, audience: Segment
) -> None:
    campaign = make_campaign(audience, [template, make_template("second").pk])
    url = address(tenant, f"{campaign.pk}/compose/?step=schedule")
    body = {"version": 1, "timing": "at", "at": "2026-06-02T09:00", "holdout": "10"}
    test = {"share": "30", "wait": "60", "metric": "revenue"}
    client.post(url, {**body, **test, "pace": "number", "per_hour": "500"})
    campaign.refresh_from_db()
    assert campaign.plan == {
        "timing": "at",
        "at": "2026-06-02T09:00",
        "holdout": 10,
        "throttle": {"per_hour": 500},
        "test": {"share": 30, "wait_minutes": 60, "metric": "revenue"},
    }
    said = text_of(client, address(tenant, f"{campaign.pk}/compose/?step=confirm"))
    assert "It is sent on Tuesday 2 June 2026 at 09:00 (Europe/London)" in said
    assert "At most 500 people are written to in an hour." in said


def test_a_campaign_is_held_back_from_its_page(
    tenant: Tenant, client: Client, template: int, audience: Segment
) -> None:
    campaign = make_campaign(audience, [template], throttle={"per_hour": 60})
    client.post(address(tenant, f"{campaign.pk}/schedule/"), {"version": 1})
    run()
    here = address(tenant, f"{campaign.pk}/")
    assert "Pause" in text_of(client, here)
    client.post(f"{here}pause/", {"reason": "Wrong price"})
    paused = text_of(client, here)
    assert "Reason: Wrong price" in paused
    client.post(f"{here}resume/")
    client.post(f"{here}cancel/", {"reason": "Sold out"})
    campaign.refresh_from_db()
    assert (campaign.state, campaign.reason) == ("cancelled", "Sold out")
    refused = client.post(f"{here}resume/", follow=True).content.decode()
    assert "Only what was paused" in refused
    copy = client.post(f"{here}duplicate/")
    assert copy["Location"] == address(tenant, f"{Campaign.objects.latest('pk').pk}/compose/")


def test_everybody_who_is_searched_for_is_told_why(
    tenant: Tenant, client: Client, template: int, people: list[Profile], audience: Segment
) -> None:
    campaign = make_campaign(audience, [template], throttle={"per_hour": 180})
    client.post(address(tenant, f"{campaign.pk}/schedule/"), {"version": 1})
    run()
    outsider = make_recipient(email="outsider@example.com", email_norm="outsider@example.com")
    skipped = Message.objects.order_by("pk")[0]
    Message.objects.filter(pk=skipped.pk).update(status="skipped", reason="no_consent")
    Recipient.objects.filter(profile=people[3]).update(cell=Recipient.HELD_OUT)
    url = address(tenant, f"{campaign.pk}/people/")
    assert "No marketing consent on this channel" in text_of(client, url)
    assert "No marketing consent" in text_of(client, f"{url}?outcome=skipped")
    assert "Drawn by lot" in text_of(client, f"{url}?outcome=held_out")
    assert "Drawn by lot" in text_of(client, f"{url}?q={people[3].email}")
    assert "Not in the audience" in text_of(client, f"{url}?q={outsider.email}")
    assert "Nobody matches" in text_of(client, f"{url}?q=zzzz")


def test_the_report_and_its_file_say_the_same(
    tenant: Tenant,
    client: Client,
    template: int,
    audience: Segment,
    clocked: time_machine.Traveller,
) -> None:
    campaign = make_campaign(audience, [template])
    client.post(address(tenant, f"{campaign.pk}/schedule/"), {"version": 1})
    run()
    now = clock.now()
    Message.objects.update(status="sent", sent_at=now, delivered_at=now)
    last = Message.objects.latest("pk").pk
    Message.objects.filter(pk=last).update(opened_at=now, clicked_at=now)
    clocked.shift(timedelta(minutes=1))
    run()
    page = text_of(client, address(tenant, f"{campaign.pk}/"))
    assert "25%" in page
    lines = text_of(client, address(tenant, f"{campaign.pk}/report.csv")).splitlines()
    assert lines[0] == "Figure,All,A"
    assert "Sent,4,4" in lines
    assert "Opened,1,1" in lines
    listed = text_of(client, address(tenant, "?state=sent&q=spr"))
    assert "25%" in listed
    assert "No campaign matches" in text_of(client, address(tenant, "?q=winter"))


def test_the_calendar_shows_what_goes_out_on_the_day_of_the_tenant(
    tenant: Tenant, client: Client, template: int, audience: Segment
) -> None:
    campaign = make_campaign(audience, [template], timing="at", at="2026-07-01T00:30")
    client.post(address(tenant, f"{campaign.pk}/schedule/"), {"version": 1})
    july = text_of(client, address(tenant, "calendar/?month=2026-07-01"))
    day = july[july.index('datetime="2026-07-01"') : july.index('datetime="2026-07-02"')]
    assert "Spring" in day
    assert "00:30" in day
    assert "Nothing goes out in these weeks" in text_of(
        client, address(tenant, "calendar/?month=2026-10-01")
    )


def test_the_dry_run_counts_every_reason_and_writes_nothing(
    tenant: Tenant, template: int, people: list[Profile]
) -> None:
    Profile.objects.filter(pk=people[0].pk).update(email_consent="unsubscribed")
    Profile.objects.filter(pk=people[1].pk).update(email="", email_norm="")
    campaign = make_campaign(make_audience(people), [template])
    found = rehearse(campaign)
    assert (found.audience, found.asked, found.sent, found.held_out) == (4, 4, 2, 0)
    assert found.skipped == {"no_consent": 1, "address_missing": 1}
    assert not Message.objects.exists()
    assert not Recipient.objects.exists()


def test_the_dry_run_counts_codes_for_those_who_see_the_coupon_in_any_of_the_templates(
    tenant: Tenant, client: Client, template: int, people: list[Profile]
) -> None:
    for person, locale in zip(people, ("de", "de", "fr", "it"), strict=True):
        Profile.objects.filter(pk=person.pk).update(locale=locale)
    Profile.objects.filter(pk=people[1].pk).update(email_consent="unsubscribed")
    coupon, unseen = make_pool(["A1"], name="Ten"), make_pool(name="Never asked for")
    words = "{{% if reader['language is {}'] %}}{{{{ coupon.code }}}}{{% endif %}} {}"
    leave = "<a href='{{ unsubscribe_url }}'>Unsubscribe</a>"
    germans = coupon_template(coupon, words.format("de", leave))
    french = coupon_template(coupon, words.format("fr, de", leave))
    silent = coupon_template(unseen, leave)
    audience = make_audience(people)

    found = rehearse(make_campaign(audience, [germans.pk]))
    both = make_campaign(audience, [germans.pk, french.pk, silent.pk])
    tested = rehearse(both)

    assert (found.sent, found.coupons) == (3, [Coupons("Ten", 1, 1)])
    assert tested.coupons == [Coupons("Never asked for", 0, 0), Coupons("Ten", 2, 1)]
    shown = text_of(client, address(tenant, f"{both.pk}/rehearsal/"))
    assert "2 needed, 1 left" in " ".join(shown.split())
    assert shown.count("Too few") == 1


def test_a_group_of_buyers_is_written_to_with_one_click(
    tenant: Tenant, client: Client, clocked: time_machine.Traveller
) -> None:
    made = client.post(address(tenant, "new/"), {"group": "champions"})
    campaign = Campaign.objects.get()
    assert made["Location"] == address(tenant, f"{campaign.pk}/compose/")
    assert campaign.name == "To Champions"
    assert Segment.objects.get(pk=campaign.include_ids[0]).key == "rfm_champions"
    client.post(address(tenant, "new/"), {"group": "nobody"})
    assert Campaign.objects.count() == 1
