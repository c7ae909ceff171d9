"""Where a person is logged in, and ending that."""

from collections.abc import Sequence
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from kernel import clock
from kernel.errors import NotFound
from kernel.requests import client_ip
from tenants.domain.devices import name_device
from tenants.models import User
from tenants.services.person_audit import record_for_person

LISTED = "is_listed"
"""Stands in sessions that somebody began by logging in; only those have a row of their own."""
SEEN_EVERY = timedelta(minutes=5)


def touch_session(request: HttpRequest) -> None:
    """Remember that a session was used; writes at most once in five minutes and session."""
    key = request.session.session_key
    if LISTED not in request.session or not cache.add(f"seen:{key}", 1, SEEN_EVERY.total_seconds()):
        return
    UserSession.objects.filter(session_key=key).update(
        last_seen_at=clock.now(), ip=client_ip(request)
    )


def list_sessions(user: User) -> list[UserSession]:
    """Return where a person is logged in, used last first; those that are over are cleared."""
    live = UserSession.objects.purge_and_list(user)
    return sorted(live, key=lambda session: session.last_seen_at, reverse=True)


@transaction.atomic
def end_session(session_id: int, *, user: User) -> UserSession:
    """Log one device of a person out, from its next request on.

    Raises:
        NotFound: the person has no such session.
    """
    session: UserSession | None = UserSession.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise NotFound("This session has ended already.")
    end_sessions([session])
    return session


@transaction.atomic
def end_other_sessions(session_key: str, *, user: User) -> int:
    """Log every device of a person out but one; returns how many there were."""
    found = list(UserSession.objects.filter(user=user).exclude(session_key=session_key))
    end_sessions(found)
    return len(found)


@transaction.atomic
def end_sessions(sessions: Sequence[UserSession]) -> None:
    """End sessions of one person; none of them ends nothing."""
    for session in sessions:  # the store ends one at a time, in the cache and in the database
        session.end()
    if sessions:
        devices = [name_device(session.user_agent) for session in sessions]
        record_for_person(sessions[0].user, "sessions.ended", before={"devices": devices})
