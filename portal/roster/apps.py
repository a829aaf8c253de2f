from django.apps import AppConfig


class RosterConfig(AppConfig):
    name = "portal.roster"

    def ready(self) -> None:
        # Registers what takes an import back with the journal.
        from portal.roster.services import undo  # noqa: F401
