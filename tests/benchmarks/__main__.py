"""Command line of the benchmarks: `bin/bench [NAME ...] [--size 10k] [--cpu] [--keep]`."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import django
from django.utils import timezone

from tests.benchmarks import machine
from tests.benchmarks.measure import Measured, choose_meter

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
    "flow_lateness": "tests.benchmarks.flow_lateness",
    "backtest": "tests.benchmarks.backtest",
    "send_email": "tests.benchmarks.send_email",
    "reports": "tests.benchmarks.reports",
    "pages": "tests.benchmarks.pages",
}
SIZES = {"10k": 10_000, "100k": 100_000, "500k": 500_000, "1m": 1_000_000}
COLUMNS = ("bench", "floor", "ours", "ratio", "goal", "verdict", "peak", "work")
MEGABYTE = 1024 * 1024
RESULTS = Path(__file__).parent / "results"
"""Figures of releases, a file for each bench and size."""


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
    choose_meter(options.meter)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_once)
    documents = {name: _run(name, options) for name in options.bench or BENCHES}
    if options.json:
        _write(Path(options.json), documents)
    if options.keep:
        RESULTS.mkdir(exist_ok=True)
        for name, document in documents.items():
            _write(RESULTS / f"{name}-{options.size}.json", document)
    return 0


def _run(name: str, options: argparse.Namespace) -> dict[str, object]:
    """Run one bench, print what came of it, and return all of it."""
    run: Callable[[int], list[Measured]] = import_module(BENCHES[name]).run
    before = machine.read()
    results = run(SIZES[options.size])
    others = machine.read().others_since(before)
    sys.stdout.write(_table([_cells(result) for result in results]))
    sys.stdout.write(f"others used {others:.1f} of {os.cpu_count()} cores meanwhile\n")
    sys.stdout.flush()
    return {
        "size": options.size,
        "meter": options.meter,
        "measured_on": timezone.now().date().isoformat(),
        "others_used_cores": round(others, 2),
        **machine.describe(),
        "results": [
            {**asdict(result), "ratio": result.ratio, "is_met": result.is_met} for result in results
        ],
    }


def _end_once(number: int, frame: object) -> None:
    """End in order; who asks again while everything is put away is not heard."""
    del number, frame
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _write(file: Path, document: object) -> None:
    file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/bench", description="Measure against floors.")
    parser.add_argument("bench", nargs="*", metavar="NAME", help="all when none is named")
    parser.add_argument("--size", choices=SIZES, default="10k", help="profiles (10k)")
    parser.add_argument(
        "--cpu",
        dest="meter",
        action="store_const",
        const="cpu",
        default="wall",
        help="compare seconds of CPU, where others use the machine too",
    )
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    parser.add_argument("--keep", action="store_true", help="keep the figures of a release")
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
