import gzip
import io
import json
from http import HTTPStatus
from typing import Any
from wsgiref.util import setup_testing_defaults

import psycopg
import pytest
from django.db import transaction
from django.test import override_settings

from config.wsgi import application
from kernel import clock
from kernel.postgres import edge
from kernel.tenancy import tenant_scope
from stores.models import RefusedDeliveries
from stores.queries import list_refused
from stores.services.write_keys import forget_keys
from tenants.choices import KeyKind, TenantStatus
from tenants.models import ApiKey, Tenant
from tenants.services.keys import create_key
from tests.support.tracking import FakeSite, basic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("stores.public_urls")]

TRACK = {"type": "track", "event": "Product Viewed", "anonymousId": "a-1", "messageId": "m-1"}
CALLS = {
    "track": TRACK,
    "identify": {"userId": "u-1", "traits": {"email": "zoe@example.com"}},
    "page": {"anonymousId": "a-1", "name": "Home"},
    "screen": {"anonymousId": "a-1", "name": "Home"},
    "group": {"userId": "u-1", "groupId": "g-1"},
    "alias": {"userId": "u-1", "previousId": "a-1"},
    "batch": {"batch": [TRACK]},
    "import": {"batch": [TRACK]},
    "t": TRACK,
    "i": {"userId": "u-1"},
    "p": {"anonymousId": "a-1"},
    "s": {"anonymousId": "a-1"},
    "g": {"userId": "u-1", "groupId": "g-1"},
    "a": {"userId": "u-1", "previousId": "a-1"},
    "b": {"batch": [TRACK]},
}


