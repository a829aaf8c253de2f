"""Django's name for this app."""

from django.apps import AppConfig

__all__ = ["UiConfig"]


class UiConfig(AppConfig):
    name = "portal.ui"
    label = "ui"
