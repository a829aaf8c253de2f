from django.apps import AppConfig


class KioskConfig(AppConfig):
    name = "portal.kiosk"

    def ready(self) -> None:
        from portal.attendance.marks import register_marks
        from portal.kiosk.marks import kiosk_marks

        register_marks(kiosk_marks)
