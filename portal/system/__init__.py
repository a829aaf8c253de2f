"""Health, the supervisor behind `manage.py up`, the private broker."""
