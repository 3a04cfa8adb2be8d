"""The one reader: right pixels from every usual kind of file, a clear refusal of every broken one."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from factory_gen.errors import UsageError
from factory_gen.images.decode import turned
from factory_gen.images.files import Picture, encode_mask, encode_png, read_mask, read_picture
from factory_gen.images.refused import ImageRefused
from tests.drawn_files import (
    SIZE,
    blob_mask,
    colour,
    deep,
    grey,
    mask_png,
    png,
    png_chunk,
    png_of_chunks,
    png_with,
    saved,
    tiff,
    with_turn,
)

GREY, COLOUR = grey(), colour()
PALETTE = Image.fromarray(COLOUR).quantize(16)
GREY_PALETTE = Image.fromarray(GREY).quantize(16)
CMYK = Image.fromarray(COLOUR).convert("CMYK")
ALPHA = Image.fromarray(np.dstack([COLOUR, GREY]))
BITS = Image.fromarray(GREY > 128)

READ = {
    "grey png": (png(GREY), GREY, 8, ()),
    "rgb png": (png(COLOUR), COLOUR, 8, ()),
    "grey tiff lzw": (tiff(GREY), GREY, 8, ()),
    "rgb tiff": (saved(COLOUR, "TIFF"), COLOUR, 8, ()),
    "rgb bmp": (saved(COLOUR, "BMP"), COLOUR, 8, ()),
    "grey bmp": (saved(GREY, "BMP"), GREY, 8, ()),
    "16-bit grey png": (png(deep(GREY)), deep(GREY), 16, ()),
    "16-bit rgb png": (png(deep(COLOUR)), deep(COLOUR), 16, ()),
    "16-bit grey tiff": (tiff(deep(GREY)), deep(GREY), 16, ()),
    "16-bit rgb tiff": (tiff(deep(COLOUR)), deep(COLOUR), 16, ()),
    "12 in 16 png": (png(deep(GREY, 12)), deep(GREY, 12), 12, ("12 bits in 16",)),
    "12 in 16 rgb": (png(deep(COLOUR, 12)), deep(COLOUR, 12), 12, ("12 bits in 16",)),
    "palette": (saved(PALETTE, "PNG"), np.asarray(PALETTE.convert("RGB")), 8, ("palette->RGB",)),
    "grey palette": (saved(GREY_PALETTE, "PNG"), np.asarray(GREY_PALETTE.convert("L")), 8, ("palette->L",)),
    "cmyk tiff": (saved(CMYK, "TIFF"), np.asarray(CMYK.convert("RGB")), 8, ("CMYK->RGB",)),
    "rgba": (saved(ALPHA, "PNG"), COLOUR, 8, ("alpha dropped",)),
    "grey and alpha": (saved(ALPHA.convert("LA"), "PNG"), None, 8, ("alpha dropped",)),
    "1-bit png": (saved(BITS, "PNG"), (GREY > 128) * np.uint8(255), 8, ("1-bit->L",)),
    "1-bit tiff": (saved(BITS, "TIFF"), (GREY > 128) * np.uint8(255), 8, ("1-bit->L",)),
    "html after a png": (png(GREY) + b"<script>", GREY, 8, ("8 bytes after the picture ignored",)),
    "10 MB of metadata": (png_with(png(GREY), png_chunk(b"tEXt", b"k\0" + bytes(10**7))), GREY, 8, ()),
}


@pytest.mark.parametrize("case", READ)
def test_usual_and_odd_files_give_their_pixels(case: str) -> None:
    data, pixels, depth, conversions = READ[case]
    picture = read_picture(data, "a.png")
    if pixels is not None:
        assert picture.pixels.dtype == pixels.dtype
        np.testing.assert_array_equal(picture.pixels, pixels)
    assert (picture.height, picture.width) == SIZE
    assert picture.mode == ("L" if picture.pixels.ndim == 2 else "RGB")
    assert (picture.bit_depth, picture.conversions) == (depth, conversions)
    assert picture.pixels.flags.c_contiguous


def test_jpegs_are_read_in_grey_colour_and_cmyk() -> None:
    for image, channels in ((GREY, 1), (COLOUR, 3), (CMYK, 3)):
        picture = read_picture(saved(image, "JPEG", quality=95), "a.jpg")
        assert picture.channels == channels
        wanted = np.asarray(image.convert("RGB")) if isinstance(image, Image.Image) else image
        assert np.abs(picture.pixels.astype(int) - wanted).mean() < 6


def test_a_deep_picture_with_alpha_keeps_its_depth_and_loses_the_alpha() -> None:
    four = np.dstack([deep(COLOUR), deep(GREY)])
    stored = cv2.imencode(".png", cv2.cvtColor(four, cv2.COLOR_RGBA2BGRA))[1].tobytes()
    picture = read_picture(stored, "a.png")
    np.testing.assert_array_equal(picture.pixels, deep(COLOUR))
    assert picture.conversions == ("alpha dropped",)


def test_a_deep_grey_picture_with_alpha_stays_grey() -> None:
    rows = np.dstack([deep(GREY), deep(GREY[::-1])]).astype(">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    picture = read_picture(png_of_chunks(SIZE[1], SIZE[0], 16, 4, zlib.compress(raw)), "a.png")
    np.testing.assert_array_equal(picture.pixels, deep(GREY))


def test_a_twelve_bit_ramp_keeps_its_levels() -> None:
    ramp = np.tile(np.linspace(0, 4095, 512).astype(np.uint16), (64, 1))
    picture = read_picture(png(ramp), "ramp.png")
    assert picture.bit_depth == 12
    assert len(np.unique(picture.pixels)) >= 250


@pytest.mark.parametrize(
    "recorded, given, brightest, depth",
    [
        (None, None, 900, 10),
        (None, None, 4095, 12),
        (None, None, 4096, 14),
        (None, None, 60000, 16),
        (12, None, 900, 12),
        (12, None, 5000, 14),
        (12, 14, 900, 14),
        (None, 16, 900, 16),
        (None, 10, 4095, 12),
    ],
)
def test_the_recorded_depth_counts_unless_the_pixels_contradict_it(
    recorded: int | None, given: int | None, brightest: int, depth: int
) -> None:
    pixels = np.full(SIZE, brightest, dtype=np.uint16)
    data = png(pixels)
    if recorded is not None:
        data = png_with(data, png_chunk(b"sBIT", bytes([recorded])))
    assert read_picture(data, "a.png", bit_depth=given).bit_depth == depth


def test_a_tiff_records_its_depth_in_a_tag() -> None:
    image = Image.fromarray(np.full(SIZE, 100, dtype=np.uint16))
    data = saved(image, "TIFF", tiffinfo={281: 4095})
    assert read_picture(data, "a.tif").bit_depth == 12


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_an_exif_turn_is_applied_once(kind: str, turn: int) -> None:
    data = with_turn(COLOUR, kind, turn)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    picture = read_picture(data, "a")
    np.testing.assert_array_equal(picture.pixels, shown)
    assert picture.turn == turn
    assert (f"exif-turned-{turn}" in picture.conversions) == (turn != 1)
    np.testing.assert_array_equal(turned(COLOUR, turn).shape, picture.pixels.shape)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_deep_colour_tiff_is_turned_like_the_others(turn: int) -> None:
    data = bytearray(tiff(deep(COLOUR)))
    # OpenCV writes no orientation: its SampleFormat entry (all unsigned, the default) becomes one
    at = bytes(data).index(struct.pack("<HHI", 339, 3, 3))
    entries_start = struct.unpack_from("<I", data, 4)[0] + 2
    struct.pack_into("<HHIHH", data, at, 274, 3, 1, turn, 0)
    count = struct.unpack_from("<H", data, entries_start - 2)[0]
    entries = [bytes(data[entries_start + 12 * i : entries_start + 12 * i + 12]) for i in range(count)]
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry)[0])
    data[entries_start : entries_start + 12 * count] = b"".join(entries)
    np.testing.assert_array_equal(read_picture(bytes(data), "a.tif").pixels, turned(deep(COLOUR), turn))


def _bad_crc(data: bytes) -> bytes:
    at = data.index(b"IDAT") + 6
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _short_pixels(bits: int, colour_type: int) -> bytes:
    channels = {0: 1, 2: 3}[colour_type]
    row = b"\0" + bytes(SIZE[1] * channels * bits // 8)
    return png_of_chunks(SIZE[1], SIZE[0], bits, colour_type, zlib.compress(row * (SIZE[0] // 2)))


def _frames(kind: str) -> bytes:
    pages = [Image.fromarray(grey(seed)) for seed in range(3)]
    return saved(pages[0], kind, save_all=True, append_images=pages[1:])


def _promising(data: bytes) -> bytes:
    """The same file with a width and a height of 9,000 pixels in its header, and not a pixel more."""
    changed = bytearray(data)
    if data[:2] == b"BM":
        struct.pack_into("<ii", changed, 18, 9000, 9000)
        return bytes(changed)
    for tag, side in ((256, SIZE[1]), (257, SIZE[0])):
        # the tag, its type (1 long or 1 short), its count and its value
        at = data.index(struct.pack("<HHII", tag, 3, 1, side))
        struct.pack_into("<I", changed, at + 8, 9000)
    return bytes(changed)


REFUSED = {
    "zero bytes": (b"", "empty-file"),
    "text": (b"this is not a picture", "wrong-format"),
    "gif": (saved(GREY, "GIF"), "wrong-format"),
    "webp": (saved(GREY, "WEBP"), "wrong-format"),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", "wrong-format"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "wrong-format"),
    "pdf": (b"%PDF-1.7", "wrong-format"),
    "fits": (b"SIMPLE  =                    T", "wrong-format"),
    "psd": (b"8BPS\0\1", "wrong-format"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0", "wrong-format"),
    "png signature only": (png(GREY)[:8], "truncated"),
    "png cut": (png(COLOUR)[: len(png(COLOUR)) // 2], "truncated"),
    "png without end": (png(GREY)[:-12], "truncated"),
    "png with a bad checksum": (_bad_crc(png(GREY)), "bad-crc"),
    "png with too few pixels": (_short_pixels(8, 0), "truncated"),
    "deep png with too few pixels": (_short_pixels(16, 2), "truncated"),
    "deep png of rubbish": (png_of_chunks(SIZE[1], SIZE[0], 16, 2, b"rubbish"), "damaged"),
    "jpeg cut": (saved(colour(0, (200, 200)), "JPEG")[:3000], "truncated"),
    "jpeg header only": (saved(COLOUR, "JPEG")[:30], "damaged"),
    "bmp cut": (saved(COLOUR, "BMP")[:2000], "truncated"),
    "tiff cut": (saved(COLOUR, "TIFF")[:2000], "truncated"),
    "tiff without its tags": (tiff(COLOUR)[:200], "damaged"),
    "tiff that promises too much": (_promising(tiff(COLOUR)), "truncated"),
    "bmp that promises too much": (_promising(saved(COLOUR, "BMP")), "truncated"),
    "bomb": (png_of_chunks(60_000, 60_000, 1, 0, zlib.compress(b"")), "too-many-pixels"),
    "one pixel": (png(grey(0, (1, 1))), "too-small"),
    "thin": (png(grey(0, (3, 5000))), "too-small"),
    "long": (png(grey(0, (40, 400))), "too-long"),
    "float tiff": (saved(GREY.astype(np.float32) * np.nan, "TIFF"), "float-samples"),
    "signed tiff": (saved(GREY.astype(np.int32), "TIFF"), "too-deep"),
    "tiff pages": (_frames("TIFF"), "multi-frame"),
    "animated png": (_frames("PNG"), "multi-frame"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_broken_files_are_refused_with_a_reason_and_advice(case: str) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(ImageRefused) as caught:
        read_picture(data, "line 3/part.png")
    refusal = caught.value
    assert refusal.reason == reason
    assert refusal.exit_code == 3
    assert "line 3/part.png" in refusal.found
    assert refusal.expected and refusal.action


def test_a_run_length_bmp_that_ends_early_is_refused() -> None:
    header = struct.pack("<2sIHHI", b"BM", 4000, 0, 0, 1078)
    info = struct.pack("<IiiHHIIiiII", 40, SIZE[1], SIZE[0], 1, 8, 1, 0, 0, 0, 256, 0)
    with pytest.raises(ImageRefused) as caught:
        read_picture(header + info + bytes(1024) + b"\x08\x01", "a.bmp")
    assert caught.value.reason == "truncated"


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(READ)), st.data())
def test_flipped_bytes_give_pixels_or_a_refusal_and_nothing_else(case: str, data: st.DataObject) -> None:
    stored = bytearray(READ[case][0][:20_000])
    for _ in range(3):
        stored[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = read_picture(bytes(stored), "a")
    except ImageRefused:
        return
    assert picture.pixels.size > 0


def _mended(data: bytes) -> bytes:
    """A PNG with right checksums, whatever its chunks hold now: what a hostile writer would send."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        out += png_chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length
    return out


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(case for case in READ if "png" in case or "palette" in case)), st.data())
def test_hostile_pngs_with_right_checksums_give_pixels_or_a_refusal(case: str, data: st.DataObject) -> None:
    stored = bytearray(READ[case][0])
    for _ in range(3):
        stored[data.draw(st.integers(8, len(stored) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = read_picture(_mended(bytes(stored)), "a")
    except ImageRefused:
        return
    assert picture.width * picture.height <= 100_000_000


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([tiff(COLOUR), tiff(deep(COLOUR)), saved(CMYK, "TIFF"), saved(COLOUR, "BMP")]), st.data()
)
def test_hostile_tags_give_pixels_or_a_refusal(stored: bytes, data: st.DataObject) -> None:
    """Most bytes of a small TIFF or BMP are pixels: hit the header and the tags, which lie at either end."""
    changed = bytearray(stored)
    for _ in range(2):
        at = data.draw(st.integers(0, 60) | st.integers(len(changed) - 250, len(changed) - 1))
        changed[at] = data.draw(st.integers(0, 255))
    try:
        read_picture(bytes(changed), "a")
    except ImageRefused as refusal:
        assert refusal.reason  # noqa: PT017


MASK = blob_mask()
MASKS = {
    "0 and 255": mask_png(MASK),
    "0 and 1": mask_png(MASK, 1),
    "16 bit": png(MASK.astype(np.uint16) * np.uint16(65535)),
    "1 bit": saved(Image.fromarray(MASK), "PNG"),
    "black and white palette": saved(Image.fromarray(MASK).convert("P"), "PNG"),
    "grey stored as rgb": png(np.dstack([MASK * np.uint8(255)] * 3)),
    "bmp": saved(MASK * np.uint8(255), "BMP"),
    "tiff": tiff(MASK * np.uint8(255)),
    "opaque alpha": saved(Image.fromarray(MASK).convert("RGBA"), "PNG"),
}


@pytest.mark.parametrize("case", MASKS)
def test_masks_of_two_values_are_read(case: str) -> None:
    mask = read_mask(MASKS[case], "m.png", size=SIZE)
    assert mask.dtype == np.bool_
    np.testing.assert_array_equal(mask, MASK)


@pytest.mark.parametrize(
    "data, reason",
    [
        (saved(MASK * np.uint8(255), "JPEG"), "mask-jpeg"),
        (mask_png(blob_mask((50, 48))), "mask-size"),
        (mask_png(MASK.T), "mask-size"),
        (mask_png(MASK, 128), "mask-grey"),
        (png(GREY), "mask-grey"),
        (png(COLOUR), "mask-colour"),
        (b"", "empty-file"),
        (_bad_crc(mask_png(MASK)), "bad-crc"),
    ],
)
def test_what_is_no_mask_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused) as caught:
        read_mask(data, "m.png", size=SIZE)
    assert caught.value.reason == reason


def test_soft_masks_need_a_threshold_and_an_empty_one_is_the_callers_matter() -> None:
    np.testing.assert_array_equal(read_mask(png(GREY), "m", size=SIZE, threshold=128), GREY >= 128)
    assert not read_mask(mask_png(MASK & False), "m", size=SIZE).any()


@pytest.mark.parametrize("turn", range(5, 9))
def test_a_mask_of_the_unturned_picture_is_turned_along(turn: int) -> None:
    shown = turned(MASK, turn)
    np.testing.assert_array_equal(read_mask(mask_png(MASK), "m", size=shown.shape, turn=turn), shown)
    np.testing.assert_array_equal(read_mask(mask_png(shown), "m", size=shown.shape, turn=turn), shown)


@pytest.mark.parametrize("pixels", [GREY, COLOUR, deep(GREY), deep(COLOUR), GREY[::-1, ::2]])
def test_what_is_written_is_read_back_and_always_the_same_bytes(pixels: np.ndarray) -> None:
    data = encode_png(pixels)
    size = pixels.shape[:2]
    stored = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert stored.shape[:2] == size
    again = read_picture(data, "a.png").pixels if min(size) >= 32 else stored
    np.testing.assert_array_equal(again, pixels)
    assert encode_png(pixels.copy()) == data


def test_a_written_mask_is_read_back() -> None:
    np.testing.assert_array_equal(read_mask(encode_mask(MASK), "m", size=SIZE), MASK)


@pytest.mark.parametrize(
    "call",
    [
        lambda: encode_png(GREY.astype(np.float32)),
        lambda: encode_png(np.zeros((4, 4, 2), np.uint8)),
        lambda: encode_png(np.zeros((0, 4), np.uint8)),
        lambda: encode_mask(GREY),
        lambda: Picture(pixels=GREY, bit_depth=7),
        lambda: Picture(pixels=GREY[None], bit_depth=8),
    ],
)
def test_arrays_of_another_kind_are_a_usage_error(call) -> None:
    with pytest.raises(UsageError):
        call()
