"""Jobs that only count, and nobody who tried before, for every test of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from tests.support import jobs


@pytest.fixture(autouse=True)
def counting_jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run the jobs of `tests.support.jobs`, with files that go when the test ends."""
    monkeypatch.setattr(settings, "JOB_KINDS", "tests.support.jobs.JOBS")
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    jobs.turns.clear()
    jobs.faults.clear()
    yield
    jobs.turns.clear()
    jobs.faults.clear()


@pytest.fixture(autouse=True)
def nobody_tried_before() -> Iterator[None]:
    """Forget the tries of other tests, which the limits would count along."""
    cache.clear()
    yield
    cache.clear()
