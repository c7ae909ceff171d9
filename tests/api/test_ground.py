"""What holds for every address of the REST API."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from config.api.idempotency import GIVE_UP_AFTER
from config.api.middleware import ApiMiddleware
from crm.models import Event, Store
from kernel import clock
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from tenants.choices import KeyKind
from tenants.models import ApiKey, IdempotencyKey, Tenant
from tenants.services.keys import revoke_key
from tests.factories.samples import make_event, make_profile, make_store
from tests.factories.tenants import call_with, make_key

EVENT = {"name": "Quiz Taken", "profile": {"email": "ada@example.com"}}


def problem(answer: Any) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert set(body) == {"type", "title", "status", "code", "detail", "fields"}
    assert body["status"] == answer.status_code
    assert body["detail"]
    return body


def post(client: Client, path: str, body: object, key: str = "") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "header", [None, "Bearer sk_wrong", "Basic c2s6", "Bearer ", "bearer", "Bearer é"]
)
def test_without_a_live_key_the_answer_is_401(tenant: Tenant, header: str | None) -> None:
    client = Client(headers={"Authorization": header} if header else {})
    answer = client.get("/api/v1/stores/")
    assert answer.status_code == 401
    assert problem(answer)["code"] in {"authentication_failed", "not_authenticated"}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="patron"'


def test_a_write_key_opens_nothing_of_the_rest_api(tenant: Tenant) -> None:
    secret = make_key(tenant, kind=KeyKind.WRITE)
    assert call_with(secret).get("/api/v1/events/").status_code == 401


def test_a_revoked_key_is_refused_from_the_next_call_on(tenant: Tenant, api: Client) -> None:
    assert api.get("/api/v1/stores/").status_code == 200
    revoke_key(ApiKey.objects.get().pk)
    assert api.get("/api/v1/stores/").status_code == 401


def test_a_call_leaves_its_time_on_the_key(tenant: Tenant, api: Client) -> None:
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False):
        api.get("/api/v1/stores/")
        assert ApiKey.objects.get().last_used_at == clock.now()


@pytest.mark.parametrize(
    ("scopes", "path", "method", "status"),
    [
        (["orders:read"], "/api/v1/orders/", "get", 200),
        (["orders:write"], "/api/v1/orders/", "get", 403),
        (["orders:read"], "/api/v1/orders/bulk/", "post", 403),
        (["stores:read"], "/api/v1/orders/", "get", 403),
        (["*"], "/api/v1/orders/", "get", 200),
    ],
)
def test_a_key_does_what_its_scopes_say(
    tenant: Tenant, broker: object, scopes: list[str], path: str, method: str, status: int
) -> None:
    client = call_with(make_key(tenant, *scopes))
    answer = getattr(client, method)(path, content_type="application/json")
    assert answer.status_code == status
    if status == 403:
        verb = "read" if method == "get" else "write"
        assert problem(answer)["detail"] == f"The key lacks the scope orders:{verb}."


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/v1/", 404, "not_found"),
        ("get", "/api/v1/nothing/", 404, "not_found"),
        ("post", "/api/v1/nothing/here", 404, "not_found"),
        ("get", "/api/v1/stores/999999/", 404, "not_found"),
        ("get", "/api/v1/stores/999999999999999999/", 404, "not_found"),
        ("get", "/api/v1/stores/abc/", 404, "not_found"),
        ("put", "/api/v1/stores/", 405, "method_not_allowed"),
        ("delete", "/api/v1/orders/", 405, "method_not_allowed"),
        ("get", "/api/v1/stores/?platfrom=shopify", 400, "invalid"),
        ("get", "/api/v1/stores/?platform=ebay", 400, "invalid"),
        ("get", "/api/v1/orders/?store_id=x", 400, "invalid"),
        ("get", "/api/v1/orders/?store_id=99999999999999999999", 400, "invalid"),
        ("get", "/api/v1/orders/?ordered_at__gte=yesterday", 400, "invalid"),
        ("get", "/api/v1/orders/?ordered_at__near=2026-01-01", 400, "invalid"),
        ("get", "/api/v1/orders/?ordered_at__gte=2026-01-01T10:00", 400, "invalid"),
        ("get", "/api/v1/stores/?limit=0", 400, "invalid"),
        ("get", "/api/v1/stores/?limit=201", 400, "invalid"),
        ("get", "/api/v1/stores/?cursor=nonsense", 400, "invalid"),
        ("get", "/api/v1/orders/?cursor=WzFd", 400, "invalid"),
        ("get", "/api/v1/orders/?number=%00", 400, "invalid"),
    ],
)
def test_every_error_is_a_problem_with_a_code(
    api: Client, method: str, path: str, status: int, code: str
) -> None:
    answer = getattr(api, method)(path)
    assert answer.status_code == status
    assert problem(answer)["code"] == code


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "parse_error"),
        ("a=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("[]", "application/json", 400, "invalid"),
        ("{}", "application/json", 400, "invalid"),
        ('{"items": []}', "application/json", 400, "invalid"),
        ('{"items": {}}', "application/json", 400, "invalid"),
        (json.dumps({"items": [EVENT] * 1001}), "application/json", 400, "invalid"),
        (
            json.dumps({"items": [EVENT], "store_id": "999"}),
            "application/json",
            404,
            "not_found",
        ),
        ('"' + "x" * 6_500_000 + '"', "application/json", 413, "body_too_large"),
    ],
    ids=str,
)
def test_a_body_that_cannot_be_used_is_refused_with_its_reason(
    api: Client, body: str, kind: str, status: int, code: str
) -> None:
    answer = api.post("/api/v1/events/bulk/", body, content_type=kind)
    assert answer.status_code == status
    assert problem(answer)["code"] == code
    assert not Event.objects.exists()


def test_an_error_that_nobody_foresaw_is_a_problem_that_tells_nothing(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("crm.api.stores.StoreViewSet.get_queryset", fail)
    answer = api.get("/api/v1/stores/")
    assert answer.status_code == 500
    assert problem(answer)["code"] == "internal_error"
    assert "secret" not in answer.content.decode()
    assert answer.headers["X-Request-Id"]


def test_an_address_without_its_last_slash_is_the_same(tenant: Tenant, api: Client) -> None:
    store = make_store()
    assert api.get(f"/api/v1/stores/{store.pk}").json()["id"] == str(store.pk)


def test_pages_follow_one_another_and_inserts_shift_nothing(tenant: Tenant, api: Client) -> None:
    stores = [make_store(str(number)) for number in range(5)]
    first = api.get("/api/v1/stores/?limit=2").json()
    assert [row["name"] for row in first["results"]] == ["4", "3"]
    make_store("new")
    stores[3].delete()
    second = api.get(first["next"]).json()
    assert [row["name"] for row in second["results"]] == ["2", "1"]
    last = api.get(second["next"]).json()
    assert [row["name"] for row in last["results"]] == ["0"]
    assert last["next"] is None


def test_rows_of_the_same_instant_are_paged_by_id(tenant: Tenant, api: Client) -> None:
    at = clock.now()
    events = [make_event(occurred_at=at, name=str(number)) for number in range(5)]
    seen, address = [], "/api/v1/events/?limit=2"
    while address:
        page = api.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == [str(event.pk) for event in reversed(events)]


def test_the_next_page_keeps_the_filters(tenant: Tenant, api: Client) -> None:
    for number in range(3):
        make_store(str(number))
    page = api.get("/api/v1/stores/?platform=custom&limit=2").json()
    assert "platform=custom" in page["next"]
    assert [row["name"] for row in api.get(page["next"]).json()["results"]] == ["0"]


def test_times_are_compared_as_asked(tenant: Tenant, api: Client) -> None:
    with time_machine.travel("2026-03-01T10:00:00Z", tick=False):
        make_event(name="old")
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        make_event(name="new")

    def names(query: str) -> list[str]:
        page = api.get(f"/api/v1/events/?{query}").json()
        return [row["name"] for row in page["results"]]

    assert names("occurred_at__gte=2026-03-02") == ["new"]
    assert names("occurred_at__lt=2026-03-02T10:00:00Z") == ["old"]
    assert names("occurred_at__lte=2026-03-02T11:00:00%2B01:00") == ["new", "old"]
    assert names("occurred_at__gt=2026-03-01T10:00:00Z&name=old") == []


def test_each_answer_says_how_much_of_the_rate_is_left(api: Client, settings: Settings) -> None:
    settings.API_RATE_PER_MINUTE = 2
    with time_machine.travel("2026-03-01T10:00:15Z", tick=False) as moment:
        answers = [api.get("/api/v1/stores/") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
        assert answers[2].headers["RateLimit-Limit"] == "2"
        assert answers[2].headers["RateLimit-Reset"] == "45"
        assert answers[2].headers["Retry-After"] == "45"
        assert problem(answers[2])["code"] == "throttled"
        moment.shift(timedelta(seconds=45))
        assert api.get("/api/v1/stores/").status_code == 200


def test_one_key_does_not_use_up_the_rate_of_another(
    api: Client, other_api: Client, settings: Settings
) -> None:
    settings.API_RATE_PER_MINUTE = 1
    with time_machine.travel("2026-03-01T10:00:15Z", tick=False):
        assert api.get("/api/v1/stores/").status_code == 200
        assert api.get("/api/v1/stores/").status_code == 429
        assert other_api.get("/api/v1/stores/").status_code == 200


def test_a_broker_that_is_down_lets_calls_through(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ConnectionError

    monkeypatch.setattr("config.api.throttling._broker", fail)
    assert api.get("/api/v1/stores/").status_code == 200


def test_a_post_repeated_with_its_key_gets_the_same_answer_and_is_done_once(
    tenant: Tenant, api: Client
) -> None:
    body = {"items": [EVENT]}
    first = post(api, "/api/v1/events/bulk/", body, "one")
    again = post(api, "/api/v1/events/bulk/", body, "one")
    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Event.objects.filter(name="Quiz Taken").count() == 1
    post(api, "/api/v1/events/bulk/", body, "two")
    assert Event.objects.filter(name="Quiz Taken").count() == 2


def test_a_refusal_is_repeated_too(tenant: Tenant, api: Client) -> None:
    first = post(api, "/api/v1/events/bulk/", {"items": []}, "one")
    again = post(api, "/api/v1/events/bulk/", {"items": []}, "one")
    assert first.status_code == again.status_code == 400
    assert first.content == again.content
    assert problem(again)["code"] == "invalid"


def test_a_key_used_for_another_body_or_address_is_refused(tenant: Tenant, api: Client) -> None:
    post(api, "/api/v1/events/bulk/", {"items": [EVENT]}, "one")
    for path, body in (
        ("/api/v1/events/bulk/", {"items": [EVENT, EVENT]}),
        ("/api/v1/orders/bulk/", {"items": [EVENT]}),
    ):
        answer = post(api, path, body, "one")
        assert answer.status_code == 422
        assert problem(answer)["code"] == "idempotency_mismatch"
    assert Event.objects.filter(name="Quiz Taken").count() == 1


def test_what_was_answered_to_one_key_is_repeated_to_no_other(tenant: Tenant, api: Client) -> None:
    path = f"/api/v1/profiles/{make_profile(email='ada@example.com').pk}/export/"
    assert b"ada@example.com" in post(api, path, {}, "one").content
    others = (
        (KeyKind.WRITE, ["events:write"], 401),
        (KeyKind.SECRET, ["orders:read"], 422),
    )
    for kind, scopes, status in others:
        other = call_with(make_key(tenant, *scopes, kind=kind))
        answer = post(other, path, {}, "one")
        assert answer.status_code == status
        assert b"ada@example.com" not in answer.content


def test_while_the_first_call_runs_the_second_is_told_to_wait(tenant: Tenant, api: Client) -> None:
    body = {"items": [EVENT]}
    post(api, "/api/v1/events/bulk/", body, "one")
    IdempotencyKey.objects.update(status=None, body=None)
    answer = post(api, "/api/v1/events/bulk/", body, "one")
    assert answer.status_code == 409
    assert problem(answer)["code"] == "idempotency_running"
    assert answer.headers["Retry-After"] == "1"


def test_a_call_that_died_on_the_way_may_be_made_again(tenant: Tenant, api: Client) -> None:
    body = {"items": [EVENT]}
    post(api, "/api/v1/events/bulk/", body, "one")
    long_ago = clock.now() - GIVE_UP_AFTER - timedelta(seconds=1)
    IdempotencyKey.objects.update(status=None, body=None, created_at=long_ago)
    assert post(api, "/api/v1/events/bulk/", body, "one").status_code == 200
    assert Event.objects.filter(name="Quiz Taken").count() == 2


def test_a_call_that_failed_on_our_side_is_forgotten(
    tenant: Tenant, api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("crm.api.events.apply_bulk", fail)
        assert post(api, "/api/v1/events/bulk/", {"items": [EVENT]}, "one").status_code == 500
    assert not IdempotencyKey.objects.exists()
    assert post(api, "/api/v1/events/bulk/", {"items": [EVENT]}, "one").status_code == 200


def test_an_answer_is_kept_for_a_day_and_its_key_is_free_then(tenant: Tenant, api: Client) -> None:
    body = {"items": [EVENT]}
    post(api, "/api/v1/events/bulk/", body, "old")
    IdempotencyKey.objects.update(created_at=clock.now() - timedelta(days=1))
    post(api, "/api/v1/events/bulk/", body, "new")

    drain_tenant(tenant.pk, kinds=("answers",))

    assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]
    assert "Idempotent-Replayed" not in post(api, "/api/v1/events/bulk/", body, "old").headers


def test_two_tenants_may_use_the_same_idempotency_key(
    tenant: Tenant, other_tenant: Tenant, api: Client, other_api: Client
) -> None:
    for client in (api, other_api):
        assert post(client, "/api/v1/events/bulk/", {"items": [EVENT]}, "one").status_code == 200
    with tenant_scope(other_tenant.pk):
        assert Event.objects.filter(name="Quiz Taken").count() == 1


def test_a_key_that_is_too_long_is_refused(api: Client) -> None:
    answer = post(api, "/api/v1/events/bulk/", {"items": [EVENT]}, "x" * 201)
    assert answer.status_code == 400
    assert problem(answer)["code"] == "invalid"


def test_another_tenants_rows_are_not_there(
    tenant: Tenant, other_tenant: Tenant, other_api: Client
) -> None:
    store, profile = make_store(), make_profile()
    assert other_api.get("/api/v1/stores/").json()["results"] == []
    assert other_api.get(f"/api/v1/stores/{store.pk}/").status_code == 404
    assert other_api.get(f"/api/v1/profiles/{profile.pk}/").status_code == 404
    assert Store.objects.count() == 1


def test_other_addresses_pass_the_middleware_untouched() -> None:
    page = HttpResponse("page")
    request = RequestFactory().post("/t/ada", {"a": "1"}, headers={"Idempotency-Key": "one"})
    assert ApiMiddleware(lambda _: page)(request) is page
    assert request.path_info == "/t/ada"
