"""The fields of a document that say how vouchers act in a payment, and who pays for them. Pure."""

from yongquan.vouchers.documents_fields_claim import MOST, OF_GROUP, OVER, PERIOD
from yongquan.vouchers.documents_kinds import (
    BINS,
    CODES,
    FUNDER,
    HOURS,
    KINDS,
    LABELS,
    PERCENT,
    TRUTH,
    WEEKDAYS,
    choice,
    choices,
    whole,
)
from yongquan.vouchers.documents_records import Change, Field, Record, Words, many
from yongquan.vouchers.limits import UseCap
from yongquan.vouchers.model import (
    CampaignRules,
    ChoiceOrder,
    Direction,
    MerchantOffer,
    PartialRefund,
    RefundPolicy,
    UseRules,
)
from yongquan.vouchers.policies import PRESETS
from yongquan.vouchers.sharing import FunderShare

RULES = Record(
    CampaignRules,
    (
        Field(
            "refund",
            "refund",
            choice(RefundPolicy),
            Words("退货时券怎么办", "整单退时:forfeit 券作废;return 退回,有效期不变;return_in_validity 未过期才退回"),
            Words(
                "Refund",
                "Of all. forfeit: gone; return: back with its first expiry; return_in_validity: back unless expired",
            ),
        ),
        Field(
            "direction",
            "direction",
            choice(Direction),
            Words("谁扫谁", "shop_scans 商户扫市民;citizen_scans 市民扫商户;online 线上下单;either 都可以"),
            Words("Direction", "Who scans whom: shop_scans, citizen_scans, online (nobody) or either"),
        ),
        Field(
            "per_order",
            "per_order",
            whole(1, 20),
            Words("每单最多用几张", "同一活动的券在一笔订单里最多用几张"),
            Words("Per order", "How many vouchers of this campaign one order may use"),
        ),
        Field(
            "stacks_with_others",
            "stacks_with_others",
            TRUTH,
            Words("可与其他活动叠加", "true 可以和其他也允许叠加的活动一起用"),
            Words("Stacks with others", "Whether its vouchers go with those of other campaigns that also stack"),
        ),
        Field(
            "not_with",
            "not_with",
            KINDS,
            Words("不与哪类出资方叠加", "如 bureau:不与其他政府活动的券同单"),
            Words("Not with", "Funder kinds whose vouchers of other campaigns are kept out of the order, as bureau"),
        ),
        Field(
            "merchant_offer",
            "merchant_offer",
            choice(MerchantOffer),
            Words("遇到商户优惠", "refused 不同享;threshold_before 按优惠前算门槛;threshold_after 按优惠后算门槛"),
            Words(
                "Merchant's offer",
                "refused together with it, or the threshold is held against the bill before or after",
            ),
        ),
        Field(
            "choice",
            "choice",
            choice(ChoiceOrder),
            Words("自动选券", "least_payable 付得最少;largest_first 减得最多的先用,再看先到期"),
            Words("Choice", "least_payable: what leaves the least to pay; largest_first: then the earliest expiry"),
        ),
        Field(
            "partial_refund",
            "partial_refund",
            choice(PartialRefund),
            Words("部分退货", "pro_rata 按比例退,券算已用;refused 只能整单退"),
            Words("Refund of a part", "pro_rata: in proportion, the voucher stays used; refused: the whole only"),
        ),
        Field(
            "refund_frees_cap",
            "refund_frees_cap",
            TRUTH,
            Words("退货后不计限领", "true 整单退的券不再计入限领"),
            Words("Refund frees the cap", "Whether a voucher of a refunded payment no longer counts as claimed"),
        ),
        Field(
            "regrant_expired",
            "regrant_expired",
            TRUTH,
            Words("过期券再发一次", "true 过期未用的券,在本活动的定向轮次(mode: push)开始后,按同样的券种再发一次"),
            Words("Grant again what expired", "Once, the like type of the campaign's push rounds, when these open"),
        ),
    ),
    presets=PRESETS,
)


