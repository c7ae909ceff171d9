"""Filing a delivery: the only thing that happens while a storefront waits."""

import contextlib
import hashlib
import json
import uuid
from collections.abc import Mapping

from kernel import clock
from kernel.postgres.edge import EdgeUnavailable, write_once
from kernel.postgres.groups import write_together
from kernel.ringer import ring_soon
from kernel.sql import load_sql
from stores.choices import DeliverySource, Refusal
from stores.types import DeliveryHead, EdgeConnection, WriteKey

INBOX = "inbox"


def file_delivery(connection: EdgeConnection, head: DeliveryHead, body: bytes) -> None:
    """Commit one delivery to the inbox and ring for it; a repeat changes nothing.

    Args:
        connection: store that sent it, signature checked.
        head: what its headers say.
        body: as it came, byte for byte.

    Raises:
        EdgeUnavailable: nothing was filed; the sender must repeat.
    """
    write_together(
        load_sql("stores.file_delivery"),
        {
            "store_id": connection.store_id,
            "delivery_id": head.delivery_id or name_delivery(head.topic, body, head.salt),
            "topic": head.topic,
            "source": DeliverySource.WEBHOOK.value,
            "headers": json.dumps(dict(head.headers)),
            "body": body,
            "triggered_at": head.triggered_at,
            "received_at": clock.now(),
        },
        tenant_id=connection.tenant_id,
    )
    ring_soon(INBOX, connection.tenant_id)


def file_call(
    key: WriteKey, call: str, body: bytes, *, headers: Mapping[str, str], message_id: str | None
) -> None:
    """Commit one request of the tracking API to the inbox and ring for it.

    Args:
        key: whose it is.
        call: what was called, such as ``track`` or ``batch``.
        body: JSON, unpacked.
        headers: what is kept for people.
        message_id: of its only call; empty for a request of many that can each be told from its
            like: equal bodies are one. None: nothing tells it from its like, so that it is new.

    Raises:
        EdgeUnavailable: nothing was filed; the sender must repeat.
    """
    topic = f"tracking/{call}"
    name = message_id or (uuid.uuid4().hex if message_id is None else name_delivery(topic, body))
    write_together(
        load_sql("stores.file_delivery"),
        {
            "store_id": key.store_id,
            "delivery_id": f"track:{name}",
            "topic": topic,
            "source": DeliverySource.TRACKING.value,
            "headers": json.dumps(dict(headers)),
            "body": body,
            "triggered_at": None,
            "received_at": clock.now(),
        },
        tenant_id=key.tenant_id,
    )
    ring_soon(INBOX, key.tenant_id)


def count_refusal(place: EdgeConnection | WriteKey, reason: Refusal) -> None:
    """Count a delivery that is turned away, for its merchant to see.

    Nobody waits for the disk, and a database that does not answer changes nothing.

    Args:
        place: store that it was sent to.
        reason: why it is turned away.
    """
    params = {"store_id": place.store_id, "reason": reason.value, "now": clock.now()}
    with contextlib.suppress(EdgeUnavailable):
        write_once(
            load_sql("stores.count_refusal"),
            params,
            tenant_id=place.tenant_id,
            is_durable=False,
        )


def name_delivery(topic: str, body: bytes, salt: str = "") -> str:
    """Return the id of a delivery whose sender gave it none.

    Equal bodies are one delivery, unless a salt tells them apart.
    """
    named = f"{topic}\0{salt}" if salt else topic
    return hashlib.sha256(named.encode() + b"\0" + body).hexdigest()
