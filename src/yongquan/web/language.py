"""Chinese first, English by a switch: msgids are Chinese, catalogues are compiled in memory from the .po files."""

import gettext
import io
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Protocol

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from yongquan.plumbing.clock import SHANGHAI

COOKIE = "yq_language"
A_YEAR_S = 365 * 24 * 3600


class Language(StrEnum):
    """The languages of the pages; the value is the page's `lang`."""

    CHINESE = "zh-CN"
    ENGLISH = "en"

    @property
    def other(self) -> "Language":
        return Language.ENGLISH if self is Language.CHINESE else Language.CHINESE

    @property
    def own_name(self) -> str:
        return "中文" if self is Language.CHINESE else "English"


class Named(Protocol):
    """Whatever has a name in both languages."""

    @property
    def name(self) -> str: ...

    @property
    def name_en(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Speech:
    """How one language says things; times are said in Shanghai's."""

    language: Language
    texts: gettext.NullTranslations

    def say(self, msgid: str, /, **facts: object) -> str:
        """A Chinese sentence in this language, with its facts filled in."""
        said = self.texts.gettext(msgid)
        return said % facts if facts else said

    def name_of(self, named: Named) -> str:
        """The name of something in this language."""
        return named.name_en if self.language is Language.ENGLISH and named.name_en else named.name

    def moment(self, at: datetime) -> str:
        """A day and a time to the minute."""
        pattern = "MMM d, HH:mm" if self.language is Language.ENGLISH else "M月d日 HH:mm"
        return format_datetime(at.astimezone(SHANGHAI), pattern, locale=self._locale)

    def day(self, at: date) -> str:
        """A calendar day, or that of a moment, with its year."""
        pattern = "MMM d, y" if self.language is Language.ENGLISH else "y年M月d日"
        return format_date(
            at.astimezone(SHANGHAI).date() if isinstance(at, datetime) else at, pattern, locale=self._locale
        )

    @property
    def _locale(self) -> str:
        return self.language.value.replace("-", "_")


@cache
def speech(language: Language) -> Speech:
    """The speech of a language, its catalogue compiled at the first use."""
    if language is Language.CHINESE:
        return Speech(language, gettext.NullTranslations())
    source = files("yongquan.web") / f"locale/{language.value}/LC_MESSAGES/messages.po"
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=language.value))
    compiled.seek(0)
    return Speech(language, gettext.GNUTranslations(compiled))


def speech_of(request: Request) -> Speech:
    """The speech a reader chose by the switch; Chinese until then."""
    chosen = request.cookies.get(COOKIE)
    return speech(Language.ENGLISH if chosen == Language.ENGLISH else Language.CHINESE)


def accepted(header: str) -> Language:
    """The language an `Accept-Language` header prefers of the two (RFC 9110, 12.5.4); Chinese if it names neither."""
    best, language = 0.0, Language.CHINESE
    for part in header.split(","):
        name, _, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=") if parameter else "1"
        quality = float(weight) if weight.replace(".", "", 1).isdecimal() and weight.isascii() else 0.0
        found = {"zh": Language.CHINESE, "en": Language.ENGLISH}.get(name.partition("-")[0].lower())
        if found is not None and quality > best:
            best, language = quality, found
    return language


def is_inside(path: str) -> bool:
    """Whether a path to go on to stays on this site."""
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()


def make_language_switch() -> APIRouter:
    """`POST /language`: keep the choice in a cookie and go back."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/language")
    async def choose(
        language: Annotated[Language, Form()], back: Annotated[str, Form()] = "/c/rounds"
    ) -> RedirectResponse:
        answer = RedirectResponse(back if is_inside(back) else "/c/rounds", status_code=303)
        answer.set_cookie(COOKIE, language, max_age=A_YEAR_S, samesite="lax", httponly=True)
        return answer

    return routes
