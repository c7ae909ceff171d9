"""The audit trail: who changed what, with before and after."""

from typing import Any

from kernel import clock
from tenants.models import AuditEntry

SYSTEM = "system"


def record(
    action: str,
    object_type: str,
    object_id: str | int,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    actor: str = SYSTEM,
) -> AuditEntry:
    """Record one change in the active tenant; joins the caller's transaction.

    Args:
        action: past-tense verb with its object, such as ``key.revoked``.
        object_type: the glossary's word for what was changed.
        object_id: its id.
        before: what was there, JSON; None for something new. Never a secret.
        after: what is there now, JSON; None for something that went.
        actor: e-mail address of the member, ``key:<hint>`` or ``system``.
    """
    return AuditEntry.objects.create(
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=str(object_id),
        before=before,
        after=after,
        at=clock.now(),
    )
