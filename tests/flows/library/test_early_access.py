"""Who may go in first: told hours before all others, and let in by the shop."""

from datetime import timedelta

import pytest
from django.test import Client

from crm.models import Profile
from flows.models import AccessList
from flows.queries.passes import Pass, write_pass
from kernel import clock
from segments.models import Segment
from tests.flows.library.goods import of_library
from tests.flows.library.story import Story
from tests.flows.library.test_loyal_thanks import bring_history

WHERE = "https://ada-soap.example/drop"


def ask(path: str) -> tuple[bool, str, str]:
    """Return what a shop hears, and how long it may keep it."""
    answer = Client().get(path)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    said = answer.json()
    return said["allowed"], said["reason"], answer.headers["Cache-Control"]


def open_drop(story: Story) -> tuple[str, str, str]:
    """Open something to VIPs and long-time customers in 4 hours, and to all 6 hours later.

    Returns:
        Its id, and the addresses that a shop asks for anybody and for the VIP.
    """
    chosen = [Segment.objects.get(key=key).pk for key in ("vip", "long_time")]
    made = story.api.post(
        "/api/v1/early-access/",
        {
            "name": "The autumn box",
            "url": f"{WHERE}?box=1#top",
            "segment_ids": chosen,
            "hours": 6,
            "public_at": (clock.now() + timedelta(hours=10)).isoformat(),
        },
        content_type="application/json",
    )
    assert made.status_code == 201, made.text
    drop = AccessList.objects.get()
    vip = Profile.objects.get(email="vip@example.com")
    own = f"/v1/early-access/{write_pass(Pass(drop.tenant_id, drop.pk, vip.pk))}"
    return made.json()["id"], made.json()["check_path"], own


@pytest.mark.covers("F23")
def test_the_best_get_their_link_hours_before_others_and_the_shop_lets_them_in(
    story: Story,
) -> None:
    bring_history(story)
    story.person("long")
    for days in (400, 20):
        story.order("long", "1.00", at=clock.now() - timedelta(days=days), backfill=True)
    story.person("new")
    story.order("new", "1.00")
    story.install("early_access")
    story.live(days=1)
    list_id, everybody, own = open_drop(story)
    early = ask(own)
    opens = clock.now() + timedelta(hours=4)
    sent = of_library(story.live(hours=5))

    at = f"{opens:%m-%d %H:%M}"
    assert sent == [(at, name, "early_access") for name in ("buyer0", "vip", "long")]
    assert early == (False, "not_yet", "private, max-age=300")
    assert ask(own) == (True, "member", "private, max-age=300")
    assert ask(everybody) == (False, "not_on_list", "public, max-age=300")
    assert f"{WHERE}?box=1&patron_access=" in story.outbox.sent[-1].content.text

    def may(name: str) -> bool:
        address = f"/api/v1/early-access/{list_id}/check/"
        said = story.api.post(address, story.who(name), content_type="application/json").json()
        return bool(said["allowed"])

    assert [may(name) for name in ("vip", "long", "new", "nobody")] == [True, True, False, False]
    Profile.objects.filter(email="long@example.com").update(email_norm="new@example.com")
    assert [may(name) for name in ("long", "new", "nobody")] == [True, True, False]
    story.live(hours=4, minutes=59)
    assert ask(everybody) == (False, "not_on_list", "public, max-age=60")
    story.live(minutes=1)
    assert ask(everybody) == (True, "public", "public, max-age=300")
    assert may("new") is True
    assert Client().get(f"{everybody}x").status_code == 404
    assert of_library(story.live(days=2)) == []
