"""One spelling for one thing: simplified characters, half width, digits, and how a word sounds."""

import re
import unicodedata
from typing import Final

import opencc

_SIMPLIFY = opencc.OpenCC("t2s")
_DIGITS: Final = dict(
    zip("零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖", (0, 0, *(1, 2, 2), *range(3, 10), *range(1, 10)), strict=True)
)
_TENS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000}
_NUMERAL = "[零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖十拾百佰千]+"
# a numeral is a number only where a number is meant: 三支街 and 百丈路 are names
_COUNTED = re.compile(f"({_NUMERAL})(?=(?:号|弄|幢|栋|座|楼|层|室|铺|单元|区|期|店|分店|门店|摊|档|支弄)(?!公馆))")
_PUNCTUATION = re.compile(r"[\s·・.,，。、;；:：'\"“”‘’!！?？*&＆/\\|~`^_=+<>《》]+")
_BRACKETS = str.maketrans("[【〔「『{（", "(((((((") | str.maketrans("]】〕」』}）", ")))))))")
_UNSEEN: dict[int, str | None] = {
    **dict.fromkeys((*range(8208, 8214), 8722, 65293), "-"),
    **{
        code: None
        for code in (*range(0x10000), *range(0xE0000, 0xE0080))
        if unicodedata.category(chr(code)) in ("Cc", "Cf")
    },
}
_COARSE = ((re.compile("^(z|c|s)h"), r"\1"), (re.compile("(?<=[aei])ng$"), "n"))


def plain(text: str) -> str:
    """Simplified, half-width, upper-case, one kind of bracket and hyphen, no control characters."""
    if text.isascii() and text.isprintable():
        return text.translate(_BRACKETS).upper()
    folded = unicodedata.normalize("NFKC", text).translate(_BRACKETS).upper().translate(_UNSEEN)
    return str(_SIMPLIFY.convert(folded)) if not folded.isascii() else folded


def bare(text: str) -> str:
    """Without blanks and punctuation; brackets and hyphens stay."""
    return _PUNCTUATION.sub("", text)


def with_digits(text: str) -> str:
    """Chinese numerals before a counting word as digits: 一百二十三号 is 123号."""
    return _COUNTED.sub(lambda found: str(numeral(found[1])), text)


def numeral(word: str) -> int:
    """The number a Chinese numeral says; a row of digits (一二三) is read one by one."""
    if not any(sign in _TENS for sign in word):
        return int("".join(str(_DIGITS[sign]) for sign in word))
    total, digit = 0, 0
    for sign in word:
        if sign in _TENS:
            total += (digit or 1) * _TENS[sign]
            digit = 0
        else:
            digit = _DIGITS[sign]
    return total + digit


def sound(text: str) -> str:
    """One sign a syllable, the same for characters that sound alike in careless speech (z/zh, in/ing)."""
    return text.translate(_SOUNDS)


_SYLLABLES: dict[str, str] = {}


class _Sounds(dict[int, str]):
    """Characters that were asked for, by their codes."""

    def __missing__(self, code: int) -> str:
        self[code] = sounded = _sound_of(chr(code))
        return sounded


_SOUNDS = _Sounds()


def _sound_of(sign: str) -> str:
    if sign.isascii():
        return sign
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - slow to load, and most processes never need it

    syllable = lazy_pinyin(sign, style=Style.NORMAL)[0]
    for pattern, coarse in _COARSE:
        syllable = pattern.sub(coarse, syllable)
    return _SYLLABLES.setdefault(syllable, chr(0xE000 + len(_SYLLABLES)) if len(_SYLLABLES) < 6000 else sign)
