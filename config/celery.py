"""The Celery application and its timetable.

A Celery message is a doorbell: what must happen is a row first, and a sweep rings again.
"""

import os
from importlib import import_module
from typing import Any

import django
from celery import Celery
from celery.signals import beat_init, worker_init
from django.core.exceptions import ImproperlyConfigured

STDERR = 2

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("patron")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "sweep": {"task": "config.tasks.sweep_work", "schedule": 5.0, "options": {"expires": 5}},
}


@worker_init.connect
@beat_init.connect
def refuse_wrong_settings(**kwargs: Any) -> None:
    """End a worker or the scheduler that would work with wrong settings, as the web server ends."""
    django.setup(set_prefix=False)
    try:
        import_module("config.checks.report").refuse_wrong_settings()
    except ImproperlyConfigured as exc:
        os.write(STDERR, f"{exc}\n".encode())  # Celery has put a logger in the place of the stream
        raise SystemExit(1) from exc
