"""The bureau's desk: what staff see of campaigns, money and shops, and what they may change."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from yongquan.web.console.apps import make_apps
from yongquan.web.console.assignment import make_assignment
from yongquan.web.console.audit import make_audit
from yongquan.web.console.brief import make_brief
from yongquan.web.console.budgets import make_budgets
from yongquan.web.console.calls import make_calls
from yongquan.web.console.campaigns import make_campaigns
from yongquan.web.console.contribution import make_contribution
from yongquan.web.console.desk import Desk
from yongquan.web.console.document_pages import make_version_pages
from yongquan.web.console.document_steps import make_version_steps
from yongquan.web.console.documents import make_documents
from yongquan.web.console.draws import make_console_draws
from yongquan.web.console.effect import make_draw_effects, make_effect
from yongquan.web.console.fees import make_fees
from yongquan.web.console.funders import make_funders
from yongquan.web.console.funding import make_funding
from yongquan.web.console.gangs import make_gangs
from yongquan.web.console.grid_cells import make_grid_cells
from yongquan.web.console.grid_groups import make_grid_groups
from yongquan.web.console.grids import make_grids
from yongquan.web.console.library import make_library
from yongquan.web.console.library_imports import make_library_imports
from yongquan.web.console.library_review import make_library_review
from yongquan.web.console.lines import make_lines
from yongquan.web.console.materials import make_materials
from yongquan.web.console.merchant_story import make_merchant_story
from yongquan.web.console.overview import make_overview
from yongquan.web.console.own import make_console_own
from yongquan.web.console.payouts import make_payouts
from yongquan.web.console.platforms import make_platforms
from yongquan.web.console.pool import make_pool
from yongquan.web.console.providers import make_providers
from yongquan.web.console.reconciliation import make_reconciliation
from yongquan.web.console.reports import make_reports
from yongquan.web.console.reviewing import make_reviewing
from yongquan.web.console.reviews import make_reviews
from yongquan.web.console.risk_announcement import make_risk_announcement
from yongquan.web.console.risk_cases import make_risk_cases
from yongquan.web.console.risk_inbox import make_risk_inbox
from yongquan.web.console.risk_institutions import make_risk_institutions
from yongquan.web.console.risk_lists import make_risk_lists
from yongquan.web.console.risk_objections import make_risk_objections
from yongquan.web.console.risk_rules import make_risk_rules
from yongquan.web.console.risk_verdicts import make_risk_verdicts
from yongquan.web.console.risk_warnings import make_risk_warnings
from yongquan.web.console.risk_watch import make_risk_watch
from yongquan.web.console.rounds import make_rounds
from yongquan.web.console.rules import make_rules
from yongquan.web.console.season import make_season
from yongquan.web.console.seat import make_seat
from yongquan.web.console.settlement import make_settlement
from yongquan.web.console.shops import make_shops
from yongquan.web.console.sign_in import make_sign_in
from yongquan.web.console.space import make_space
from yongquan.web.console.space_form import make_space_form
from yongquan.web.console.space_inbox import make_space_inbox
from yongquan.web.console.steering import make_steering
from yongquan.web.console.surveys import make_surveys
from yongquan.web.console.tasks import make_tasks
from yongquan.web.console.tiers import make_tiers
from yongquan.web.console.voiding import make_voiding
from yongquan.web.console.way_forms import make_way_forms
from yongquan.web.console.ways import make_ways
from yongquan.web.console.ways_giving import make_giving
from yongquan.web.console.ways_lists import make_lists
from yongquan.web.door import Door

__all__ = ["make_console"]

# Pages of one address come in the order of their routes: the first that fits answers.
_PAGES = (
    make_sign_in,
    make_overview,
    make_campaigns,
    make_season,
    make_documents,
    make_version_pages,
    make_version_steps,
    make_steering,
    make_voiding,
    make_rounds,
    make_console_draws,
    make_shops,
    make_grids,
    make_surveys,
    make_grid_cells,
    make_library,
    make_library_imports,
    make_library_review,
    make_providers,
    make_assignment,
    make_tasks,
    make_materials,
    make_tiers,
    make_rules,
    make_contribution,
    make_pool,
    make_funders,
    make_funding,
    make_budgets,
    make_seat,
    make_apps,
    make_platforms,
    make_lines,
    make_payouts,
    make_reconciliation,
    make_fees,
    make_settlement,
    make_risk_watch,
    make_risk_cases,
    make_risk_inbox,
    make_risk_announcement,
    make_reports,
    make_effect,
    make_draw_effects,
    make_risk_verdicts,
    make_risk_lists,
    make_risk_objections,
    make_brief,
    make_audit,
    make_giving,
    make_lists,
    make_ways,
    make_way_forms,
    make_reviewing,
    make_console_own,
    make_reviews,
    make_merchant_story,
    make_space_form,
    make_space,
    make_space_inbox,
    make_grid_groups,
    make_calls,
    make_risk_rules,
    make_risk_institutions,
    make_risk_warnings,
    make_gangs,
)


def make_console(door: Door) -> APIRouter:
    """Every page below `/console`."""
    desk = Desk(door)
    routes = APIRouter(prefix="/console", include_in_schema=False)
    for make in _PAGES:
        routes.include_router(make(desk))

    @routes.get("")
    @routes.get("/")
    async def front() -> RedirectResponse:
        return RedirectResponse("/console/overview", status_code=303)

    return routes
