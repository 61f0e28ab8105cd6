"""Papers: PDF files set by typst from a template and facts. Chinese needs Debian's fonts-noto-cjk, or the like."""

import json
from collections.abc import Mapping
from functools import cache

import typst

from yongquan.kernel.errors import Refusal

FONTS = ("Noto Sans CJK SC", "Noto Serif CJK SC", "Source Han Sans SC")


class FontsMissing(Refusal):
    """This machine has no font with Chinese characters, so a paper would be full of boxes."""

    code = "fonts_missing"


def make_paper(template: str, facts: Mapping[str, object], *, title: str) -> bytes:
    """Set a paper. The template finds its facts as JSON in `sys.inputs.facts`, the font's name in `sys.inputs.font`.

    Takes tenths of a second: call it in a thread. Raises `FontsMissing`.
    """
    inputs = {"facts": json.dumps(facts, ensure_ascii=False), "font": require_font(_families()), "title": title}
    made = typst.compile(template.encode(), format="pdf", sys_inputs=inputs)
    if not isinstance(made, bytes):
        raise TypeError("typst gave no single file")
    return made


def require_font(families: tuple[str, ...]) -> str:
    """The first of `FONTS` that is installed. Raises `FontsMissing` naming the package."""
    for font in FONTS:
        if font in families:
            return font
    raise FontsMissing(f"none of {', '.join(FONTS)} is installed: on Debian, apt-get install fonts-noto-cjk")


@cache
def _families() -> tuple[str, ...]:
    return tuple(typst.Fonts().families())
