"""Where files are kept that pages and mails show: the media folder, or what the settings name."""

import shutil
from typing import Any, Protocol, cast

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages


class PictureStorage(Protocol):
    """What keeps files by their name, which begins with the folder of their tenant.

    Every method raises OSError where the place of the files does not answer.
    """

    is_media_folder: bool
    """Whether export, purge and backup find the files in the media folder anyway."""

    def save(self, name: str, content: Any) -> str:
        """Keep a file."""

    def open(self, name: str) -> Any:
        """Open a file to be read; FileNotFoundError when there is none."""

    def delete(self, name: str) -> None:
        """Delete a file; one that is gone is no error."""

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return folders and files of a folder."""

    def delete_folder(self, path: str) -> None:
        """Delete everything below a folder."""


def find_pictures() -> PictureStorage:
    """Return what keeps the pictures of messages."""
    return cast("PictureStorage", storages["pictures"])


class MediaFolder(FileSystemStorage):
    """The media folder, wherever the settings have it now."""

    is_media_folder = True

    @property
    def base_location(self) -> str:
        """Return the folder, asked anew each time."""
        return str(settings.MEDIA_ROOT)

    @property
    def location(self) -> str:
        """Return the same."""
        return str(settings.MEDIA_ROOT)

    def delete_folder(self, path: str) -> None:
        """Delete everything below a folder."""
        shutil.rmtree(self.path(path), ignore_errors=True)
