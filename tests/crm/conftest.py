"""Fixtures of the crm tests."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.crm import handlers


@pytest.fixture
def noting_handlers(settings: Settings) -> Iterator[list[tuple[str, list[int | None]]]]:
    """Let the noting handlers react; returns what they saw."""
    settings.EVENT_HANDLERS = "tests.crm.handlers.TABLE"
    handlers.SEEN.clear()
    handlers.REFUSED.clear()
    yield handlers.SEEN
    handlers.REFUSED.clear()
