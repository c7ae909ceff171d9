"""`send_email`: queued mails pass every gate, are rendered, handed over and recorded.

The floor is smtplib with the very bodies that Patron sent, over as many connections, to the same
server. The peers are what one installs first, django-post-office from its queue to its record of
each mail, and what one writes first: Django's template and message class for each mail, over one
open connection, without any queue. The far server answers 20 ms later, as one of a provider does.
"""

import itertools
import json
import os
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template import Context
from django.template import Template as DjangoTemplate

from kernel import clock
from kernel.batches import Deadline
from kernel.embedded.environment import python
from kernel.embedded.paths import PROJECT
from kernel.scope import tenant_scope
from messaging.channels.email_smtp import CONNECTIONS
from messaging.choices import MessageClass
from messaging.models import Message, Template
from messaging.services.library import WIN_BACK, library_templates
from messaging.services.queueing import queue_messages
from messaging.services.sending import send_due
from messaging.services.templates import save_template
from messaging.types import NewMessage
from tests.benchmarks.beside import beside
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import (
    Merchant,
    bare,
    database_address,
    make_merchant,
    vacuum,
)

SHARE = 5
"""One mail for so many profiles of the size asked for."""
MOST = 20_000
PAIRS = 3
FAR_SECONDS = 0.02
FAR_SHARE = 10
PEER_SHARE = 10
AT_LEAST = Goal(1.0, at_least=True, unit="/s")
PEER_GOAL = Goal(5.0, at_least=True, unit="/s")
TABLES = ("crm_profile", "messaging_message")
PRODUCTS = "".join(
    f'<mj-column><mj-image src="https://shop.example/soap-{number}.jpg" alt="Soap {number}" '
    f'href="https://shop.example/soap-{number}" />'
    f'<mj-text><a href="https://shop.example/soap-{number}">Soap {number}</a></mj-text></mj-column>'
    for number in range(3)
)
PEOPLE = b"""
INSERT INTO crm_profile (
    tenant_id, email, email_norm, first_name, last_name, name_norm, country, city, tags,
    email_consent, created_at
)
SELECT %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com', 'Ada', 'Byron ' || n,
    'ada byron ' || n, 'GB', 'London', ARRAY[]::text[], 'subscribed', %(now)s
FROM generate_series(1, %(people)s) AS n
RETURNING id
"""

REMAKE_SCHEMA = b"DROP SCHEMA IF EXISTS post_office CASCADE; CREATE SCHEMA post_office"
QUEUE_BATCH = 5_000
_numbers = itertools.count(1)


class Server:
    """A sink in a process of its own.

    Attributes:
        connections: that Patron opens to it at once.
    """

    def __init__(self, port: int, first_mail: Path, connections: int) -> None:
        self.port = port
        self.connections = connections
        self._first_mail = first_mail

    def connect(self) -> smtplib.SMTP:
        """Open one connection."""
        return smtplib.SMTP("127.0.0.1", self.port)

    def taken(self) -> int:
        """Return how many mails it took so far."""
        with self.connect() as connection:
            return int(connection.noop()[1])

    def ready_body(self) -> bytes:
        """Return the first mail that Patron handed over."""
        return self._first_mail.read_bytes()


