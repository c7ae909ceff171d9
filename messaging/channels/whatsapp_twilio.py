"""WhatsApp over Twilio: approved content templates, or free text inside the 24-hour window."""

import json

from messaging.channels import twilio
from messaging.channels.base import Account, Handed, OutgoingWhatsApp, Provider
from messaging.channels.senders import WHATSAPP_SENDER
from messaging.channels.web import open_client


class TwilioWhatsApp:
    """Hands over WhatsApp messages."""

    def __init__(self, account: Account) -> None:
        """Prepare to send; no connection is made yet."""
        self._account = account
        self._client = open_client()

    def send(self, message: OutgoingWhatsApp) -> Handed:
        """Hand over one message; raises as `Channel.send`.

        The name of a template is its content SID. Its places are numbered from 1, those of the
        addresses of its buttons last.
        """
        form = {"To": f"whatsapp:{message.to}", "From": f"whatsapp:{message.sender}"}
        if message.template:
            places = enumerate((*message.variables, *message.buttons), start=1)
            form["ContentSid"] = message.template
            form["ContentVariables"] = json.dumps({str(place): said for place, said in places})
        else:
            form["Body"] = message.text
        return twilio.post_message(self._client, self._account, form, message.reference)


def check(account: Account) -> str:
    """Return nothing when the account works, else what is wrong, in words."""
    with open_client() as client:
        return twilio.check_account(client, account)


PROVIDER = Provider(
    channel="whatsapp",
    name="twilio",
    label="Twilio",
    credentials=twilio.CREDENTIALS,
    options=(WHATSAPP_SENDER, twilio.REGION),
    open=TwilioWhatsApp,
    check=check,
    read_callback=twilio.read_callback,
)
