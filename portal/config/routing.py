"""Websocket routes."""

from django.urls import path

from portal.core.consumers import LiveConsumer

__all__ = ["websocket_urlpatterns"]

websocket_urlpatterns = [path("ws/live/", LiveConsumer.as_asgi())]
