"""The demo city's merchant library: four small lists that overlap, a few of its own stores, a few fakes."""

import csv
import io
import random
from datetime import datetime
from math import isnan

from yongquan.flows.import_merchants import add_source, stage_list, take_list_in
from yongquan.flows.screen_library import Library
from yongquan.kernel.regions import Regions
from yongquan.merchants.library.model import Source, SourceKind
from yongquan.merchants.library.views import own_stores
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.simulation.merchant_fakes import with_fakes
from yongquan.simulation.merchant_lists import SOURCES as LISTS
from yongquan.simulation.merchant_lists import overlapping_lists

ACTOR = "command:demo"
SHOPS, FAKES, KNOWN = 160, 12, 60
SHOWN = (
    Source("register", "登记名录（演示）", SourceKind.REGISTER, "市场监管部门（演示）", "数据共享协议（演示）"),
    Source("acquirer", "收单机构商户表（演示）", SourceKind.ACQUIRER, "海州支付（演示）", "商户同意（演示）"),
    Source("map", "地图商户点（演示）", SourceKind.MAP, "地图服务商（演示）", "采购合同（演示）"),
    Source("survey", "上门采集（演示）", SourceKind.SURVEY, "网格服务商（演示）", "采集授权（演示）"),
)
HEAD = ("编号", "店名", "地址", "联系电话", "统一社会信用代码", "法定代表人", "行业", "经度", "纬度")


async def fill_library(database: Database, sealing: Sealing, regions: Regions, *, seed: int, now: datetime) -> None:
    """Take four small generated lists in, and into the map's list some of the city's own stores."""
    library = Library(database, sealing, regions)
    lists = with_fakes(overlapping_lists(seed=seed, shops=SHOPS), seed=seed, count=FAKES)
    async with database.transaction() as connection:
        stores = list(await own_stores(connection))
    die = random.Random(seed)  # noqa: S311 - lists to show, not a secret
    for number, source in enumerate(SHOWN):
        await add_source(library, source, actor=ACTOR, now=now)
        rows = [row for row, of in zip(lists.rows, lists.sources, strict=True) if of == number]
        cells = [
            [row.id, row.name, row.address, row.phone, row.licence, row.legal_representative, row.category,
             *("" if isnan(degree) else str(degree) for degree in (row.lon, row.lat))]
            for row in rows
        ]  # fmt: skip
        if source.kind is SourceKind.MAP:
            known = die.sample(stores, min(KNOWN, len(stores)))
            cells += [[f"m-{at}", *one[1:3], "", one[3], "", one[4], *one[5:7]] for at, one in enumerate(known)]
            cells.append(["m-x", "", "宁波市海曙区", "不清楚", "", "", "", "", ""])
        out = io.StringIO()
        csv.writer(out).writerows([HEAD, *cells])
        name = f"{LISTS[number]}.csv"
        card = await stage_list(library, source.code, name, out.getvalue().encode(), actor=ACTOR, now=now)
        await take_list_in(library, card.import_id, card.mapping, actor=ACTOR, now=now)
