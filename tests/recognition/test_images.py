"""Decoding: every orientation, depth and colour kind ends as the same upright RGB array."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from recognition.errors import ImageRejected
from recognition.images import decode_image
from recognition.intake import IntakeLimits


def scene(height: int = 64, width: int = 96) -> np.ndarray:
    """No two corners alike, in blocks of 16 px so that JPEG keeps the colours exactly enough."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    pixels[: height // 2, : width // 2] = (220, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 200, 30)
    pixels[height // 2 :, : width // 2] = (30, 30, 210)
    return pixels


def saved(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


# The stored picture for each EXIF orientation, so that the upright one is always ``scene()``.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, 1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "CMYK JPEG"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_comes_out_upright(kind: str, orientation: int) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](scene())))
    options: dict[str, object] = {"exif": exif(orientation), "quality": 95}
    if kind == "JPEG":
        options["subsampling"] = 0
    if kind == "CMYK JPEG":
        stored, kind = stored.convert("CMYK"), "JPEG"
    decoded = decode_image(saved(stored, kind, **options))
    assert decoded.picture.shape == (64, 96, 3)
    assert (decoded.width_px, decoded.height_px, decoded.scale) == (96, 64, 1.0)
    assert decoded.picture.flags.c_contiguous
    assert decoded.picture.dtype == np.uint8
    inner = np.abs(decoded.picture.astype(int) - scene())[8:24, 8:40]
    assert inner.max() <= 6
    assert np.abs(decoded.picture.astype(int) - scene()).mean() < 3


def test_colours_are_rgb_in_every_format() -> None:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(scene())).save(buffer, quality=95)
    files = {kind: saved(scene(), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF")}
    for kind, data in {**files, "HEIF": buffer.getvalue()}.items():
        red = decode_image(data).picture[10, 10]
        assert np.allclose(red, (220, 30, 30), atol=12), kind


def test_the_fast_path_gives_the_pixels_of_the_slow_one() -> None:
    random = np.random.default_rng(1)
    smooth = cv2.GaussianBlur(random.integers(0, 256, (250, 250, 3), np.uint8), (0, 0), 3)
    for options in ({}, {"progressive": True}, {"subsampling": 0}):
        data = saved(smooth, "JPEG", quality=90, **options)
        with Image.open(io.BytesIO(data)) as reference:
            assert np.array_equal(decode_image(data).picture, np.asarray(reference.convert("RGB")))


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    ramp = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    grey = decode_image(saved(Image.fromarray(ramp), "PNG")).picture
    assert np.array_equal(grey[..., 0], (ramp >> 8).astype(np.uint8))
    assert np.array_equal(grey[..., 0], grey[..., 2])
    coloured = np.dstack([ramp, ramp[::-1], np.full_like(ramp, 32_768)])
    encoded = cv2.imencode(".png", coloured[:, :, ::-1])[1].tobytes()
    picture = decode_image(encoded).picture.astype(int)
    assert np.abs(picture - (coloured >> 8)).max() <= 1
    tiff = decode_image(saved(Image.fromarray(ramp), "TIFF")).picture
    assert np.array_equal(tiff[..., 0], (ramp >> 8).astype(np.uint8))


def test_transparency_lies_over_white() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :32] = (200, 0, 0, 255)
    pixels[:, 32:] = (0, 0, 0, 0)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True, "exact": True})):
        picture = decode_image(saved(pixels, kind, **options)).picture
        assert picture[5, 5].tolist() == [200, 0, 0], kind
        assert picture[5, 60].tolist() == [255, 255, 255], kind
    half = np.full((64, 64, 4), (0, 0, 0, 128), np.uint8)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        assert np.allclose(decode_image(saved(half, kind, **options)).picture, 127, atol=1), kind


def test_a_palette_with_a_transparent_entry_is_over_white() -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([0, 0, 0, 10, 200, 30] + [0] * 750)
    image.paste(1, (32, 0, 64, 64))
    picture = decode_image(saved(image, "PNG", transparency=0)).picture
    assert picture[5, 5].tolist() == [255, 255, 255]
    assert picture[5, 60].tolist() == [10, 200, 30]


@pytest.mark.parametrize(("width", "height"), [(5120, 2000), (3000, 5300), (2600, 300)])
@pytest.mark.parametrize("orientation", [1, 6])
def test_large_pictures_shrink_to_the_limit_and_say_by_how_much(
    width: int, height: int, orientation: int
) -> None:
    data = saved(cv2.resize(scene(), (width, height)), "JPEG", exif=exif(orientation))
    decoded = decode_image(data)
    upright = (width, height) if orientation == 1 else (height, width)
    assert (decoded.width_px, decoded.height_px) == upright
    assert max(decoded.picture.shape[:2]) == 2560
    assert decoded.scale == pytest.approx(2560 / max(upright), rel=2e-3)
    assert decoded.picture.shape[0] == pytest.approx(upright[1] * decoded.scale, abs=1)
    red = decoded.picture[10, 10] if orientation == 1 else decoded.picture[10, -10]
    assert np.allclose(red, (220, 30, 30), atol=6)


def test_shrinking_can_be_switched_off() -> None:
    data = saved(cv2.resize(scene(), (3000, 200)), "JPEG")
    assert decode_image(data, max_side_px=None).picture.shape == (200, 3000, 3)


def test_the_limits_hold_here_too() -> None:
    with pytest.raises(ImageRejected) as refused:
        decode_image(saved(scene(), "PNG"), limits=IntakeLimits(max_pixels=1000))
    assert refused.value.code == "image.too_many_pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damage_is_refused_or_harmless(kind: str) -> None:
    random = np.random.default_rng(2)
    data = saved(random.integers(0, 256, (64, 64, 3), np.uint8), kind)
    shapes, refused = set(), 0
    for _ in range(40):
        broken = bytearray(data)
        for at in random.integers(len(data) // 8, len(data), 15):
            broken[at] = random.integers(0, 256)
        try:
            shapes.add(decode_image(bytes(broken)).picture.shape)
        except ImageRejected:
            refused += 1
    assert refused + len(shapes) > 0
    assert shapes <= {(64, 64, 3)}


def test_a_second_picture_behind_the_first_is_never_read() -> None:
    both = saved(
        Image.fromarray(scene()),
        "MPO",
        save_all=True,
        append_images=[Image.new("RGB", (96, 64), (1, 2, 3))],
    )
    assert np.allclose(decode_image(both).picture[10, 10], (220, 30, 30), atol=8)
