"""Timetable tasks. They only fan out; rows say what must be done."""

from celery import shared_task

from kernel.work import sweep


@shared_task(name="config.tasks.sweep_work", ignore_result=True)
def sweep_work() -> None:
    """Ring for every tenant with due work."""
    sweep()
