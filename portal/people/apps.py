from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "portal.people"

    def ready(self) -> None:
        # Registers how acts about people are undone, in whatever process the journal is opened.
        from portal.people import services  # noqa: F401
