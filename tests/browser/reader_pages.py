"""Pages that customers of a shop see: those that mails lead to, a form, and a waiting list."""

from urllib.parse import urlsplit

from crm.models import Order, Product, Profile, Variant
from crm.services.addresses import address_hash
from crm.services.consent import record_consent
from messaging.models import Message, SignUpForm
from messaging.queries.signup import page_url
from messaging.services import tokens
from messaging.services.waiting_lists import ASKED
from messaging.types import MailboxToken, RecipientToken
from tests.factories.flows import definition, make_flow


def list_reader_pages(recipient: RecipientToken) -> dict[str, str]:
    """Return by name the pages that one recipient of a mail comes to."""
    found = {
        "unsubscribe": tokens.unsubscribe_url(recipient),
        "preferences": tokens.preferences_url(recipient),
        "rate": tokens.rate_url(recipient),
        "give-back": tokens.return_url(_with_goods(recipient)),
        "form-page": page_url(SignUpForm.objects.order_by("pk")[0]),
        **_of_a_mailbox(recipient),
    }
    paths = {name: urlsplit(url).path for name, url in found.items()}
    return {**paths, "waiting-list": _waiting_list(recipient.tenant_id)}


def _with_goods(recipient: RecipientToken) -> RecipientToken:
    """Return the recipient of a mail about an order of which something is left to send back."""
    orders = set(Order.objects.filter(refunds=None, is_counted=True).values_list("pk", flat=True))
    found = next(
        message
        for message in Message.objects.filter(status="sent").order_by("pk")
        if message.context.get("order_id") in orders
    )
    return RecipientToken(recipient.tenant_id, found.profile_id, found.pk)


def _waiting_list(tenant_id: int) -> str:
    """Return the page on which somebody waits for a variant that is sold out."""
    product = Product.objects.order_by("pk")[0]
    sold_out = Variant.objects.create(
        product=product, store_id=product.store_id, external_id="gone", title="Large",
        inventory_quantity=0, inventory_policy="deny", is_tracked=True,
    )  # fmt: skip
    wait = {"type": "delay", "n": 1, "unit": "days", "next": "end"}
    make_flow({**definition({"wait": wait}), "trigger": {"event": ASKED}}, name="Back in stock")
    path = urlsplit(tokens.waiting_url(tenant_id, product.store_id)).path
    return f"{path}?variant={sold_out.external_id}"


def _of_a_mailbox(recipient: RecipientToken) -> dict[str, str]:
    """Return the pages that only the reader of a mailbox gets the address of, who may say yes."""
    record_consent(recipient.profile_id, "email", "pending", method="api")
    [email] = Profile.objects.filter(pk=recipient.profile_id).values_list("email", flat=True)
    token = MailboxToken(
        recipient.tenant_id, recipient.profile_id, address_hash("email", str(email))
    )
    return {"copy": tokens.copy_url(token), "confirm": tokens.confirm_url(token)}
