"""Which gateways an order was paid by, the one that paid most first."""

from collections import defaultdict
from typing import Final

from stores.platforms.fields import Json, child, children, currency, money, text

PAYING: Final = ("sale", "capture", "authorization")


def read_payment_names(payload: Json, code: str) -> list[str]:
    """Return the names of gateways and wallets of an order; empty where it names none.

    Only transactions that succeeded count. An authorisation is left out where its capture is
    there, so that it is not counted twice. Nothing of a card is read.
    """
    paid: dict[str, int] = defaultdict(int)
    done = [item for item in children(payload, "transactions") if _is_paying(item)]
    captured = {text(item, "parent_id") for item in done if text(item, "parent_id")}
    for item in done:
        if text(item, "id") not in captured:
            paid[_name(item)] += money(item, "amount", currency(item, "currency", code))
    names = sorted(filter(None, paid), key=lambda name: -paid[name])
    return [*names, *_listed(payload)]


def _is_paying(item: Json) -> bool:
    return text(item, "kind") in PAYING and text(item, "status") == "success"


def _name(item: Json) -> str:
    wallet = text(child(item, "payment_details"), "credit_card_wallet")
    return wallet or text(item, "gateway")


def _listed(payload: Json) -> list[str]:
    listed = payload.get("payment_gateway_names")
    names = listed if isinstance(listed, list) else [payload.get("gateway")]
    return [name for name in names if isinstance(name, str) and name.strip()]
