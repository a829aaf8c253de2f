from django.apps import AppConfig


class MusterConfig(AppConfig):
    name = "portal.muster"
