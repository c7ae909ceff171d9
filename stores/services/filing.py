"""Filing a delivery: the only thing that happens while a storefront waits."""

import contextlib
import hashlib
import json

from kernel import clock
from kernel.postgres.edge import EdgeUnavailable, write_once
from kernel.postgres.groups import write_together
from kernel.ringer import ring_soon
from kernel.sql import load_sql
from stores.choices import Refusal
from stores.types import DeliveryHead, EdgeConnection

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
            "headers": json.dumps(dict(head.headers)),
            "body": body,
            "triggered_at": head.triggered_at,
            "received_at": clock.now(),
        },
        tenant_id=connection.tenant_id,
    )
    ring_soon(INBOX, connection.tenant_id)


def count_refusal(connection: EdgeConnection, reason: Refusal) -> None:
    """Count a delivery that is turned away, for its merchant to see.

    Nobody waits for the disk, and a database that does not answer changes nothing.

    Args:
        connection: store whose address it was sent to.
        reason: why it is turned away.
    """
    params = {"store_id": connection.store_id, "reason": reason.value, "now": clock.now()}
    with contextlib.suppress(EdgeUnavailable):
        write_once(
            load_sql("stores.count_refusal"),
            params,
            tenant_id=connection.tenant_id,
            is_durable=False,
        )


def name_delivery(topic: str, body: bytes, salt: str = "") -> str:
    """Return the id of a delivery whose sender gave it none.

    Equal bodies are one delivery, unless a salt tells them apart.
    """
    named = f"{topic}\0{salt}" if salt else topic
    return hashlib.sha256(named.encode() + b"\0" + body).hexdigest()
