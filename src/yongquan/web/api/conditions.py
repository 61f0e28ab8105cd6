"""`GET /v1/rounds/{round_id}/terms`: who may claim and where vouchers may be used, in words, for any app to show."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Response

from yongquan.institutions.views import parties
from yongquan.kernel.regions import Division
from yongquan.vouchers.views import TypeRow, round_for_screen
from yongquan.vouchers.ways.packs import packs_of
from yongquan.vouchers.ways.rehearsals import may_see
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.language import accepted, speech
from yongquan.web.terms_words import TermsWords, places_and_shops
from yongquan.web.words import Words

_encode = msgspec.json.Encoder().encode


def make_conditions(door: Door) -> APIRouter:
    """The one route; anybody may ask, rehearsals are not told."""
    routes = APIRouter(prefix="/v1")

    @routes.get("/rounds/{round_id}/terms", tags=["rounds"])
    async def terms(round_id: UUID, accept_language: Annotated[str, Header()] = "") -> Response:
        """A round's conditions and caps and its types' rules of use, in Chinese, or English by `Accept-Language`."""
        async with door.database.transaction() as connection:
            seen = await may_see(connection, round_id, 0, None)
            round_ = await round_for_screen(connection, round_id) if seen else None
            pack = (await packs_of(connection, [round_id])).get(round_id)
            names = {**await parties(connection), **await places_and_shops(connection)}
        if round_ is None:
            raise Refused("not_found", "no such round")
        said = speech(accepted(accept_language))
        in_words = TermsWords(said, door.regions.division, names)
        document: dict[str, object] = {
            "round_id": str(round_id),
            "language": said.language.value,
            "name": said.name_of(round_),
            "claiming": in_words.claiming(round_.terms, pack_size=pack.size if pack else 0),
            "types": [_type(type_, Words(said), in_words, door) for type_ in round_.types],
        }
        headers = {"Content-Language": said.language.value, "Vary": "Accept-Language"}
        return Response(_encode(document), media_type="application/json", headers=headers)

    return routes


def _type(type_: TypeRow, words: Words, terms: TermsWords, door: Door) -> dict[str, object]:
    places: list[Division] = [door.regions.division(code) for code in type_.districts or ()]
    return {
        "type_id": str(type_.type_id),
        "name": words.speech.name_of(type_),
        "offer": words.offer(amount_fen=type_.amount_fen, threshold_fen=type_.threshold_fen, rate_bp=type_.rate_bp),
        "scope": words.scope(
            type_.industry, [words.speech.name_of(place) for place in places], hardship_only=type_.hardship_only
        ),
        "using": terms.using(type_.use),
    }
