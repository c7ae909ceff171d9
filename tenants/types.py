"""Types of requests once the tenant is known, and what creating returns once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from tenants.models import ApiKey, Invitation, Member, Tenant, User


class TenantRequest(HttpRequest):
    """A page request inside ``/t/<slug>/``: signed in, member of the tenant, scope open."""

    tenant: Tenant
    member: Member
    user: User
    htmx: HtmxDetails


class ApiRequest(HttpRequest):
    """A request of the REST API whose key was found; scope open."""

    tenant: Tenant
    api_key: ApiKey


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and, this once, its secret; afterwards only the hash is kept."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A tenant with the keys it starts with, shown this once; empty where none was made."""

    tenant: Tenant
    secret_key: str
    write_key: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Figures that are built anew after a change of the tenant.

    Attributes:
        words: what people read.
        service: import path of a function without arguments; it asks for the work, in the
            scope and the transaction of the change, and does not do it.
    """

    words: str
    service: str


@dataclass(frozen=True, slots=True)
class TenantChange:
    """What follows from changing one field of a tenant (`config.tenant_changes`).

    Attributes:
        rebuilt: what is built anew, in order.
        obstacle: import path of a function that says, in the scope, why the field cannot change;
            empty text means that it can. Empty: nothing forbids it.
    """

    rebuilt: tuple[Rebuilt, ...] = ()
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of background job; the owning app's service does its batches.

    Attributes:
        label: what people read, such as "Export of profiles".
        unit: what is counted, plural, such as "profiles".
        capability: who may start, stop, retry, undo it and fetch its file.
        service: import path of ``step(turn: JobTurn) -> JobStep``, called once per batch inside
            the transaction that also writes the progress: a batch counts whole or not at all.
        kept: one sentence for people on what stays when the job stops half-way.
        back: name of the page's address it was started from; takes the slug alone.
        back_label: the words of that link.
        undo: kind of the job that takes its changes back; empty where nothing can.
        subject: parameter that people read behind the label, such as the tag; empty for none.
    """

    label: str
    unit: str
    capability: str
    service: str
    kept: str
    back: str
    back_label: str
    undo: str = ""
    subject: str = ""

    def title(self, params: dict[str, Any]) -> str:
        """Return the label of one job with what it is about."""
        subject = params.get(self.subject, "")
        return f"{self.label}: {subject}" if subject else self.label


@dataclass(frozen=True, slots=True)
class JobTurn:
    """What a job's service is told for one batch.

    Attributes:
        job_id: the job.
        params: what was asked for, as given to ``start_job``.
        cursor: what the last batch returned; None at the beginning.
        done: rows done so far.
        total: rows in all, as far as known.
        actor: e-mail address of the member who started it.
        undoes: id of the job whose changes it takes back, or None.
    """

    job_id: int
    params: dict[str, Any]
    cursor: Any
    done: int
    total: int | None
    actor: str
    undoes: int | None


@dataclass(frozen=True, slots=True)
class JobStep:
    """What one batch did.

    Attributes:
        rows: rows of this batch, for the progress.
        cursor: where the next batch begins, JSON; None when this was the last one.
        total: rows in all; None leaves what is known.
        output: text or bytes to append to the result file.
    """

    rows: int
    cursor: Any
    total: int | None = None
    output: str | bytes = ""


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation and, this once, the token of its link; afterwards only the hash is kept."""

    invitation: Invitation
    token: str