@pytest.fixture(autouse=True)
def quiet_broker(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was rung for."""
    rings: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "stores.services.filing.ring_soon", lambda kind, tenant: rings.append((kind, tenant))
    )
    return rings


def code_of(answer: Any) -> str:
    return str(answer.json()["code"])


@transaction.atomic
def refusals() -> dict[str, int]:
    return dict(RefusedDeliveries.objects.values_list("reason", "count"))


@pytest.mark.parametrize("call", CALLS)
def test_each_address_takes_its_call(site: FakeSite, call: str) -> None:
    answer = site.post(call, CALLS[call])
    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["success"] is True
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    [row] = site.filed()
    [whole] = [name for name in CALLS if name != "import" and name.startswith(call)][:1] or [call]
    assert row.topic == f"tracking/{whole}"
    assert (row.source, row.status) == ("tracking", "pending")
    assert json.loads(bytes(row.body)) == CALLS[call]


def test_a_call_is_rung_for_once_it_is_committed(
    site: FakeSite, tenant: Tenant, quiet_broker: list[tuple[str, int]]
) -> None:
    site.post("track", TRACK)
    assert quiet_broker == [("inbox", tenant.pk)]


def test_the_key_may_stand_in_the_body(site: FakeSite) -> None:
    answer = site.post("t", {**TRACK, "writeKey": site.key}, Authorization="")
    assert answer.status_code == HTTPStatus.OK
    assert len(site.filed()) == 1


@pytest.mark.parametrize("shown", ["", basic(""), basic("wk_unknown"), "Basic ?", "Bearer x"])
def test_without_a_live_key_nothing_is_filed(site: FakeSite, shown: str) -> None:
    answer = site.post("track", TRACK, Authorization=shown)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert code_of(answer) == "unauthorized"
    assert site.filed() == []


def test_a_secret_key_does_not_track(site: FakeSite) -> None:
    secret = create_key(name="API", kind=KeyKind.SECRET).secret
    answer = site.post("track", TRACK, Authorization=basic(secret))
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert site.filed() == []


def test_a_revoked_key_is_refused(site: FakeSite) -> None:
    ApiKey.objects.update(revoked_at=clock.now())
    assert site.post("track", TRACK).status_code == HTTPStatus.UNAUTHORIZED
    assert site.filed() == []


def test_a_suspended_shop_goes_on_receiving(site: FakeSite, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.SUSPENDED)
    assert site.post("track", TRACK).status_code == HTTPStatus.OK
    assert len(site.filed()) == 1


def test_a_shop_that_is_being_removed_receives_nothing(site: FakeSite, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(status=TenantStatus.PURGING)
    assert site.post("track", TRACK).status_code == HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("label", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_is_read_whatever_it_is_called(site: FakeSite, label: str) -> None:
    answer = site.post("t", {**TRACK, "writeKey": site.key}, Authorization="", content_type=label)
    assert answer.status_code == HTTPStatus.OK
    assert len(site.filed()) == 1


@pytest.mark.parametrize("said", ["gzip", ""])
def test_gzip_is_unpacked_even_unsaid(site: FakeSite, said: str) -> None:
    raw = gzip.compress(json.dumps({"batch": [TRACK]}).encode())
    form = "application/x-www-form-urlencoded"
    answer = site.post("batch", raw, Content_Encoding=said, content_type=form)
    assert answer.status_code == HTTPStatus.OK
    [row] = site.filed()
    assert json.loads(bytes(row.body)) == {"batch": [TRACK]}


def test_a_bomb_is_not_unpacked(site: FakeSite) -> None:
    raw = gzip.compress(b" " * 200_000_000)
    answer = site.post("batch", raw, Content_Encoding="gzip")
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert site.filed() == []


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (gzip.compress(b"{}", mtime=0)[:-9], "invalid_gzip"),
        (b"\x1f\x8bnoise", "invalid_gzip"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"\xff\xfe", "invalid_json"),
        (b"[" * 100_000, "invalid_json"),
    ],
)
def test_what_cannot_be_read_is_refused(site: FakeSite, raw: bytes, code: str) -> None:
    answer = site.post("track", raw)
    assert (answer.status_code, code_of(answer)) == (HTTPStatus.BAD_REQUEST, code)
    assert site.filed() == []


@pytest.mark.parametrize(
    ("call", "body", "code"),
    [
        ("track", {"event": "x"}, "missing_id"),
        ("track", {"event": "x", "userId": None, "anonymousId": " "}, "missing_id"),
        ("track", {"userId": "u"}, "missing_event"),
        ("track", {"userId": "u", "event": "x" * 256}, "missing_event"),
        ("track", {"userId": "u", "event": "x", "properties": []}, "invalid_field"),
        ("identify", {"userId": "u", "traits": "x"}, "invalid_field"),
        ("group", {"userId": "u"}, "missing_group_id"),
        ("alias", {"userId": "u"}, "missing_previous_id"),
        ("batch", {}, "empty_batch"),
        ("batch", {"batch": []}, "empty_batch"),
        ("batch", {"batch": {}}, "empty_batch"),
    ],
)
def test_a_call_that_lacks_something_is_refused_and_counted(
    site: FakeSite, call: str, body: dict[str, Any], code: str
) -> None:
    answer = site.post(call, body)
    assert (answer.status_code, code_of(answer)) == (HTTPStatus.BAD_REQUEST, code)
    assert answer.json()["success"] is False
    assert site.filed() == []
    assert refusals() == {"tracking_format": 1}


def test_a_number_is_an_id(site: FakeSite) -> None:
    assert site.post("track", {"userId": 7, "event": "x"}).status_code == HTTPStatus.OK


def test_an_event_over_32_kb_is_refused(site: FakeSite) -> None:
    body = {**TRACK, "properties": {"text": "x" * 33_000}}
    answer = site.post("track", body)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert code_of(answer) == "event_too_large"
    assert site.filed() == []
    assert refusals() == {"tracking_size": 1}


def test_an_event_of_32_kb_is_taken(site: FakeSite) -> None:
    raw = json.dumps({**TRACK, "properties": {"text": ""}})
    body = {**TRACK, "properties": {"text": "x" * (32 * 1024 - len(raw))}}
    assert site.post("track", body).status_code == HTTPStatus.OK


def test_a_batch_over_500_kb_is_refused_whole(site: FakeSite) -> None:
    items = [{**TRACK, "properties": {"text": "x" * 31_000}}] * 17
    answer = site.batch(*items)
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert code_of(answer) == "body_too_large"
    assert site.filed() == []
    assert refusals() == {"tracking_size": 1}
    with transaction.atomic():
        assert [item.count for item in list_refused()] == [1]


def test_a_batch_of_more_than_2500_events_is_refused_whole(site: FakeSite) -> None:
    items = [{"type": "page", "userId": "u"}] * 2_501
    answer = site.batch(*items)
    assert (answer.status_code, code_of(answer)) == (HTTPStatus.BAD_REQUEST, "too_many_events")
    assert site.filed() == []


def test_a_batch_of_2500_events_is_taken(site: FakeSite) -> None:
    answer = site.batch(
        *[{"type": "page", "userId": "u", "messageId": f"{n}"} for n in range(2_500)]
    )
    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["accepted"] == 2_500


def test_of_a_batch_each_call_is_judged_alone(site: FakeSite) -> None:
    large = {**TRACK, "messageId": "m-2", "properties": {"text": "x" * 33_000}}
    answer = site.batch(TRACK, large, {"type": "wave", "userId": "u"}, "text", TRACK)
    assert answer.status_code == HTTPStatus.OK
    told = answer.json()
    assert (told["success"], told["accepted"], told["rejected"]) == (False, 2, 3)
    assert [(row["messageId"], row["status"], row.get("code")) for row in told["results"]] == [
        ("m-1", "accepted", None),
        ("m-2", "rejected", "event_too_large"),
        ("", "rejected", "unknown_type"),
        ("", "rejected", "not_an_object"),
        ("m-1", "duplicate", None),
    ]
    assert len(site.filed()) == 1
    assert refusals() == {"tracking_size": 1}


def test_a_batch_of_which_nothing_can_be_taken_is_not_answered_with_200(site: FakeSite) -> None:
    answer = site.batch({"type": "track", "userId": "u"}, {"type": "page"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    told = answer.json()
    assert (told["success"], told["accepted"], told["rejected"]) == (False, 0, 2)
    assert [row["code"] for row in told["results"]] == ["missing_event", "missing_id"]
    assert site.filed() == []


def test_a_repeated_message_id_is_filed_once(site: FakeSite) -> None:
    for _ in range(3):
        assert site.post("track", TRACK).status_code == HTTPStatus.OK
    assert [row.delivery_id for row in site.filed()] == ["track:m-1"]


def test_a_batch_that_comes_twice_byte_for_byte_is_filed_once(site: FakeSite) -> None:
    for _ in range(2):
        site.batch(TRACK)
    assert len(site.filed()) == 1


def test_calls_without_a_message_id_are_each_filed(site: FakeSite) -> None:
    for _ in range(2):
        site.post("track", {"userId": "u", "event": "Clicked"})
        site.batch({"type": "track", "userId": "u", "event": "Clicked"})
    assert len(site.filed()) == 4


def test_a_message_id_that_no_database_can_hold_is_cleaned(site: FakeSite) -> None:
    raw = b'{"userId": "u", "event": "x", "messageId": "a\\u0000b\\ud800"}'
    assert site.post("track", raw).status_code == HTTPStatus.OK
    assert [row.delivery_id for row in site.filed()] == ["track:ab"]


def test_a_browser_may_ask_first(site: FakeSite) -> None:
    answer = site.client.options("/v1/batch", headers={"Origin": "https://shop.example"})
    assert answer.status_code == HTTPStatus.NO_CONTENT
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = answer.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Content-Type", "AnonymousId"} <= set(allowed)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


def test_a_browser_may_send_what_its_client_asks_for(site: FakeSite) -> None:
    asked = "anonymousid, authorization, content-type, rsa-since-last-attempt, sentat"
    headers = {"access-control-request-headers": asked}
    answer = site.client.options("/v1/page", headers=headers)
    assert answer.headers["Access-Control-Allow-Headers"] == asked


@pytest.mark.parametrize("asked", ["", "a\tb", "a;b"])
def test_what_is_no_list_of_headers_is_not_repeated(site: FakeSite, asked: str) -> None:
    headers = {"access-control-request-headers": asked}
    answer = site.client.options("/v1/page", headers=headers)
    allowed = answer.headers["Access-Control-Allow-Headers"]
    assert allowed == "Authorization, Content-Type, Content-Encoding, AnonymousId"


def test_refusals_can_be_read_by_a_browser(site: FakeSite) -> None:
    answer = site.post("track", b"{")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_get_is_not_allowed(site: FakeSite) -> None:
    answer = site.client.get("/v1/track")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("path", ["nosuch", "projects/x", "projects/x/settings", "track/x"])
def test_an_unknown_call_is_404(site: FakeSite, path: str) -> None:
    assert site.client.get(f"/v1/{path}").status_code == HTTPStatus.NOT_FOUND
    assert site.client.post(f"/v1/{path}").status_code == HTTPStatus.NOT_FOUND


@override_settings(PUBLIC_URL="https://crm.example:8443")
def test_the_browser_client_of_segment_learns_where_to_send(site: FakeSite) -> None:
    answer = site.client.get(f"/v1/projects/{site.key}/settings")
    told = answer.json()["integrations"]["Segment.io"]
    assert told == {"apiKey": site.key, "apiHost": "crm.example:8443/v1", "protocol": "https"}


def test_the_browser_client_of_rudderstack_is_told_that_its_source_is_on(site: FakeSite) -> None:
    asked = f"/v1/sourceConfig/?p=npm&v=3.34.1&writeKey={site.key}"
    source = site.client.get(asked).json()["source"]
    assert (source["enabled"], source["destinations"]) == (True, [])
    silent = {"errors": {"enabled": False}, "metrics": {"enabled": False}}
    assert source["config"]["statsCollection"] == silent
    by_header = site.client.get("/v1/sourceConfig", headers={"authorization": basic(site.key)})
    assert by_header.json()["source"] == source
    assert by_header.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("query", ["", "?writeKey=", "?writeKey=wk_wrong"])
def test_the_browser_client_of_rudderstack_needs_a_key(site: FakeSite, query: str) -> None:
    answer = site.client.get(f"/v1/sourceConfig/{query}")
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert site.client.post("/v1/sourceConfig/").status_code == HTTPStatus.NOT_FOUND


def test_the_database_away_asks_for_a_repeat(
    site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.post("track", TRACK).status_code == HTTPStatus.OK
    edge.close_connections()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise psycopg.OperationalError("connection refused")

    again = {**TRACK, "messageId": "m-2"}
    with monkeypatch.context() as patch:
        patch.setattr(psycopg, "connect", refuse)
        answer = site.post("track", again)
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.headers["Retry-After"] == "5"
    assert site.post("track", again).status_code == HTTPStatus.OK
    assert [row.delivery_id for row in site.filed()] == ["track:m-1", "track:m-2"]


def test_another_tenant_sees_nothing(site: FakeSite, other_tenant: Tenant) -> None:
    site.post("track", TRACK)
    with tenant_scope(other_tenant.pk):
        assert site.filed() == []


def test_keys_are_told_apart(site: FakeSite, other_tenant: Tenant) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = create_key(name="Site", kind=KeyKind.WRITE).secret
    forget_keys()
    assert site.post("track", TRACK, Authorization=basic(theirs)).status_code == HTTPStatus.OK
    assert site.filed() == []
    with tenant_scope(other_tenant.pk):
        assert len(site.filed()) == 1


def test_the_wsgi_entry_answers_without_middleware(site: FakeSite) -> None:
    seen: list[str] = []
    raw = json.dumps(TRACK).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/v1/t",
        "CONTENT_LENGTH": str(len(raw)),
        "HTTP_AUTHORIZATION": basic(site.key),
        "wsgi.input": io.BytesIO(raw),
    }
    setup_testing_defaults(environ)
    answer = application(environ, lambda status, headers, *_: seen.append(status))
    assert json.loads(b"".join(answer)) == {"success": True}
    assert seen == ["200 OK"]
    assert len(site.filed()) == 1
