"""Face alignment: from five landmarks to the upright square crop that the embedders expect."""

from recognition.alignment.align import ARCFACE_TEMPLATE_112, align_faces

__all__ = ["ARCFACE_TEMPLATE_112", "align_faces"]
