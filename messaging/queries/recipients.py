"""What the unsubscribe and preference pages show."""

from dataclasses import dataclass

from crm.choices import ConsentState
from crm.domain.digests import mask_address
from crm.models import Order
from messaging.models import Message
from messaging.queries.brand import look_of_brand
from messaging.queries.sending import find_recipients
from messaging.types import BrandLook, RecipientToken, order_of
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Subscription:
    """Whether one recipient gets promotional e-mail of one merchant.

    Attributes:
        timezone: IANA zone of the merchant.
        email: the address, its local part mostly hidden; empty where none is stored.
    """

    profile_id: int
    merchant: str
    timezone: str
    email: str
    is_subscribed: bool
    is_erased: bool
    brand: BrandLook


def find_subscription(token: RecipientToken) -> Subscription | None:
    """Return how things stand for the recipient of a token; None if nobody is known any more."""
    tenant = Tenant.objects.filter(pk=token.tenant_id).first()
    recipient = find_recipients({token.profile_id}).get(token.profile_id)
    if tenant is None or recipient is None:
        return None
    return Subscription(
        profile_id=recipient.id,
        merchant=tenant.name,
        timezone=tenant.timezone,
        email=mask_address(recipient.email),
        is_subscribed=recipient.email_consent == ConsentState.SUBSCRIBED,
        is_erased=recipient.is_erased,
        brand=look_of_brand(),
    )


def find_message(message_id: int) -> Message | None:
    """Return a message, or None once it was purged."""
    return Message.objects.filter(pk=message_id).first()


def find_ordered(token: RecipientToken) -> tuple[Subscription, Order] | None:
    """Return the order that a message is about, and its recipient.

    None where message, order or person are known no longer, or the order is somebody else's.
    """
    subscription = find_subscription(token)
    message = find_message(token.message_id)
    if subscription is None or subscription.is_erased or message is None:
        return None
    order = Order.objects.filter(pk=order_of(message.context)).first()
    if order is None or order.profile_id != message.profile_id:
        return None
    return subscription, order
