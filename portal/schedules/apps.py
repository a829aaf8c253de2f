from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "portal.schedules"

    def ready(self) -> None:
        # Plans follow what is told of the organisation.
        from portal.schedules import listeners  # noqa: F401
