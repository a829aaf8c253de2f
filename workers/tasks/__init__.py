"""Celery tasks: thin. Each calls one function; names and queues stand in portal.jobs.registry."""
