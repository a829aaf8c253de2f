"""The Celery application object. The portal only sends by name; ``workers.app`` adds the tasks."""

import os

from celery import Celery
from django.conf import settings

__all__ = ["app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")

app = Celery("gatehouse")
app.conf.update(settings.CELERY)
