"""Celery: its messages are nudges that wake a sweep; the truth is rows in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("marzha")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_ignore_result=True,
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    task_time_limit=120,
    task_soft_time_limit=90,
    broker_connection_retry_on_startup=True,
    task_default_queue="slow",
    # A hung Redis must not hold a publisher: half a second, no repeat; the sweep finds the row anyway.
    broker_transport_options={
        "socket_timeout": 2.0,
        "socket_connect_timeout": 0.5,
        "max_retries": 0,
        "visibility_timeout": 3600,
    },
    task_publish_retry=False,
    beat_schedule={
        "sweep-slow-queues": {"task": "work.jobs.sweep_slow", "schedule": 20.0, "options": {"expires": 15}},
    },
)
app.autodiscover_tasks(["work"], related_name="jobs")
