"""Every field of a campaign document, once: its key, the model's attribute, its words, what may change later. Pure.

The published JSON Schema, reading, writing, comments, differences and the console's form all come from here.
"""

from yongquan.vouchers.documents_fields_claim import CAPS, CONDITIONS, LIMIT
from yongquan.vouchers.documents_fields_use import RULES, SHARE, USE, USE_LIMIT
from yongquan.vouchers.documents_fields_ways import APPLICATION, ASKED, CODES_MOST, COPIES, LEFTOVER, PACK
from yongquan.vouchers.documents_kinds import (
    ADCODE,
    ADCODES,
    AMOUNT,
    FUNDER,
    GROUPS,
    ID,
    KEY,
    MOMENT,
    PERCENT,
    TRUTH,
    choice,
    text,
    whole,
)
from yongquan.vouchers.documents_records import Change, Field, Record, Words, many
from yongquan.vouchers.model import Campaign, Round, RoundMode, SubActivity, VoucherType

NAME = Field(
    "name", "name", text(80), Words("名称", "市民看到的中文名称"), Words("Name", "The Chinese name"), Change.FREE
)
NAME_EN = Field(
    "name_en",
    "name_en",
    text(120),
    Words("英文名称", "市民切换到英文时看到的名称"),
    Words("English name", "The name shown in English"),
    Change.FREE,
)
TYPE = Record(
    VoucherType,
    (
        NAME,
        NAME_EN,
        Field(
            "amount",
            "amount_fen",
            AMOUNT,
            Words("减免金额", "满减券减多少;折扣券为最多减多少"),
            Words("Amount", "What it takes off; of a percentage voucher the most it takes off"),
        ),
        Field(
            "threshold",
            "threshold_fen",
            AMOUNT,
            Words("使用门槛", "订单满多少可用,0元为无门槛"),
            Words("Threshold", "The least an order must come to; zero is none"),
        ),
        Field(
            "stock",
            "stock",
            whole(0, 100_000_000),
            Words("发行张数", "一共发多少张;发布后只能增加,且须有预算"),
            Words("Stock", "How many there are; after publication only more, if the budget covers it"),
            Change.UP,
        ),
        Field(
            "industry",
            "industry",
            text(64, pattern=r"^[a-z][a-z0-9_]*$", example="dining"),
            Words("行业", "只能在这个行业用;不写为通用券"),
            Words("Industry", "Usable in this industry only; a general voucher if absent"),
        ),
        Field(
            "rate",
            "rate_bp",
            PERCENT,
            Words("减百分之几", "折扣券:40% 即减四成;不写为满减券"),
            Words("Rate", "The part a percentage voucher takes off; an amount voucher if absent"),
        ),
        Field(
            "valid_from",
            "valid_from",
            MOMENT,
            Words("何时起可用", "不写则领到即可用"),
            Words("Valid from", "From the claim if absent"),
        ),
        Field(
            "valid_until",
            "valid_until",
            MOMENT,
            Words("何时过期", "到这一刻止;与有效天数至少写一个,都写取早"),
            Words("Valid until", "The end, itself outside; the earlier of this and the days"),
            Change.LATER,
        ),
        Field(
            "valid_days",
            "valid_days",
            whole(1, 3660),
            Words("有效天数", "领取当天算第一天"),
            Words("Valid days", "Calendar days, the day of the claim is the first"),
            Change.UP,
        ),
        Field(
            "districts",
            "districts",
            ADCODES,
            Words("可用区县", "只能在这些区县的商户用(六位代码,加引号)"),
            Words("Districts", "Usable at shops of these divisions only (six digits, quoted)"),
        ),
        Field(
            "hardship_only",
            "hardship_only",
            TRUTH,
            Words("限纾困门店", "true 只能在纾困门店用"),
            Words("Relief shops only", "Usable at relief shops only"),
        ),
        Field(
            "groups",
            "groups",
            GROUPS,
            Words("属于哪些组", "限领、限用里按组算时的组名"),
            Words("Groups", "The groups that limits count it in"),
        ),
        Field(
            "use",
            "use",
            USE,
            Words("用券条件", "在哪里、什么时候、买什么可用"),
            Words("Use", "Where, when and for what"),
        ),
        COPIES,
        Field(
            "shares",
            "shares",
            many(SHARE, least=1, most=20),
            Words("谁出多少", "各出资方的比例,合计 100%;不写则由活动出资方全出"),
            Words("Shares", "The funders' parts, together 100%; the campaign's funder pays all if absent"),
            Change.RESERVED,
        ),
    ),
    frozenset({"type_id", "round_id"}),
)
ROUND = Record(
    Round,
    (
        NAME,
        NAME_EN,
        Field(
            "opens_at",
            "opens_at",
            MOMENT,
            Words("开抢时间", "这一刻起可领"),
            Words("Opens at", "From this moment its vouchers can be claimed"),
            Change.BEFORE_OPENING,
        ),
        Field(
            "closes_at",
            "closes_at",
            MOMENT,
            Words("结束领取", "到这一刻止"),
            Words("Closes at", "The end of claims"),
            Change.LATER,
        ),
        Field(
            "mode",
            "mode",
            choice(RoundMode),
            Words("发放方式", "grab 抢;draw 摇号;push 定向;code 兑换码;gift 赠送;apply 凭证申领"),
            Words("Mode", "How its vouchers come to citizens: grab, draw, push, code, gift or apply"),
        ),
        Field("caps", "caps", CAPS, Words("限领", "每人限领多少"), Words("Caps", "What one citizen may claim")),
        Field(
            "conditions",
            "conditions",
            CONDITIONS,
            Words("领取条件", "谁、在哪里、什么时候可领"),
            Words("Conditions", "Who may claim, where and when"),
        ),
        LEFTOVER,
        Field("pack", "pack", PACK, Words("券包", "本轮的券合成一包领取"), Words("Pack", "Its vouchers come as one")),
        CODES_MOST,
        Field(
            "application",
            "application",
            APPLICATION,
            Words("申领表", "凭证申领的一轮问什么、要什么凭证;通过后得到本轮唯一的券"),
            Words("Application form", "What an application asks for; approved, it gets the round's one type"),
        ),
    ),
    frozenset({"round_id", "campaign_id", "sub_activity_id", "state"}),
)
SUB_ACTIVITY = Record(
    SubActivity,
    (
        NAME,
        NAME_EN,
        Field(
            "place",
            "adcode",
            ADCODE,
            Words("区县", "在哪个区县办(六位代码,加引号)"),
            Words("Place", "The division it takes place in (six digits, quoted)"),
            Change.FREE,
        ),
        Field(
            "note",
            "note",
            text(400),
            Words("说明", "给市民看的说明"),
            Words("Note", "What citizens read about it"),
            Change.FREE,
        ),
    ),
    frozenset({"sub_activity_id", "campaign_id", "position"}),
)
CAMPAIGN = Record(
    Campaign,
    (
        Field(
            "code",
            "code",
            text(80, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", example="haishu-2026-spring"),
            Words("活动编码", "全平台唯一,不能改"),
            Words("Code", "Unique, never changes"),
        ),
        NAME,
        NAME_EN,
        Field(
            "funder",
            "funder_id",
            FUNDER,
            Words("出资方", "出资方编码"),
            Words("Funder", "The code of who pays"),
        ),
        Field(
            "place",
            "adcode",
            ADCODE,
            Words("范围", "出资方所在区县(六位代码,加引号);不写为全市"),
            Words("Place", "The funder's division (six digits, quoted); the whole city if absent"),
            optional=True,
        ),
        Field(
            "starts_at",
            "starts_at",
            MOMENT,
            Words("活动开始", "北京时间"),
            Words("Starts at", "Shanghai time"),
        ),
        Field(
            "ends_at",
            "ends_at",
            MOMENT,
            Words("活动结束", "到这一刻止;发布后只能延后"),
            Words("Ends at", "The end, itself outside; after publication only later"),
            Change.LATER,
        ),
        Field(
            "budget",
            "budget_fen",
            AMOUNT,
            Words("预算", "不少于全部券的面额合计;发布后只能增加"),
            Words("Budget", "At least the face value of all vouchers; after publication only more"),
            Change.UP,
        ),
        Field(
            "rules", "rules", RULES, Words("用券规则", "付款时怎么用"), Words("Rules", "How vouchers act in a payment")
        ),
    ),
    frozenset({"campaign_id", "state"}),
)
ID_FIELD = Field("id", "", ID, Words("编号", "已有记录的编号,不要改"), Words("Id", "Of a record that is there already"))
KEY_FIELD = Field(
    "key", "", KEY, Words("键", "在本文件内唯一,不能改"), Words("Key", "Unique in its list, never changes")
)
RECORDS: tuple[Record, ...] = (
    *(CAMPAIGN, RULES, SUB_ACTIVITY, ROUND, CAPS, LIMIT, CONDITIONS, TYPE),
    *(USE, USE_LIMIT, SHARE, PACK, APPLICATION, ASKED),
)
