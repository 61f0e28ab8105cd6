"""A draw that is signed up for, closed and drawn within a minute of real time, beside the running server."""

import asyncio
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from yongquan.flows.announce_draw import Terms, announce_draw
from yongquan.flows.fund_campaign import fund_campaign, record_prepayment
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import Settings, read_settings
from yongquan.vouchers.draw_plan import Beacon
from yongquan.vouchers.model import Campaign, CampaignRules, Round, RoundMode, VoucherType
from yongquan.vouchers.store import save_campaign, save_rounds

FUNDER = "seed"
SIGN_UP_S = 15


@dataclass(frozen=True, slots=True)
class QuickDraw:
    """Ids as they stand in addresses."""

    draw_id: str
    round_id: str
    types: tuple[str, ...]


def open_quick_draw(data_dir: str, *, announced: bool = True) -> QuickDraw:
    """In a thread, as Playwright holds this one's loop. Without `announced` it opens in an hour and has no rules."""
    found: list[QuickDraw] = []
    settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
    thread = threading.Thread(target=lambda: found.append(asyncio.run(_open(settings, announced=announced))))
    thread.start()
    thread.join()
    return found[0]


async def _open(settings: Settings, *, announced: bool) -> QuickDraw:
    with database_of(settings) as conninfo:
        async with opened(conninfo) as database, database.transaction() as connection:
            row = await (await connection.execute("select plumbing.now()")).fetchone()
            assert row is not None
            now: datetime = row[0].replace(microsecond=0)
            opens_at = now + (timedelta(seconds=1) if announced else timedelta(hours=1))
            campaign = Campaign(
                *(fresh_id(), fresh_id().hex, "海曙摇号", "Haishu by draw", FUNDER, None),
                *(now, now + timedelta(days=9), 60_000, CampaignRules()),
            )
            ends_at = now + timedelta(days=2)
            round_ = Round(
                *(fresh_id(), campaign.campaign_id, "摇号轮", "Draw round", opens_at, ends_at), mode=RoundMode.DRAW
            )
            types = [
                VoucherType(fresh_id(), round_.round_id, name, name_en, 1_000 * (n + 1), 5_000, 10, valid_days=3)
                for n, (name, name_en) in enumerate(
                    (("通用券", "General"), ("餐饮券", "Dining"), ("文娱券", "Entertainment"))
                )
            ]
            await save_campaign(connection, campaign, now=now)
            await save_rounds(connection, [round_], types)
            await record_prepayment(
                connection, receipt=str(campaign.campaign_id), funder_id=FUNDER, amount_fen=60_000, now=now
            )
            await fund_campaign(
                connection, campaign_id=campaign.campaign_id, funder_id=FUNDER, cash_fen=60_000, now=now
            )
            await publish_rounds(connection, campaign.campaign_id, [round_.round_id], cells=1, now=now)
            draw_id = ""
            if announced:
                closes_at = opens_at + timedelta(seconds=SIGN_UP_S)
                beacon = Beacon("公开摇奖 097 期", closes_at + timedelta(seconds=1))
                terms = Terms(closes_at, beacon, now + timedelta(days=1), 2, ("330203", "330225"))
                sealing = Sealing(load_keys(settings.keys_dir))
                draw = await announce_draw(connection, round_.round_id, terms, sealing, actor="command:test", now=now)
                draw_id = str(draw.draw_id)
    return QuickDraw(draw_id, str(round_.round_id), tuple(str(t.type_id) for t in types))
