"""Picture files, good and bad, made here so that no file has to lie in the repository."""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

__all__ = ["ACCEPTED", "REFUSED", "fresh_jpeg", "good_picture", "jpeg", "refused_picture"]

_counter = itertools.count()


def _scene(width: int, height: int, seed: int = 0) -> Image.Image:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@cache
def jpeg(width: int = 160, height: int = 120, seed: int = 0) -> bytes:
    """A plain JPEG; the same arguments give the same bytes."""
    return _saved(_scene(width, height, seed), "JPEG", quality=88)


def fresh_jpeg() -> bytes:
    """A plain JPEG that no other call has given."""
    return jpeg(seed=1000 + next(_counter))


def _heic() -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(_scene(160, 120, 5)).save(buffer, quality=80)
    return buffer.getvalue()


def _turned() -> bytes:
    tags = Image.Exif()
    tags[0x0112] = 6
    return _saved(_scene(160, 120, 6), "JPEG", exif=tags.tobytes())


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(1000)))
        + _chunk(b"IEND", b"")
    )


def _animated_gif() -> bytes:
    frames = [_scene(80, 60, n) for n in range(3)]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


_MAKERS = {
    "turned by EXIF": _turned,
    "CMYK": lambda: _saved(_scene(160, 120, 1).convert("CMYK"), "JPEG"),
    "16-bit": lambda: _saved(Image.new("I;16", (160, 120), 40_000), "PNG"),
    "grey": lambda: _saved(_scene(160, 120, 2).convert("L"), "JPEG"),
    "HEIC": _heic,
    "text named .jpg": lambda: b"just some words, and long enough to be read as a header",
    "truncated": lambda: jpeg(seed=3)[: len(jpeg(seed=3)) // 2],
    "50,000 x 50,000": lambda: _png_claiming(50_000, 50_000),
    "animated GIF": _animated_gif,
    "0 bytes": lambda: b"",
    "over 25 MB": lambda: jpeg() + bytes(25 * 1024 * 1024),
}

ACCEPTED = {
    # upright size in px
    "turned by EXIF": (120, 160),
    "CMYK": (160, 120),
    "16-bit": (160, 120),
    "grey": (160, 120),
    "HEIC": (160, 120),
}

REFUSED = {
    # status and code
    "text named .jpg": (422, "image.not_an_image"),
    "truncated": (422, "image.truncated"),
    "50,000 x 50,000": (422, "image.too_many_pixels"),
    "animated GIF": (422, "image.unsupported_format"),
    "0 bytes": (422, "image.empty"),
    "over 25 MB": (413, "image.too_many_bytes"),
}


@cache
def good_picture(name: str) -> bytes:
    """One of ``ACCEPTED``."""
    return _MAKERS[name]()


@cache
def refused_picture(name: str) -> bytes:
    """One of ``REFUSED``."""
    return _MAKERS[name]()
