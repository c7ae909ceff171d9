"""Templates: MJML is compiled to HTML once, when it is saved; Liquid stays inside."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import mrml
from django.db import transaction
from django.db.models import F

from crm.choices import Channel
from kernel import clock
from messaging.choices import MessageClass
from messaging.domain.blocks import expand_blocks
from messaging.domain.rendering import compile_template
from messaging.errors import TemplateInvalid
from messaging.models import Template
from messaging.services.gating import MARKETING
from messaging.variables import known_variables

_LEFT_OVER = re.compile(r"<(mj-[a-z-]+)")
_OPTIONS = mrml.RenderOptions(fonts={})
"""No fonts from elsewhere: loading them would tell a third party who reads which mail."""


@dataclass(frozen=True, slots=True)
class TemplateData:
    """What a template says.

    Attributes:
        key: stable word of the template within its tenant.
        message_class: a `MessageClass` word.
        subject, preheader, text: Liquid.
        mjml: MJML with Liquid inside.
    """

    key: str
    name: str
    message_class: str
    subject: str
    mjml: str
    text: str
    preheader: str = ""


@transaction.atomic
def save_template(data: TemplateData) -> Template:
    """Create a template or bring it up to date; its version grows when something differs.

    Returns:
        The stored template.

    Raises:
        TemplateInvalid: MJML or Liquid that cannot be compiled, a variable nobody knows, or
            marketing without an unsubscribe link; ``fields`` names the part.
    """
    values = {
        "name": data.name,
        "message_class": MessageClass(data.message_class).value,
        "subject": data.subject,
        "preheader": data.preheader,
        "mjml": data.mjml,
        "html": compile_mjml(data.mjml),
        "text": data.text,
    }
    _check(data, values)
    template, is_new = Template.objects.get_or_create(
        key=data.key, defaults={**values, "channel": Channel.EMAIL}
    )
    if is_new or _is_same(template, values):
        return template
    Template.objects.filter(pk=template.pk).update(
        **values, version=F("version") + 1, updated_at=clock.now()
    )
    template.refresh_from_db()
    return template


def compile_mjml(mjml: str) -> str:
    """Return the HTML of MJML with our blocks; Liquid inside is kept as it is.

    Raises:
        TemplateInvalid: it is not MJML, or a block is set to what it does not take.
    """
    try:
        html = str(mrml.to_html(expand_blocks(mjml), None, _OPTIONS).content)
    except OSError as exc:
        raise TemplateInvalid(f"mjml: {exc}", fields={"mjml": str(exc)}) from exc
    unknown = _LEFT_OVER.search(html)
    if unknown is not None:
        words = f"there is no element <{unknown[1]}>"
        raise TemplateInvalid(f"mjml: {words}", fields={"mjml": words})
    return html


def _check(data: TemplateData, values: Mapping[str, str]) -> None:
    for field in ("subject", "text"):
        if not values[field].strip():
            raise TemplateInvalid(f"{field}: is empty", fields={field: "is empty"})
    compiled = compile_template(
        subject=data.subject, preheader=data.preheader, html=values["html"], text=data.text
    )
    unknown = sorted(compiled.variables - known_variables())
    if unknown:
        words = f"nobody knows the variable {', '.join(unknown)}"
        raise TemplateInvalid(words, fields={"mjml": words})
    if data.message_class in MARKETING and "unsubscribe_url" not in compiled.variables:
        words = "marketing needs a link to {{ unsubscribe_url }}"
        raise TemplateInvalid(words, fields={"mjml": words})


def _is_same(template: Template, values: Mapping[str, str]) -> bool:
    return all(getattr(template, field) == value for field, value in values.items())
