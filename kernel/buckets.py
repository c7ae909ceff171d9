"""Files in a bucket that speaks the protocol of S3; loaded only where the settings name one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 10
TRIES: Final = 2


class Bucket(S3Storage):  # type: ignore[misc] # the package brings no types
    """A bucket that is closed to others; what is wrong with it is an OSError as with a disk."""

    is_media_folder = False

    def __init__(self, **options: Any) -> None:
        """Prepare to ask the bucket; no connection is made yet.

        Args:
            options: ``bucket_name``, and where it is: ``endpoint_url``, ``region_name`` and keys.
        """
        asks_by_path = bool(options.get("endpoint_url"))
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": TRIES},
            signature_version="s3v4",
            s3={"addressing_style": "path" if asks_by_path else "auto"},
            # Servers of others do not all know the newer sums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        fixed = {"default_acl": None, "file_overwrite": True, "client_config": config}
        super().__init__(**options, **fixed)

    def delete(self, name: str) -> None:
        """Delete a file; one that is gone is no error."""
        with _as_os_errors():
            super().delete(name)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        """Return folders and files of a folder."""
        with _as_os_errors():
            found: tuple[list[str], list[str]] = super().listdir(name)
            return found

    def delete_folder(self, path: str) -> None:
        """Delete everything below a folder, a thousand at a time."""
        with _as_os_errors():
            self.bucket.objects.filter(Prefix=f"{path.rstrip('/')}/").delete()

    def _save(self, name: str, content: Any) -> str:
        with _as_os_errors():
            saved: str = super()._save(name, content)
            return saved

    def _open(self, name: str, mode: str = "rb") -> "ContentFile[bytes]":
        """Return a file that is read already, so that nothing is asked of the bucket later."""
        with _as_os_errors(), super()._open(name, mode) as file:
            return ContentFile(file.read(), name)


@contextmanager
def _as_os_errors() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as exc:
        raise OSError(f"the bucket does not answer as it should: {exc}") from exc
