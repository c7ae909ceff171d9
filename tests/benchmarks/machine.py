"""What the machine is, and how much of it others used while a bench ran."""

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from django.db import connection

PROC: Final = Path("/proc")
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_IDLE: Final = (3, 4)
"""Places of the idle times in the line of the kernel: waiting for nothing, and for a disk."""
LAUNCHER: Final = "BENCH_LAUNCHER"
"""In the environment: id of the process that began the servers and the benches."""
_PROCESS_CLOCK: Final = 2
"""How the kernel marks the clock of a process by its id (`clock_getcpuclockid`)."""
_reading: dict[str, float] = {"seconds": 0.0}
"""What reading these meters has taken so far."""
_STATE: Final = 2
"""A process's name may hold blanks and brackets, so its fields are counted from behind it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Seconds since some moment: on the wall, of all cores at work, of our own programs."""

    wall: float
    busy: float
    ours: float

    def others_since(self, earlier: "Reading") -> float:
        """Return how many cores others used since an earlier reading, on average."""
        passed = max(self.wall - earlier.wall, TICK)
        return max(self.busy - earlier.busy - (self.ours - earlier.ours), 0.0) / passed


def read() -> Reading:
    """Read the meters."""
    return Reading(time.perf_counter(), _busy(), used_by_us())


def used_by_us() -> float:
    """Return the seconds of CPU that this bench, its servers and their children have used.

    They are all that the launcher has begun; who has ended is counted with whoever waited for them.
    Of those at work the kernel's clocks are read: its ticks forget up to two hundredths of a second
    of each process that has just begun, such as a connection's. What reading takes is left out.
    """
    began = time.process_time()
    launcher = int(os.environ.setdefault(LAUNCHER, str(os.getppid())))
    stats = dict(_list_stats())
    family = _family(launcher, stats) & stats.keys()
    ended = sum(stats[pid][1] for pid in family) * TICK
    used = ended + sum(_clock_of(pid) for pid in family)
    _reading["seconds"] += time.process_time() - began
    return used - _reading["seconds"]


def list_descendants(pid: int) -> list[int]:
    """Return a process, its children, and theirs."""
    return sorted(_family(pid, dict(_list_stats())))


def describe() -> dict[str, object]:
    """Return what a figure depends on beside the code: the machine and the versions."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        [(postgres,)] = cursor.fetchall()
    return {
        "machine": {"cores": os.cpu_count(), "processor": _processor(), "memory_mb": _memory_mb()},
        "versions": {
            "patron": _our_version(),
            "python": platform.python_version(),
            "django": version("django"),
            "psycopg": version("psycopg"),
            "celery": version("celery"),
            "postgresql": postgres,
        },
    }


def _family(pid: int, stats: Mapping[int, tuple[int, int]]) -> set[int]:
    family, found = set[int](), {pid}
    while found:
        family |= found
        found = {child for child, (parent, _) in stats.items() if parent in family} - family
    return family


def _clock_of(pid: int) -> float:
    """Return the seconds of CPU that a process has used; 0 where it has just ended."""
    try:
        return time.clock_gettime((~pid << 3) | _PROCESS_CLOCK)
    except OSError:
        return 0.0


def _busy() -> float:
    numbers = [int(word) for word in (PROC / "stat").read_text("ascii").split("\n")[0].split()[1:9]]
    return (sum(numbers) - sum(numbers[place] for place in _IDLE)) * TICK


def _list_stats() -> list[tuple[int, tuple[int, int]]]:
    """Return the parent of every process and the ticks of its ended children, by id."""
    found = []
    for folder in PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            text = (folder / "stat").read_text("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = text.rpartition(")")[2].split()
        ticks = sum(int(word) for word in fields[15 - _STATE : 17 - _STATE])
        found.append((int(folder.name), (int(fields[3 - _STATE]), ticks)))
    return found


def _processor() -> str:
    lines = (PROC / "cpuinfo").read_text("utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _memory_mb() -> int:
    line = (PROC / "meminfo").read_text("ascii").splitlines()[0]
    return int(line.split()[1]) // 1024


def _our_version() -> str:
    lines = Path("pyproject.toml").read_text("utf-8").splitlines()
    return next(line.split('"')[1] for line in lines if line.startswith("version = "))