def run(size: int) -> list[Measured]:
    """Measure mails per second against a server beside us, and against one far away.

    Args:
        size: profiles; a fifth of them gets a mail, up to the 20,000 of the goal.
    """
    count = min(size // SHARE, MOST)
    with sink(connections=1) as server:
        near = _against_smtplib(server, count)
        peer_count = count // PEER_SHARE
        ours = partial(_our_rate, server, count)
        queued = alternate(partial(_post_office_rate, server, peer_count), ours, pairs=PAIRS)
        looped = alternate(partial(_django_rate, server, peer_count), ours, pairs=PAIRS)
    with sink(FAR_SECONDS, connections=CONNECTIONS) as server:
        far = _against_smtplib(server, count // FAR_SHARE)
    beside = f"{count} mails; the floor: smtplib, ready bodies, 1 connection"
    away = f"{count // FAR_SHARE} mails, 20 ms away; likewise, {CONNECTIONS} connections"
    queue = f"{count} mails; the floor: {peer_count} from its queue, rendered, sent and recorded"
    loop = f"{count} mails; the floor: {peer_count} in a loop"
    return [
        compare("send_email", *near, AT_LEAST, work=beside),
        compare("send_email: far", *far, AT_LEAST, work=away),
        compare("send_email: django-post-office", *queued, PEER_GOAL, work=queue),
        compare("send_email: django", *looped, PEER_GOAL, work=loop),
    ]


@contextmanager
def sink(delay: float = 0.0, *, connections: int) -> Iterator[Server]:
    """Run a mail server that the installation's own account leads to."""
    before = settings.EMAIL_HOST, settings.EMAIL_PORT
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "first.eml"
        options = ("--delay", str(delay), "--keep", str(file))
        command = python("-m", "tests.benchmarks.smtp_sink", *options)
        try:
            with beside(command, stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                server = Server(int(process.stdout.readline()), file, connections)
                settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
                yield server
        finally:
            settings.EMAIL_HOST, settings.EMAIL_PORT = before


def _against_smtplib(server: Server, count: int) -> tuple[list[float], list[float]]:
    """Return mails per second of smtplib and of Patron, in turn."""
    _our_rate(server, 1)
    floor = partial(_smtplib_rate, server, count)
    return alternate(floor, partial(_our_rate, server, count), pairs=PAIRS)


def _our_rate(server: Server, count: int) -> float:
    """Queue mails of a fresh merchant and send them; returns mails per second."""
    merchant = make_merchant()
    people = _make_people(merchant, count)
    with tenant_scope(merchant.tenant_id):
        with transaction.atomic():
            template = _make_template()
        for place in range(0, count, QUEUE_BATCH):
            with transaction.atomic():
                queue_messages(
                    [_message(profile_id, template) for profile_id in people[place:][:QUEUE_BATCH]]
                )
        vacuum(TABLES)
        before = server.taken()
        seconds = timed(lambda: send_due(Deadline(seconds=None)))
        with transaction.atomic():
            sent = Message.objects.filter(status="sent").count()
    taken = server.taken() - before
    if (sent, taken) != (count, count):
        raise AssertionError(f"{sent} mails are recorded and {taken} arrived of {count}")
    return count / seconds


def _make_people(merchant: Merchant, count: int) -> list[int]:
    params = {"tenant_id": merchant.tenant_id, "people": count, "now": clock.now()}
    with bare() as cursor:
        cursor.execute(PEOPLE, params)
        return [profile_id for (profile_id,) in cursor.fetchall()]


def _make_template() -> Template:
    """Save the library's win-back mail with a row of products in it: seven tracked links."""
    data = next(item for item in library_templates() if item.key == WIN_BACK)
    head, mark, foot = data.mjml.rpartition("<mj-section")
    mjml = f"{head}<mj-section>{PRODUCTS}</mj-section>{mark}{foot}"
    return save_template(replace(data, key="bench", mjml=mjml))


def _message(profile_id: int, template: Template) -> NewMessage:
    return NewMessage(
        key=f"bench:{next(_numbers)}",
        profile_id=profile_id,
        channel="email",
        message_class=MessageClass.PROMOTIONAL.value,
        template_id=template.pk,
        due_at=clock.now(),
    )


def _smtplib_rate(server: Server, count: int) -> float:
    """Send the same body over as many connections; returns mails per second."""
    body = server.ready_body()
    share = count // server.connections

    def send(_: int) -> None:
        with server.connect() as connection:
            for number in range(share):
                connection.sendmail("shop@example.com", f"p{number}@example.com", body)

    def work() -> None:
        with ThreadPoolExecutor(server.connections) as pool:
            list(pool.map(send, range(server.connections)))

    return share * server.connections / timed(work)


def _post_office_rate(server: Server, count: int) -> float:
    """Let django-post-office send what it queued in tables of its own; returns mails per second."""
    _remake_schema()
    before = server.taken()
    done = subprocess.run(
        python("-m", "tests.benchmarks.post_office_worker", str(server.port), str(count)),
        cwd=PROJECT,
        env={**os.environ, "BENCH_DATABASE": database_address()},
        input=_django_html(server),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    taken = server.taken() - before
    if (said["sent"], taken) != (count, count):
        raise AssertionError(f"{said['sent']} are recorded and {taken} arrived of {count}")
    return count / float(said["seconds"])


def _remake_schema() -> None:
    with bare() as cursor:
        cursor.execute(REMAKE_SCHEMA)


def _django_html(server: Server) -> str:
    """Return the HTML part as a template of Django, personal in one place."""
    parsed = message_from_bytes(server.ready_body(), policy=policy.default)
    part = parsed.get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("Ada, it", "{{ first_name }}, it")


def _django_rate(server: Server, count: int) -> float:
    """Render and send mails one by one, as Django's manual does; returns mails per second."""
    html = DjangoTemplate(_django_html(server))
    connection = get_connection("django.core.mail.backends.smtp.EmailBackend")

    def work() -> None:
        with connection:
            for number in range(count):
                mail = EmailMultiAlternatives(
                    "Ada, it has been a while",
                    "It has been a while.",
                    "shop@example.com",
                    [f"p{number}@example.com"],
                    connection=connection,
                )
                mail.attach_alternative(html.render(Context({"first_name": "Ada"})), "text/html")
                mail.send()

    return count / timed(work)
