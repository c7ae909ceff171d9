"""Pictures of a merchant: taken in, given words, and removed with their files.

Files are written before their row and deleted before it, so that no row is without its files; what
a crash leaves is finished by the next removal.
"""

import hashlib
from pathlib import PurePath
from typing import Any, Final, NamedTuple

from django.db import transaction

from kernel import clock
from kernel.errors import Conflict, Invalid, NotFound
from kernel.secrets import new_token
from messaging.domain.assets import file_names, prepare_picture
from messaging.models import Asset
from messaging.queries.assets import find_users
from messaging.services.asset_files import delete_files, write_files
from tenants.services import audit

MAX_NAME: Final = 120
MAX_ALT: Final = 300
BATCH: Final = 20


class Taken(NamedTuple):
    """A picture that was uploaded; ``is_new`` is False where it was there already."""

    asset: Asset
    is_new: bool


def add_asset(content: bytes, name: str, *, alt: str = "", actor: str) -> Taken:
    """Take in a picture; the same file again is the picture that is there already.

    Call it outside any transaction: files are written in between.

    Args:
        content: of the file, as it was uploaded.
        name: of the file; only its last part is kept.
        alt: words instead, for those who do not see it.
        actor: e-mail address of the member, or the hint of a key.

    Raises:
        PictureInvalid: it is no picture for mails, or too large.
        Invalid: its words are too long.
        Unavailable: the place of the files does not answer.
    """
    words = _clean_alt(alt)
    digest = hashlib.sha256(content).hexdigest()
    finish_removals()
    if (known := _find(digest)) is not None:
        return Taken(known, is_new=False)
    made = prepare_picture(content)
    key = new_token()
    files = {f"{key}{ending}": body for ending, body in made.files.items()}
    write_files(files)
    values = {
        "key": key,
        "name": _clean_name(name, made.extension),
        "alt": words,
        "extension": made.extension,
        "width": made.width,
        "height": made.height,
        "size_bytes": max(map(len, made.files.values())),
        "created_by": actor,
    }
    try:
        taken = _insert(digest, values, actor=actor)
    except BaseException:
        delete_files(list(files))
        raise
    if not taken.is_new:
        delete_files(list(files))
    return taken


@transaction.atomic
def describe_asset(asset_id: int, name: str, alt: str, *, actor: str) -> bool:
    """Change how a picture is called and the words instead of it; returns False for no change.

    Mails keep the words that were in them.

    Raises:
        NotFound: there is no such picture.
        Invalid: no name, or too many words.
    """
    asset = _lock(asset_id)
    values = {"name": " ".join(name.split())[:MAX_NAME], "alt": _clean_alt(alt)}
    if not values["name"]:
        raise Invalid("A picture needs a name.", fields={"name": "Write a name."})
    changed = {key: value for key, value in values.items() if getattr(asset, key) != value}
    if not changed:
        return False
    before = {key: getattr(asset, key) for key in changed}
    Asset.objects.filter(pk=asset.pk).update(**changed)
    audit.record("asset.changed", "asset", asset.pk, before=before, after=changed, actor=actor)
    return True


def remove_asset(asset_id: int, *, actor: str) -> str:
    """Remove a picture with its files; returns its name. Mails that were sent show it no more.

    Call it outside any transaction.

    Raises:
        NotFound: there is no such picture.
        Conflict: templates show it.
    """
    with transaction.atomic():
        asset = _lock(asset_id)
        if users := find_users([asset.key]).get(asset.key):
            names = ", ".join(user.name for user in users[:3])
            more = f" and {len(users) - 3} more" if len(users) > 3 else ""  # noqa: PLR2004
            raise Conflict(f"It is shown by {names}{more}. Take it out there first.")
        Asset.objects.filter(pk=asset.pk).update(removed_at=clock.now())
        before = {"name": asset.name, "width": asset.width, "height": asset.height}
        audit.record("asset.removed", "asset", asset.pk, before=before, actor=actor)
    finish_removals()
    return asset.name


def finish_removals() -> None:
    """Delete files and rows of pictures that were removed; outside any transaction."""
    with transaction.atomic():
        rows = list(Asset.objects.exclude(removed_at=None).order_by("pk")[:BATCH])
    if not rows:
        return
    names = [name for row in rows for name in file_names(row.key, row.extension, row.width)]
    if delete_files(names):
        with transaction.atomic():
            Asset.objects.filter(pk__in=[row.pk for row in rows]).delete()


@transaction.atomic
def _insert(digest: str, values: dict[str, Any], *, actor: str) -> Taken:
    asset, is_new = Asset.objects.get_or_create(digest=digest, defaults=values)
    if not is_new and asset.removed_at is not None:
        raise Conflict("This picture is being removed. Upload it again in a minute.")
    if is_new:
        after = {name: values[name] for name in ("name", "width", "height", "size_bytes")}
        audit.record("asset.added", "asset", asset.pk, after=after, actor=actor)
    return Taken(asset, is_new)


@transaction.atomic
def _find(digest: str) -> Asset | None:
    return Asset.objects.filter(digest=digest, removed_at=None).first()


def _lock(asset_id: int) -> Asset:
    rows = Asset.objects.select_for_update(no_key=True)
    asset = rows.filter(pk=asset_id, removed_at=None).first()
    if asset is None:
        raise NotFound("There is no such picture.")
    return asset


def _clean_name(name: str, extension: str) -> str:
    """Return the last part of a path, without what no name holds."""
    last = PurePath(name.replace("\\", "/")).name
    printable = "".join(letter for letter in last if letter.isprintable())
    return " ".join(printable.split())[-MAX_NAME:] or f"picture.{extension}"


def _clean_alt(alt: str) -> str:
    words = " ".join(alt.split())
    if len(words) > MAX_ALT:
        text = f"The words instead of a picture may have {MAX_ALT} letters."
        raise Invalid(text, fields={"alt": text})
    return words
