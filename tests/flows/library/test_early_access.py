"""Who may go in first: told hours before all others, and let in by the shop."""

from datetime import timedelta
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.cache import cache
from django.core.signals import request_started
from django.db import close_old_connections
from django.test import Client

from config.wsgi import application
from crm.models import Event, Profile
from flows.models import AccessList
from flows.queries.passes import Pass, write_pass
from kernel import clock
from segments.models import Segment
from tests.flows.library.goods import of_library
from tests.flows.library.story import SLUG, Story
from tests.flows.library.test_loyal_thanks import bring_history

WHERE = "https://ada-soap.example/drop"


def ask(path: str) -> tuple[bool, str, str]:
    """Return what a shop hears, and how long it may keep it."""
    answer = Client().get(path)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    said = answer.json()
    return said["allowed"], said["reason"], answer.headers["Cache-Control"]


def ask_entry(path: str, address: str = "") -> tuple[str, bytes]:
    """Return what the web entry itself answers, beside which the hot edges stand."""
    seen: list[str] = []
    environ: dict[str, Any] = {"PATH_INFO": path, "REMOTE_ADDR": address}
    setup_testing_defaults(environ)
    request_started.disconnect(close_old_connections)  # the test holds its transaction
    try:
        answer = application(environ, lambda status, headers, *_: seen.append(status))
    finally:
        request_started.connect(close_old_connections)
    return seen[0], b"".join(answer)


def open_drop(story: Story, hours: int = 6) -> tuple[str, str, str]:
    """Open something to all in 10 hours, and some hours before to VIPs and long-time customers.

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
            "hours": hours,
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


@pytest.mark.covers("F23")
def test_who_is_told_late_hears_how_many_hours_are_left_and_floods_wait(story: Story) -> None:
    bring_history(story)
    story.install("early_access")
    story.live(days=1)
    _, everybody, own = open_drop(story, hours=48)  # it would have opened 38 hours ago
    opened = of_library(story.live(minutes=1))
    assert [person for _, person, _ in opened] == ["buyer0", "vip"]
    told = Event.objects.filter(name="Early Access Opened").order_by("pk")
    assert [event.properties["hours"] for event in told] == [10, 10]

    # A segment that says who may come in is not taken away.
    segment = Segment.objects.get(key="vip")
    kept = story.member.post(f"/t/{SLUG}/segments/{segment.pk}/archive/")
    assert (kept.status_code, "The autumn box" in kept.content.decode()) == (409, True)
    segment.refresh_from_db()
    assert segment.archived_at is None

    cache.clear()
    status, said = ask_entry(own)
    assert (status, b'"reason": "member"' in said) == ("200 OK", True)
    codes = [ask_entry(everybody, "192.0.2.7")[0][:3] for _ in range(301)]
    assert (codes.count("200"), codes[-1]) == (300, "429")
    assert ask_entry(everybody, "192.0.2.8")[0][:3] == "200"
