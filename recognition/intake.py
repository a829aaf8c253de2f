"""Which bytes are accepted as a picture, decided before a single pixel is decoded.

Needs Pillow only, so the web process may import it. Public surface: ``inspect_image`` (limits and
structure), ``checked_header`` (the same for decoders), ``reencode_jpeg`` (a clean copy to keep).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from recognition._containers import (
    Header,
    ImageFormat,
    Malformed,
    Truncated,
    Unsupported,
    read_header,
)
from recognition._pillow import DECODER_ERRORS, open_picture, to_upright_rgb
from recognition.errors import ImageRejected

__all__ = [
    "ACCEPTED_MEDIA_TYPES",
    "DEFAULT_LIMITS",
    "ImageInfo",
    "IntakeLimits",
    "ReencodedImage",
    "checked_header",
    "inspect_image",
    "reencode_jpeg",
    "rejection",
]

ACCEPTED_MEDIA_TYPES: dict[ImageFormat, str] = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heif": "image/heif",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
}

_SEND = "Send a JPEG, PNG, WebP, HEIC, AVIF, BMP or TIFF picture."
_JPEG_QUALITY = 92  # the step above which size grows fast and recognition no longer gains
_JPEG_MAX_SIDE_PX = 65_500  # libjpeg's own limit


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What one picture may weigh. 50 megapixels is the largest common phone sensor's output."""

    max_bytes: int = 25 * 1024 * 1024
    max_pixels: int = 50_000_000
    min_side_px: int = 32


DEFAULT_LIMITS = IntakeLimits()


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """An accepted picture; width and height are those of the upright picture."""

    format: ImageFormat
    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class ReencodedImage:
    """A clean JPEG: upright sRGB without EXIF, GPS, comments or profile."""

    data: bytes
    width_px: int
    height_px: int


def inspect_image(data: bytes, *, limits: IntakeLimits = DEFAULT_LIMITS) -> ImageInfo:
    """Accept or refuse an upload by its bytes alone; memory and time do not follow its claims.

    Raises ``ImageRejected`` with one of the codes ``image.empty``, ``image.too_many_bytes``,
    ``image.not_an_image``, ``image.unsupported_format``, ``image.animated``,
    ``image.too_many_pixels``, ``image.too_small``, ``image.truncated``.
    """
    header = checked_header(data, limits=limits)
    width, height = header.width_px, header.height_px
    if header.orientation >= 5:  # the four orientations that swap the axes
        width, height = height, width
    return ImageInfo(header.format, ACCEPTED_MEDIA_TYPES[header.format], width, height)


def checked_header(data: bytes, *, limits: IntakeLimits = DEFAULT_LIMITS) -> Header:
    """The header with its stored size, once every limit is met. Raises like ``inspect_image``."""
    if not data:
        raise ImageRejected("The file is empty (0 bytes). " + _SEND, code="image.empty")
    if len(data) > limits.max_bytes:
        raise ImageRejected(
            f"This file has {len(data) / 2**20:.1f} MB; the limit is "
            f"{limits.max_bytes / 2**20:g} MB. Send a smaller copy.",
            code="image.too_many_bytes",
        )
    try:
        header = read_header(data)
    except Truncated as error:
        raise _truncated(str(error)) from error
    except Malformed as error:
        raise ImageRejected(
            f"This file is not a readable picture: {error}. {_SEND}", code="image.not_an_image"
        ) from error
    except Unsupported as error:
        raise ImageRejected(
            f"This kind of picture is not accepted: {error}. {_SEND}",
            code="image.unsupported_format",
        ) from error
    if not header.width_px and header.pictures == 1 and not header.is_truncated:
        header = _with_size(data, header)
    if header.pictures > 1:
        raise ImageRejected(
            "This file holds several pictures (an animation or pages); one still picture is "
            f"needed. {_SEND}",
            code="image.animated",
        )
    _check_size(header, limits)
    if header.is_truncated:
        raise _truncated(f"it claims {header.width_px} × {header.height_px} px")
    return header


def reencode_jpeg(
    data: bytes, *, limits: IntakeLimits = DEFAULT_LIMITS, max_side_px: int | None = None
) -> ReencodedImage:
    """Decode and write anew, so that nothing but pixels survives.

    Upright, RGB, colours converted to sRGB where a profile of at most 4 MB says from what, JPEG
    quality 92, shrunk (never enlarged) to ``max_side_px``. Raises ``ImageRejected`` like
    ``inspect_image``, also for damage that only decoding shows.
    """
    header = checked_header(data, limits=limits)
    longest = min(max_side_px or _JPEG_MAX_SIDE_PX, _JPEG_MAX_SIDE_PX)
    try:
        with open_picture(data, header) as picture:
            if max_side_px is not None and header.format == "jpeg":
                # the JPEG decoder halves as it decodes; twice the size keeps the final step smooth
                picture.draft(None, (2 * longest, 2 * longest))
            rgb = to_upright_rgb(picture, header.orientation, has_colour_management=True)
        rgb.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    except DECODER_ERRORS as error:
        raise rejection(error) from error
    encoded = BytesIO()
    rgb.save(encoded, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return ReencodedImage(encoded.getvalue(), rgb.width, rgb.height)


def rejection(error: Exception) -> ImageRejected:
    """Turn a decoder's complaint into the error that people see."""
    if "truncated" in str(error).lower():
        return _truncated("the pixels stop early")
    return ImageRejected(
        f"This picture is damaged and cannot be read ({error}). Send it again or another one.",
        code="image.not_an_image",
    )


def _truncated(detail: str) -> ImageRejected:
    return ImageRejected(
        f"The picture is cut off ({detail}, but the file ends before that). Send it again.",
        code="image.truncated",
    )


def _check_size(header: Header, limits: IntakeLimits) -> None:
    width, height = header.width_px, header.height_px
    if width * height > limits.max_pixels:
        raise ImageRejected(
            f"This picture is {width} × {height} px ({width * height / 1e6:.0f} megapixels); the "
            f"limit is {limits.max_pixels / 1e6:g} megapixels. Send a smaller copy.",
            code="image.too_many_pixels",
        )
    # a truncated HEIF or AVIF keeps 0 × 0 and is reported as truncated instead
    if min(width, height) < limits.min_side_px and not (header.is_truncated and not width):
        raise ImageRejected(
            f"This picture is {width} × {height} px; each side must have at least "
            f"{limits.min_side_px} px. Send a larger one.",
            code="image.too_small",
        )


def _with_size(data: bytes, header: Header) -> Header:
    """Let libheif or libavif resolve the boxes; both read the header only."""
    try:
        with open_picture(data, header) as picture:
            width, height = picture.size
            orientation = pictures = 1
            if header.format == "avif":  # libheif turns the picture itself, libavif leaves it to us
                orientation = int(picture.getexif().get(0x0112, 1))
                pictures = int(getattr(picture, "n_frames", 1))
    except DECODER_ERRORS as error:
        raise rejection(error) from error
    if not 1 <= orientation <= 8:
        orientation = 1
    return replace(
        header, width_px=width, height_px=height, orientation=orientation, pictures=pictures
    )
