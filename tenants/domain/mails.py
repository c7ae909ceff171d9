"""What the mails say that Patron itself writes to the people who sign in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_UNWANTED: Final = "You did not ask for this? Then ignore it: nothing changes."
_NOTICE: Final = (
    "You get this as {role} of {tenant}, once for each thing. "
    "Turn it off for yourself at {settings_url}"
)
_ALARM: Final = (
    "Was this not you? Choose a new password at once; every other device is logged out by that."
)


@dataclass(frozen=True, slots=True)
class MailText:
    """One mail: words in which ``{name}`` stands for a value.

    Attributes:
        lines: paragraphs.
        button: what the link does; empty for a mail without one.
        url: name of the value that is the link.
        note: small print.
    """

    subject: str
    title: str
    lines: tuple[str, ...]
    button: str = ""
    url: str = ""
    note: str = _UNWANTED


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail with its values filled in."""

    subject: str
    title: str
    lines: tuple[str, ...]
    button: str
    url: str
    note: str


def _alarm(subject: str, text: str) -> MailText:
    where = "It happened from the address {ip} with {device}."
    return MailText(subject, subject, (text, where), note=_ALARM)


MAILS: Final[dict[str, MailText]] = {
    "invitation": MailText(
        "{inviter} invites you to {tenant}",
        "Join {tenant}",
        (
            "{inviter} invites you to work on {tenant} in Patron as {role}.",
            "The link works once and until {expires}. It is for {email} alone.",
        ),
        button="Accept the invitation",
        url="invitation_url",
        note="You do not know {inviter}? Then ignore this mail: nothing happens.",
    ),
    "notice": MailText(
        "{title} – {tenant}",
        "{title}",
        ("{text}", "This concerns {tenant}; it was noticed at {at}."),
        button="See what needs you",
        url="notices_url",
        note=_NOTICE,
    ),
    "notices": MailText(
        "{count} things need you – {tenant}",
        "{count} things need you",
        ("{titles}.", "This concerns {tenant}; it was noticed at {at}."),
        button="See what needs you",
        url="notices_url",
        note=_NOTICE,
    ),
    "account/email/email_confirmation_signup": MailText(
        "Confirm your email address",
        "Welcome to Patron",
        ("Confirm that {email} is yours; what concerns your shop is sent there.",),
        button="Confirm the address",
        url="activate_url",
    ),
    "account/email/email_confirmation": MailText(
        "Confirm your email address",
        "Confirm your email address",
        ("{email} is about to become the address you log in with.",),
        button="Confirm the address",
        url="activate_url",
    ),
    "account/email/password_reset_key": MailText(
        "Choose a new password",
        "Choose a new password",
        ("Somebody asked for a new password for {email}. The link works once.",),
        button="Choose a new password",
        url="password_reset_url",
    ),
    "account/email/account_already_exists": MailText(
        "You have an account already",
        "You have an account already",
        (
            "Somebody wanted to sign up with {email}, which has an account.",
            "Log in with it; if the password is lost, choose a new one.",
        ),
        button="Choose a new password",
        url="password_reset_url",
    ),
    "account/email/unknown_account": MailText(
        "No account with this address",
        "No account with this address",
        ("Somebody asked for a new password for {email}, but no account has this address.",),
    ),
    "account/email/password_changed": _alarm(
        "Your password was changed", "The password of {email} was changed."
    ),
    "account/email/password_set": _alarm(
        "Your password was set", "A password was set for {email}."
    ),
    "account/email/password_reset": _alarm(
        "Your password was changed", "A new password was chosen for {email} by a link from a mail."
    ),
    "account/email/email_changed": _alarm(
        "Your email address was changed", "You now log in with {to_email} instead of {from_email}."
    ),
    "account/email/email_confirm": _alarm(
        "Your email address was confirmed", "{email} was confirmed."
    ),
    "account/email/email_deleted": _alarm(
        "An email address was removed", "{deleted_email} is no longer part of your account."
    ),
    "mfa/email/totp_activated": _alarm(
        "Two-step verification is on", "An authenticator app now protects {email}."
    ),
    "mfa/email/totp_deactivated": _alarm(
        "Two-step verification is off", "No authenticator app protects {email} any more."
    ),
    "mfa/email/recovery_codes_generated": _alarm(
        "New recovery codes were made", "The old recovery codes of {email} no longer work."
    ),
    "mfa/email/webauthn_added": _alarm(
        "A passkey was added", "A passkey was added to the account of {email}."
    ),
    "mfa/email/webauthn_removed": _alarm(
        "A passkey was removed", "A passkey was removed from the account of {email}."
    ),
}
"""By the name under which the log-in asks for them."""


def write_mail(name: str, values: Mapping[str, str]) -> Mail:
    """Return a mail with its values filled in, each on one line.

    A name that somebody chose can so neither start a header nor a paragraph of its own.

    Raises:
        KeyError: there is no such mail, or a value is missing.
    """
    text = MAILS[name]
    values = {key: " ".join(value.split()) for key, value in values.items()}
    return Mail(
        subject=text.subject.format_map(values),
        title=text.title.format_map(values),
        lines=tuple(line.format_map(values) for line in text.lines),
        button=text.button,
        url=values[text.url] if text.url else "",
        note=text.note.format_map(values),
    )
