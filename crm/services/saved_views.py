"""Saved views of the list of people, and the columns that a member likes."""

from collections.abc import Sequence

from django.db import transaction

from crm.models import ListPreference, SavedView
from kernel import clock
from kernel.errors import Invalid, NotFound
from tenants.services import audit

MAX_NAME = 60


@transaction.atomic
def save_view(
    *, user_id: int, name: str, query: str, columns: Sequence[str], is_shared: bool, actor: str
) -> SavedView:
    """Keep filters, order and columns under a name.

    Raises:
        Invalid: the name is empty.
    """
    view = SavedView.objects.create(
        user_id=user_id,
        name=_named(name),
        query=query,
        columns=list(columns),
        is_shared=is_shared,
    )
    audit.record("view.saved", "view", view.pk, after=_shown(view), actor=actor)
    return view


@transaction.atomic
def change_view(view_id: int, *, user_id: int, actor: str, **changes: object) -> SavedView:
    """Change a view of a member's own: any of ``name``, ``query``, ``columns``, ``is_shared``.

    Raises:
        NotFound: the member has no such view.
        Invalid: the name is empty.
    """
    view = _lock(view_id, user_id)
    before = _shown(view)
    if "name" in changes:
        changes["name"] = _named(str(changes["name"]))
    for field, value in changes.items():
        setattr(view, field, value)
    view.save(update_fields=list(changes))
    audit.record("view.changed", "view", view_id, before=before, after=_shown(view), actor=actor)
    return view


@transaction.atomic
def delete_view(view_id: int, *, user_id: int, actor: str) -> SavedView:
    """Put a view of a member's own away; `restore_view` brings it back.

    Raises:
        NotFound: the member has no such view.
    """
    view = _lock(view_id, user_id)
    view.deleted_at = clock.now()
    view.save(update_fields=["deleted_at"])
    ListPreference.objects.filter(default_view_id=view_id).update(default_view_id=None)
    audit.record("view.deleted", "view", view_id, before=_shown(view), actor=actor)
    return view


@transaction.atomic
def restore_view(view_id: int, *, user_id: int, actor: str) -> SavedView:
    """Bring a deleted view back.

    Raises:
        NotFound: the member never had such a view.
    """
    view = _lock(view_id, user_id, is_deleted=True)
    view.deleted_at = None
    view.save(update_fields=["deleted_at"])
    audit.record("view.restored", "view", view_id, after=_shown(view), actor=actor)
    return view


def choose_columns(user_id: int, columns: Sequence[str]) -> None:
    """Remember the columns of one member; empty means those that everybody begins with."""
    ListPreference.objects.update_or_create(user_id=user_id, defaults={"columns": list(columns)})


@transaction.atomic
def choose_default(user_id: int, view_id: int | None) -> None:
    """Let the list begin with a view that the member may see, or with everybody.

    Raises:
        NotFound: there is no such view for the member.
    """
    if view_id is not None:
        view = SavedView.objects.filter(pk=view_id, deleted_at=None).first()
        if view is None or not (view.is_shared or view.user_id == user_id):
            raise NotFound("This view does not exist.")
    ListPreference.objects.update_or_create(user_id=user_id, defaults={"default_view_id": view_id})


def _lock(view_id: int, user_id: int, *, is_deleted: bool = False) -> SavedView:
    found = SavedView.objects.select_for_update(no_key=True).filter(
        pk=view_id, user_id=user_id, deleted_at__isnull=not is_deleted
    )
    view = found.first()
    if view is None:
        raise NotFound("This view does not exist.")
    return view


def _named(name: str) -> str:
    cleaned = " ".join(name.replace("\x00", "").split())[:MAX_NAME]
    if not cleaned:
        raise Invalid("A view needs a name.", fields={"name": "must not be empty"})
    return cleaned


def _shown(view: SavedView) -> dict[str, object]:
    return {
        "name": view.name,
        "query": view.query,
        "columns": view.columns,
        "is_shared": view.is_shared,
    }
