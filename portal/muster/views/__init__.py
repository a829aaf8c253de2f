from portal.muster.views.marks import add, changes, marks, people
from portal.muster.views.pages import end, listed, on_site, overview, roll, start

__all__ = [
    "add",
    "changes",
    "end",
    "listed",
    "marks",
    "on_site",
    "overview",
    "people",
    "roll",
    "start",
]
