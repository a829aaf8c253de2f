from django.apps import AppConfig


class HygieneConfig(AppConfig):
    name = "portal.hygiene"

    def ready(self) -> None:
        # Registers how answers are undone, in whatever process the journal is opened.
        from portal.hygiene import services  # noqa: F401
