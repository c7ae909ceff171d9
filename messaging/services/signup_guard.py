"""What keeps robots and floods away from sign-up forms; it leaves nothing behind in the database.

A ticket goes out with the form and comes back with what was typed: it shows for how long the form
was there, and under which terms, without anything being kept. Who is too fast is asked to send it
once more, so that nobody who lets their browser fill the form in is lost; and so is whose terms are
no longer those of the form, for nobody agrees to what they did not see.
"""

import functools
from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from kernel import clock
from kernel.requests import NOBODY

SHORTEST: Final = timedelta(seconds=2)
"""Nobody reads, types and presses faster."""
LONGEST: Final = timedelta(days=1)
"""So long a ticket is good for."""
WAIT_SECONDS: Final = 3
TRAP: Final = "fax_number"
"""A field that people do not see, and robots fill in."""
SENT_BY_ADDRESS: Final = (10, 600)
"""Submissions of one form that one IP address may make in so many seconds."""
SENT_BY_FORM: Final = (600, 60)
SEEN_BY_ADDRESS: Final = (60, 60)
"""How often one IP address is counted as a reader of one form."""


def make_ticket(key: str, terms: str) -> str:
    """Return a ticket for whoever opens a form now.

    Args:
        key: under which the world knows the form.
        terms: what they are asked to agree to (`messaging.queries.signup.terms_of`).
    """
    return _signer().sign(f"{key} {terms}")


def is_ticket(ticket: str, key: str) -> bool:
    """Say whether a ticket was made here for a form, whenever that was."""
    try:
        return _signer().unsign(ticket).split(" ")[0] == key
    except BadSignature:
        return False


def is_current(ticket: str, key: str, terms: str) -> bool:
    """Say whether whoever holds a ticket saw these terms, and not too long ago."""
    try:
        return _signer().unsign(ticket, max_age=LONGEST) == f"{key} {terms}"
    except BadSignature:
        return False


def is_too_fast(ticket: str) -> bool:
    """Say whether a form came back sooner than anybody can fill it in."""
    try:
        _signer().unsign(ticket, max_age=SHORTEST)
    except SignatureExpired:
        return False
    return True


def wait_for_turn(form: int | str, address: str) -> int:
    """Count one more submission.

    Args:
        form: its id, or another name of what is sent.
        address: IP address of the sender.

    Returns:
        0 when it may be taken; else after how many seconds it may be tried again.
    """
    if address != NOBODY and (wait := count_turn(f"sent:{form}:{address}", *SENT_BY_ADDRESS)):
        return wait
    return count_turn(f"sent:{form}", *SENT_BY_FORM)


def may_count_view(form_id: int, address: str) -> bool:
    """Count one more reader; False when this address was counted often enough."""
    return not count_turn(f"seen:{form_id}:{address}", *SEEN_BY_ADDRESS)


def count_turn(name: str, most: int, seconds: int) -> int:
    """Count one more call of a name.

    Args:
        name: of whom and what is counted.
        most: so many may be made.
        seconds: in so many.

    Returns:
        0 when it may be made; else after how many seconds it may be tried again.
    """
    now = int(clock.now().timestamp())
    window, gone = divmod(now, seconds)
    key = f"signup:{name}:{window}"
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return 0
    return seconds - gone if count > most else 0


@functools.cache
def _signer() -> TimestampSigner:
    return TimestampSigner(salt="messaging.signup")
