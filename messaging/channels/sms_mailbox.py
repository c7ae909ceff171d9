"""SMS that nobody gets: each is filed as a mail, where the installation's own mails are read.

For trying things out: offered in embedded mode alone, whose mailbox takes every mail.
"""

from django.core.mail import EmailMessage, get_connection

from messaging.channels.base import Account, ChannelUnavailable, Handed, OutgoingText, Provider
from messaging.channels.senders import SENDERS
from messaging.domain.sms_text import measure

DOMAIN = "sms.localhost"
"""Stands behind a number in the mailbox."""


class MailboxSms:
    """Files texts as mails."""

    def __init__(self, account: Account) -> None:
        """Prepare to file; no connection is made yet."""
        self._connection = get_connection()
        self._account = account

    def send(self, message: OutgoingText) -> Handed:
        """File one text; raises as `Channel.send`."""
        mail = EmailMessage(
            subject=f"SMS to {message.to}",
            body=message.text,
            from_email=f"{self._account.name} <{message.sender.lstrip('+')}@{DOMAIN}>",
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
