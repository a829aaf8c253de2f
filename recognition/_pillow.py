"""Careful use of Pillow: one named decoder per picture, no EXIF parsing, upright 8-bit RGB out.

Plugins are called by name, never through ``Image.open``: no other format's parser ever sees the
bytes, and Pillow's process-wide pixel warning (a warning only) gives way to the limits that
``recognition.intake`` has already applied. Public surface: ``open_picture``, ``to_upright_rgb``,
``DECODER_ERRORS``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image, ImageCms, ImageFile

from recognition._containers import Header, without_metadata

if TYPE_CHECKING:
    from typing import Any

__all__ = ["DECODER_ERRORS", "open_picture", "to_upright_rgb"]

DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    RuntimeError,
    struct.error,
    zlib.error,
)
"""What Pillow's decoders raise on broken bytes; nothing else runs inside the guarded blocks."""

_MAX_ICC_BYTES = 4 * 1024 * 1024  # the largest profiles in use, for CMYK presses, have 2.7 MB

# EXIF orientation -> what brings the stored picture upright (EXIF 2.32, tag 0x0112)
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_picture(data: bytes, header: Header) -> ImageFile.ImageFile:
    """Open without decoding. Raises one of ``DECODER_ERRORS``; apply the limits first."""
    if header.format == "jpeg":
        data = without_metadata(data)
    return _plugin(header.format)(BytesIO(data))


def to_upright_rgb(
    picture: Image.Image, orientation: int, *, has_colour_management: bool = False
) -> Image.Image:
    """Decode and return 8-bit RGB, upright, transparency over white, without any metadata.

    16-bit samples keep their high byte (so 65,535 becomes 255). With ``has_colour_management`` an
    embedded ICC profile is applied, so that the result is sRGB; a broken profile is ignored.
    """
    picture.load()
    rgb = _in_srgb(picture) if has_colour_management else None
    if rgb is None:
        rgb = _to_rgb(picture)
    turn = _UPRIGHT.get(orientation)
    if turn is not None:
        rgb = rgb.transpose(turn)
    rgb.info = {}
    return rgb


def _plugin(name: str) -> Callable[[BytesIO], ImageFile.ImageFile]:
    if name == "heif":
        from pillow_heif.as_plugin import HeifImageFile

        return _as_opener(HeifImageFile)
    from PIL import (
        AvifImagePlugin,
        BmpImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    return {
        "avif": AvifImagePlugin.AvifImageFile,
        "bmp": BmpImagePlugin.BmpImageFile,
        "jpeg": JpegImagePlugin.JpegImageFile,
        "png": PngImagePlugin.PngImageFile,
        "tiff": TiffImagePlugin.TiffImageFile,
        "webp": WebPImagePlugin.WebPImageFile,
    }[name]


def _as_opener(plugin: Any) -> Callable[[BytesIO], ImageFile.ImageFile]:
    opener: Callable[[BytesIO], ImageFile.ImageFile] = plugin
    return opener


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;16"):
        samples = picture.tobytes()
        high_byte = samples[::2] if picture.mode == "I;16B" else samples[1::2]
        return Image.frombytes("L", picture.size, high_byte).convert("RGB")
    if picture.mode in {"I", "F"}:
        raise ValueError(f"samples of type {picture.mode} have no agreed range")
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        ground = Image.new("RGBA", coloured.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, coloured).convert("RGB")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _in_srgb(picture: Image.Image) -> Image.Image | None:
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 128 < len(profile) <= _MAX_ICC_BYTES:
        return None
    if picture.mode not in {"RGB", "L", "CMYK"}:
        return None
    try:
        return ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
