"""A provider's statement of a month as a workbook: its lines, its shops, and every payment behind them."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from uuid import UUID

import xlsxwriter

from yongquan.merchants.contribution.model import Inputs
from yongquan.merchants.contribution.store import ShopLine, Statement
from yongquan.payments.takings import TakingLine

LINE_HEADS = ("项目 line", "数量 units", "计酬数量 paid units", "单价（元） each", "金额（元） amount")
SHOP_HEADS = (
    "门店 shop",
    "门店编号 shop id",
    "网格 grid",
    "新增活跃 new and active",
    "交易笔数 transactions",
    "核销券数 vouchers",
    "付款人数 people",
    "巡检合格 inspections",
    "贡献（元） earned",
)
PAYMENT_HEADS = ("门店编号 shop id", "日期 day", "流水号 payment", "订单号 order", "净额（元） net", "券 vouchers")


def provider_workbook(
    statement: Statement,
    inputs: Inputs,
    shops: Sequence[ShopLine],
    lines: Sequence[TakingLine],
    names: Mapping[UUID, str],
) -> bytes:
    """An xlsx file: amounts are yuan with two decimals; the payments' digest stands beside what was kept."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"})
    _write_pay(book.add_worksheet("对账单 statement"), statement, inputs, names, bold=bold, money=money)
    grids = {shop.store_id: shop.grid for shop in inputs.shops}
    sheet = book.add_worksheet("门店 shops")
    sheet.write_row(0, 0, SHOP_HEADS, bold)
    for place, shop in enumerate(shops, start=1):
        sheet.write_row(place, 0, (shop.name, str(shop.store_id), grids.get(shop.store_id, ""), *shop.units))
        sheet.write_number(place, 8, shop.earned_fen / 100, money)
    sheet.set_column(0, 8, 18)
    sheet = book.add_worksheet("交易 payments")
    sheet.write_row(0, 0, PAYMENT_HEADS, bold)
    for place, line in enumerate(lines, start=1):
        sheet.write_row(place, 0, (str(line.store_id), line.day.isoformat(), str(line.payment_id), line.order_no))
        sheet.write_number(place, 4, line.kept_fen / 100, money)
        sheet.write_number(place, 5, line.vouchers)
    sheet.set_column(0, 5, 24)
    book.close()
    return content.getvalue()


def _write_pay(
    sheet: xlsxwriter.worksheet.Worksheet,
    statement: Statement,
    inputs: Inputs,
    names: Mapping[UUID, str],
    *,
    bold: xlsxwriter.format.Format,
    money: xlsxwriter.format.Format,
) -> None:
    pay = statement.pay
    heads = (
        ("服务商 provider", statement.provider_name),
        ("月份 month", f"{statement.month:%Y-%m}"),
        ("公式 formula", str(statement.formula_no)),
        ("输入 inputs SHA-256", statement.input_digest),
        ("交易 payments SHA-256", inputs.payments_sha),
        ("状态 state", statement.state),
    )
    for place, row in enumerate(heads):
        sheet.write_row(place, 0, row)
    place = len(heads) + 1
    sheet.write_row(place, 0, LINE_HEADS, bold)
    for line in pay.lines:
        place += 1
        sheet.write_row(place, 0, (f"{line.name} {line.name_en}", line.units, line.paid_units))
        sheet.write_number(place, 3, line.each_fen / 100, money)
        sheet.write_number(place, 4, line.fen / 100, money)
    claws = [
        (f"虚假门店扣回 fake shop: {names.get(c.store_id, c.store_id)}", -(c.back_fen + c.fine_fen)) for c in pay.claws
    ]
    rows = [("封顶扣减 cut by the cap", -pay.cut_fen), ("保底补足 lifted to the floor", pay.floor_fen), *claws]
    rows += [("上期未扣回 owed before", -pay.owed_before_fen), ("应付 total", pay.total_fen)]
    rows += [("结转下期扣回 owed on", pay.owed_fen)]
    for name, fen in rows:
        place += 1
        sheet.write_string(place, 0, name)
        sheet.write_number(place, 4, fen / 100, money)
    sheet.set_column(0, 4, 26)
