"""Renders templates in the reader's language, under headers that keep foreign scripts and frames out."""

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from uuid import UUID

import segno
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from yongquan.kernel.money import yuan
from yongquan.web import words
from yongquan.web.language import Language, Speech, speech, speech_of

NO_FACTS: Mapping[str, object] = MappingProxyType({})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def render(
    request: Request, template: str, facts: Mapping[str, object] = NO_FACTS, /, *, status: int = 200, **more: object
) -> HTMLResponse:
    """A page of `templates/` with some facts, never kept by a cache between reader and server."""
    said = speech_of(request)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    page = environment(said.language).get_template(template)
    headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "Content-Language": said.language}
    return HTMLResponse(page.render(speech=said, here=here, **facts, **more), status_code=status, headers=headers)


def said(speech_: Speech, msgids: Mapping[str, str]) -> dict[str, str]:
    """Sentences for a page's script, in the reader's language."""
    return {key: speech_.say(msgid) for key, msgid in msgids.items()}


def qr_code(content: str) -> Markup:
    """A QR code as SVG, one module a unit, coloured by the page's style sheet."""
    code = segno.make(content, error="m", micro=False)
    return Markup(code.svg_inline(svgclass="qr", lineclass=None, omitsize=True, border=3, light="#fff"))  # noqa: S704


@cache
def environment(language: Language) -> Environment:
    """Templates that speak one language; console and phone pages share it."""
    templates = Environment(
        loader=PackageLoader("yongquan.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    templates.install_gettext_translations(speech(language).texts, newstyle=True)  # type: ignore[attr-defined]
    templates.filters.update(yuan=yuan, short_yuan=words.short_yuan, name_of=speech(language).name_of, tail=tail)
    templates.filters.update(moment=speech(language).moment, day=speech(language).day)
    templates.filters.update(listed=lambda parts: _listed(parts, language))
    templates.filters.update(
        division_name=lambda adcode, division: speech(language).name_of(division(adcode)),
        party_name=lambda code, names: speech(language).name_of(names[code]) if code in names else code,
    )
    templates.globals.update(words=words.Words(speech(language)))
    return templates


def tail(id_: UUID) -> str:
    """The end of an id, enough for a person to compare."""
    return id_.hex[-8:].upper()


def _listed(parts: Iterable[str], language: Language) -> str:
    return ("、" if language is Language.CHINESE else ", ").join(parts)
