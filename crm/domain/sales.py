"""Where an order was placed and how it was paid, in words that do not depend on the platform. Pure.

Names of gateways come from merchants and apps and may hold anything, so that none is kept: what is
known is told by its family and a name of this table, everything else is "other".
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from crm.choices import OrderChannel, PaymentMethod

Payment = tuple[str, str]
"""Family, a word of `PaymentMethod`, and what people read where that says more than the family."""

UNPAID: Final[Payment] = ("", "")

_CHANNELS: Final = {
    OrderChannel.ONLINE: (
        "online web website checkout store_api storefront 580111 www hosted_checkout instagram "
        "facebook"
    ),
    OrderChannel.POS: "pos point_of_sale retail till in_store kiosk 129785",
    OrderChannel.APP: "app mobile mobile_app ios iphone ipad android buybutton_app",
    OrderChannel.DRAFT: "draft shopify_draft_order draft_order admin manual phone 1354745",
}
_CHANNEL_WORDS: Final = {
    word: channel for channel, words in _CHANNELS.items() for word in words.split()
}

_CARD_WORDS: Final = (
    "card cards credit credit_card debit_card visa mastercard amex american_express maestro "
    "shopify_payments stripe braintree authorize_net adyen square worldpay cybersource "
    "checkout_com mollie bogus woocommerce_payments woopayments moneris eway nets sagepay opayo"
)
_METHODS: Final[tuple[tuple[PaymentMethod, str, str], ...]] = (
    (PaymentMethod.GIFT_CARD, "gift_card giftcard gift_cards voucher", "Gift card"),
    (PaymentMethod.GIFT_CARD, "store_credit account_funds", "Store credit"),
    (PaymentMethod.PAY_LATER, "klarna", "Klarna"),
    (PaymentMethod.PAY_LATER, "afterpay", "Afterpay"),
    (PaymentMethod.PAY_LATER, "clearpay", "Clearpay"),
    (PaymentMethod.PAY_LATER, "affirm", "Affirm"),
    (PaymentMethod.PAY_LATER, "sezzle", "Sezzle"),
    (PaymentMethod.PAY_LATER, "scalapay", "Scalapay"),
    (PaymentMethod.PAY_LATER, "laybuy", "Laybuy"),
    (PaymentMethod.PAY_LATER, "installments instalments", "Instalments"),
    (PaymentMethod.PAY_LATER, "pay_later paylater", ""),
    (PaymentMethod.PAY_LATER, "invoice", "Invoice"),
    (PaymentMethod.WALLET, "apple_pay applepay", "Apple Pay"),
    (PaymentMethod.WALLET, "google_pay googlepay gpay", "Google Pay"),
    (PaymentMethod.WALLET, "shop_pay shopify_pay", "Shop Pay"),
    (PaymentMethod.WALLET, "amazon_pay amazon_payments amazonpay", "Amazon Pay"),
    (PaymentMethod.WALLET, "samsung_pay", "Samsung Pay"),
    (PaymentMethod.WALLET, "alipay", "Alipay"),
    (PaymentMethod.WALLET, "wechat wechat_pay", "WeChat Pay"),
    (PaymentMethod.WALLET, "wallet", ""),
    (PaymentMethod.PAYPAL, "paypal ppcp", "PayPal"),
    (PaymentMethod.CASH_ON_DELIVERY, "cash_on_delivery cod", ""),
    (PaymentMethod.BANK_TRANSFER, "ideal", "iDEAL"),
    (PaymentMethod.BANK_TRANSFER, "bancontact", "Bancontact"),
    (PaymentMethod.BANK_TRANSFER, "sofort", "Sofort"),
    (PaymentMethod.BANK_TRANSFER, "giropay", "Giropay"),
    (PaymentMethod.BANK_TRANSFER, "przelewy24 p24", "Przelewy24"),
    (PaymentMethod.BANK_TRANSFER, "trustly", "Trustly"),
    (PaymentMethod.BANK_TRANSFER, "sepa direct_debit gocardless", "Direct debit"),
    (
        PaymentMethod.BANK_TRANSFER,
        "bank_transfer banktransfer bank_deposit bank bacs wire vorkasse prepayment",
        "",
    ),
    (PaymentMethod.CARD, _CARD_WORDS, ""),
    (PaymentMethod.OTHER, "cheque check money_order", "Cheque"),
    (PaymentMethod.OTHER, "cash", "Cash"),
    (PaymentMethod.OTHER, "manual", "Manual payment"),
)
"""Family, the words that tell it, and what people read; the first that matches."""

NAMES: Final = frozenset(label for _, _, label in _METHODS if label)
"""All names of ways to pay that are ever kept."""


@lru_cache(maxsize=1024)
def channel_of(word: str) -> str:
    """Return where an order was placed, a word of `OrderChannel`; empty where nothing is said."""
    normal = _normal(word)
    if not normal:
        return ""
    return str(_CHANNEL_WORDS.get(normal, OrderChannel.OTHER))


def payment_of(names: Iterable[str]) -> Payment:
    """Return how an order was paid: by the first name that says something.

    A gift card counts where nothing else was used beside it, since it pays a part as a rule.

    Args:
        names: gateways or methods as the platform calls them, the most important first.
    """
    found = [payment for name in names if (payment := _payment(name)) != UNPAID]
    rest = [payment for payment in found if payment[0] != PaymentMethod.GIFT_CARD]
    named = [payment for payment in rest if payment != (PaymentMethod.OTHER, "")]
    return next(iter(named or rest or found), UNPAID)


@lru_cache(maxsize=1024)
def _payment(name: str) -> Payment:
    normal = _normal(name)
    if not normal:
        return UNPAID
    told = f"_{normal}_"
    for family, words, label in _METHODS:
        if any(f"_{word}_" in told for word in words.split()):
            return str(family), label
    return str(PaymentMethod.OTHER), ""


def _normal(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
