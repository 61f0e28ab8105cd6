"""An institution's own money pays fees to the network and fronts what it advances."""

import asyncio
from datetime import date

from launching import Sandbox

from yongquan.institutions.connectors.account_messages import NETWORK_ACCOUNT, OWN_FUNDS_ACCOUNT, BookTransfer

DAY = date(2022, 3, 9)


def test_own_funds_may_go_below_zero_and_count_in_the_days_total(sandbox: Sandbox) -> None:
    async def run() -> None:
        out = BookTransfer(
            id="own-1", from_account=OWN_FUNDS_ACCOUNT, to_account=NETWORK_ACCOUNT, amount_fen=700, settlement_date=DAY
        )
        back = BookTransfer(
            id="own-2", from_account=NETWORK_ACCOUNT, to_account=OWN_FUNDS_ACCOUNT, amount_fen=300, settlement_date=DAY
        )
        async with sandbox.client("donggang") as acquirer:
            results = await acquirer.transfer([out, back, out])

            totals = await acquirer.totals(DAY)
            proof = await acquirer.proof()

        assert [result.code for result in results] == ["booked"] * 3
        assert totals.net_fen == 400
        assert proof.balanced

    asyncio.run(run())
