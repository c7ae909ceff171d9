"""SMS that nobody gets: each is filed as a mail, where the installation's own mails are read.

For trying things out: offered in embedded mode alone, whose mailbox takes every mail.
"""

import re
from email.utils import formataddr

from django.core.mail import EmailMessage, get_connection

from messaging.channels.base import Account, ChannelUnavailable, Handed, OutgoingText, Provider
from messaging.channels.senders import SENDERS
from messaging.domain.sms_text import measure

DOMAIN = "sms.localhost"
"""Stands behind a number in the mailbox."""
NOBODY = "shop"
"""Stands for a sender that the account does not name."""
_NO_ADDRESS = re.compile(r"[^A-Za-z0-9]+")


class MailboxSms:
    """Files texts as mails."""

    def __init__(self, account: Account) -> None:
        """Prepare to file; no connection is made yet."""
        self._connection = get_connection()
        self._account = account

    def send(self, message: OutgoingText) -> Handed:
        """File one text; raises as `Channel.send`."""
        sender = _NO_ADDRESS.sub("", message.sender) or NOBODY
        mail = EmailMessage(
            subject=f"SMS to {message.to}",
            body=message.text,
            from_email=formataddr((self._account.name, f"{sender}@{DOMAIN}")),
            to=[f"{message.to.lstrip('+')}@{DOMAIN}"],
            connection=self._connection,
        )
        try:
            mail.send()
        except OSError as exc:
            raise ChannelUnavailable(f"the mailbox does not answer: {exc}") from exc
        return Handed(message.reference, measure(message.text).parts)


def check(account: Account) -> str:
    """Return nothing: the mailbox is always there."""
    del account
    return ""


PROVIDER = Provider(
    channel="sms",
    name="mailbox",
    label="Mailbox of this installation",
    credentials=(),
    options=(SENDERS,),
    open=MailboxSms,
    check=check,
)
