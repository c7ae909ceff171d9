"""The Celery application and its timetable.

A Celery message is a doorbell: what must happen is a row first, and a sweep rings again.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("patron")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    "sweep": {"task": "config.tasks.sweep_work", "schedule": 5.0, "options": {"expires": 5}},
}
