"""What pages and the API answer while PostgreSQL is away, and what the log says of it."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, transaction
from django.test import Client
from structlog.testing import capture_logs

from config.faults import SAID
from config.outages import is_outage
from crm.models import Note, Profile
from kernel import clock
from tenants.models import Tenant
from tests.factories.tenants import call_with, make_key, sign_in
from tests.support.database import cut_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.covers("O4")]
BROWSER = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def nothing_said() -> Iterator[None]:
    SAID.forget()
    yield
    SAID.forget()


@pytest.fixture
def page(tenant: Tenant, broker: object) -> Client:
    client = sign_in(tenant)
    client.raise_request_exception = False
    return client


@pytest.fixture
def api(tenant: Tenant, broker: object) -> Client:
    client = call_with(make_key(tenant))
    client.raise_request_exception = False
    return client


def cut_before(monkeypatch: pytest.MonkeyPatch, path: str, client_call: Callable[[], Any]) -> Any:
    """Cut the database off in the middle of a call: before a query of its view."""
    stack = cut_off()
    module, _, name = path.rpartition(".")
    query = getattr(__import__(module, fromlist=[name]), name)

    def cut(*args: Any, **kwargs: Any) -> Any:
        stack.__enter__()
        return query(*args, **kwargs)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(path, cut)
            return client_call()
    finally:
        stack.__exit__(None, None, None)


def test_a_page_says_what_happened_and_works_again_afterwards(page: Client) -> None:
    with cut_off():
        answer = page.get("/t/ada-soap/orders/?q=soap&status=paid", **BROWSER)  # type: ignore[arg-type] # headers
    text = answer.content.decode()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<h1>Patron cannot reach its database</h1>" in text
    assert "What you saved before is safe" in text
    assert 'href="/t/ada-soap/orders/?q=soap&amp;status=paid">Try again</a>' in text
    assert page.get("/t/ada-soap/orders/").status_code == 200


def test_a_page_whose_database_goes_under_its_hands_says_the_same(
    page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = cut_before(
        monkeypatch,
        "crm.queries.orders.list_orders",
        lambda: page.get("/t/ada-soap/orders/", **BROWSER),  # type: ignore[arg-type] # headers
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Patron cannot reach its database" in answer.content.decode()
    assert page.get("/t/ada-soap/orders/").status_code == 200


def test_what_was_typed_is_not_lost_and_not_stored_by_half(page: Client) -> None:
    with transaction.atomic():
        ada = Profile.objects.create(created_at=clock.now())
    address = f"/t/ada-soap/profiles/{ada.pk}/notes/add/"
    with cut_off():
        answer = page.post(address, {"text": "Likes lavender"}, **BROWSER)  # type: ignore[arg-type] # headers
    text = answer.content.decode()
    assert answer.status_code == 503
    assert "Go back in your browser, where your entries still are" in text
    assert "Try again" not in text
    with transaction.atomic():
        assert not Note.objects.exists()


def test_a_call_gets_a_problem_with_a_code(api: Client) -> None:
    with cut_off():
        answer = api.get("/api/v1/orders/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "http://127.0.0.1:8000/api/v1/docs/#problem-unavailable",
        "title": "Patron cannot work at the moment",
        "status": 503,
        "code": "unavailable",
        "detail": "The database cannot be reached. Repeat the call in 5 seconds, a POST with the "
        "same Idempotency-Key.",
        "fields": {},
    }
    assert api.get("/api/v1/orders/").status_code == 200


def test_a_call_whose_database_goes_meanwhile_gets_the_same(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = cut_before(
        monkeypatch,
        "segments.api.views.list_segments",
        lambda: api.get("/api/v1/segments/"),
    )
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "unavailable"
    assert api.get("/api/v1/segments/").status_code == 200


def test_a_part_of_a_page_gets_no_page(page: Client) -> None:
    with cut_off():
        answer = page.get("/t/ada-soap/orders/", HTTP_HX_REQUEST="true", HTTP_ACCEPT="*/*")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"


def test_the_log_says_it_once_and_not_for_every_request(
    page: Client, api: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs, cut_off():
        for _ in range(2):
            page.get("/t/ada-soap/orders/", **BROWSER)  # type: ignore[arg-type] # headers
            api.get("/api/v1/orders/")
    said = [line for line in logs if line["event"] == "database_unreachable"]
    assert [line["refused_since_last"] for line in said] == [0]
    assert said[0]["error"] == "terminating connection due to administrator command"
    assert [line["status"] for line in logs if line["event"] == "request"] == [503] * 4
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_fault_of_ours_stays_a_fault_with_its_trace(
    page: Client, api: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("tenants.middleware.find_membership", fail)
    monkeypatch.setattr("tenants.middleware.find_api_key", fail)
    answers = [page.get("/t/ada-soap/orders/"), api.get("/api/v1/orders/")]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert "Retry-After" not in answers[0].headers
    assert answers[1].json()["code"] == "internal_error"
    assert all(b"secret" not in answer.content for answer in answers)
    assert len([record for record in caplog.records if record.exc_info]) == 2


@pytest.mark.parametrize(
    ("cause", "outage"),
    [
        (psycopg.OperationalError("connection refused"), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.CannotConnectNow(), True),
        (psycopg.errors.TooManyConnections(), True),
        (psycopg.errors.DeadlockDetected(), False),
        (psycopg.errors.QueryCanceled(), False),
    ],
)
def test_a_deadlock_is_no_outage(cause: Exception, outage: bool) -> None:
    fault = OperationalError()
    fault.__cause__ = cause
    assert is_outage(fault) is outage
    assert not is_outage(cause)
