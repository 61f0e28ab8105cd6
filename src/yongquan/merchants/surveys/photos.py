"""How alike two photos look: a difference hash of each."""

import io

from PIL import Image


def look_of(jpeg: bytes) -> int:
    """64 bits of a picture: of 9 x 8 grey points, whether each is lighter than its right neighbour."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        points = picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    look = 0
    for row in range(8):
        for column in range(8):
            place = 9 * row + column
            look = look << 1 | (points[place] > points[place + 1])
    return look
