"""What every page of Merchant Space needs: the signed-in store, words, and how a form comes back with its faults."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.space_parties import BadField, NotInSpace, store_in_space
from yongquan.institutions.views import parties
from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import NO_FACTS, render
from yongquan.web.sessions import Sessions
from yongquan.web.shop_words import ShopWords

TYPED_MAX = 4_000


@dataclass(frozen=True, slots=True)
class Space:
    """A running platform as the pages of one store see it."""

    door: Door
    sessions: Sessions

    async def words(self, connection: Connection, request: Request) -> ShopWords:
        """The reader's language, with the names of institutions."""
        return ShopWords(speech_of(request), self.door.regions.division, await parties(connection))

    async def show(
        self,
        request: Request,
        who: UUID,
        template: str,
        facts: Mapping[str, object] = NO_FACTS,
        *,
        fault: BadField | None = None,
        error: str = "",
        typed: Mapping[str, str] | None = None,
    ) -> Response:
        """A page; with the fault of a field, or a refusal, and what was typed, after a form that was not taken."""
        async with self.door.database.transaction() as connection:
            store = await store_in_space(connection, who)
            words = await self.words(connection, request)
        more = {
            "store": store,
            "space_words": words,
            "now": self.door.clock.now(),
            "key": (typed or {}).get("key") or fresh_id().hex,
            "faults": {fault.field: words.fault(fault.why)} if fault else {},
            "error": words.problem(error) if error else "",
            "typed": defaultdict(str, typed or {}),
        }
        return render(request, f"merchant/{template}", facts, status=422 if fault or error else 200, **more)


Redraw = Callable[[BadField | None, str], Awaitable[Response]]


async def posted(act: Awaitable[object], back: str, redraw: Redraw) -> Response:
    """Do what a form asks and go on; a fault or a refusal draws the form again. Raises `NotInSpace`."""
    try:
        await act
    except BadField as fault:
        return await redraw(fault, "")
    except NotInSpace:
        raise
    except Refusal as refusal:
        return await redraw(None, refusal.code)
    return RedirectResponse(back, status_code=303)
