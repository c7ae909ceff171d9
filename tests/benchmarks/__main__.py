"""Command line of the benchmarks: `bin/bench [NAME ...] [--size 10k] [--json FILE]`."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import django

from tests.benchmarks.measure import Measured

BENCHES = {
    "start": "tests.benchmarks.start",
    "ingest": "tests.benchmarks.ingest",
    "ingest_growth": "tests.benchmarks.ingest_growth",
    "backfill": "tests.benchmarks.backfill",
    "rfm": "tests.benchmarks.rfm",
    "segments_live": "tests.benchmarks.segments_live",
    "segments_full": "tests.benchmarks.segments_full",
    "segments_clock": "tests.benchmarks.segments_clock",
    "gate": "tests.benchmarks.gate",
    "audience": "tests.benchmarks.audience",
    "campaign": "tests.benchmarks.campaign",
    "preview": "tests.benchmarks.preview",
    "accept": "tests.benchmarks.accept",
    "tracking": "tests.benchmarks.tracking",
    "merge": "tests.benchmarks.merge",
    "flow_enrol": "tests.benchmarks.flow_enrol",
    "flow_advance": "tests.benchmarks.flow_advance",
    "flow_growth": "tests.benchmarks.flow_growth",
    "send_email": "tests.benchmarks.send_email",
    "reports": "tests.benchmarks.reports",
    "pages": "tests.benchmarks.pages",
}
SIZES = {"10k": 10_000, "100k": 100_000, "500k": 500_000, "1m": 1_000_000}
COLUMNS = ("bench", "floor", "ours", "ratio", "goal", "verdict", "peak", "work")
MEGABYTE = 1024 * 1024


def main(arguments: Sequence[str]) -> int:
    """Run the benches that are named, or all, and print what came of each when it ends.

    Returns:
        0 however the goals fared; a bench that breaks ends the run with its error.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.bench) - BENCHES.keys()):
        parser.error(f"no bench is called {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    results: list[Measured] = []
    for name in options.bench or BENCHES:
        run: Callable[[int], list[Measured]] = import_module(BENCHES[name]).run
        found = run(SIZES[options.size])
        sys.stdout.write(_table([_cells(result) for result in found]))
        sys.stdout.flush()
        results += found
    if options.json:
        text = json.dumps(_document(options.size, results), indent=2)
        Path(options.json).write_text(text + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure against floors.")
    parser.add_argument("bench", nargs="*", metavar="NAME", help="all when none is named")
    parser.add_argument("--size", choices=SIZES, default="10k", help="profiles (10k)")
    parser.add_argument("--json", metavar="FILE", help="keep every figure there")
    return parser


def _cells(result: Measured) -> tuple[str, ...]:
    sign = "≥" if result.at_least else "≤"
    unit = f" {result.unit}" if result.ratio is None else " ×"
    return (
        result.bench,
        "–" if result.floor is None else f"{result.floor:.3f} {result.unit}",
        f"{result.ours:.3f} {result.unit}",
        "–" if result.ratio is None else f"{result.ratio:.2f} ×",
        f"{sign} {result.goal:g}{unit}",
        "pass" if result.is_met else "falls short",
        "–" if result.memory is None else f"{result.memory // MEGABYTE} MB",
        result.work,
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    lines = [COLUMNS, *rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _document(size: str, results: Sequence[Measured]) -> dict[str, object]:
    return {
        "size": size,
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "django": django.get_version()},
        "results": [
            {**asdict(result), "ratio": result.ratio, "is_met": result.is_met} for result in results
        ],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
