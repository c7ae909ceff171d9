"""What answers a sign: repeated visits get a tutorial, and unseen messages another channel."""

from datetime import timedelta

import pytest

from crm.models import Profile
from crm.services.consent import record_consent
from kernel import clock
from loyalty.models import Program
from tests.factories.messaging import make_account
from tests.factories.push import make_token
from tests.flows.library.story import Story
from tests.flows.library.wares import of_library

HOW_TO = {"path": "/pages/how-to-use", "url": "https://ada-soap.example/pages/how-to-use"}


@pytest.mark.covers("F18")
def test_three_visits_within_a_week_bring_a_tutorial_once(story: Story) -> None:
    story.install("how_to")
    for name in ("ada", "bob", "cy"):
        story.person(name)
    for _ in range(3):
        story.event("Page Viewed", "ada", **HOW_TO)
        story.event("Page Viewed", "bob", path="/pages/about", url="https://ada-soap.example/")
        story.travel.shift(timedelta(hours=1))
    for _ in range(2):  # twice, and a third time when the week is over
        story.event("Page Viewed", "cy", **HOW_TO)
    sent = story.live(days=8)
    story.event("Page Viewed", "cy", **HOW_TO)
    for _ in range(4):  # Ada goes on reading, and hears nothing more for a month
        story.event("Page Viewed", "ada", **HOW_TO)
    sent += story.live(days=2)
    assert of_library(sent) == [("06-01 15:00", "ada", "how_to")]


def carry(story: Story, name: str, channel: str) -> None:
    """Let somebody agree to push or WhatsApp; for push in a browser of theirs."""
    profile = Profile.objects.get(email=f"{name}@example.com")
    record_consent(profile.pk, channel, "subscribed", method="api")
    account = make_account(channel, "webpush" if channel == "push" else "meta", credentials={})
    if channel == "push":
        make_token(profile, account, "https://push.example/1")
    story.settle()


@pytest.mark.covers("F19", "M1")
def test_every_channel_carries_it_to_whom_it_reaches(story: Story) -> None:
    Program.objects.update(is_active=True, expires_after_months=1)
    story.install("every_channel")
    story.person("gus")  # reads no mail, and has agreed to push
    story.person("hal", email_consent="unsubscribed", phone="+447400123460")
    carry(story, "gus", "push")
    carry(story, "hal", "whatsapp")
    for name in ("gus", "hal"):
        story.order(name)
    sent = of_library(story.live(days=27))
    assert story.skipped() == []
    assert [line[1:] for line in sent] == [
        ("gus", "expiring_mail"),
        ("hal", "expiring_whatsapp"),
        ("gus", "expiring_push"),
    ]


@pytest.mark.covers("F19")
def test_what_is_not_seen_is_told_on_another_channel(story: Story) -> None:
    Program.objects.update(is_active=True, expires_after_months=1)
    story.install("every_channel")
    phone = {"phone": "+447400123456", "sms_consent": "subscribed"}
    story.person("ada", **phone)  # opens the mail
    story.person("bob", **{**phone, "phone": "+447400123457"})  # does not
    story.person("cy")  # no phone: nothing else reaches them
    texted = {"phone": "+447400123458", "sms_consent": "subscribed"}
    story.person("dan", email_consent="unsubscribed", **texted)
    story.person("eve", email_consent="unsubscribed")  # agreed to nothing
    story.person("fay", phone="+447400123459", sms_consent="subscribed")  # spends them meanwhile
    orders = {name: story.order(name) for name in ("ada", "bob", "cy", "dan", "eve", "fay")}
    sent = story.live(days=23, hours=20)
    first = of_library(sent)
    story.open("ada", "library_expiring_mail")
    story.order("fay", external_id=orders["fay"], cancelled_at=clock.now().isoformat())
    sent += story.live(days=3)
    assert [line[1:] for line in first] == [
        ("ada", "expiring_mail"),
        ("bob", "expiring_mail"),
        ("cy", "expiring_mail"),
        ("fay", "expiring_mail"),
        ("dan", "expiring_sms"),
    ]
    assert [line[1:] for line in of_library(sent)][5:] == [("bob", "expiring_sms")]
