"""The files of bills in the v3 shape: a title, a line each with its values behind a backtick, a sum."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from yongquan.flows.trade_by_v3 import REFUND_PREFIX
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.bill_views import BillLine
from yongquan.plumbing.clock import SHANGHAI

_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
)
_HEAD += "应结订单金额,代金券金额,"
_BACK = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,"
TITLES = {
    "ALL": _HEAD + _BACK + "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
    "SUCCESS": _HEAD + "商品名称,商户数据包,手续费,费率,订单金额,费率备注",
    "REFUND": _HEAD
    + "退款申请时间,退款成功时间,"
    + _BACK
    + "商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注",
}
SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_TITLES = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
FUND_TITLES += "资金变更提交申请人,备注,业务凭证号"
FUND_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


@dataclass(frozen=True, slots=True)
class TradeLine:
    """A line of the trade bill, its payer named as the merchant names them."""

    line: BillLine
    openid: str


@dataclass(frozen=True, slots=True)
class FundFlow:
    """One amount into (or, below zero, out of) the day's takings; `balance_fen` is what they come to with it."""

    line: BillLine
    flow_no: str
    name: str
    amount_fen: int
    balance_fen: int

    @classmethod
    def of(cls, lines: Sequence[BillLine]) -> list["FundFlow"]:
        """Every line's amount and fee, with what the day's takings come to."""
        flows: list[FundFlow] = []
        balance_fen = 0
        for line in lines:
            for name, amount_fen in _amounts(line):
                balance_fen += amount_fen
                flow_no = f"{(line.refund_id or line.payment_id).hex}{'F' if '手续费' in name else 'T'}"
                flows.append(cls(line, flow_no, name, amount_fen, balance_fen))
        return flows


def trade_file(merchant: GatewayMerchant, lines: Sequence[TradeLine], bill_type: str) -> bytes:
    """The trade bill."""
    rows = [_row(_trade_values(merchant, one, bill_type)) for one in lines]
    paid = [one.line for one in lines if one.line.refund_id is None]
    back = [one.line for one in lines if one.line.refund_id is not None]
    sums = (
        str(len(lines)),
        _yuan(sum(one.amount_fen for one in paid)),
        _yuan(sum(one.amount_fen for one in back)),
        _yuan(sum(one.amount_fen - one.charged_fen for one in back)),
        _yuan(sum(one.fee_fen for one in paid) - sum(one.fee_fen for one in back)),
        _yuan(sum(one.amount_fen for one in paid)),
        _yuan(sum(one.amount_fen for one in back)),
    )
    return _file(TITLES[bill_type], rows, SUMS, sums)


def fund_flow_file(flows: Sequence[FundFlow]) -> bytes:
    """The fund-flow bill."""
    income = [flow.amount_fen for flow in flows if flow.amount_fen > 0]
    outgo = [-flow.amount_fen for flow in flows if flow.amount_fen < 0]
    sums = (str(len(flows)), str(len(income)), _yuan(sum(income)), str(len(outgo)), _yuan(sum(outgo)))
    return _file(FUND_TITLES, [_row(_fund_values(flow)) for flow in flows], FUND_SUMS, sums)


def _trade_values(merchant: GatewayMerchant, one: TradeLine, bill_type: str) -> Iterator[str]:
    line = one.line
    is_back = line.refund_id is not None
    voucher_fen = line.amount_fen - line.charged_fen
    facts = line.facts
    yield from (_at(line), merchant.appid or "", merchant.number, "0", "", line.payment_id.hex, line.order_no)
    yield from (one.openid, str(facts["trade_type"]), "REFUND" if is_back else "SUCCESS", line.issuer.upper(), "CNY")
    yield from (_yuan(0), _yuan(0)) if is_back else (_yuan(line.amount_fen), _yuan(voucher_fen))
    if bill_type == "REFUND":
        yield from (_at(line), _at(line))
    if bill_type != "SUCCESS":
        yield from _back_values(line, voucher_fen) if is_back else ("0", "0", _yuan(0), _yuan(0), "", "")
    fee_fen = -line.fee_fen if is_back else line.fee_fen
    yield from (line.subject, str(facts.get("attach", "")), _yuan(fee_fen), _rate(line))
    yield _yuan(0 if is_back else line.amount_fen)
    if bill_type != "SUCCESS":
        yield _yuan(line.amount_fen if is_back else 0)
    yield ""


def _back_values(line: BillLine, voucher_fen: int) -> tuple[str, ...]:
    number = line.refund_no.removeprefix(REFUND_PREFIX)
    refund_id = line.refund_id.hex if line.refund_id else ""
    return refund_id, number, _yuan(line.amount_fen), _yuan(voucher_fen), "ORIGINAL", "SUCCESS"


def _amounts(line: BillLine) -> Iterator[tuple[str, int]]:
    sign, names = (1, ("交易", "扣除交易手续费")) if line.refund_id is None else (-1, ("退款", "退回交易手续费"))
    yield names[0], sign * line.amount_fen
    if line.fee_fen:
        yield names[1], -sign * line.fee_fen


def _fund_values(flow: FundFlow) -> Iterator[str]:
    line = flow.line
    yield from (_at(line), line.payment_id.hex, flow.flow_no, flow.name, flow.name)
    yield from ("收入" if flow.amount_fen > 0 else "支出", _yuan(abs(flow.amount_fen)), _yuan(flow.balance_fen))
    yield from ("system", line.subject, line.refund_no.removeprefix(REFUND_PREFIX) or line.order_no)


def _file(titles: str, rows: Sequence[str], sum_titles: str, sums: Sequence[str]) -> bytes:
    return ("\r\n".join((titles, *rows, sum_titles, _row(sums))) + "\r\n").encode()


def _row(values: Sequence[str] | Iterator[str]) -> str:
    # No value may look like two, or like another line.
    return ",".join("`" + " ".join(value.replace(",", " ").split()) for value in values)


def _at(line: BillLine) -> str:
    return f"{line.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _rate(line: BillLine) -> str:
    return f"{line.fee_fen * 100 / line.charged_fen:.2f}%" if line.charged_fen else "0.00%"


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
