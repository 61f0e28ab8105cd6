"""Finding published answers by words: Chinese has no spaces, so texts are compared by pairs of letters. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from yongquan.merchants.publications.model import Publication

_WORD = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9]+")
# A title says what an answer is about; a body may only mention it.
TITLE_WEIGHT, BODY_WEIGHT = 3, 1


def search_answers(answers: Iterable[Publication], asked: str) -> Sequence[Publication]:
    """The answers that share at least half of what was asked, the best first; all of them if nothing was asked."""
    wanted = pieces(asked)
    known = list(answers)
    if not wanted:
        return known
    scored = [(one, *_match(one, wanted)) for one in known]
    found = [(one, score) for one, share, score in scored if share * 2 >= len(wanted)]
    return [one for one, _ in sorted(found, key=lambda pair: -pair[1])]


def pieces(text: str) -> frozenset[str]:
    """Latin words whole, Chinese in pairs of letters (a single letter alone); full-width forms are folded."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return frozenset(piece for word in _WORD.findall(folded) for piece in _of_word(word))


def _of_word(word: str) -> Sequence[str]:
    if word[0] < "\u4e00" or len(word) == 1:
        return [word]
    return [word[n : n + 2] for n in range(len(word) - 1)]


def _match(answer: Publication, wanted: frozenset[str]) -> tuple[int, int]:
    title = _texts(answer.name, answer.name_en, wanted)
    body = _texts(answer.body, answer.body_en, wanted)
    return len(title | body), TITLE_WEIGHT * len(title) + BODY_WEIGHT * len(body)


def _texts(text: str, text_en: str, wanted: frozenset[str]) -> frozenset[str]:
    folded = unicodedata.normalize("NFKC", f"{text} {text_en}").lower()
    return frozenset(piece for piece in wanted if piece in folded)
