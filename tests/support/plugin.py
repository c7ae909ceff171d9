"""Options of `bin/test`, and what must be set before Django reads its settings."""

import gc
import os
from collections import Counter, defaultdict
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import settings as hypothesis_settings

LONGEST_FIRST = (
    "tests/scenarios/",
    "tests/browser/",
    "tests/conformance/",
    "tests/flows/library/",
    "tests/config/",
    "tests/kernel/",
)
"""Folders whose modules take longest: one that began last would leave the other worker idle."""

hypothesis_settings.register_profile("patron", derandomize=True, deadline=None, database=None)
hypothesis_settings.register_profile("many", max_examples=1_000, deadline=None, database=None)
hypothesis_settings.load_profile("patron")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("patron")
    group.addoption("--no-browser", action="store_true", help="leave out the browser tests")
    group.addoption("--screenshots", metavar="DIR", help="keep screenshots of the pages here")
    group.addoption(
        "--record-budgets", action="store_true", help="write tests/query_budgets.json anew"
    )
    group.addoption(
        "--covers-report", action="store_true", help="list the requirements that tests show"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Give each worker a Redis database of its own: gw0 gets 1, gw1 gets 2, no worker 0."""
    address = urlsplit(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
    os.environ["REDIS_URL"] = urlunsplit(address._replace(path=f"/{worker_number()}"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest, then with those of most tests.

    Workers take whole modules in this order; within a module the order stays.
    """
    size = Counter(_module(item) for item in items)

    def rank(item: pytest.Item) -> tuple[int, int, str]:
        path = _module(item)
        places = [n for n, folder in enumerate(LONGEST_FIRST) if path.startswith(folder)]
        return (min(places, default=len(LONGEST_FIRST)), -size[path], path)

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave alone what is there for good: all code and all tests."""
    gc.collect()
    gc.freeze()


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def worker_number() -> int:
    """Return 1 and up for the workers of a parallel run, 0 for a run in one process."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "")
    return int(name.removeprefix("gw")) + 1 if name else 0


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--covers-report"):
        config.pluginmanager.register(CoversReport(), "covers-report")


class CoversReport:
    """Lists which tests show which requirement, and whether they passed."""

    def __init__(self) -> None:
        self._tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Write the ids onto the tests: properties travel from the workers to the reporter."""
        for item in items:
            for marker in item.iter_markers("covers"):
                item.user_properties.extend(("covers", str(name)) for name in marker.args)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            for name, value in report.user_properties:
                if name == "covers":
                    self._tests[str(value)].append(f"{report.outcome}  {report.nodeid}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("requirements shown")
        for name in sorted(self._tests):
            for line in sorted(self._tests[name]):
                terminalreporter.write_line(f"{name:8} {line}")
