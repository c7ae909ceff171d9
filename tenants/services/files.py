"""Files that jobs make: below the media folder, in a folder of their tenant.

A file is only ever appended to by the batch that holds its job, and what counts of it is said by
the row: bytes behind that were written by a batch that broke off, and the next one cuts them.
"""

from pathlib import Path

from django.conf import settings

from kernel.secrets import new_token
from kernel.tenancy import current_tenant_id

FOLDER = "jobs"


def new_path(suffix: str) -> str:
    """Return a name below the media folder that nobody can guess, in the tenant's folder."""
    return f"{current_tenant_id()}/{FOLDER}/{new_token()}{suffix}"


def append(path: str, content: str | bytes, *, at_byte: int) -> int:
    """Cut a file to what counts of it, append to it, and return how many bytes count now."""
    file = locate(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    with file.open("r+b") as target:
        target.truncate(at_byte)
        target.seek(at_byte)
        return at_byte + target.write(content.encode() if isinstance(content, str) else content)


def delete_file(path: str) -> None:
    """Delete a file; one that is gone already is no error."""
    locate(path).unlink(missing_ok=True)


def locate(path: str) -> Path:
    """Return where a file of the active tenant lies.

    Raises:
        ValueError: the path leaves the tenant's folder.
    """
    home = Path(settings.MEDIA_ROOT) / str(current_tenant_id())
    file = (Path(settings.MEDIA_ROOT) / path).resolve()
    if not file.is_relative_to(home.resolve()):
        raise ValueError(f"{path} is outside of the tenant's folder")
    return file
