"""Money of Shopify payloads: amounts in the shop's currency, with the shop's own conversion."""

from stores.platforms.fields import Json, amount, child, currency, text


def shop_money(payload: Json, name: str) -> tuple[str, int | None]:
    """Return currency and minor units of ``<name>.shop_money``; ("", None) when it is missing."""
    found = child(child(payload, name), "shop_money")
    value = text(found, "amount")
    if not value or not text(found, "currency_code"):
        return "", None
    code = currency(found, "currency_code")
    return code, amount(value, code, name)
