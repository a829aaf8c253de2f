from django.apps import AppConfig


class KioskConfig(AppConfig):
    name = "portal.kiosk"
