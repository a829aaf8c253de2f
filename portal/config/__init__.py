"""How the portal is wired: environment, settings, URL tree, ASGI application, Celery application."""
