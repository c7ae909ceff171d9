"""What every command of `bin/` starts with: set up, then hand over to the module that does it.

Runs under the system's Python.
"""

import os
import sys
from collections.abc import Sequence

from kernel.embedded.console import complain
from kernel.embedded.install import InstallError, install

MODULES = {
    "up": "kernel.embedded.up",
    "down": "kernel.embedded.down",
    "manage": "kernel.embedded.manage",
    "test": "kernel.embedded.testing",
    "check": "kernel.embedded.checks",
    "bench": "kernel.embedded.bench",
}
FOR_DEVELOPMENT = frozenset({"test", "check", "bench"})


def main(arguments: Sequence[str]) -> int:
    """Set up and become the command named first; returns only when that fails."""
    name, *rest = arguments
    try:
        python = install(for_development=name in FOR_DEVELOPMENT)
        os.execv(python, [str(python), "-m", MODULES[name], *rest])  # noqa: S606 no shell is wanted
    except InstallError as exc:
        complain(str(exc))
        return 1
    except OSError as exc:
        complain(f"Setting up failed: {exc}")
        return 1
    except KeyboardInterrupt:
        complain("Stopped; the next start goes on from here.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
