"""A kind of job that counts, for tests of what runs jobs."""

from config import jobs
from tenants.types import JobKind, JobStep, JobTurn

COUNT = JobKind(
    label="Count",
    unit="numbers",
    capability="view",
    service="tests.support.jobs.count",
    kept="What was counted stays.",
    back="tenants:jobs",
    back_label="Jobs",
    undo="uncount",
)
UNCOUNT = JobKind(
    label="Undoing a count",
    unit="numbers",
    capability="view",
    service="tests.support.jobs.count",
    kept="What was counted stays.",
    back="tenants:jobs",
    back_label="Jobs",
)
JOBS = {**jobs.JOBS, "count": COUNT, "uncount": UNCOUNT}
STEP = 2

turns: list[JobTurn] = []
faults: list[Exception] = []
"""What the next batches raise, after they did their work."""


def count(turn: JobTurn) -> JobStep:
    """Write the next two numbers up to ``params["top"]``."""
    turns.append(turn)
    first = turn.cursor or 0
    numbers = range(first, min(first + STEP, turn.params["top"]))
    if faults:
        raise faults.pop(0)
    at = first + len(numbers)
    return JobStep(
        rows=len(numbers),
        cursor=at if at < turn.params["top"] else None,
        total=turn.params["top"],
        output="".join(f"{number}\n" for number in numbers),
    )
