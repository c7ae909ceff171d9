"""What a merchant is told of each tool that can be connected; all of it is true today."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from stores.platforms.tools import gorgias, intercom, judgeme, yotpo, zendesk


@dataclass(frozen=True, slots=True)
class ToolGuide:
    """How one tool is connected.

    Attributes:
        kind: what it is for, such as ``reviews``.
        brings: what arrives by itself, and from when on.
        lacks: what does not, and what to do about it.
        key_label: what the tool calls the secret.
        key_help: where it is found, or what becomes of an empty one.
        needs_key: whether the tool has one already, so that none can be made.
        address_help: where the webhook address is entered.
        key_check: how a delivery shows that it comes from the tool.
        topics: what to choose there.
        body: what to paste as the body that the tool sends; empty where it has one of its own.
    """

    platform: str
    label: str
    kind: str
    brings: str
    lacks: str
    key_label: str
    key_help: str
    needs_key: bool
    address_help: str
    key_check: str
    topics: Sequence[str]
    body: str = ""


KINDS: Final = {"reviews": "Reviews", "helpdesk": "Helpdesks"}
_ZENDESK_BODY: Final = """{
  "ticket": {
    "id": "{{ticket.id}}",
    "subject": "{{ticket.title}}",
    "status": "{{ticket.status}}",
    "channel": "{{ticket.via}}",
    "priority": "{{ticket.priority}}",
    "tags": "{{ticket.tags}}",
    "url": "{{ticket.url}}",
    "satisfaction": "{{satisfaction.current_rating}}",
    "created_at": "{{ticket.created_at_with_timestamp}}",
    "updated_at": "{{ticket.updated_at_with_timestamp}}",
    "requester": {
      "email": "{{ticket.requester.email}}",
      "name": "{{ticket.requester.name}}",
      "phone": "{{ticket.requester.phone}}"
    }
  }
}"""
_GORGIAS_BODY: Final = """{
  "ticket": {
    "id": "{{ticket.id}}",
    "subject": "{{ticket.subject}}",
    "status": "{{ticket.status}}",
    "channel": "{{ticket.channel}}",
    "priority": "{{ticket.priority}}",
    "created_datetime": "{{ticket.created_datetime}}",
    "updated_datetime": "{{ticket.updated_datetime}}",
    "closed_datetime": "{{ticket.closed_datetime}}",
    "customer": {
      "email": "{{ticket.customer.email}}",
      "name": "{{ticket.customer.name}}"
    }
  }
}"""
_PAST: Final = "What was there before: send it through the REST API in bulk, marked as backfill."

TOOL_GUIDES: Final = {
    guide.platform: guide
    for guide in (
        ToolGuide(
            platform="judgeme",
            label="Judge.me",
            kind="reviews",
            brings="Reviews with their stars, text, product and reviewer, as they are written and "
            "changed from now on.",
            lacks=_PAST,
            key_label="Private API token, or secret of the app",
            key_help="In Judge.me under Settings, Integrations, View API tokens. Take the "
            "secret of your OAuth app instead where that made the webhook.",
            needs_key=True,
            address_help="Make one webhook for each topic with the API of Judge.me and this "
            "address.",
            key_check="Each delivery is signed with it (JUDGEME-HMAC-SHA256).",
            topics=judgeme.TOPICS,
        ),
        ToolGuide(
            platform="yotpo",
            label="Yotpo",
            kind="reviews",
            brings="Reviews with their stars, text, order and reviewer, as they are written and "
            "changed from now on.",
            lacks=f"Yotpo does not tell of reviews that its support deletes. {_PAST}",
            key_label="App key",
            key_help="In Yotpo under your account's Settings, Store. Yotpo signs nothing: a "
            "delivery must name this key and be sent to the address that only Yotpo is given.",
            needs_key=True,
            address_help="Yotpo enables webhooks on request. Then make one for each event with "
            "its API and this address.",
            key_check="Each delivery names it in its body.",
            topics=yotpo.TOPICS,
        ),
        ToolGuide(
            platform="zendesk",
            label="Zendesk",
            kind="helpdesk",
            brings="Tickets with subject, state and requester, as they are opened and changed from "
            "now on.",
            lacks="Ticket events without a trigger name nobody, so their tickets belong to no "
            f"profile. {_PAST}",
            key_label="Signing secret",
            key_help="Zendesk makes it with the webhook: Apps and integrations, Webhooks, "
            "Reveal secret.",
            needs_key=True,
            address_help="In Zendesk under Apps and integrations, Webhooks: one that is connected "
            "to a trigger, method POST, format JSON, with this address. Then a trigger for "
            "tickets that are created or updated, which notifies it with the body below.",
            key_check="Each delivery is signed with it (X-Zendesk-Webhook-Signature).",
            topics=zendesk.TOPICS,
            body=_ZENDESK_BODY,
        ),
        ToolGuide(
            platform="gorgias",
            label="Gorgias",
            kind="helpdesk",
            brings="Tickets with subject, state and customer, as they are opened and changed from "
            "now on.",
            lacks=f"Gorgias switches an integration off that failed often in a row. {_PAST}",
            key_label="Secret",
            key_help="Leave it empty and one is made for you.",
            needs_key=False,
            address_help="In Gorgias under Settings, HTTP integration: method POST, content type "
            "JSON, this address, a header X-Patron-Secret with the secret, and the body below.",
            key_check="Each delivery carries it in the header X-Patron-Secret.",
            topics=gorgias.TOPICS,
            body=_GORGIAS_BODY,
        ),
        ToolGuide(
            platform="intercom",
            label="Intercom",
            kind="helpdesk",
            brings="Conversations that people begin, with subject, state and rating, as they go on "
            "from now on.",
            lacks=f"Conversations that you begin name nobody until they answer. {_PAST}",
            key_label="Client secret",
            key_help="In Intercom's Developer Hub under your app, Basic information.",
            needs_key=True,
            address_help="In Intercom's Developer Hub under your app, Webhooks: this address, and "
            "these topics.",
            key_check="Each delivery is signed with it (X-Hub-Signature).",
            topics=intercom.TOPICS,
        ),
    )
}
"""By platform, in the order in which they are offered."""
