from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "portal.alerts"

    def ready(self) -> None:
        from portal.alerts.selectors import open_alert_count, strangers_cameras

        # Registers what undoes the answers to alerts.
        from portal.alerts.services import answer  # noqa: F401
        from portal.review.cameras import register_cameras
        from portal.ui.navigation import count_beside

        count_beside("alerts:list", open_alert_count)
        register_cameras(strangers_cameras)
