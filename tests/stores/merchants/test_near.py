"""Stores near a place come sorted by distance, through boxes that widen, and only those that take the voucher."""

from math import cos, radians

from stores.merchants.trading import NOW, Trade, living, store

from yongquan.kernel.ids import make_id
from yongquan.merchants.groups import ShopGroup, save_group
from yongquan.merchants.near import NEAREST, Fitting, stores_near
from yongquan.merchants.store import register_stores

HERE = (121.5440, 29.8720)


def test_nearest_are_found_in_whatever_box_they_lie(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        # 130 stores on a spiral, from beside here to 60 km away.
        made = [
            store(n, lon=HERE[0] + (n - 100) ** 2 / 40_000 * (1 if n % 2 else -1), lat=HERE[1] + (n - 100) / 2_000)
            for n in range(100, 230)
        ]
        async with world.database.transaction() as connection:
            await register_stores(connection, made, now=NOW)
            found = await stores_near(connection, lon=HERE[0], lat=HERE[1], fitting=Fitting())
            part = await stores_near(connection, lon=HERE[0], lat=HERE[1], fitting=Fitting(part="第229家"))
            other = await stores_near(connection, lon=HERE[0], lat=HERE[1], fitting=Fitting(industry="sports"))

        def metres(lon: float, lat: float) -> float:
            return 111_200 * (((lon - HERE[0]) * cos(radians(HERE[1]))) ** 2 + (lat - HERE[1]) ** 2) ** 0.5

        near = sorted(metres(one.lon, one.lat) for one in made)[:NEAREST]
        assert len(found) == NEAREST
        assert [row.metres for row in found] == sorted(row.metres or 0 for row in found)
        assert round(found[-1].metres or 0) <= round(near[-1])
        assert [row.name for row in part] == ["第229家"]
        assert other == []

    living(fresh_database, story)


def test_voucher_of_a_shop_group_finds_its_shops_alone(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        async with world.database.transaction() as connection:
            await save_group(connection, ShopGroup("street", "老街", "Old street"), world.stores[2:4])
            group = Fitting(groups=["street"])
            found = await stores_near(connection, lon=HERE[0], lat=HERE[1], fitting=group)
            outline = Fitting(takes=lambda row: row.store_id == make_id(at_ms=1, bucket=0, entropy=1))
            inside = await stores_near(connection, lon=HERE[0], lat=HERE[1], fitting=outline)

        assert [row.store_id for row in found] == world.stores[2:4]
        assert [row.store_id for row in inside] == world.stores[:1]

    living(fresh_database, story)
