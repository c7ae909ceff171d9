"""Sessions: listed, ended, and dead when the password or the membership goes."""

import re

import pytest
import redis
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client

from kernel.cache import SturdyRedisCache
from kernel.sessions import COPY_SECONDS, SessionStore
from kernel.tenancy import tenant_scope
from tenants.choices import Role
from tenants.domain.devices import name_device
from tenants.models import AuditEntry, Member, Tenant
from tests.factories.tenants import PASSWORD, make_member

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)
PAGE = "/t/ada-soap/"


@pytest.fixture
def ada(tenant: Tenant) -> Member:
    """An owner with a password."""
    return make_member(tenant, Role.OWNER, "ada@soap.example")


def log_in(agent: str, ip: str = "203.0.113.9") -> Client:
    client = Client(headers={"User-Agent": agent}, REMOTE_ADDR=ip)
    data = {"login": "ada@soap.example", "password": PASSWORD}
    assert client.post("/accounts/login/", data).status_code == 302
    return client


def steal(client: Client) -> Client:
    """Return somebody else's browser with the same cookie."""
    thief = Client()
    thief.cookies.load({key: morsel.value for key, morsel in client.cookies.items()})
    return thief


def test_sessions_are_listed_with_device_and_address(ada: Member) -> None:
    log_in(IPHONE, "198.51.100.7")
    text = log_in(FIREFOX).get("/accounts/sessions/").content.decode()
    assert "Firefox on Windows" in text
    assert "Safari on iPhone" in text
    assert "198.51.100.7" in text
    assert text.index("Firefox on Windows") < text.index("Safari on iPhone")
    assert text.count("This device") == 1


def test_an_ended_session_is_dead_and_the_others_live(ada: Member) -> None:
    phone, desk = log_in(IPHONE), log_in(FIREFOX)
    thief = steal(phone)
    ended = UserSession.objects.get(user_agent=IPHONE)
    assert desk.post(f"/accounts/sessions/{ended.pk}/end/").status_code == 302
    assert thief.get(PAGE).headers["Location"].startswith("/accounts/login/")
    assert desk.get(PAGE).status_code == 200
    entry = AuditEntry.objects.get(action="sessions.ended")
    assert entry.before == {"devices": ["Safari on iPhone"]}


def test_all_others_are_ended_at_once(ada: Member) -> None:
    phone, tablet, desk = log_in(IPHONE), log_in("Android Chrome/1"), log_in(FIREFOX)
    assert desk.post("/accounts/sessions/end-others/").status_code == 302
    answers = [client.get(PAGE).status_code for client in (phone, tablet, desk)]
    assert answers == [302, 302, 200]


def test_nobody_ends_the_session_of_somebody_else(ada: Member, tenant: Tenant) -> None:
    desk = log_in(FIREFOX)
    eve = Client()
    eve.force_login(make_member(tenant, Role.ADMIN, "eve@soap.example").user)
    number = UserSession.objects.get().pk
    page = eve.post(f"/accounts/sessions/{number}/end/", follow=True)
    assert "This session had ended already" in page.content.decode()
    assert desk.get(PAGE).status_code == 200


def test_a_stolen_cookie_is_dead_after_a_new_password(ada: Member) -> None:
    desk = log_in(FIREFOX)
    thief = steal(desk)
    assert thief.get(PAGE).status_code == 200
    data = {"oldpassword": PASSWORD, "password1": "another horse battery"}
    assert desk.post("/accounts/password/change/", data).status_code == 302
    assert thief.get(PAGE).headers["Location"].startswith("/accounts/login/")
    assert desk.get(PAGE).status_code == 200
    assert AuditEntry.objects.get(action="password.changed").actor == "ada@soap.example"


def test_a_stolen_cookie_opens_nothing_after_the_member_is_removed(ada: Member) -> None:
    thief = steal(log_in(FIREFOX))
    ada.delete()
    assert thief.get(PAGE).status_code == 404
    assert thief.post(f"{PAGE}settings/members/leave/").status_code == 404


def test_a_log_in_is_in_the_trail_of_every_tenant_of_the_person(
    ada: Member, other_tenant: Tenant
) -> None:
    Member.objects.create(tenant=other_tenant, user=ada.user, role=Role.ANALYST)
    log_in(FIREFOX)
    after = {"ip": "203.0.113.9", "device": "Firefox on Windows"}
    assert AuditEntry.objects.get(action="login.succeeded").after == after
    with tenant_scope(other_tenant.pk):
        assert AuditEntry.objects.get(action="login.succeeded").after == after


def test_last_seen_is_written_once_in_five_minutes(ada: Member) -> None:
    desk = log_in(FIREFOX)
    cache.clear()
    UserSession.objects.update(ip="192.0.2.1")
    desk.get(PAGE)
    assert UserSession.objects.get().ip == "203.0.113.9"
    UserSession.objects.update(ip="192.0.2.1")
    desk.get(PAGE)
    assert UserSession.objects.get().ip == "192.0.2.1"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) Chrome/1 Safari/1 Edg/1", "Edge on Mac"),
        ("", "an unknown program"),
        ("<script>alert(1)</script>", "an unknown program"),
    ],
)
def test_a_device_has_a_name(agent: str, device: str) -> None:
    assert name_device(agent) == device


class _Away:
    """A Redis that does not answer."""

    def __getattr__(self, name: str) -> object:
        def fail(*_: object, **__: object) -> None:
            raise redis.ConnectionError

        return fail


@pytest.fixture
def away() -> SturdyRedisCache:
    """A cache whose Redis is away."""
    found = SturdyRedisCache("redis://127.0.0.1:1/0", {})
    found.__dict__["_cache"] = _Away()
    found.here.clear()
    return found


def test_a_process_remembers_for_itself_while_redis_is_away(away: SturdyRedisCache) -> None:
    assert away.add("lock", 1, 10)
    assert not away.add("lock", 1, 10)
    away.set("tries", [1, 2], 10)
    assert away.get("tries") == [1, 2]
    assert away.get_many(["tries", "none"]) == {"tries": [1, 2]}
    away.delete("tries")
    assert away.get("tries") is None


def test_guessing_is_stopped_and_the_right_password_works_while_redis_is_away(
    ada: Member, away: SturdyRedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allauth.core.internal.ratelimit.cache", away)
    monkeypatch.setattr("tenants.services.sessions.cache", away)
    desk = log_in(FIREFOX)
    assert desk.get(PAGE).status_code == 200
    guesser = Client(REMOTE_ADDR="203.0.113.66")
    for _ in range(5):
        guesser.post("/accounts/login/", {"login": "ada@soap.example", "password": "wrong"})
    right = {"login": "ada@soap.example", "password": PASSWORD}
    assert guesser.post("/accounts/login/", right).status_code == 200
    assert "_auth_user_id" not in guesser.session


def test_a_copy_of_a_session_is_believed_for_a_minute_only(
    ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    store = SessionStore()
    inner = store._cache._cache
    monkeypatch.setattr(inner, "set", lambda key, value, timeout: waits.append(timeout))
    store["a"] = 1
    store.save()
    assert set(waits) == {COPY_SECONDS}


def test_the_page_of_sessions_is_empty_of_script(ada: Member) -> None:
    text = log_in("<script>alert(1)</script>").get("/accounts/sessions/").content.decode()
    assert not re.search(r"<script>alert", text)
