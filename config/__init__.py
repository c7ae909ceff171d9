"""Wires the apps together; holds no business rule."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
