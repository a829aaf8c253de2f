"""The processes that join portal and engine: Celery tasks and the commands that recognise."""
