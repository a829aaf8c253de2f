"""Face alignment: from a detected face to the crop that a network, or a person, wants to see.

Five points to the ArcFace template (``align_faces``), three of dlib's 68 (``align_affine``), the
box with a margin (``margin_box``, ``crop_resized``), the middle (``centre_crop``), and a turned
face brought forward (``frontalise``). ``alignment.plan`` and ``.folder`` do whole folders.
"""

from recognition.alignment.affine import affine_template, align_affine, five_points
from recognition.alignment.align import ARCFACE_TEMPLATE_112, align_faces
from recognition.alignment.frontal import frontalise
from recognition.alignment.margins import centre_crop, crop_resized, margin_box

__all__ = [
    "ARCFACE_TEMPLATE_112",
    "affine_template",
    "align_affine",
    "align_faces",
    "centre_crop",
    "crop_resized",
    "five_points",
    "frontalise",
    "margin_box",
]
