from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "portal.attendance"

    def ready(self) -> None:
        # Days follow what is told of plans and people.
        from portal.attendance import listeners  # noqa: F401
        from portal.attendance.selectors.exceptions import open_exception_count

        # Registers what undoes answers to exceptions.
        from portal.attendance.services import exceptions_inbox  # noqa: F401
        from portal.ui.navigation import count_beside

        count_beside("attendance:month", open_exception_count)
