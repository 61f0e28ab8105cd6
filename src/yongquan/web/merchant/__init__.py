"""The pages of shops: the till, and Merchant Space."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from yongquan.plumbing.tokens import Holder
from yongquan.web.door import Door
from yongquan.web.merchant.applying import make_applying
from yongquan.web.merchant.codes import make_codes
from yongquan.web.merchant.gifts import make_gifts
from yongquan.web.merchant.grid_group import make_grid_group
from yongquan.web.merchant.home import make_home
from yongquan.web.merchant.joining import make_joining
from yongquan.web.merchant.materials import make_materials
from yongquan.web.merchant.notices import make_notices
from yongquan.web.merchant.own import make_own
from yongquan.web.merchant.own_design import make_own_design
from yongquan.web.merchant.pool import make_pool
from yongquan.web.merchant.questions import make_questions
from yongquan.web.merchant.services import make_services
from yongquan.web.merchant.sign_in import make_sign_in
from yongquan.web.merchant.space import make_space, make_space_sign_in, space_sessions
from yongquan.web.merchant.statements import make_statements
from yongquan.web.merchant.store_pages import Space
from yongquan.web.merchant.till import make_till
from yongquan.web.sessions import Sessions

__all__ = ["make_merchant"]


def make_merchant(door: Door) -> APIRouter:
    """Every page below `/m`."""
    sessions = Sessions(door.tokens, Holder.STORE, cookie="yq_store", root="/m")
    routes = APIRouter(prefix="/m", include_in_schema=False)
    routes.include_router(sessions.make_token_route())
    routes.include_router(make_sign_in(sessions))
    routes.include_router(make_till(door, sessions))
    routes.include_router(make_codes(door, sessions))
    routes.include_router(make_gifts(door, sessions))
    routes.include_router(make_own_design(door, sessions))
    routes.include_router(make_own(door, sessions))
    routes.include_router(make_pool(door, sessions))
    routes.include_router(make_statements(door, sessions))
    accounts = space_sessions(door)
    routes.include_router(make_space_sign_in(door, accounts))
    routes.include_router(make_space(door, accounts, sessions))
    routes.include_router(make_applying(door, accounts))
    space = Space(door, sessions)
    for make in (make_home, make_joining, make_services, make_notices, make_questions, make_grid_group, make_materials):
        routes.include_router(make(space))

    @routes.get("/")
    async def front() -> RedirectResponse:
        return RedirectResponse("/m/till", status_code=303)

    return routes
