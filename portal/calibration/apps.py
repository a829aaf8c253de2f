from django.apps import AppConfig


class CalibrationConfig(AppConfig):
    name = "portal.calibration"

    def ready(self) -> None:
        from portal.calibration.selectors.history import proposals_for_me
        from portal.ui.navigation import count_beside

        count_beside("calibration:overview", proposals_for_me)
