"""Wires the apps together; holds no business rule."""

import gc

from config.celery import app as celery_app

__all__ = ["celery_app"]

GC_THRESHOLDS = (50_000, 20, 100)
"""A start loads code and a batch makes rows, ten thousands of objects that all live until its end.
By Python's own thresholds the garbage collector looks through them again and again, for a sixth of
the time of a start and a quarter of that of a batch."""
gc.set_threshold(*GC_THRESHOLDS)
