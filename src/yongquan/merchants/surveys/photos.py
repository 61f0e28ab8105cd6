"""A photo as it is kept: upright, no larger than needed, without the phone's metadata; and how alike two look."""

import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from yongquan.kernel.errors import Refusal

SIDE_MAX: Final = 2000
PIXELS_MAX: Final = 60_000_000
QUALITY: Final = 85
FORMATS: Final = ("JPEG", "PNG", "WEBP")


class NotAPhoto(Refusal):
    """These bytes are not a JPEG, PNG or WebP picture: take the photo again."""

    code = "not_a_photo"


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """JPEG bytes, and the picture's difference hash of 64 bits."""

    jpeg: bytes
    look: int


def kept_photo(content: bytes) -> KeptPhoto:
    """A phone's picture as it is kept. Raises `NotAPhoto`."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS_MAX:
                raise NotAPhoto(f"{picture.width} x {picture.height} pixels are more than {PIXELS_MAX:,}")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as fault:
        raise NotAPhoto(str(fault)) from fault
    upright.thumbnail((SIDE_MAX, SIDE_MAX))
    written = io.BytesIO()
    upright.save(written, "JPEG", quality=QUALITY)
    return KeptPhoto(written.getvalue(), look_of(upright))


def look_of(picture: Image.Image) -> int:
    """The difference hash: of 9 x 8 grey points, whether each is lighter than its right neighbour."""
    grey = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    points = grey.tobytes()
    look = 0
    for row in range(8):
        for column in range(8):
            place = 9 * row + column
            look = look << 1 | (points[place] > points[place + 1])
    return look
