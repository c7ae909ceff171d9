"""Browsers and apps that get push messages, and the calls that tell of them."""

import json
from typing import Any

from django.test import Client

from crm.models import Profile
from kernel import clock
from kernel.batches import Deadline
from messaging.models import ChannelAccount, Message, PushToken, Template
from messaging.services.push_tokens import digest_token
from messaging.services.sending import send_due
from tests.factories.messaging import queue_message


def call(client: Client, name: str, key: str, **body: Any) -> Any:
    raw = json.dumps({"writeKey": key, **body}).encode()
    return client.post(f"/v1/push/{name}", raw, content_type="text/plain;charset=UTF-8")


def make_token(who: Profile, account: ChannelAccount, target: str, **fields: Any) -> PushToken:
    now = clock.now()
    usual = {"platform": "web", "is_proven": True, "created_at": now, "last_seen_at": now}
    values = {**usual, **fields}
    return PushToken.objects.create(
        profile=who, account=account, digest=digest_token(target), target=target, **values
    )


def make_push(**content: str) -> Template:
    usual = {"title": "Hello {{ person.first_name }}", "url": "https://shop.example/new"}
    return Template.objects.create(
        key="push",
        name="Push",
        channel="push",
        message_class="promotional",
        subject="",
        mjml="",
        html="",
        text="New soap is here.",
        content={**usual, **content},
    )


def send(who: Profile, template: Template) -> Message:
    message = queue_message(who, template, channel="push")
    send_due(Deadline(seconds=None))
    message.refresh_from_db()
    return message
