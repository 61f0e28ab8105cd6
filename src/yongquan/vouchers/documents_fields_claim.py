"""The fields of a document that say who may claim, where, when and how many. Pure."""

from yongquan.vouchers.documents_kinds import (
    ADCODES,
    APPS,
    BINS,
    CODES,
    GROUP,
    HOURS,
    ID,
    TRUTH,
    WEEKDAYS,
    choice,
    whole,
)
from yongquan.vouchers.documents_records import Change, Field, Record, Words, many
from yongquan.vouchers.limits import ClaimCap, Counting, DeviceScope, Over, Period
from yongquan.vouchers.model import Caps, Conditions

MOST = Field(
    "most", "most", whole(1), Words("最多几张", "最多几张(或几类,见 counts)"), Words("Most", "At most so many")
)
PERIOD = Field(
    "period",
    "period",
    choice(Period),
    Words("多长时间内", "round 每轮;day 活动内每天;campaign 整个活动;lifetime 历次活动合计"),
    Words("Period", "round, day (in the campaign), campaign, or lifetime (all campaigns)"),
)
OVER = Field(
    "over",
    "over",
    choice(Over),
    Words("按什么算", "all 合计;industry 每个行业;type 每种券;group 一组券(不写 group 则每组各算)"),
    Words("Over", "all together, each industry, each type, or a group (each group by itself if none is named)"),
)
OF_GROUP = Field(
    "group",
    "group",
    GROUP,
    Words("哪一组", "券种 groups 里的组名,over 须为 group"),
    Words("Group", "One of the groups of the types; over is group then"),
)
LIMIT = Record(
    ClaimCap,
    (
        MOST,
        PERIOD,
        OVER,
        OF_GROUP,
        Field(
            "counts",
            "counts",
            choice(Counting),
            Words("数什么", "vouchers 张数;industries 不同行业数;groups 不同组数"),
            Words("Counts", "vouchers, or how many different industries or groups"),
        ),
        Field(
            "per_platform",
            "per_platform",
            TRUTH,
            Words("各平台分开算", "true 每个平台各算各的"),
            Words("Per platform", "Whether each app counts by itself"),
        ),
    ),
)


def _cap(key: str, zh: str, en: str) -> Field:
    return Field(key, key, whole(1), Words(zh, f"{zh},不写不限"), Words(en, f"{en}; none if absent"), Change.UP)


CAPS = Record(
    Caps,
    (
        _cap("per_round", "每人每轮限领张数", "Vouchers a citizen may claim a round"),
        _cap("per_day", "每人每天限领张数", "Vouchers a citizen may claim a day"),
        _cap("per_campaign", "每人整个活动限领张数", "Vouchers a citizen may claim in the campaign"),
        _cap("per_industry", "每人每行业限领张数", "Vouchers a citizen may claim of an industry in the campaign"),
        _cap("per_industry_round", "每人每轮每行业限领张数", "Vouchers a citizen may claim of an industry a round"),
        Field(
            "limits",
            "rules",
            many(LIMIT, least=1),
            Words("更细的限领", "按组、按种、按天等限领,每条一项;发布后只能放宽"),
            Words("Limits", "Finer caps over groups, types or days; after publication only wider"),
            Change.LOOSER,
        ),
    ),
)
CONDITIONS = Record(
    Conditions,
    (
        Field(
            "districts",
            "districts",
            ADCODES,
            Words("领取地点", "领取时须在这些区县(六位代码,加引号)"),
            Words("Districts", "The citizen must be in one of these divisions when claiming (six digits, quoted)"),
        ),
        Field(
            "age_min",
            "age_min",
            whole(1, 120),
            Words("最低年龄", "须年满多少周岁"),
            Words("Lowest age", "The citizen must be this old, in years"),
        ),
        Field(
            "card_issuers",
            "card_issuers",
            CODES,
            Words("绑卡银行", "须绑定其中一家银行的卡"),
            Words("Card issuers", "A card of one of these banks must be bound"),
        ),
        Field("list_id", "list_id", ID, Words("名单", "须在这份名单上"), Words("List", "The citizen must be on it")),
        Field(
            "daily",
            "daily",
            HOURS,
            Words("每天领取时段", "如 10:00-22:00,到点即止"),
            Words("Daily hours", "The hours of the day for claims, half-open"),
            Change.WIDER,
        ),
        Field(
            "weekdays",
            "weekdays",
            WEEKDAYS,
            Words("星期几可领", "1 是周一,7 是周日"),
            Words("Weekdays", "1 is Monday, 7 is Sunday"),
            Change.SUPERSET,
        ),
        Field(
            "areas",
            "areas",
            CODES,
            Words("领取片区", "领取时须在其中一个片区(编码)或上面的区县"),
            Words("Areas", "Codes of areas: the citizen is in one of these or of the divisions"),
        ),
        Field(
            "tolerance_m",
            "tolerance_m",
            whole(0, 100_000),
            Words("周边多少米也算", "离区县或片区边界多少米以内也可领"),
            Words("Tolerance", "How many metres outside the place still count"),
            Change.UP,
        ),
        Field(
            "real_name",
            "real_name",
            TRUTH,
            Words("须实名", "true 须已实名认证"),
            Words("Real name", "Whether the name must be verified"),
        ),
        Field(
            "age_max",
            "age_max",
            whole(1, 150),
            Words("最高年龄", "不超过多少周岁"),
            Words("Highest age", "The citizen may be this old, not older"),
        ),
        Field(
            "card_bins",
            "card_bins",
            BINS,
            Words("卡号段", '绑卡卡号开头,如 "62" 或 "622200-622299",加引号'),
            Words("Card numbers", 'How a bound card begins: "62" or "622200-622299", quoted'),
        ),
        Field(
            "new_customer_of",
            "new_customer_of",
            CODES,
            Words("银行新客户", "活动开始后首次绑这些银行的卡"),
            Words("New customer of", "First card of one of these banks bound after the campaign's start"),
        ),
        Field(
            "social_card",
            "social_card",
            TRUTH,
            Words("须有社保卡", "true 须已绑定社会保障卡"),
            Words("Social card", "Whether a social-security card must be bound"),
        ),
        Field(
            "list_tier",
            "list_tier",
            whole(1, 32_767),
            Words("名单级别", "名单里前几级可领,1 级最优先;须写 list_id"),
            Words("List tier", "The last tier of the list that is let in, 1 is the best; needs list_id"),
        ),
        Field(
            "one_citizen_a_device",
            "one_citizen_a_device",
            choice(DeviceScope),
            Words("一机一人", "round 本轮内;campaign 整个活动内,一台设备只给一人"),
            Words("One citizen a device", "In the round or in the campaign a device serves one citizen only"),
        ),
        Field(
            "platforms",
            "platforms",
            APPS,
            Words("在哪些平台领", "机构编码;own 是本平台"),
            Words("Platforms", "Institutions whose app may claim; own is our own"),
        ),
    ),
)
