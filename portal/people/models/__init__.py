"""People, the basis on which their faces may be kept, their photos and templates."""

from portal.people.models.consent import Consent, PolicyText
from portal.people.models.face import FaceImage, FaceTemplate, GalleryState, LookalikePair
from portal.people.models.person import Credential, Person, SavedFilter
from portal.people.models.place import FormerPlace

__all__ = [
    "Consent",
    "Credential",
    "FaceImage",
    "FaceTemplate",
    "FormerPlace",
    "GalleryState",
    "LookalikePair",
    "Person",
    "PolicyText",
    "SavedFilter",
]
