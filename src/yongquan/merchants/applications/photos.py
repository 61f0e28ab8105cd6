"""Photos of licences and letters: re-drawn before they are kept, so that only the picture is left of a file. Pure."""

import hashlib
import io
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from yongquan.kernel.errors import Refusal

UPLOAD_MAX: Final = 10 * 1024 * 1024
PIXELS_MAX: Final = 40_000_000
SIDE_MIN, SIDE_MAX = 200, 2400
_FORMATS: Final = ("JPEG", "PNG", "WEBP")


class NotAPhoto(Refusal):
    """The file is no photo that can be kept; the facts say why: not_a_picture, too_large, too_small."""

    code = "not_a_photo"

    def __init__(self, why: str) -> None:
        super().__init__(why, why=why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as it is kept: a fresh JPEG without notes of place, time and camera."""

    content: bytes
    sha256: bytes
    media_type: str
    width: int
    height: int


def redraw(content: bytes) -> Photo:
    """Draw a photo anew: upright, no larger than needed, without its notes (EXIF). Raises `NotAPhoto`."""
    if len(content) > UPLOAD_MAX:
        raise NotAPhoto("too_large")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise NotAPhoto("too_large")
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as wrong:
        raise NotAPhoto("not_a_picture") from wrong
    if min(upright.size) < SIDE_MIN:
        raise NotAPhoto("too_small")
    upright.thumbnail((SIDE_MAX, SIDE_MAX))
    drawn = io.BytesIO()
    upright.save(drawn, "JPEG", quality=85)
    kept = drawn.getvalue()
    return Photo(kept, hashlib.sha256(kept).digest(), "image/jpeg", upright.width, upright.height)