USE_LIMIT = Record(
    UseCap,
    (
        MOST,
        PERIOD,
        OVER,
        OF_GROUP,
        Field(
            "per_merchant",
            "per_merchant",
            TRUTH,
            Words("各商户分开算", "true 每个商户(执照)各算各的"),
            Words("Per merchant", "Whether each merchant (licence) counts by itself"),
        ),
        Field(
            "everyone",
            "everyone",
            TRUTH,
            Words("所有人合计", "true 所有市民合计的总量,不是每人的"),
            Words("Everyone", "Whether it bounds all citizens together, not each one"),
        ),
    ),
)
USE = Record(
    UseRules,
    (
        Field(
            "daily",
            "daily",
            HOURS,
            Words("每天可用时段", "如 06:00-23:00,到点即止"),
            Words("Daily hours", "The hours of the day for use, half-open"),
            Change.WIDER,
        ),
        Field(
            "weekdays",
            "weekdays",
            WEEKDAYS,
            Words("星期几可用", "1 是周一,7 是周日"),
            Words("Weekdays", "1 is Monday, 7 is Sunday"),
            Change.SUPERSET,
        ),
        Field(
            "directions",
            "directions",
            choices(Direction),
            Words("谁扫谁时可用", "在活动的规则之外再限"),
            Words("Directions", "Who scans whom, beside the campaign's rule"),
        ),
        Field(
            "shop_groups",
            "shop_groups",
            CODES,
            Words("门店组", "限其中一组门店"),
            Words("Shop groups", "Usable at stores of one of these groups"),
        ),
        Field(
            "terminals",
            "terminals",
            LABELS,
            Words("收款终端", "限这些终端号(加引号)"),
            Words("Terminals", "Usable at tills that send one of these numbers (quoted)"),
        ),
        Field(
            "card_issuers",
            "card_issuers",
            CODES,
            Words("付款卡银行", "限用其中一家银行或钱包付款"),
            Words("Paid with", "Usable when paying with a card of one of these banks or wallets"),
        ),
        Field(
            "card_bins",
            "card_bins",
            BINS,
            Words("付款卡号段", "限卡号以这些数字开头的卡,如 622200-622299"),
            Words("Card ranges", "Usable when paying with a card whose number begins so, like 622200-622299"),
        ),
        Field(
            "tags",
            "tags",
            LABELS,
            Words("商品标签", "只减有这些标签的商品"),
            Words("Tags", "Takes off goods so tagged"),
        ),
        Field(
            "skus",
            "skus",
            LABELS,
            Words("商品编码", "只减这些商品(加引号)"),
            Words("Goods", "Takes off these goods (quoted)"),
        ),
        Field(
            "exchange",
            "exchange",
            TRUTH,
            Words("兑换", "true 免费兑换一件指定商品,最高抵 amount"),
            Words("Exchange", "One unit of the goods is free, at most the amount"),
        ),
        Field(
            "areas",
            "areas",
            CODES,
            Words("可用片区", "除可用区县外,这些片区里的门店也可用"),
            Words("Areas", "Usable at stores in these areas, beside the type's districts"),
        ),
        Field(
            "limits",
            "caps",
            many(USE_LIMIT, least=1),
            Words("限用", "每人最多用几张,每条一项;发布后只能放宽"),
            Words("Limits of use", "What one citizen may use; after publication only wider"),
            Change.LOOSER,
        ),
    ),
)
SHARE = Record(
    FunderShare,
    (
        Field("funder", "funder_id", FUNDER, Words("出资方", "出资方编码"), Words("Funder", "The code of who pays")),
        Field(
            "share",
            "share_bp",
            PERCENT,
            Words("出资比例", "每张券出百分之几"),
            Words("Share", "Its part of every voucher"),
        ),
    ),
)
