"""Merchant Space of the demo city: notices, services, an answer for all, a call for shops, groups of the grids.

All of it is made by the demo's staff through the same flows as people use, after the day, so that no count of it moves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from yongquan.flows.answer_question import answer_question, ask_question
from yongquan.flows.nominate_shops import propose_shops
from yongquan.flows.order_materials import order_materials
from yongquan.flows.publish_to_merchants import Draft, decide_publication, draft_publication, submit_publication
from yongquan.flows.request_service import answer_request, request_service
from yongquan.flows.talk_in_group import open_groups, post_in_group, reply_in_group
from yongquan.kernel.ids import named_id
from yongquan.merchants.enrolment.conditions import CallConditions
from yongquan.merchants.enrolment.model import CallPlan
from yongquan.merchants.enrolment.store import candidates
from yongquan.merchants.grids.store import grids_of_stores
from yongquan.merchants.materials.model import Pieces
from yongquan.merchants.publications.model import EVERYBODY, Audience, Kind, Reach, Wording
from yongquan.merchants.publications.model import PublicationState as State
from yongquan.merchants.questions.model import Topic
from yongquan.merchants.services.model import RequestState
from yongquan.merchants.views import StoreRow, store_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Staff
from yongquan.staff.sandbox import CHECKER_LOGIN, MAKER_LOGIN
from yongquan.staff.store import find_by_login
from yongquan.vouchers.model import Campaign
from yongquan.vouchers.store import save_campaign

FUNDER: Final = "bureau-330200"
BANK: Final = "zhenlan"
BEGINS_IN, SIGN_UP_ENDS_IN, LASTS = timedelta(days=14), timedelta(days=10), timedelta(days=9)
NOMINATED: Final = 3


@dataclass(frozen=True, slots=True)
class Furnishing:
    """Who makes it, for the visitor's store and another one; `now` is business time."""

    database: Database
    maker: Staff
    checker: Staff
    store: StoreRow
    other: StoreRow
    now: datetime

    async def furnish(self) -> None:
        """All of it; the same again changes nothing."""
        await self._notices()
        await self._services()
        await self._materials()
        await self._answers()
        await self._groups()
        await self._nominate(await self._call())

    async def _publish(self, key: str, draft: Draft) -> UUID:
        now = self.now
        made = await draft_publication(self.database, self.maker, draft, key=f"demo {key}", now=now)
        if await submit_publication(self.database, self.maker, made, now=now) is State.SUBMITTED:
            await decide_publication(self.database, self.checker, made, publish=True, reason="", now=now)
        return made

    async def _notices(self) -> None:
        notice = Kind.NOTICE
        await self._publish(
            "all",
            Draft(
                notice,
                Wording(
                    "收款时请看清核销结果",
                    "顾客付款后，收银页显示“收款成功”才算完成。\n网络中断时请重试，同一笔不会重复扣款。",
                    "Look at the result before handing goods over",
                    "A payment is complete when the till says so. After a break, repeat it: nobody is charged twice.",
                ),
                EVERYBODY,
            ),
        )
        trade = Reach(Audience.INDUSTRY, self.store.industry)
        words = Wording("本行业促消费座谈会", "下周二下午两点，请到区政务中心三楼参加。", "A meeting of your trade")
        await self._publish("trade", Draft(notice, words, trade))
        words = Wording("请核对门店电话", "平台打不通登记的电话，请在问答中更正。", "Please check your shop's phone")
        await self._publish("one", Draft(notice, words, Reach(Audience.STORE, str(self.store.store_id))))

    async def _services(self) -> None:
        loan = await self._publish(
            "loan",
            Draft(
                Kind.SERVICE,
                Wording(
                    "小微商户经营贷",
                    "凭平台结算流水申请，额度最高 30 万元，随借随还。\n写明用途和金额，两个工作日内答复。",
                    "Working loan for small shops",
                    "Up to 300,000 yuan on the strength of your settlements. Say how much and what for.",
                ),
                EVERYBODY,
                publisher=BANK,
            ),
        )
        words = Wording("收款播报音箱", "免费借用，需门店有电源和网络。", "Speaker that announces payments")
        await self._publish("speaker", Draft(Kind.SERVICE, words, EVERYBODY))
        asked = await request_service(
            self.database, self.store.store_id, loan, note="换冰柜，五万元", key="demo", now=self.now
        )
        offer = "可以提供 5 万元，期限一年。接受后客户经理与您联系。"
        await answer_request(self.database, self.checker, asked, RequestState.OFFERED, answer=offer, now=self.now)

    async def _materials(self) -> None:
        pieces = Pieces(stickers=2, table_cards=8, code_plates=1)
        await order_materials(
            self.database, self.store.store_id, pieces, note="店里新添了八张桌子", key="demo", now=self.now
        )

    async def _answers(self) -> None:
        asked = await ask_question(
            self.database, self.other.store_id, topic=Topic.MONEY, body="补贴什么时候到账？", key="demo", now=self.now
        )
        answer = "消费券补贴随次日清算，与货款一起到账；法定节假日顺延。"
        await answer_question(self.database, self.checker, asked, answer=answer, now=self.now)
        words = Wording(
            "补贴什么时候到账？", answer, "When does the subsidy arrive?", "With the trade's money, on the next day."
        )
        await self._publish("answer", Draft(Kind.ANSWER, words, EVERYBODY, question_id=asked))
        body = "换了收款手机，台卡要重新打印吗？"
        await ask_question(
            self.database, self.store.store_id, topic=Topic.DEVICE, body=body, key="demo open", now=self.now
        )

    async def _groups(self) -> None:
        await open_groups(self.database, self.maker, places=None, now=self.now)
        async with self.database.transaction() as connection:
            grids = await grids_of_stores(connection, business_day(self.now), [self.store.store_id])
        grid = grids.get(self.store.store_id)
        if grid is None:
            return
        body = "本周四上午走访本网格门店，检查收款码张贴。"
        post = await post_in_group(self.database, self.maker, grid, body=body, key="demo", now=self.now)
        await reply_in_group(
            self.database, self.store.store_id, post, body="收到，十点后都在店。", key="demo", now=self.now
        )

    async def _call(self) -> UUID:
        starts_at = self.now + BEGINS_IN
        campaign = Campaign(
            campaign_id=named_id("demo", "call", FUNDER),
            code="demo-autumn-shops",
            name="秋季逛街季",
            name_en="Autumn shopping",
            funder_id=FUNDER,
            adcode=None,
            starts_at=starts_at,
            ends_at=starts_at + LASTS,
            budget_fen=0,
        )
        async with self.database.transaction() as connection:
            await save_campaign(connection, campaign, now=self.now)
        plan = CallPlan(
            campaign.campaign_id,
            "autumn-shops",
            self.now - timedelta(hours=1),
            self.now + SIGN_UP_ENDS_IN,
            starts_at,
            500,
            CallConditions(industries=(self.store.industry, "dining", "supermarket"), registered_days_min=1),
        )
        words = Wording(
            "秋季逛街季招募门店",
            "活动期间顾客可以在报名的门店使用消费券，补贴由市级财政承担。",
            "Shops wanted for autumn shopping",
            "Customers will use vouchers in the shops that join; the city pays the subsidy.",
        )
        return await self._publish("call", Draft(Kind.CALL, words, EVERYBODY, plan=plan))

    async def _nominate(self, call: UUID) -> None:
        adcode = self.store.adcode
        async with self.database.transaction() as connection:
            found = await candidates(connection, call, adcode=adcode, industry=self.store.industry, part="")
        chosen = [store for store in found if store != self.store.store_id][:NOMINATED]
        if chosen:
            await propose_shops(
                self.database,
                self.maker,
                call,
                chosen,
                adcode=adcode,
                reason="本区老字号，服务口碑好",
                key="demo",
                now=self.now,
            )


async def furnish_space(
    database: Database, sealing: Sealing, stores: Sequence[UUID], *, now: datetime, real_now: datetime
) -> None:
    """Furnish Merchant Space of a demo city whose staff are enrolled, for its first two stores."""
    async with database.transaction() as connection:
        maker = await find_by_login(connection, MAKER_LOGIN, sealing, now=real_now)
        checker = await find_by_login(connection, CHECKER_LOGIN, sealing, now=real_now)
        store, other = [await store_of(connection, store_id) for store_id in stores]
    if maker and checker and store and other:
        await Furnishing(database, maker, checker, store, other, now).furnish()
