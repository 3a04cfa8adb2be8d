"""A TIFF's tags: one page, unsigned samples of at most 16 bit, no strip beyond the end of the file."""

from __future__ import annotations

from typing import Any

from PIL import TiffImagePlugin

from factory_gen.images.container import Container, damaged, image_turn, open_with, refuse_frames
from factory_gen.images.refused import ImageRefused

_FLOAT, _UNSIGNED = 3, 1
_BEST_RATIO = 1500  # unpacked over packed: LZW and Deflate reach a little less on a picture of one grey


def open_tiff(data: bytes, name: str) -> Container:
    """Read a TIFF's header.

    Raises:
        ImageRefused: cut, damaged, of several pages, or with samples other than unsigned whole numbers.
    """
    image = open_with(TiffImagePlugin.TiffImageFile, data, name)
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    tags = image.tag_v2
    if tags.next:
        refuse_frames(name)
    bits = max(_whole_numbers(tags.get(258, (1,))), default=1)
    formats = set(_whole_numbers(tags.get(339, (_UNSIGNED,))))
    if formats != {_UNSIGNED} or bits > 16:
        raise ImageRefused(
            "float-samples" if _FLOAT in formats else "too-deep",
            name,
            expected="unsigned whole numbers of at most 16 bit per sample",
            found=f"{bits}-bit {'floating point' if _FLOAT in formats else 'signed or deeper'} samples",
            action="Convert it to 16 bit, with a fixed factor for all pictures of the part.",
        )
    if bits > 8 and tags.get(262) == 0:  # neither library turns it into brightness
        raise damaged(name, "a 16-bit TIFF in which 0 means white", "unusual-format")
    _check_strips(tags, len(data), name)
    width, height = image.size  # Pillow gives the turned size here
    turn = image_turn(image)
    top = _whole_numbers(tags.get(281, ()))
    container = Container(
        format="TIFF",
        image=image,
        body=data,
        width=height if turn >= 5 else width,
        height=width if turn >= 5 else height,
        bits=bits,
        channels=max(_whole_numbers(tags.get(277, (1,))), default=1),
        recorded_depth=max(top).bit_length() if top and bits > 8 and max(top) > 0 else None,
        turn=turn,
    )
    _check_amount(container, len(data), name)
    return container


def _check_amount(container: Container, size: int, name: str) -> None:
    """Refuse a small file that promises more pixels than any compression could hold, before memory is reserved."""
    promised = container.width * container.height * container.channels * container.bits // 8
    if promised > _BEST_RATIO * size:
        raise damaged(name, f"a TIFF of {size} bytes that should hold {promised}", "truncated")


def _check_strips(tags: Any, size: int, name: str) -> None:
    """Refuse a TIFF whose strips or tiles lie beyond the end of the file."""
    for starts, lengths in ((273, 279), (324, 325)):
        pairs = zip(_whole_numbers(tags.get(starts, ())), _whole_numbers(tags.get(lengths, ())), strict=False)
        if any(start + length > size for start, length in pairs):
            raise damaged(name, "a TIFF that ends early", "truncated")


def _whole_numbers(value: Any) -> list[int]:
    """A tag's value as whole numbers: Pillow gives one number, a tuple, or something odd from a broken file."""
    parts = value if isinstance(value, tuple | list) else (value,)
    return [part for part in parts if isinstance(part, int)]
