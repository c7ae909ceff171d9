"""The audit trail: who changed what, with before and after."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from kernel import clock
from tenants.models import AuditEntry

SYSTEM = "system"

_actor: ContextVar[str] = ContextVar("actor", default=SYSTEM)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Write what is recorded inside the block down to somebody.

    The middleware opens it for the member or key of each request, so that services need not be
    handed the actor; what workers do stays with ``system``.

    Args:
        actor: e-mail address of the member, or ``key:<hint>``.
    """
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> str:
    """Return who sent the request; `SYSTEM` outside of one."""
    return _actor.get()


def record(
    action: str,
    object_type: str,
    object_id: str | int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor: str = "",
) -> AuditEntry:
    """Record one change in the active tenant; joins the caller's transaction.

    Args:
        action: past-tense verb with its object, such as ``key.revoked``; listed in
            `tenants.domain.actions`.
        object_type: the glossary's word for what was changed.
        object_id: its id.
        before: what was there, JSON; None for something new. Never a secret.
        after: what is there now, JSON; None for something that went.
        actor: e-mail address of the member, ``key:<hint>`` or ``system``; empty is whoever sent
            the request, and ``system`` outside of one.
    """
    return AuditEntry.objects.create(
        actor=actor or _actor.get(),
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        before=_storable(before),
        after=_storable(after),
        at=clock.now(),
    )


def record_change(
    action: str,
    object_type: str,
    object_id: str | int,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> AuditEntry | None:
    """Record a change of known fields, of which only those that differ are kept.

    Returns:
        The entry; None when nothing differs, and nothing is recorded then.
    """
    names = [name for name in after if before.get(name) != after[name]]
    if not names:
        return None
    return record(
        action,
        object_type,
        object_id,
        before={name: before.get(name) for name in names},
        after={name: after[name] for name in names},
    )


def forget(object_type: str, object_ids: Iterable[int], name: str) -> None:
    """Take one field out of what was recorded about objects: words about somebody who is erased.

    That something was done, when and by whom stays. Joins the caller's transaction.

    Args:
        object_type: as recorded.
        object_ids: likewise.
        name: field of ``after``.
    """
    entries = list(
        AuditEntry.objects.filter(
            object_type=object_type, object_id__in=map(str, object_ids), after__has_key=name
        )
    )
    for entry in entries:
        entry.after = {key: value for key, value in (entry.after or {}).items() if key != name}
    AuditEntry.objects.bulk_update(entries, ["after"], batch_size=1_000)


def redact(actions: Iterable[str], change: Callable[[Any], Any]) -> None:
    """Put other words into what was recorded of some actions; joins the caller's transaction.

    Args:
        actions: those that keep what people typed.
        change: takes ``before`` or ``after`` and returns it as it is to be kept.
    """
    changed = []
    for entry in AuditEntry.objects.filter(action__in=list(actions)).iterator(chunk_size=1_000):
        kept = change(entry.before), change(entry.after)
        if kept != (entry.before, entry.after):
            entry.before, entry.after = kept
            changed.append(entry)
    AuditEntry.objects.bulk_update(changed, ["before", "after"], batch_size=1_000)


def _storable(value: Any) -> Any:
    """Return JSON without NUL, which PostgreSQL keeps in no text; people may send it anywhere."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value
