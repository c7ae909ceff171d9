"""Servers of their own in a temporary folder: for the tests and the benchmarks."""

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kernel.embedded.clusters import copy_cluster
from kernel.embedded.environment import inherited
from kernel.embedded.instance import DATABASE, OWNER
from kernel.embedded.paths import DataFolder
from kernel.embedded.ports import LOOPBACK, choose_ports
from kernel.embedded.postgres import Server, clear_orphans, find_home
from kernel.embedded.secrets import load_secrets
from kernel.embedded.valkey import Valkey


@contextmanager
def sandbox(settings: Mapping[str, str], *, name: str) -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Valkey in a temporary folder; both are gone afterwards.

    The database is migrated and empty, and so is one beside it to copy from (`clusters`).

    A request to end is treated like Ctrl-C, so that they are gone then too.

    Args:
        settings: of PostgreSQL.
        name: part of the folder's name, for people who look into the temporary folder.

    Yields:
        The environment for a process that uses them.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        folder = DataFolder(Path(tempfile.mkdtemp(prefix=f"patron-{name}-")).resolve())
        stack.callback(shutil.rmtree, folder.root, ignore_errors=True)
        folder.root.chmod(0o711)  # the database server's account must get through
        folder.create()
        ports = choose_ports(folder.root, ("postgres", "redis", "mail"))
        log = folder.logs / "servers.log"
        server = Server(find_home(folder), ports["postgres"], "", log, settings)
        stack.callback(_remove_state, server)
        copy_cluster(server.home.cluster)
        stack.callback(server.start().stop)
        valkey = Valkey(folder.valkey, ports["redis"], "", log, is_durable=False)
        stack.callback(valkey.start().stop)
        secrets = load_secrets(folder.secrets)
        yield {
            **inherited(),
            "SECRET_KEY": secrets.secret_key,
            "PATRON_ENCRYPTION_KEYS": secrets.encryption_keys,
            "PATRON_EMBEDDED": "1",
            "PATRON_DATA_DIR": str(folder.root),
            "PATRON_MAILBOX_DIR": str(folder.mailbox),
            "PATRON_SUPERUSER_URL": server.superuser_url,
            "DATABASE_URL": server.url(OWNER, "", DATABASE),
            "REDIS_URL": valkey.url,
            "EMAIL_URL": f"smtp://{LOOPBACK}:{ports['mail']}",
        }


def _remove_state(server: Server) -> None:
    """Remove a cluster that had to live outside the temporary folder."""
    with contextlib.suppress(OSError):
        clear_orphans(server.home.cluster)
        shutil.rmtree(server.home.cluster.parent)
