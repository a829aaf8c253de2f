"""The Live page, one visit, the Recognise page, one recognition, and the private pictures."""

from portal.sightings.views.feed import live, stream, stream_of, tiles
from portal.sightings.views.recognitions import crop, detail, of_person, picture
from portal.sightings.views.uploads import recognise, refused, result, start_batch, submit
from portal.sightings.views.visits import visit

__all__ = [
    "crop",
    "detail",
    "live",
    "of_person",
    "picture",
    "recognise",
    "refused",
    "result",
    "start_batch",
    "stream",
    "stream_of",
    "submit",
    "tiles",
    "visit",
]
