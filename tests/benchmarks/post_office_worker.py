"""The peer of `send_email`: django-post-office, in a process, a Django and a schema of its own.

Queue, template, rendering, hand-over and its log of every mail are its own. It sends as it does out
of the box: `send_queued_mail` with one process of five threads, a hundred mails at a time. Queueing
is left out of the time, as it is for Patron.
"""

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests.benchmarks.peers import database_settings

SCHEMA = "post_office"
"""Made empty by whoever starts this."""
CHUNK = 1_000
TEMPLATE = "win-back"


def configure(database: str, port: int) -> None:
    """Set Django up.

    Args:
        database: its address.
        port: of the mail server on this machine.
    """
    settings.configure(
        SECRET_KEY="of a benchmark",
        USE_TZ=True,
        INSTALLED_APPS=["post_office"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        LOGGING={
            "version": 1,
            "handlers": {"none": {"class": "logging.NullHandler"}},
            "loggers": {"post_office": {"handlers": ["none"], "propagate": False}},
        },
        DATABASES={"default": database_settings(database, options=f"-c search_path={SCHEMA}")},
    )
    django.setup()


def main(arguments: Sequence[str]) -> None:
    """Queue mails, send them, and print seconds and how many are recorded as sent.

    The template of the HTML part is read from the standard input.

    Args:
        arguments: port of the mail server, and how many mails.
    """
    port, count = map(int, arguments)
    configure(os.environ["BENCH_DATABASE"], port)
    from post_office.models import STATUS, Email  # noqa: PLC0415 needs the settings

    from tests.benchmarks.measure import timed  # noqa: PLC0415 likewise

    call_command("migrate", verbosity=0)
    queue(sys.stdin.read(), count)
    with tempfile.TemporaryDirectory() as folder:
        lock = str(Path(folder) / "lock")
        seconds = timed(lambda: call_command("send_queued_mail", lockfile=lock))
    sent = Email.objects.filter(status=STATUS.sent).count()
    sys.stdout.write(json.dumps({"seconds": seconds, "sent": sent}) + "\n")


def queue(html: str, count: int) -> None:
    """Queue mails that are rendered when they leave.

    Args:
        html: template of the HTML part.
        count: how many.
    """
    from post_office import mail  # noqa: PLC0415 needs the settings
    from post_office.models import EmailTemplate  # noqa: PLC0415 likewise

    template = EmailTemplate.objects.create(
        name=TEMPLATE,
        subject="{{ first_name }}, it has been a while",
        content="It has been a while.",
        html_content=html,
    )
    for place in range(0, count, CHUNK):
        mail.send_many(
            [
                {
                    "recipients": f"p{number}@example.com",
                    "sender": "shop@example.com",
                    "template": template,
                    "context": {"first_name": "Ada"},
                    "render_on_delivery": True,
                }
                for number in range(place, min(place + CHUNK, count))
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main(sys.argv[1:])
