"""`yongquan institutions risk`: what an institution may ask of the risk API, and how often."""

from typing import Annotated

import typer

from yongquan.commands.printing import say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection


def open_risk(
    institution: Annotated[str, typer.Option(help="code of an institution that has an app")],
    scope: Annotated[list[str] | None, typer.Option(help="verify, report or warnings; default: all three")] = None,
    per_second: Annotated[int, typer.Option(min=1)] = 50,
    per_day: Annotated[int, typer.Option(min=1)] = 200_000,
    pause: Annotated[bool, typer.Option("--pause", help="answer nothing until this is said again without it")] = False,
) -> None:
    """Open the risk API to an institution, or change its scopes and quota (docs/risk-api.md)."""
    from yongquan.commands.institutions import run_in_transaction
    from yongquan.institutions.apps_store import apps
    from yongquan.institutions.risk_terms import EVERYTHING, RiskTerms, Scope
    from yongquan.institutions.risk_terms_store import save_terms

    unknown = set(scope or ()) - {one.value for one in Scope}
    if unknown:
        raise BadInput(f"--scope {unknown.pop()}: one of {', '.join(Scope)}")
    scopes = frozenset(map(Scope, scope)) if scope else EVERYTHING
    terms = RiskTerms(institution, scopes, per_second, per_day, "paused" if pause else "active")

    async def save(connection: Connection) -> None:
        if institution not in {one.institution for one in await apps(connection)}:
            raise BadInput(f"--institution {institution}: there is no such app; add it first: institutions app add")
        await save_terms(connection, terms, now=wall_now())

    run_in_transaction(save)
    say(f"{institution}: {', '.join(sorted(scopes))}, {per_second} a second, {per_day} a day, {terms.state}.")
