from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "portal.review"

    def ready(self) -> None:
        # Services register how decisions are undone, in whatever process the journal is opened.
        from portal.review import services  # noqa: F401
        from portal.review.selectors import waiting
        from portal.ui.navigation import count_beside

        count_beside("review:queue", waiting)
