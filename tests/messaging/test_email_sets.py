"""Providers that take several mails in one request: each keeps its own words and its own fate."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from pytest_django import Settings

from kernel.batches import Deadline
from kernel.secrets import encrypt
from messaging.channels import anymail_sets, email_hosts
from messaging.channels.base import (
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    SenderRefused,
)
from messaging.channels.registry import PROVIDERS
from messaging.channels.sets import Answer, SetChannel
from messaging.models import ChannelAccount, Message
from messaging.services.pacing import Pace
from messaging.services.queueing import queue_messages
from messaging.services.sending import send_due
from messaging.types import OutgoingEmail
from tenants.models import Tenant
from tests.factories.messaging import make_recipient, make_template, new_message
from tests.messaging.test_email_providers import (
    CREDENTIALS,
    MAIL,
    account_of,
    forget_channels,
    wrong_account,
)
from tests.support.esp import EspServer, Reply, esp_server

TOGETHER = ("brevo", "mailjet", "postmark", "resend")
LATER = float("inf")


@pytest.fixture(params=TOGETHER)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def esp(name: str, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[EspServer]:
    settings.OUTGOING_PRIVATE = True
    monkeypatch.setattr(anymail_sets, "PAUSE_SECONDS", 0.0)
    forget_channels()
    with esp_server(name) as server:
        for place in [each for each in email_hosts.API_URLS if each[0] == name]:
            monkeypatch.setitem(email_hosts.API_URLS, place, f"{server.url}/")
        yield server
    forget_channels()


def mails(*names: str) -> list[OutgoingEmail]:
    return [
        replace(
            MAIL,
            to_address=f"{each}@example.com",
            to_name="",
            message_id=f"<{each}@ada-soap.example>",
            reference=f"7-{number}",
            content=replace(MAIL.content, html=f"<p>Hello {each}</p>"),
            unsubscribe_url=f"https://crm.example/u/{each}",
        )
        for number, each in enumerate(names)
    ]


def send_all(
    name: str, sent: list[OutgoingEmail], *, until: float = LATER, is_wrong: bool = False
) -> list[Answer]:
    account = wrong_account(name) if is_wrong else account_of(name)
    channel = PROVIDERS["email", name].open(account)
    assert isinstance(channel, SetChannel)
    return channel.send_all(sent, until=until)


def kinds(answers: list[Answer]) -> list[type]:
    return [type(answer) for answer in answers]


@pytest.mark.covers("M1")
def test_one_request_hands_over_mails_with_their_own_words_headers_and_ids(
    name: str, esp: EspServer
) -> None:
    answers = send_all(name, mails("one", "two", "three"))

    assert len(esp.calls) == 1
    said = [str(call.said) for call in esp.taken]
    for number, each in enumerate(("one", "two", "three")):
        others = {"one", "two", "three"} - {each}
        for part in ("{}@example.com", "Hello {}<", "https://crm.example/u/{}"):
            assert part.format(each) in said[number]
            assert not any(part.format(other) in said[number] for other in others)
        assert f"7-{number}" in said[number]
        assert "List-Unsubscribe=One-Click" in said[number]
        assert "Grüße 🧼" in said[number]
    ids = [answer.provider_id for answer in answers if isinstance(answer, Handed)]
    assert len(set(ids)) == 3
    assert all(ids)


def test_a_mail_that_is_refused_leaves_the_others_alone(name: str, esp: EspServer) -> None:
    answers = send_all(name, mails("one", "inactive", "three"))

    assert kinds(answers) == [Handed, ChannelRejected, Handed]
    assert [("inactive" in str(call.said)) for call in esp.taken] == [False, False]


def test_a_request_that_is_refused_as_a_whole_is_halved(name: str, esp: EspServer) -> None:
    esp.script.append(Reply(413, {"message": "Too large"}))

    answers = send_all(name, mails("one", "two", "three"))

    assert kinds(answers) == [Handed] * 3
    assert len(esp.calls) == 3
    assert [f"{each}@" in str(call.said) for each, call in zip(
        ("one", "two", "three"), esp.taken, strict=True
    )] == [True] * 3  # fmt: skip


def test_the_one_mail_that_is_to_blame_for_a_refusal_bears_it(name: str, esp: EspServer) -> None:
    esp.script += [Reply(413, {"message": "Too large"})] * 2

    answers = send_all(name, mails("one", "two"))

    assert kinds(answers) == [ChannelRejected, Handed]
    assert "Too large" in str(answers[0])


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_provider_is_handed_nothing_more(
    name: str, esp: EspServer, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anymail_sets, "MOST_TOGETHER", 2)
    esp.script.append(Reply(status, {"message": "Slow down"}, {"Retry-After": "17"}))

    answers = send_all(name, mails("one", "two", "three"))

    assert kinds(answers) == [ChannelUnavailable] * 3
    assert {each.retry_after for each in answers if isinstance(each, ChannelUnavailable)} == {
        timedelta(seconds=17)
    }
    assert (len(esp.calls), esp.taken) == (1, [])


def test_a_key_that_was_taken_back_is_no_fault_of_any_mail(name: str, esp: EspServer) -> None:
    answers = send_all(name, mails("one", "two"), is_wrong=True)

    assert [isinstance(each, ChannelUnavailable) and each.is_account_fault for each in answers] == [
        True,
        True,
    ]
    assert esp.taken == []


def test_a_fault_of_the_provider_puts_one_mail_off(name: str, esp: EspServer) -> None:
    esp.script.append(Reply(500, {"message": "Something broke"}))

    assert kinds(send_all(name, mails("one"))) == [ChannelDeferred]
    assert (len(esp.calls), esp.taken) == (1, [])


@pytest.mark.covers("M1")
@pytest.mark.parametrize("name", ["brevo", "mailjet", "postmark"])
@pytest.mark.parametrize("status", [500, 507])
def test_a_fault_amid_several_mails_leaves_open_which_of_them_were_taken(
    name: str, esp: EspServer, status: int
) -> None:
    esp.script.append(Reply(status, {"message": "Something broke"}))

    assert kinds(send_all(name, mails("one", "two"))) == [OutcomeUnknown] * 2
    assert len(esp.calls) == 1


@pytest.mark.parametrize("name", ["resend"])
def test_a_fault_amid_several_mails_is_asked_again_under_the_same_key(
    name: str, esp: EspServer
) -> None:
    esp.script.append(Reply(500, {"message": "Something broke"}))

    assert kinds(send_all(name, mails("one", "two"))) == [Handed] * 2
    assert len({call.headers["Idempotency-Key"] for call in esp.calls}) == 1
    assert (len(esp.calls), len(esp.taken)) == (2, 2)


def test_halves_are_begun_no_longer_than_the_lease_holds(
    name: str, esp: EspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anymail_sets, "HALVING_SECONDS", -7_200.0)
    esp.script.append(Reply(413, {"message": "Too large"}))

    answers = send_all(name, mails("one", "two", "three"), until=time.monotonic() + 3_600)

    assert answers == [None] * 3
    assert (len(esp.calls), esp.taken) == (1, [])


def test_the_other_half_is_not_begun_once_the_provider_is_down(name: str, esp: EspServer) -> None:
    esp.script += [Reply(413, {"message": "Too large"}), Reply(503, {"message": "Slow down"})]

    answers = send_all(name, mails("one", "two", "three", "four"))

    assert kinds(answers) == [ChannelUnavailable] * 4
    assert (len(esp.calls), esp.taken) == (2, [])


def test_the_other_half_is_not_begun_once_the_workers_time_is_up(
    name: str, esp: EspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    esp.script.append(Reply(413, {"message": "Too large"}))
    ask = anymail_sets.AnymailSetChannel._ask

    def end(channel: anymail_sets.AnymailSetChannel, payloads: list[Any]) -> list[Answer]:
        if esp.calls:
            raise SoftTimeLimitExceeded
        return ask(channel, payloads)

    monkeypatch.setattr(anymail_sets.AnymailSetChannel, "_ask", end)

    answers = send_all(name, mails("one", "two", "three", "four"))

    assert kinds(answers) == [SoftTimeLimitExceeded] * 2 + [type(None)] * 2
    assert (len(esp.calls), esp.taken) == (1, [])


UNKNOWN_SENDERS = {
    "mailjet": [
        Reply(
            400,
            {
                "Messages": [
                    {"Status": "success", "To": [{"MessageID": 1}]},
                    {"Status": "error", "Errors": [{"ErrorCode": "send-0008"}]},
                ]
            },
        )
    ],
    "postmark": [
        Reply(
            200,
            [
                {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-1"},
                {"ErrorCode": 400, "Message": "No such sender signature"},
            ],
        )
    ],
    "resend": [
        Reply(403, {"name": "validation_error", "message": "The b.example domain is not verified"}),
        Reply(200, {"data": [{"id": "49a3999c-1"}]}),
        Reply(403, {"name": "validation_error", "message": "The b.example domain is not verified"}),
    ],
}


@pytest.mark.covers("M9")
@pytest.mark.parametrize("name", UNKNOWN_SENDERS)
@pytest.mark.parametrize("is_chosen", [True, False])
def test_a_sender_that_the_provider_does_not_know_stops_its_own_mails_alone_if_a_rule_chose_it(
    name: str, esp: EspServer, is_chosen: bool
) -> None:
    esp.script += UNKNOWN_SENDERS[name]
    one, two = mails("one", "two")

    answers = send_all(name, [one, replace(two, is_sender_chosen=is_chosen)])

    assert kinds(answers) == [Handed, SenderRefused if is_chosen else ChannelUnavailable]
    if isinstance(answers[1], ChannelUnavailable):
        assert answers[1].is_account_fault


@pytest.mark.parametrize("name", ["brevo", "mailjet", "postmark"])
def test_a_lost_answer_leaves_every_mail_of_its_request_open(name: str, esp: EspServer) -> None:
    esp.lost = 1

    assert kinds(send_all(name, mails("one", "two"))) == [OutcomeUnknown] * 2
    assert (len(esp.calls), len(esp.taken)) == (1, 2)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("brevo", Reply(502, {"message": "Bad gateway"})),
        ("brevo", Reply(201, {"messageIds": ["1"]})),
        ("mailjet", Reply(502, {"message": "Bad gateway"})),
        ("mailjet", Reply(200, {"what": "is this"})),
        ("mailjet", Reply(400, {"Messages": [{"Status": "success"}]})),
        ("mailjet", Reply(200, {"Messages": [{"Status": "?"}, {"Status": "error"}]})),
        ("postmark", Reply(502, {"message": "Bad gateway"})),
        ("postmark", Reply(200, {"what": "is this"})),
        ("postmark", Reply(200, [{"ErrorCode": 0, "Message": "OK", "MessageID": "1"}])),
        ("postmark", Reply(200, [{"ErrorCode": 0, "Message": "OK"}, "?"])),
    ],
)
def test_an_answer_that_says_nothing_of_a_mail_leaves_it_open(
    name: str, esp: EspServer, reply: Reply
) -> None:
    esp.script.append(reply)

    assert kinds(send_all(name, mails("one", "two"))) == [OutcomeUnknown] * 2


@pytest.mark.parametrize("name", ["resend"])
def test_a_lost_answer_is_asked_for_again_under_the_same_key(name: str, esp: EspServer) -> None:
    esp.lost = 1

    answers = send_all(name, mails("one", "two"))

    assert answers == [Handed("49a3999c-1"), Handed("49a3999c-2")]
    assert (len(esp.calls), len(esp.taken)) == (2, 2)


@pytest.mark.parametrize("name", ["resend"])
def test_what_must_arrive_goes_alone_so_that_asking_once_more_sends_nothing_twice(
    name: str, esp: EspServer
) -> None:
    one, two, three = mails("one", "two", "three")
    urgent = replace(two, must_arrive=True)
    esp.lost = 1

    assert kinds(send_all(name, [one, urgent, three])) == [Handed, ChannelDeferred, Handed]
    assert kinds(send_all(name, [urgent])) == [Handed]
    assert [call.path for call in esp.calls] == ["/emails", "/emails/batch", "/emails"]
    assert [call.headers["Idempotency-Key"] for call in esp.calls[::2]] == [two.message_id] * 2
    assert sum("two@example.com" in str(call.said) for call in esp.taken) == 1


@pytest.mark.parametrize("name", ["resend"])
def test_many_that_must_arrive_go_together(name: str, esp: EspServer) -> None:
    many = [replace(each, must_arrive=True) for each in mails(*map(str, range(11)))]

    assert kinds(send_all(name, many)) == [Handed] * 11
    assert [call.path for call in esp.calls] == ["/emails/batch"]


@pytest.mark.parametrize("name", ["resend"])
@pytest.mark.parametrize("status", [400, 409, 429, 500, 502])
def test_what_was_lost_and_cannot_be_asked_for_stays_open(
    name: str, esp: EspServer, status: int
) -> None:
    esp.script += [Reply(502, {})] + [Reply(status, {"message": "No"})] * anymail_sets.REPEATS

    assert kinds(send_all(name, mails("one", "two"))) == [OutcomeUnknown] * 2
    assert len(esp.calls) == 1 + anymail_sets.REPEATS


@pytest.mark.parametrize("name", ["brevo"])
def test_mails_of_one_request_have_one_sender_where_a_provider_takes_one_alone(
    name: str, esp: EspServer
) -> None:
    one, two, three = mails("one", "two", "three")
    other = replace(two, from_address="bob@ada-soap.example")

    assert kinds(send_all(name, [one, other, three])) == [Handed] * 3
    assert [call.said["sender"]["email"].partition("@")[0] for call in esp.taken] == [
        "hello",
        "hello",
        "bob",
    ]
    assert [len(call.said["messageVersions"]) for call in esp.calls] == [2, 1]
    assert not any("example.com" in str(call.said["htmlContent"]) for call in esp.calls)


def test_more_mails_than_fit_are_shared_out(
    name: str, esp: EspServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anymail_sets, "MOST_TOGETHER", 2)

    answers = send_all(name, mails("one", "two", "three", "four", "five"))

    assert kinds(answers) == [Handed] * 5
    assert (len(esp.calls), len(esp.taken)) == (3, 5)


def test_nothing_is_begun_when_time_is_up(name: str, esp: EspServer) -> None:
    assert send_all(name, mails("one", "two"), until=0.0) == [None, None]
    assert esp.calls == []


def test_a_provider_that_cannot_be_reached_was_handed_no_mail(name: str, esp: EspServer) -> None:
    esp.stop()

    assert kinds(send_all(name, mails("one", "two"))) == [ChannelUnavailable] * 2


def test_a_mail_that_cannot_be_written_does_not_stop_the_others(name: str, esp: EspServer) -> None:
    one, two = mails("one", "two")

    answers = send_all(name, [replace(one, from_address="no address"), two])

    assert kinds(answers) == [ChannelRejected, Handed]
    assert len(esp.taken) == 1


@pytest.mark.parametrize("name", ["postmark"])
def test_credits_that_are_used_up_fail_no_mail(name: str, esp: EspServer) -> None:
    said = [
        {"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a-1"},
        {"ErrorCode": 405, "Message": "Not allowed to send"},
        {"ErrorCode": 100, "Message": "Maintenance"},
    ]
    esp.script.append(Reply(200, said))

    answers = send_all(name, mails("one", "two", "three"))

    assert kinds(answers) == [Handed, ChannelUnavailable, ChannelDeferred]
    assert isinstance(answers[1], ChannelUnavailable)
    assert answers[1].is_account_fault


@pytest.mark.parametrize("name", ["postmark"])
def test_the_whole_path_keeps_the_fate_of_each_mail(
    name: str, esp: EspServer, shop: Tenant
) -> None:
    secrets = encrypt(json.dumps(CREDENTIALS[name]))
    ChannelAccount.objects.update(provider=name, credentials_encrypted=secrets)
    template = make_template()
    people = [make_recipient() for _ in range(30)]
    gone = make_recipient(email="inactive@example.com")
    queue_messages([new_message(person, template) for person in [*people[:12], gone, *people[12:]]])

    assert send_due(Deadline(seconds=None)) == 31

    assert len(esp.calls) == 1
    told = dict(Message.objects.values_list("provider_id", "status"))
    assert told.pop("") == "failed"
    assert set(told.values()) == {"sent"}
    assert len(told) == 30


def test_what_leaves_in_one_request_is_claimed_together() -> None:
    pace = Pace.of_lane(50)
    first = [len(few) for few in pace.split([None] * 120)]  # type: ignore[list-item]
    pace.note(120, 3.0)
    pace.end_set(120, 4.0)

    assert first == [50, 50, 20]
    assert pace.claim_size == 50


def test_a_long_turn_claims_more_of_what_leaves_fast_and_few_of_what_does_not() -> None:
    pace, sizes = Pace(), []
    for _ in range(6):
        pace.note(500, 0.1)
        pace.end_set(500, 0.3)
        sizes.append(pace.claim_size)
    pace.note(500, 60.0)
    pace.end_set(500, 61.0)

    assert sizes == [25, 50, 50, 50, 50, 50]
    assert (pace.claim_size, pace.is_quick) == (10, False)
