"""People, the basis on which their faces may be kept, their photos and templates."""

from portal.people.models.face import FaceImage, FaceTemplate, GalleryState
from portal.people.models.person import Consent, Person

__all__ = ["Consent", "FaceImage", "FaceTemplate", "GalleryState", "Person"]
