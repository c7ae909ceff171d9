"""SMS over Twilio: a number or a messaging service of the merchant."""

from messaging.channels import twilio
from messaging.channels.base import Account, CredentialField, Handed, OutgoingText, Provider
from messaging.channels.senders import OPT_OUT, SENDERS
from messaging.channels.web import open_client

_SERVICE = CredentialField(
    "messaging_service_sid",
    "Messaging service",
    "Begins with MG. Twilio then chooses the number where no sender is named.",
    is_secret=False,
    is_required=False,
)


class TwilioSms:
    """Hands over SMS."""

    def __init__(self, account: Account) -> None:
        """Prepare to send; no connection is made yet."""
        self._account = account
        self._client = open_client()

    def send(self, message: OutgoingText) -> Handed:
        """Hand over one SMS; raises as `Channel.send`."""
        form = {"To": message.to, "Body": message.text}
        service = str(self._account.options.get("messaging_service_sid") or "").strip()
        if message.sender:
            form["From"] = message.sender
        elif service:
            form["MessagingServiceSid"] = service
        return twilio.post_message(self._client, self._account, form, message.reference)


def check(account: Account) -> str:
    """Return nothing when the account works, else what is wrong, in words."""
    with open_client() as client:
        return twilio.check_account(client, account)


PROVIDER = Provider(
    channel="sms",
    name="twilio",
    label="Twilio",
    credentials=twilio.CREDENTIALS,
    options=(SENDERS, OPT_OUT, _SERVICE, twilio.REGION),
    open=TwilioSms,
    check=check,
    read_callback=twilio.read_callback,
)
