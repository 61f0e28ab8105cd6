"""The demo city's institutions of the risk API: what they reported, asked and used, and what they were warned of.

Seeded; nothing of this touches a claim or a payment: the day's counts stay as they are.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from yongquan.flows.answer_warning import Warnings
from yongquan.flows.report_party import NewReport, Reporting
from yongquan.flows.verify_party import Asked, Verifying
from yongquan.flows.warn_institutions import Suspicion, warn_institutions
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import add_usage, apps, save_app
from yongquan.institutions.registry import Registry
from yongquan.institutions.risk_terms import EVERYTHING, Quota, RiskCaller, RiskTerms, Scope
from yongquan.institutions.risk_terms_store import save_terms
from yongquan.plumbing.clock import Clock, business_day, wall_now
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.verification.model import About, Evidence, Kind, ReportKind, Scene
from yongquan.risk.warnings.model import SubjectKind, Verdict, WarningKind, WarningLevel

REPORTS, QUESTIONS = 24, 40
# Invented institutions that are no members of the network but use its risk API.
PARTNERS: Final = (
    ("tidal-pay", "潮生支付", "Tidal Pay"),
    ("camphor-rural", "香樟农商行", "Camphor Rural Bank"),
    ("lantern-finance", "灯塔消费金融", "Lantern Consumer Finance"),
)
# The day's quota and what is used of it today; the rest has 200,000.
_DAYS: Final = {"tidal-pay": (20_000, 17_310), "camphor-rural": (50_000, 8_204), "lantern-finance": (10_000, 0)}
_WARNINGS: Final = (
    (WarningKind.GAMBLING, WarningLevel.HIGH, ("night", "repeated", "out"), {"payments": 318, "night_bp": 7_900}),
    (WarningKind.RELOCATED, WarningLevel.MEDIUM, ("position", "homes"), {"metres": 14_200, "strangers_bp": 6_400}),
    (WarningKind.GANG, WarningLevel.HIGH, ("density", "phones", "back"), {"members": 9, "shops": 3}),
    (WarningKind.GAMBLING, WarningLevel.LOW, ("churn",), {"payments": 74, "churn_bp": 8_800}),
)


@dataclass(frozen=True, slots=True)
class RiskPartners:
    """Lets the institutions in and lives a little of their week."""

    database: Database
    sealing: Sealing
    clock: Clock
    cells: int

    async def arrive(self, registry: Registry, stores: Sequence[UUID], *, seed: int) -> None:
        """Everything above, the same for the same seed. `stores` are some of the city's."""
        dice = random.Random(f"{seed}:risk")  # noqa: S311 - a simulated choice
        members = [(m.code, m.name, m.name_en) for m in registry.members]
        callers = await self._admit([*members, *PARTNERS], dice)
        await self._report(callers, dice)
        await self._ask(callers, dice)
        await self._warn(stores, seed=seed)
        await self._answer(callers, dice)

    async def _admit(self, named: Sequence[tuple[str, str, str]], dice: random.Random) -> list[RiskCaller]:
        now, callers = wall_now(), list[RiskCaller]()
        async with self.database.transaction() as connection:
            known = {app.institution for app in await apps(connection)}
            for code, name, name_en in named:
                if code not in known:
                    await save_app(connection, App(code, name, name_en, 100, 1_000_000, "active"), now=now)
                per_day, used = _DAYS.get(code, (200_000, dice.randrange(2_000, 60_000)))
                scopes = frozenset({Scope.VERIFY}) if code == "lantern-finance" else EVERYTHING
                await save_terms(connection, RiskTerms(code, scopes, 50, per_day, "active"), now=now)
                await add_usage(connection, code, "risk", day=business_day(now), calls=used)
                callers.append(RiskCaller(code, is_test=False, quota=Quota("risk", 50, per_day), used=used))
        return callers

    async def _report(self, callers: Sequence[RiskCaller], dice: random.Random) -> None:
        desk = Reporting(self.database, self.sealing, self.clock)
        for n in range(REPORTS):
            caller = dice.choice(callers)
            new = NewReport(
                subject_kind=Kind.ACCOUNT,
                value=_account(n // 2),  # some are reported twice
                kind=dice.choice(list(ReportKind)),
                evidence=dice.choice((Evidence.SUSPECTED, Evidence.DOCUMENTED)),
                reference=f"{caller.institution}-{n:03}",
                note="演示:机构自己的备注,别家看不到",
            )
            await desk.report(caller, new, key=f"demo-{n}")

    async def _ask(self, callers: Sequence[RiskCaller], dice: random.Random) -> None:
        desk = Verifying(self.database, self.sealing, self.clock, self.cells)
        for n in range(QUESTIONS):
            who = {About.PAYER: _account(900 + n), About.ACCOUNT: _account(dice.randrange(2 * REPORTS))}
            asked = Asked(Scene.TRANSFER, who, dice.randrange(1, 500) * 10_000)
            await desk.verify(dice.choice(callers), asked, key=f"demo-{n}")

    async def _warn(self, stores: Sequence[UUID], *, seed: int) -> None:
        subjects = {
            WarningKind.GAMBLING: (SubjectKind.STORE, "{store}"),
            WarningKind.RELOCATED: (SubjectKind.TERMINAL, "{store}/00000001"),
            WarningKind.GANG: (SubjectKind.GANG, f"demo-{seed}"),
        }
        for n, (kind, level, reasons, facts) in enumerate(_WARNINGS):
            concerned = stores[:3] if kind is WarningKind.GANG else stores[n : n + 1]
            if not concerned:
                continue
            subject_kind, subject = subjects[kind]
            found = Suspicion(
                key=f"demo:{seed}:{n}",
                kind=kind,
                subject_kind=subject_kind,
                subject=subject.format(store=concerned[0]),
                stores=concerned,
                level=level,
                reasons=reasons,
                facts=facts,
                accounts={"yuehu": ["6288****0017", "6288****0342"]} if kind is WarningKind.GANG else {},
            )
            async with self.database.transaction() as connection:
                await warn_institutions(connection, found, now=self.clock.now())

    async def _answer(self, callers: Sequence[RiskCaller], dice: random.Random) -> None:
        desk = Warnings(self.database, self.sealing, self.clock)
        for caller in callers:
            found, _ = await desk.after(caller, "")
            for told in found[:1]:
                verdict = dice.choice((Verdict.CONFIRMED, Verdict.FALSE))
                note = "演示:已上门核实" if verdict is Verdict.CONFIRMED else "演示:夜市摊位,属正常经营"
                await desk.answer(caller, UUID(str(told["warning_id"])), verdict, note=note)


def _account(n: int) -> str:
    return f"62179{n:011}"
