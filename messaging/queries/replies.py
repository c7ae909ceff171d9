"""How replies by mail come in over an account, as its page shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crm.choices import Channel
from messaging.domain.reply_addresses import find_reply_address
from messaging.models import ChannelAccount, ReplyMailbox

_HOW: Final = {
    "brevo": "In Brevo, set up inbound parsing for the domain of the address, with the callback "
    "address above.",
    "mailersend": "In MailerSend, add an inbound route that posts to the callback address above, "
    "and enter its secret below.",
    "mailgun": "In Mailgun, add a receiving route that matches the address and forwards to the "
    "callback address above.",
    "mailjet": "In Mailjet, add a parse route for the address with the callback address above.",
    "postmark": "In Postmark, enter the callback address above as the webhook of the inbound "
    "stream.",
    "resend": "In Resend, receive mail for the address and send email.received to the callback "
    "address above. Resend tells sender and subject; what people wrote stays there.",
    "ses": "In Amazon SES, add a receipt rule for the address with an SNS action, encoding Base64, "
    "to the topic that calls the address above. A mail over 150 KB is not told by SNS.",
    "sparkpost": "In SparkPost, add an inbound domain and a relay webhook with the callback "
    "address above.",
}


@dataclass(frozen=True, slots=True)
class RepliesState:
    """Where replies come in.

    Attributes:
        address: as people see it; empty while no reply is taken in.
        how: what must be set up at the provider; empty where a mailbox is read.
        read_at: when the mailbox was last read; None before the first time.
        fault: why it cannot be read.
    """

    address: str
    how: str = ""
    has_mailbox: bool = False
    read_at: datetime | None = None
    fault: str = ""


def find_replies(account: ChannelAccount) -> RepliesState | None:
    """Return how replies come in over an account; None on other channels than mail."""
    if account.channel != Channel.EMAIL:
        return None
    place = find_reply_address(account.options.get("reply_address"))
    if place is None:
        return RepliesState("")
    mailbox = ReplyMailbox.objects.filter(account_id=account.pk).first()
    if mailbox is None:
        return RepliesState(place.plain, _HOW.get(account.provider, ""))
    return RepliesState(place.plain, has_mailbox=True, read_at=mailbox.read_at, fault=mailbox.fault)
