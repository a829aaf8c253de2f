from django.apps import AppConfig


class KioskConfig(AppConfig):
    name = "portal.kiosk"

    def ready(self) -> None:
        from portal.attendance.marks import register_marks
        from portal.attendance.passages import register_passages
        from portal.kiosk.marks import kiosk_marks
        from portal.kiosk.passages import kiosk_passages

        register_marks(kiosk_marks)
        register_passages(kiosk_passages)
