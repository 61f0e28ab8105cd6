"""Batches through ACP: a file is taken whole, its rows become debits or payouts, a file says what became of each."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from yongquan.flows.collect_by_acp import AcpCollections
from yongquan.flows.pay_out_by_acp import AcpPayouts
from yongquan.flows.read_acp_outcome import PAYOUT
from yongquan.flows.trade_by_acp import AcpDesk, AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.batch_files import BadBatch, RowResult, read_batch, write_results
from yongquan.institutions.acp.batches import (
    Batch,
    BatchRow,
    add_batch,
    batch_of,
    end_batch,
    end_row,
    lease_batch,
    open_rows,
    rows_of,
)
from yongquan.institutions.acp.transactions import fresh_digits
from yongquan.institutions.acp.values import BadValue, pack_file, say_nested, unpack_file
from yongquan.institutions.gateway import ACP, GatewayMerchant, merchant_of
from yongquan.kernel.errors import Outage

COLLECTION, PAYOUT_BATCH = "02", "03"
DEBIT: Final = "11"
LOOK_AGAIN_S: Final = 2
AT_ONCE: Final = 8
HOLDER: Final = ("certifTp", "certifId", "customerNm", "phoneNo")


@dataclass(frozen=True, slots=True)
class AcpBatches:
    """Takes batches and works them off; several processes may, each batch is leased to one of them."""

    desk: AcpDesk
    collections: AcpCollections
    payouts: AcpPayouts

    async def take(self, asked: Asked) -> Batch:
        """Take a batch file. Raises `AcpRefused` 12, 14."""
        fields = asked.fields
        try:
            file = read_batch(unpack_file(fields["fileContent"]))
        except (BadBatch, BadValue) as wrong:
            raise AcpRefused(codes.BATCH_FILE, str(wrong)) from wrong
        if (len(file.rows), file.total_fen) != (int(fields["totalQty"]), int(fields["totalAmt"])):
            raise AcpRefused(codes.BATCH_FILE, "totalQty/totalAmt")
        batch = Batch(
            *_key(asked),
            query_id=fresh_digits(self.desk.now),
            total_qty=len(file.rows),
            total_fen=file.total_fen,
            version=file.version,
            titles="|".join(file.titles),
            biz_type=fields["bizType"],
            state="running",
        )
        async with self.desk.orders.database.transaction() as connection:
            taken = await add_batch(connection, batch, file, self.desk.sealing, now=self.desk.now)
        if not taken:
            raise AcpRefused(codes.DUPLICATE)
        return batch

    async def result(self, asked: Asked) -> tuple[Batch, str]:
        """What became of a batch, as a packed file. Raises `AcpRefused` 34, 41."""
        async with self.desk.orders.database.transaction() as connection:
            batch = await batch_of(connection, _key(asked))
            if batch is None:
                raise AcpRefused(codes.NOT_FOUND)
            if batch.state != "ended":
                raise AcpRefused(codes.NOT_READY)
            rows = await rows_of(connection, batch, self.desk.sealing)
        results = [
            RowResult(row.values, row.query_id, row.resp_code or "", codes.message(row.resp_code or "")) for row in rows
        ]
        return batch, pack_file(write_results(batch.version, batch.titles.split("|"), results))

    async def sweep(self) -> int:
        """Work off one batch that is due; how many of its rows were looked at."""
        async with self.desk.orders.database.transaction() as connection:
            batch = await lease_batch(connection)
            merchant = await merchant_of(connection, ACP, batch.mer_id) if batch else None
        if batch is None or merchant is None:
            return 0
        looked_at, after = 0, 0
        while rows := await self._open_rows(batch, after=after):
            for start in range(0, len(rows), AT_ONCE):
                await asyncio.gather(*(self._go_on(batch, merchant, row) for row in rows[start : start + AT_ONCE]))
            looked_at, after = looked_at + len(rows), rows[-1].line_no
        async with self.desk.orders.database.transaction() as connection:
            await end_batch(connection, batch, look_again_s=LOOK_AGAIN_S)
        return looked_at

    async def _open_rows(self, batch: Batch, *, after: int) -> Sequence[BatchRow]:
        async with self.desk.orders.database.transaction() as connection:
            return await open_rows(connection, batch, self.desk.sealing, after=after)

    async def _go_on(self, batch: Batch, merchant: GatewayMerchant, row: BatchRow) -> None:
        asked = Asked(merchant, _fields(batch, row.values))
        try:
            query_id, code = await self._outcome(asked)
        except AcpRefused as no:
            query_id, code = None, no.resp_code
        except BadValue:
            query_id, code = None, codes.FORMAT
        except Outage:
            return
        async with self.desk.orders.database.transaction() as connection:
            ended = None if code == codes.UNKNOWN else code
            await end_row(connection, batch, row.line_no, query_id=query_id, resp_code=ended)

    async def _outcome(self, asked: Asked) -> tuple[str, str]:
        transaction = await self.desk.find(asked)
        if transaction is None and asked.fields["txnType"] == PAYOUT:
            transaction = await self.payouts.pay(asked)
        if transaction is None:
            transaction, _ = await self.collections.debit(asked)
        elif transaction.body_hash != asked.body_hash:
            raise AcpRefused(codes.DUPLICATE)
        return transaction.query_id, (await self.desk.outcome(transaction)).code


def _key(asked: Asked) -> tuple[str, str, str, str]:
    fields = asked.fields
    return asked.merchant.number, fields["txnSubType"], fields["batchNo"], fields["txnTime"]


def _fields(batch: Batch, values: Mapping[str, str]) -> dict[str, str]:
    """A row as the single request that it stands for, signed by its batch."""
    said = {name: values[name] for name in HOLDER if values.get(name)}
    customer = base64.b64encode(say_nested(said).encode()).decode() if said else ""
    fields = {
        "version": "5.1.0",
        "encoding": "UTF-8",
        "signMethod": "01",
        "txnType": PAYOUT if batch.sub_type == PAYOUT_BATCH else DEBIT,
        "txnSubType": "00",
        "bizType": batch.biz_type,
        "accessType": "0",
        "merId": batch.mer_id,
        "orderId": values["orderId"],
        "txnTime": batch.txn_time,
        "txnAmt": values["txnAmt"],
        "currencyCode": values["currencyCode"],
        "accNo": values.get("accNo", ""),
        "bindId": values.get("bindId", ""),
        "customerInfo": values.get("customerInfo") or customer,
        "postscript": values.get("postscript", ""),
        "batchNo": batch.batch_no,
    }
    return {name: value for name, value in fields.items() if value}
