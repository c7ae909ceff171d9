"""Mails that Patron itself writes to the people who sign in: text and HTML from one source."""

from collections.abc import Mapping

import mrml
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from kernel.formats import format_time
from tenants.domain.mails import write_mail
from tenants.types import NewInvitation

_OPTIONS = mrml.RenderOptions(fonts={})
"""No fonts from elsewhere: loading them would tell a third party who reads which mail."""


def build_mail(name: str, to: str, values: Mapping[str, str]) -> EmailMultiAlternatives:
    """Return one mail of `tenants.domain.mails`, ready to be sent."""
    mail = write_mail(name, values)
    context = {"mail": mail}
    message = EmailMultiAlternatives(
        mail.subject,
        render_to_string("mail/message.txt", context).strip() + "\n",
        settings.DEFAULT_FROM_EMAIL,
        [to],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mjml = render_to_string("mail/message.mjml", context)
    html = str(mrml.to_html(mjml, None, _OPTIONS).content)
    message.attach_alternative(html, "text/html")
    return message


def send_invitation(new: NewInvitation, url: str) -> None:
    """Send the link of an invitation; called once its row is committed.

    Args:
        new: the invitation with its token.
        url: where the link leads.

    Raises:
        OSError: the mail server does not take it.
    """
    invitation = new.invitation
    inviter, tenant = invitation.invited_by, invitation.tenant
    named = "" if inviter is None else (inviter.name or inviter.email)
    values = {
        "inviter": named,
        "tenant": tenant.name,
        "role": invitation.get_role_display().lower(),
        "expires": f"{format_time(invitation.expires_at, tenant.timezone)} ({tenant.timezone})",
        "email": invitation.email,
        "invitation_url": url,
    }
    build_mail("invitation", invitation.email, values).send()
