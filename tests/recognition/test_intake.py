"""Which uploads are accepted, why the others are refused, and what a refusal costs."""

import io
import struct
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from recognition.errors import ImageRejected
from recognition.intake import IntakeLimits, inspect_image, reencode_jpeg
from tests.recognition.fresh_process import modules_loaded_by


def scene(width: int = 120, height: int = 80) -> Image.Image:
    """Asymmetric in both axes: red upper left, green upper right, blue lower left, white rest."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = (220, 30, 30)
    pixels[: height // 2, width // 2 :] = (30, 200, 30)
    pixels[height // 2 :, : width // 2] = (30, 30, 210)
    return Image.fromarray(pixels)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def heif(image: Image.Image) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=90)
    return buffer.getvalue()


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "Maker"
    tags.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return tags.tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + png_chunk(b"IEND", b"")
    )


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(saved(scene(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    body = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(20)
    chunk = b"VP8 " + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk


def tiff_bomb(tags: int) -> bytes:
    """Distinct tags whose values are all the same megabyte."""
    entries = b"".join(struct.pack("<HHII", 1000 + n, 7, 1_000_000, 0) for n in range(tags))
    directory = struct.pack("<H", tags) + entries + bytes(4)
    return b"II" + struct.pack("<HI", 42, 8) + directory + bytes(1_000_000)


def nested_bomb() -> bytes:
    """An innocent directory whose one tag, EXIF, leads to the heavy one."""
    innocent = b"II" + struct.pack("<HIHHHIII", 42, 8, 1, 0x8769, 4, 1, 26, 0)
    return innocent + tiff_bomb(1_900)[8:]


def test_every_accepted_kind_tells_its_upright_size() -> None:
    grey = scene().convert("L")
    cases = {
        "JPEG": (saved(scene(), "JPEG"), "jpeg"),
        "progressive JPEG": (saved(scene(), "JPEG", progressive=True), "jpeg"),
        "grey JPEG": (saved(grey, "JPEG"), "jpeg"),
        "CMYK JPEG": (saved(scene().convert("CMYK"), "JPEG"), "jpeg"),
        "MPO, as phones write": (
            saved(scene(), "MPO", save_all=True, append_images=[scene(40, 40)]),
            "jpeg",
        ),
        "PNG": (saved(scene(), "PNG"), "png"),
        "16-bit PNG": (saved(Image.new("I;16", (120, 80), 40_000), "PNG"), "png"),
        "palette PNG": (saved(scene().convert("P"), "PNG"), "png"),
        "PNG with alpha": (saved(scene().convert("RGBA"), "PNG"), "png"),
        "WebP": (saved(scene(), "WEBP"), "webp"),
        "lossless WebP": (saved(scene(), "WEBP", lossless=True), "webp"),
        "WebP with alpha": (saved(Image.new("RGBA", (120, 80), (9, 9, 9, 99)), "WEBP"), "webp"),
        "HEIC": (heif(scene()), "heif"),
        "AVIF": (saved(scene(), "AVIF"), "avif"),
        "BMP": (saved(scene(), "BMP"), "bmp"),
        "TIFF": (saved(scene(), "TIFF"), "tiff"),
        "LZW TIFF": (saved(scene(), "TIFF", compression="tiff_lzw"), "tiff"),
    }
    for name, (data, expected) in cases.items():
        info = inspect_image(data)
        assert (info.format, info.width_px, info.height_px) == (expected, 120, 80), name
        assert info.media_type == f"image/{expected}", name


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_that_of_the_upright_picture(kind: str, orientation: int) -> None:
    info = inspect_image(saved(scene(), kind, exif=exif(orientation)))
    expected = (120, 80) if orientation <= 4 else (80, 120)
    assert (info.width_px, info.height_px) == expected


REFUSALS = {
    "nothing at all": (b"", "image.empty"),
    "text": (b"just some words, long enough to be read as a header", "image.not_an_image"),
    "HTML named .jpg": (b"<html><script>alert(1)</script></html>", "image.not_an_image"),
    "ZIP": (b"PK\x03\x04" + bytes(60), "image.not_an_image"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image.unsupported_format"),
    "SVG with prologue": (b'<?xml version="1.0"?>\n<svg/>', "image.unsupported_format"),
    "PDF": (b"%PDF-1.7\n", "image.unsupported_format"),
    "GIF": (saved(scene(), "GIF"), "image.unsupported_format"),
    "GIF with script": (b"GIF89a/*" + bytes(40) + b"*/=1;alert(1)", "image.unsupported_format"),
    "film": (b"\x00\x00\x00\x18ftypmp42" + bytes(40), "image.unsupported_format"),
    "APNG": (
        saved(scene(), "PNG", save_all=True, append_images=[scene().rotate(90)]),
        "image.animated",
    ),
    "animated WebP": (
        saved(scene(), "WEBP", save_all=True, append_images=[scene().rotate(90)]),
        "image.animated",
    ),
    "animated AVIF": (
        saved(scene(), "AVIF", save_all=True, append_images=[scene().rotate(180)]),
        "image.animated",
    ),
    "TIFF with two pages": (
        saved(scene(), "TIFF", save_all=True, append_images=[scene()]),
        "image.animated",
    ),
    "tiny": (saved(scene(31, 200), "PNG"), "image.too_small"),
    "PNG flood": (png_claiming(50_000, 50_000), "image.too_many_pixels"),
    "JPEG flood": (jpeg_claiming(65_000, 65_000), "image.too_many_pixels"),
    "WebP flood": (webp_claiming(16_383, 16_383), "image.too_many_pixels"),
    "TIFF tag bomb": (tiff_bomb(60_000), "image.not_an_image"),
    "small TIFF tag bomb": (tiff_bomb(1_900), "image.not_an_image"),
    "AVIF with a nested tag bomb": (
        saved(scene(), "AVIF") + struct.pack(">I", 30_000) + b"free" + nested_bomb(),
        "image.not_an_image",
    ),
    "TIFF tag bomb cut off": (tiff_bomb(1_900)[:20_000], "image.not_an_image"),
    "AVIF with a tag bomb": (
        saved(scene(), "AVIF") + struct.pack(">I", 30_000) + b"free" + tiff_bomb(1_900),
        "image.not_an_image",
    ),
    "JPEG marks only": (b"\xff\xd8\xff\xd9", "image.truncated"),
    "JPEG that is text": (b"\xff\xd8\xff<?php system($_GET[0]); ?>" * 3, "image.truncated"),
    "PNG without pixels": (
        png_claiming(100, 100).replace(b"IDAT", b"junk"),
        "image.truncated",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refuses_with_a_stable_code(name: str) -> None:
    data, code = REFUSALS[name]
    with pytest.raises(ImageRejected) as refused:
        inspect_image(data)
    assert refused.value.code == code
    assert refused.value.message.endswith((".", "picture."))


def test_the_message_carries_the_numbers() -> None:
    with pytest.raises(ImageRejected) as refused:
        inspect_image(png_claiming(50_000, 50_000))
    assert refused.value.message == (
        "This picture is 50000 × 50000 px (2500 megapixels); the limit is 50 megapixels. "
        "Send a smaller copy."
    )
    with pytest.raises(ImageRejected, match=r"has 0\.2 MB; the limit is 0\.125 MB") as refused:
        inspect_image(bytes(200_000), limits=IntakeLimits(max_bytes=128 * 1024))
    assert refused.value.code == "image.too_many_bytes"


@pytest.mark.parametrize("name", ["PNG flood", "JPEG flood", "WebP flood", "TIFF tag bomb"])
def test_a_flood_is_refused_before_it_costs_memory(name: str) -> None:
    data, _ = REFUSALS[name]
    tracemalloc.start()
    try:
        with pytest.raises(ImageRejected):
            inspect_image(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20


def test_a_large_jpeg_is_inspected_without_decoding_it() -> None:
    data = saved(scene(6000, 5000), "JPEG", progressive=True)
    tracemalloc.start()
    started = time.perf_counter()
    try:
        assert inspect_image(data).width_px == 6000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2**20
    assert time.perf_counter() - started < 5  # a wide net: decoding thirty scans would pass it


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "HEIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused_wherever_it_was_cut(kind: str, kept: float) -> None:
    noise = Image.fromarray(np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8))
    data = heif(noise) if kind == "HEIF" else saved(noise, kind)
    with pytest.raises(ImageRejected) as refused:
        inspect_image(data[: int(len(data) * kept)])
    assert refused.value.code == "image.truncated"


def test_a_progressive_jpeg_with_endless_scans_is_refused() -> None:
    data = saved(scene(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    scan = data[at:-2]
    with pytest.raises(ImageRejected, match="scans"):
        inspect_image(data[:at] + scan * 200 + b"\xff\xd9")


def test_any_damage_to_the_header_is_a_refusal_or_a_reading_never_a_crash() -> None:
    random = np.random.default_rng(11)
    originals = [saved(scene(), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "AVIF")]
    originals.append(heif(scene()))
    outcomes = set()
    for data in originals:
        for _ in range(150):
            broken = bytearray(data)
            for at in random.integers(0, min(len(data), 300), 4):
                broken[at] = random.integers(0, 256)
            try:
                inspect_image(bytes(broken))
                outcomes.add("read")
            except ImageRejected as refused:
                outcomes.add(refused.code)
    assert {"read", "image.not_an_image", "image.truncated"} <= outcomes


def test_reencoding_leaves_nothing_but_upright_pixels() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as stored:
        stored.writestr("shell.php", "<?php ?>")
    source = saved(scene(), "JPEG", exif=exif(6), comment=b"taken at home", quality=95)
    clean = reencode_jpeg(source + archive.getvalue())
    assert (clean.width_px, clean.height_px) == (80, 120)
    for leak in (b"Exif", b"Maker", b"taken at home", b"PK\x03\x04", b"php", b"ICC_PROFILE"):
        assert leak not in clean.data
    with Image.open(io.BytesIO(clean.data)) as reopened:
        assert dict(reopened.getexif()) == {}
        assert reopened.size == (80, 120)
        assert np.allclose(reopened.getpixel((60, 20)), (220, 30, 30), atol=8)  # turned clockwise


def test_reencoding_an_exif_bomb_never_parses_it() -> None:
    bomb = b"Exif\x00\x00" + tiff_bomb(1_900)[:60_000]
    source = saved(scene(), "JPEG")
    data = source[:2] + b"\xff\xe1" + struct.pack(">H", len(bomb) + 2) + bomb + source[2:]
    assert reencode_jpeg(data).width_px == 120


def test_reencoding_shrinks_but_never_enlarges() -> None:
    data = saved(scene(3000, 2000), "JPEG")
    small = reencode_jpeg(data, max_side_px=600)
    assert (small.width_px, small.height_px) == (600, 400)
    same = reencode_jpeg(saved(scene(), "PNG"), max_side_px=600)
    assert (same.width_px, same.height_px) == (120, 80)


def test_reencoding_converts_a_profile_and_survives_a_broken_one() -> None:
    lab = Image.new("RGB", (64, 64), (200, 60, 60))
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = reencode_jpeg(saved(lab, "PNG", icc_profile=linear))
    broken = reencode_jpeg(saved(lab, "PNG", icc_profile=b"\x00" * 500))
    for result in (kept, broken):
        with Image.open(io.BytesIO(result.data)) as reopened:
            assert "icc_profile" not in reopened.info
            assert np.allclose(reopened.getpixel((30, 30)), (200, 60, 60), atol=4)


def test_an_icc_bomb_in_a_png_is_refused() -> None:
    bomb = b"icc\x00\x00" + zlib.compress(bytes(200_000_000), 9)
    data = saved(scene(), "PNG")
    with pytest.raises(ImageRejected) as refused:
        reencode_jpeg(data[:33] + png_chunk(b"iCCP", bomb) + data[33:])
    assert refused.value.code == "image.not_an_image"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "HEIF"])
def test_damage_inside_the_pixels_is_refused_or_harmless_when_reencoding(kind: str) -> None:
    random = np.random.default_rng(3)
    noise = Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8))
    data = heif(noise) if kind == "HEIF" else saved(noise, kind)
    widths, codes = set(), set()
    for _ in range(25):
        broken = bytearray(data)
        for at in random.integers(len(data) // 4, len(data), 20):
            broken[at] = random.integers(0, 256)
        try:
            widths.add(reencode_jpeg(bytes(broken)).width_px)
        except ImageRejected as error:
            codes.add(error.code)
    assert widths <= {64}
    assert codes <= {"image.not_an_image", "image.truncated"}
    assert widths | codes


def test_the_web_process_may_import_the_intake_without_loading_the_engine() -> None:
    heavy = {"numpy", "cv2", "torch", "openvino", "faiss", "av"}
    assert modules_loaded_by("import recognition.intake", among=heavy) == []
