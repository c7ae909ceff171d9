"""The templates every tenant starts with; their MJML lies in `messaging/library/`.

A tenant that left one as it came gets the new one with the release that brings it; one that a
merchant edited is theirs and stays.
"""

import hashlib
import json
from pathlib import Path

from messaging.choices import MessageClass
from messaging.domain.own_templates import CONFIRM_SUBSCRIPTION, YOUR_DATA
from messaging.models import Template
from messaging.services.templates import TemplateData, save_template

FOLDER = Path(__file__).resolve().parent.parent / "library"

POST_PURCHASE = "post_purchase"
WIN_BACK = "win_back"
WIN_BACK_REMINDER = "win_back_reminder"

RELEASED = {
    POST_PURCHASE: (
        "931680d05dea9ebcbe479c4cd3e1c85f",
        "ebeccb9dc950dc4ec551feffb272d9d7",
        "c7ecfae9bc965fe48d82f830894704e3",
        "422a4ed75d88bf1f6335144fa0ed33c9",
        "6bf681d0a5f7f8926d9f2d2b80a962d3",
    ),
    WIN_BACK: (
        "f61282f0c35abd630a39bc5cf5ee77ac",
        "57a4c5569d6a02f17de021b496e8edc8",
        "531e35838e58a8404d64f045a5595601",
    ),
    WIN_BACK_REMINDER: (
        "b410b68444f3283610f13905dab078d7",
        "629f3a9cdd35150bd757c139cb90df44",
        "40a7c30e914df17f278d899893689655",
    ),
    CONFIRM_SUBSCRIPTION: (
        "29c148d1493ad82fdc435ab09dad57dd",
        "a73f682a7f1763e412bee4e92d3aed82",
    ),
    YOUR_DATA: (
        "52ee17b56bf928ef3f07ecdea8a4b879",
        "6756b2b9b320791ff3b9ef4e7fe27ff9",
    ),
}
"""Digests of what each template ever said, oldest first; the last is of the present library."""

_HELLO = '{% if person.first_name != "" %}{{ person.first_name }}, {% endif %}'


def library_templates() -> list[TemplateData]:
    """Return the templates of the library."""
    return [
        TemplateData(
            key=POST_PURCHASE,
            name="Order confirmation",
            message_class=MessageClass.TRANSACTIONAL.value,
            subject="Your order {{ order.number }} is confirmed",
            preheader=(
                "Thank you for shopping with {{ store.name }}. "
                "{{ order.total_minor | money: order.currency }} in all."
            ),
            mjml=_read("post_purchase.mjml"),
            text=_read("post_purchase.txt"),
        ),
        TemplateData(
            key=WIN_BACK,
            name="Win-back",
            message_class=MessageClass.PROMOTIONAL.value,
            subject=_HELLO + "it has been a while",
            preheader="A lot is new at {{ store.name }} since your last order.",
            mjml=_read("win_back.mjml"),
            text=_read("win_back.txt"),
        ),
        TemplateData(
            key=WIN_BACK_REMINDER,
            name="Win-back, reminder",
            message_class=MessageClass.PROMOTIONAL.value,
            subject="Still thinking of you at {{ store.name }}",
            preheader="One last hello before we leave you in peace.",
            mjml=_read("win_back_reminder.mjml"),
            text=_read("win_back_reminder.txt"),
        ),
        TemplateData(
            key=CONFIRM_SUBSCRIPTION,
            name="Confirm a subscription",
            message_class=MessageClass.SERVICE.value,
            subject="Please confirm: news from {{ store.name }}",
            preheader="One press of a button, and you are on the list.",
            mjml=_read("confirm_subscription.mjml"),
            text=_read("confirm_subscription.txt"),
        ),
        TemplateData(
            key=YOUR_DATA,
            name="Your data",
            message_class=MessageClass.SERVICE.value,
            subject="Your data at {{ store.name }}",
            preheader="The link works for a day.",
            mjml=_read("your_data.mjml"),
            text=_read("your_data.txt"),
        ),
    ]


def install_templates() -> int:
    """Install the templates of the library that the active tenant lacks.

    One that exists, edited or not, is left alone, so a repeat changes nothing.

    Returns:
        Templates that are new.
    """
    existing = set(Template.objects.values_list("key", flat=True))
    missing = [data for data in library_templates() if data.key not in existing]
    for data in missing:
        save_template(data)
    return len(missing)


def ensure_template(key: str) -> int:
    """Return the id of a template of the library; it is installed where the tenant lacks it."""
    found = Template.objects.filter(key=key).values_list("pk", flat=True).first()
    if found is not None:
        return found
    [data] = [each for each in library_templates() if each.key == key]
    return save_template(data).pk


def update_untouched() -> int:
    """Bring templates that nobody edited to the present library; a repeat changes nothing.

    Returns:
        Templates that are newer now.
    """
    stored = {template.key: template for template in Template.objects.all()}
    outdated = [
        data
        for data in library_templates()
        if data.key in stored and digest_of(stored[data.key]) in RELEASED[data.key][:-1]
    ]
    for data in outdated:
        save_template(data)
    return len(outdated)


def digest_of(said: Template | TemplateData) -> str:
    """Return what tells one text of a template from another: 32 hexadecimal digits."""
    text = json.dumps([said.subject, said.preheader, said.mjml, said.text])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
