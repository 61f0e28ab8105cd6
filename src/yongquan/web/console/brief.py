"""The morning's brief: one page about the last business day, on screen and as PDF."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.brief_morning import Brief, brief_days, brief_of
from yongquan.kernel.money import yuan
from yongquan.vouchers.board import campaigns_on_board
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes
from yongquan.web.console.papers import Block, Paper, Tile, paper_file
from yongquan.web.console.words import hundredths, percent
from yongquan.web.language import Speech, speech_of


def make_brief(desk: Desk) -> APIRouter:
    """`/console/brief` and `/console/brief.pdf`; of the whole city, so only for those who see all of it."""
    routes = desk_routes()
    database = desk.door.database

    async def read(visitor: Visitor, day: date | None) -> tuple[Brief | None, list[date], dict[str, Any]]:
        if visitor.places is not None:
            raise Missing
        async with database.transaction() as connection:
            days = await brief_days(connection)
            wanted = day or (days[0] if days else None)
            brief = await brief_of(connection, wanted) if wanted else None
            names = {c.code: c for c in await campaigns_on_board(connection, places=None)}
        return brief, days, names

    @routes.get("/brief")
    async def page(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: date | None = None
    ) -> Response:
        brief, days, names = await read(visitor, day)
        paper = paper_of(brief, speech_of(request), names) if brief else None
        facts = {"paper": paper, "brief": brief, "days": days}
        return desk.show(request, visitor, "brief.html", facts)

    @routes.get("/brief.pdf")
    async def pdf(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], day: date | None = None
    ) -> Response:
        brief, _, names = await read(visitor, day)
        if brief is None:
            raise Missing
        said = speech_of(request)
        return await paper_file(paper_of(brief, said, names), said, name=f"brief-{brief.day.isoformat()}")

    return routes


def paper_of(brief: Brief, said: Speech, names: Mapping[str, Any]) -> Paper:
    """A brief in a reader's language."""
    facts, say = brief.facts, said.say
    tiles = [
        Tile(say("领取"), f"{facts['claimed']:,}", say("面额 ¥%(sum)s", sum=yuan(facts["claimed_fen"]))),
        Tile(say("支付金额"), f"¥{yuan(facts['amount_fen'])}", say("%(count)s 笔", count=f"{facts['payments']:,}")),
        Tile(say("补贴"), f"¥{yuan(facts['subsidy_fen'])}", say("用券 %(count)s 笔", count=facts["with_voucher"])),
        Tile(say("核销率"), percent(facts["redemption_bp"]), say("当日领取中已核销")),
        Tile(
            say("拉动比"),
            hundredths(facts["pull_hundredths"]),
            say("不含汽车 %(pull)s", pull=hundredths(facts["pull_without_cars_hundredths"])),
        ),
    ]
    return Paper(
        title=say("消费券晨报"),
        subtitle=said.day(brief.day),
        tiles=tiles,
        blocks=[_campaigns(facts, said, names), _today(facts, said), _retail(facts, said)],
    )


def _campaigns(facts: Mapping[str, Any], said: Speech, names: Mapping[str, Any]) -> Block:
    say = said.say
    rows = [
        [
            said.name_of(names[c["code"]]) if c["code"] in names else c["code"],
            f"{c['claimed'] or 0:,}",
            percent(c["redemption_bp"]),
            yuan(c["subsidy_fen"]),
            yuan(c["order_fen"]),
            hundredths(c["pull_hundredths"]),
        ]
        for c in facts["campaigns"]
    ]
    heads = (say("活动"), say("领取"), say("核销率"), say("补贴（元）"), say("用券消费（元）"), say("拉动比"))
    notes = [] if rows else [say("昨日没有领取和核销。")]
    if facts["unanswered"]:
        notes.append(say("等待银行答复 %(count)s 笔", count=facts["unanswered"]))
    return Block(say("昨日各活动"), heads, rows, notes)


def _today(facts: Mapping[str, Any], said: Speech) -> Block:
    say = said.say
    rows = []
    for one in facts["opening"]:
        name = one["name_en"] if said.language.value == "en" and one["name_en"] else one["name"]
        rows.append([name, said.moment(datetime.fromisoformat(one["opens_at"])), f"{one['stock']:,}"])
    notes = [
        say("今日开放 %(count)s 轮。", count=facts["opening_count"]),
        say(
            "明日到期、尚未使用的券 %(count)s 张，面额 %(sum)s 元。",
            count=f"{facts['expiring']:,}",
            sum=yuan(facts["expiring_fen"]),
        ),
    ]
    return Block(say("今日开放的轮次"), (say("轮次"), say("开始时间"), say("库存")) if rows else (), rows, notes)


def _retail(facts: Mapping[str, Any], said: Speech) -> Block:
    retail = facts["retail"]
    if retail is None:
        note = said.say("尚未导入社会消费品零售数据。")
    else:
        note = said.say(
            "%(month)s 社会消费品零售总额同比 %(growth)s，在全省 %(of)s 个已知城市中列第 %(rank)s。",
            month=retail["month"],
            growth=f"{retail['growth_bp'] / 100:+.2f}%",
            of=retail["of"],
            rank=retail["rank"],
        )
    return Block(said.say("零售大盘"), notes=(note,))
