"""The files of a tenant's pictures, by names that nobody can guess."""

import re
from typing import Final

from django.core.files.base import ContentFile

from kernel.errors import Unavailable
from kernel.scope import current_tenant_id
from kernel.storage import find_pictures

FOLDER: Final = "pictures"
TYPES: Final = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif"}
_NAME: Final = re.compile(r"[\w-]{32}(?:-600|-thumb)?\.(?:png|jpg|gif)", re.ASCII)


def is_file_name(name: str) -> bool:
    """Whether a file of ours can have this name; what comes in an address is asked."""
    return _NAME.fullmatch(name) is not None


def read_file(tenant_id: int, name: str) -> bytes | None:
    """Return a file; None when there is none.

    Raises:
        OSError: the place of the files does not answer.
    """
    try:
        with find_pictures().open(_place(tenant_id, name)) as file:
            content: bytes = file.read()
            return content
    except FileNotFoundError:
        return None


def write_files(files: dict[str, bytes]) -> None:
    """Keep files of the active tenant, all of them or none.

    Args:
        files: content by name.

    Raises:
        Unavailable: the place of the files does not answer.
    """
    tenant_id, storage = current_tenant_id(), find_pictures()
    try:
        for name, content in files.items():
            storage.save(_place(tenant_id, name), ContentFile(content))
    except OSError as exc:
        delete_files(list(files))
        raise Unavailable(
            "The place where pictures are kept does not answer. Try again in a minute."
        ) from exc


def delete_files(names: list[str]) -> bool:
    """Delete files of the active tenant; returns False where some may be left."""
    tenant_id, storage = current_tenant_id(), find_pictures()
    try:
        for name in names:
            storage.delete(_place(tenant_id, name))
    except OSError:
        return False
    return True


def list_elsewhere() -> list[str]:
    """Return the names of the active tenant's files, unless they lie in the media folder."""
    storage = find_pictures()
    if storage.is_media_folder:
        return []
    return sorted(storage.listdir(f"{current_tenant_id()}/{FOLDER}")[1])


def delete_all(tenant_id: int) -> None:
    """Delete all files of a tenant, which is being removed."""
    find_pictures().delete_folder(f"{tenant_id}/{FOLDER}")


def _place(tenant_id: int, name: str) -> str:
    return f"{tenant_id}/{FOLDER}/{name}"
