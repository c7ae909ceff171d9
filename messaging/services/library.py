"""The templates every tenant starts with; their MJML lies in `messaging/library/`."""

from pathlib import Path

from messaging.choices import MessageClass
from messaging.models import Template
from messaging.services.templates import TemplateData, save_template

FOLDER = Path(__file__).resolve().parent.parent / "library"

POST_PURCHASE = "post_purchase"
WIN_BACK = "win_back"
WIN_BACK_REMINDER = "win_back_reminder"

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


def _read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")
