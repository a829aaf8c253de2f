from django.apps import AppConfig


class AttendanceConfig(AppConfig):
    name = "portal.attendance"

    def ready(self) -> None:
        # Days follow what is told of plans and people.
        from portal.attendance import listeners  # noqa: F401
        from portal.attendance.selectors.exceptions import open_exception_count
        from portal.attendance.selectors.on_site import on_site_count

        # Listens to who is back after a removal, and registers what undoes answers to exceptions.
        from portal.attendance.services import collect, exceptions_inbox  # noqa: F401
        from portal.sightings.presence import register_presence
        from portal.ui.navigation import count_beside

        count_beside("attendance:month", open_exception_count)
        register_presence(on_site_count)
