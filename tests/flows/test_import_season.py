"""A season comes in at once; names that nobody registered are refused at their lines."""

from dataclasses import replace
from datetime import date

import pytest
from stores.city import FUNDER, SmallCity
from test_change_campaign import AROUND, CHECKER, NOW, TEXT, bring, in_city, register

from yongquan.app import load_regions
from yongquan.flows.change_campaign import Maker
from yongquan.flows.import_season import SeasonImport
from yongquan.institutions.store import save_funders
from yongquan.simulation.example_season import example_season
from yongquan.simulation.season import CARD_BANKS
from yongquan.vouchers.documents import BadDocument, write_document


def test_unknown_names_are_told_with_the_nearest(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        await register(city, "yuehu", "old-street")
        text = TEXT.replace(
            "        types:", "        conditions: {card_issuers: [yuehuu], platforms: [own]}\n        types:"
        )

        with pytest.raises(BadDocument) as refused:
            await bring(city, text)

        (fault,) = refused.value.faults
        assert (fault.code, fault.line) == ("unknown_issuer", 19)
        assert "yuehu" in fault.facts["near"]

    in_city(fresh_database, scene)


def test_season_comes_in_at_once_and_again_changes_nothing(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        season = example_season(load_regions().divisions, starts_on=date(2026, 3, 1))
        texts = {f"{d.campaign.code}.yaml": write_document(d) for d in season}
        texts["bad.yaml"] = TEXT.replace("key: r1", "kye: r1")
        funders = [replace(FUNDER, funder_id=d.campaign.funder_id) for d in season]
        async with city.database.transaction() as connection:
            await save_funders(connection, funders)
        await register(city, *CARD_BANKS)
        importing = SeasonImport(city.database, Maker("command:campaigns"), AROUND, 1, CHECKER)
        seen: list[str] = []

        first = await importing.run(texts, now=NOW, step=lambda one: seen.append(one.outcome))
        second = await importing.run(texts, now=NOW, step=lambda one: None)

        assert [one.outcome for one in first] == ["applied"] * 11 + ["refused"]
        assert [one.outcome for one in second] == ["unchanged"] * 11 + ["refused"]
        assert seen == [one.outcome for one in first]
        assert first[-1].faults[0].line == 14
        async with city.database.transaction() as connection:
            for table, many in (("campaign", 11), ("round", 300), ("voucher_type", 1_100), ("campaign_version", 11)):
                row = await (await connection.execute(f"select count(*) from vouchers.{table}")).fetchone()
                assert row == (many,), table

    in_city(fresh_database, scene)
