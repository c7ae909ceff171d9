"""Where an instance keeps its files; nothing here touches the disk by itself."""

from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = PROJECT / ".venv"
DEFAULT_DATA = PROJECT / ".data"


@dataclass(frozen=True)
class DataFolder:
    """The folder of one instance and the names inside it."""

    root: Path

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def mailbox(self) -> Path:
        return self.root / "mailbox"

    @property
    def postgres(self) -> Path:
        """The PostgreSQL cluster, unless `postgres_pointer` names another place."""
        return self.root / "postgres"

    @property
    def postgres_pointer(self) -> Path:
        """Names the state folder outside when the server's account cannot reach this one."""
        return self.root / "postgres.path"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    @property
    def schedule(self) -> Path:
        return self.root / "beat-schedule"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def lock(self) -> Path:
        return self.root / "instance.lock"

    @property
    def state(self) -> Path:
        """What runs at the moment: see `kernel.embedded.instance`."""
        return self.root / "instance.json"

    @property
    def demo(self) -> Path:
        """The demo log-in, written by `load_demo`."""
        return self.root / "demo.json"

    @property
    def migrated(self) -> Path:
        """Says which migrations the embedded database has seen: see `kernel.embedded.prepare`."""
        return self.root / "migrated"

    def create(self) -> None:
        """Make the folder and what lies in it; a repeat changes nothing."""
        for folder in (self.root, self.logs, self.mailbox, self.valkey):
            folder.mkdir(parents=True, exist_ok=True)


def data_folder(path: str | Path | None) -> DataFolder:
    """Return the instance folder that the user named, or the default one."""
    return DataFolder((Path(path).expanduser() if path else DEFAULT_DATA).resolve())
