"""How storefronts are known, every delivery as it came, and what goes out."""

from stores.models.outgoing import WebhookDelivery, WebhookEndpoint
from stores.models.storefronts import (
    CodeRedemption,
    CodeTally,
    Connection,
    InboxDelivery,
    RefusedDeliveries,
    StoreDay,
    StoreWrite,
    SyncRun,
    WriteLane,
)
from stores.models.traces import ErasedTrace

__all__ = [
    "CodeRedemption",
    "CodeTally",
    "Connection",
    "ErasedTrace",
    "InboxDelivery",
    "RefusedDeliveries",
    "StoreDay",
    "StoreWrite",
    "SyncRun",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WriteLane",
]
