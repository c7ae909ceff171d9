"""A campaign that is sent again goes to those on whom the first one was lost, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client

from crm.models import Profile
from flows.models import Campaign, Recipient
from flows.queries.campaigns.silent import count_silent
from flows.services.campaigns import building, releasing
from flows.services.campaigns.rehearsing import rehearse
from flows.services.campaigns.resending import Resend, resend_campaign
from flows.services.campaigns.scheduling import cancel_campaign, schedule_campaign
from flows.services.campaigns.withholding import decide_held_out
from flows.services.registration import ask_exits
from kernel import clock
from kernel.errors import Conflict
from kernel.tenancy import tenant_scope
from messaging.models import Message, Template, Touch
from messaging.services.senders import ensure_default_sender
from tenants.models import Tenant
from tests.factories.campaigns import make_audience, make_campaign, run
from tests.factories.loyalty import make_order, make_profile
from tests.factories.tenants import sign_in
from tests.flows.support import pending

HOUR = timedelta(hours=1)
MJML = '<mjml look="brand"><mj-body><mj-brand-footer></mj-brand-footer></mj-body></mjml>'
KINDS = ("silent", "opened", "clicked", "unsubscribed", "ordered", "skipped", "hidden", "bounced")


@pytest.fixture
def people(tenant: Tenant, noon: time_machine.Traveller) -> dict[str, Profile]:
    """One person of each kind, by what they did with the campaign that they got."""
    ensure_default_sender()
    Template.objects.filter(key="note").update(mjml=MJML)
    return {kind: make_profile() for kind in KINDS}


@pytest.fixture
def campaign(people: dict[str, Profile], noon: time_machine.Traveller) -> Campaign:
    """A campaign that everybody has, and what they did with it."""
    note = Template.objects.get(key="note").pk
    made = make_campaign(make_audience(list(people.values())), [note])
    schedule_campaign(made.pk)
    run()
    Message.objects.update(status="sent", sent_at=clock.now())
    noon.shift(timedelta(minutes=1))
    run()
    messages = {kind: Message.objects.get(profile=person) for kind, person in people.items()}
    for kind in ("opened", "clicked", "bounced"):
        Message.objects.filter(pk=messages[kind].pk).update(**{f"{kind}_at": clock.now()})
    Message.objects.filter(pk=messages["skipped"].pk).update(status="skipped", sent_at=None)
    for kind, what, is_mpp in (("unsubscribed", "unsubscribed", False), ("hidden", "opened", True)):
        Touch.objects.create(
            message=messages[kind],
            profile=people[kind],
            kind=what,
            at=clock.now(),
            is_mpp=is_mpp,
        )
    make_order(people["ordered"], 900, ordered_at=clock.now())
    made.refresh_from_db()
    return made


def got(campaign: Campaign) -> set[int]:
    return set(Message.objects.filter(campaign_id=campaign.pk).values_list("profile_id", flat=True))


@pytest.mark.covers("M2")
def test_only_who_showed_no_sign_gets_it_again_at_its_hour(
    campaign: Campaign, people: dict[str, Profile], noon: time_machine.Traveller
) -> None:
    again = resend_campaign(campaign.pk, Resend(subject="Did you see this?", hours=24))
    [template_id] = again.template_ids
    copy = Template.objects.get(pk=template_id)
    assert (copy.subject, copy.key == "note") == ("Did you see this?", False)
    assert rehearse(again).audience == 1
    schedule_campaign(again.pk)
    noon.shift(23 * HOUR)
    run()
    assert got(again) == set()
    noon.shift(2 * HOUR)
    run()
    run()
    assert got(again) == {people["silent"].pk}
    with pytest.raises(Conflict):
        resend_campaign(campaign.pk, Resend())
    with pytest.raises(Conflict):
        resend_campaign(again.pk, Resend())
    cancel_campaign(again.pk)
    assert resend_campaign(campaign.pk, Resend()).resend_of_id == campaign.pk


def test_one_that_was_cancelled_on_its_way_reaches_nobody_a_third_time_when_made_anew(
    campaign: Campaign, people: dict[str, Profile], noon: time_machine.Traveller
) -> None:
    noon.shift(2 * HOUR)
    again = resend_campaign(campaign.pk, Resend(hours=1, with_hidden=True))
    schedule_campaign(again.pk)
    run()
    cancel_campaign(again.pk)
    theirs = Message.objects.filter(campaign_id=again.pk)
    theirs.filter(profile=people["hidden"]).update(status="cancelled")
    anew = resend_campaign(campaign.pk, Resend(hours=1, with_hidden=True))
    for status in ("sent", "unknown", "sending"):
        theirs.filter(profile=people["silent"]).update(status=status)
        assert (rehearse(anew).audience, count_silent(anew)) == (1, (0, 1))
        assert count_silent(again) == (1, 1)
    schedule_campaign(anew.pk)
    run()
    assert got(anew) == {people["hidden"].pk}
    [message] = map(pending, Message.objects.filter(campaign_id=anew.pk))
    assert ask_exits([message], clock.now()) == {}
    theirs.filter(profile=people["hidden"]).update(status="sending")
    assert ask_exits([message], clock.now())[message.id].reason == "exit_condition"


def test_it_goes_as_fast_and_says_as_much_in_its_links_as_the_first(campaign: Campaign) -> None:
    kept = {"throttle": {"percent": 10}, "utm": {"utm_campaign": "spring"}}
    plan = {**kept, "timing": "local", "at": "2026-06-01T09:00", "if_past": "next_day"}
    Campaign.objects.filter(pk=campaign.pk).update(plan={**plan, "holdout": 7, "test": {}})
    again = resend_campaign(campaign.pk, Resend(hours=24))
    assert again.plan == {
        **kept,
        "timing": "at",
        "at": "2026-06-02T13:01",
        "holdout": 7,
        "resend": {"unsure": "leave_out"},
    }


def test_who_is_held_out_and_opened_the_first_meanwhile_would_have_got_none(
    campaign: Campaign, people: dict[str, Profile], noon: time_machine.Traveller
) -> None:
    Profile.objects.update(email_consent="subscribed")
    noon.shift(30 * HOUR)
    again = resend_campaign(campaign.pk, Resend(hours=24, with_hidden=True))
    schedule_campaign(again.pk)
    run()
    rows = Recipient.objects.filter(campaign=again)
    rows.update(cell=Recipient.HELD_OUT)
    opened = Message.objects.filter(campaign_id=campaign.pk, profile=people["silent"])
    opened.update(opened_at=clock.now())
    again.refresh_from_db()
    again.cell, again.after_at, again.after_slot = Recipient.HELD_OUT, None, 0
    assert decide_held_out(again, clock.now())
    found = {row.profile_id: row.decision or {} for row in rows}
    assert {pk: (said["would_have_sent"], said["reason"]) for pk, said in found.items()} == {
        people["silent"].pk: (False, "exit_condition"),
        people["hidden"].pk: (True, ""),
    }


def test_who_hides_it_gets_it_where_that_is_wanted(
    campaign: Campaign, people: dict[str, Profile], noon: time_machine.Traveller
) -> None:
    noon.shift(2 * HOUR)
    again = resend_campaign(campaign.pk, Resend(hours=1, with_hidden=True))
    schedule_campaign(again.pk)
    run()
    assert got(again) == {people["silent"].pk, people["hidden"].pk}


def test_who_opens_or_orders_before_it_leaves_gets_none(
    campaign: Campaign, people: dict[str, Profile], noon: time_machine.Traveller
) -> None:
    noon.shift(2 * HOUR)
    again = resend_campaign(campaign.pk, Resend(hours=1, with_hidden=True))
    schedule_campaign(again.pk)
    run()
    messages = {
        row.profile_id: pending(row) for row in Message.objects.filter(campaign_id=again.pk)
    }
    assert ask_exits(list(messages.values()), clock.now()) == {}
    Message.objects.filter(campaign_id=campaign.pk, profile=people["silent"]).update(
        opened_at=clock.now()
    )
    stopped = ask_exits(list(messages.values()), clock.now())
    assert list(stopped) == [messages[people["silent"].pk].id]
    make_order(people["hidden"], 900, ordered_at=clock.now())
    stopped = ask_exits(list(messages.values()), clock.now())
    assert {verdict.reason for verdict in stopped.values()} == {"exit_condition"}
    assert len(stopped) == 2


def test_the_page_says_the_risk_and_makes_the_draft(campaign: Campaign, tenant: Tenant) -> None:
    owner = sign_in(tenant)
    base = f"/t/{tenant.slug}/campaigns"
    page = owner.get(f"{base}/{campaign.pk}/").content.decode()
    assert "mark the second one as spam" in page
    answer = owner.post(f"{base}/{campaign.pk}/resend/", {"subject": "Again?", "hours": "72"})
    again = Campaign.objects.get(resend_of=campaign)
    assert answer.headers["Location"] == f"{base}/{again.pk}/compose/"
    assert again.plan["at"] == "2026-06-04T13:01"
    step = owner.get(f"{base}/{again.pk}/compose/").content.decode()
    assert "opens every mail by itself" in step
    size = owner.get(f"{base}/{again.pk}/size/").content.decode()
    assert "showed no sign of it" in size
    assert "Of 1 more nobody knows it" in size
    owner.post(
        f"{base}/{again.pk}/compose/?step=audience",
        {"version": str(again.version), "name": "Twice", "unsure": "send"},
    )
    again.refresh_from_db()
    assert (again.name, again.plan["resend"]) == ("Twice", {"unsure": "send"})
    first = owner.get(f"{base}/{campaign.pk}/").content.decode()
    assert "Sent again by" in first
    assert "Send again…" not in first


def test_the_api_drafts_it(campaign: Campaign, api: Client) -> None:
    url = f"/api/v1/campaigns/{campaign.pk}/resend/"
    made = api.post(url, {"hours": 24, "with_hidden": True}, content_type="application/json")
    assert (made.status_code, made.json()["resend_of_id"]) == (201, str(campaign.pk))
    assert made.json()["plan"]["resend"] == {"unsure": "send"}
    twice = api.post(url, {}, content_type="application/json")
    assert twice.status_code == 409
    wrong = api.patch(
        f"/api/v1/campaigns/{made.json()['id']}/",
        {"include_ids": [str(campaign.include_ids[0])]},
        content_type="application/json",
    )
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["include_ids"])


@pytest.fixture
def everybody(
    tenant: Tenant, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> Campaign:
    """A campaign that twenty people got two hours ago, in a world that others see."""
    monkeypatch.setattr(building, "CHUNK", 4)
    monkeypatch.setattr(releasing, "CHUNK", 3)
    with transaction.atomic():
        ensure_default_sender()
        note = Template.objects.get(key="note").pk
        made = make_campaign(make_audience([make_profile() for _ in range(20)]), [note])
    schedule_campaign(made.pk)
    run()
    with transaction.atomic():
        Message.objects.update(status="sent", sent_at=clock.now())
        Campaign.objects.update(state="sent", phase="", due_at=None, finished_at=clock.now())
    noon.shift(2 * HOUR)
    return made


@pytest.mark.django_db(transaction=True)
def test_of_those_who_press_at_once_one_makes_it_and_workers_queue_each_once(
    tenant: Tenant, everybody: Campaign
) -> None:
    refused: list[Conflict] = []

    def press() -> None:
        try:
            with tenant_scope(tenant.pk):
                again = resend_campaign(everybody.pk, Resend(hours=1), actor="ada@example.com")
                schedule_campaign(again.pk, actor="ada@example.com")
                run()
        except Conflict as exc:
            refused.append(exc)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: press(), range(3)))
    run()
    with transaction.atomic():
        assert len(refused) == 2
        again = Campaign.objects.get(resend_of=everybody)
        found = Message.objects.filter(campaign_id=again.pk).values_list("profile_id", flat=True)
        first = Message.objects.filter(campaign_id=everybody.pk)
        assert sorted(found) == sorted(first.values_list("profile_id", flat=True))
        assert len(found) == 20
