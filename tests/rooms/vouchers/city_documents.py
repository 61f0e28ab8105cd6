"""Rules that cities had, as documents: `cases/ningbo-2022.yaml` says where they come from. Stocks are invented."""

_HEAD = """\
format: 1
code: {code}
name: {name}
name_en: {name_en}
funder: bureau
starts_at: 2026-02-01 00:00
ends_at: 2026-06-01 00:00
budget: 1000000元
"""


def _campaign(code: str, name: str, name_en: str, body: str) -> str:
    return _HEAD.format(code=code, name=name, name_en=name_en) + body


HAISHU_2025 = _campaign(
    "haishu-2025",
    "海曙消费券",
    "Haishu vouchers",
    """\
rules: {preset: ningbo_haishu}
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2026-02-02 10:00
    closes_at: 2026-02-08 22:00
    conditions: {daily: 10:00-22:00}
    types:
      - {key: a, name: 满100减20, name_en: 20 off 100, amount: 20元, threshold: 100元, stock: 500, valid_days: 5}
""",
)
XIANGSHAN = _campaign(
    "xiangshan",
    "象山消费券",
    "Xiangshan vouchers",
    """\
rules: {refund: forfeit, stacks_with_others: true, not_with: [bureau]}
rounds:
  - key: r1
    name: 每日开抢
    name_en: Every day
    opens_at: 2026-02-02 09:30
    closes_at: 2026-02-03 00:00
    types:
      - {key: a, name: 满50减10, name_en: 10 off 50, amount: 10元, threshold: 50元, stock: 500, valid_days: 3}
""",
)
JIANGBEI = _campaign(
    "jiangbei",
    "江北消费券",
    "Jiangbei vouchers",
    """\
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2026-02-02 10:00
    closes_at: 2026-02-03 00:00
    types:
      - {key: a, name: 满500减150, name_en: 150 off 500, amount: 150元, threshold: 500元, stock: 100, valid_days: 3}
      - {key: b, name: 满200减60, name_en: 60 off 200, amount: 60元, threshold: 200元, stock: 100, valid_days: 3}
      - {key: c, name: 满100减30, name_en: 30 off 100, amount: 30元, threshold: 100元, stock: 100, valid_days: 3}
""",
)
BEILUN = _campaign(
    "beilun",
    "北仑消费券",
    "Beilun vouchers",
    """\
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2026-02-02 10:00
    closes_at: 2026-02-09 00:00
    caps:
      limits:
        - {most: 1, period: day, over: group}
        - {most: 5, period: campaign, over: group}
    types:
      - {key: a, name: 餐饮券, name_en: Dining,
         groups: [dining], amount: 20元, threshold: 100元, stock: 9, valid_days: 5}
      - {key: b, name: 购物券, name_en: Retail,
         groups: [retail], amount: 20元, threshold: 100元, stock: 9, valid_days: 5}
      - {key: car, name: 汽车券, name_en: Cars,
         groups: [cars], amount: 2000元, threshold: 30000元, stock: 9, valid_days: 30}
""",
)
QIANWAN_2023 = _campaign(
    "qianwan-2023",
    "前湾消费券",
    "Qianwan vouchers",
    """\
rounds:
  - key: r1
    name: 第1期
    name_en: Issue 1
    opens_at: 2026-02-02 10:00
    closes_at: 2026-02-03 00:00
    caps:
      limits:
        - {most: 2, period: day, over: group, group: issue}
    types:
      - {key: a, name: 餐饮券, name_en: Dining,
         groups: [issue], amount: 20元, threshold: 100元, stock: 9, valid_days: 5}
      - {key: b, name: 零售券, name_en: Retail,
         groups: [issue], amount: 20元, threshold: 100元, stock: 9, valid_days: 5}
      - {key: c, name: 体育券, name_en: Sports,
         groups: [issue], amount: 20元, threshold: 100元, stock: 9, valid_days: 5}
      - key: d
        name: 文旅券 六折
        name_en: Tourism, 40% off
        groups: [issue]
        rate: 40%
        amount: 400元
        threshold: 0元
        stock: 9
        valid_days: 5
""",
)
FEBRUARY_2022 = _campaign(
    "february-2022",
    "二月抢券",
    "February grab",
    """\
rules: {preset: ningbo_2022}
rounds:
  - key: r1
    name: 周一 19:30
    name_en: Monday 19:30
    opens_at: 2026-02-02 19:30
    closes_at: 2026-02-09 00:00
    caps:
      per_industry_round: 1
      limits:
        - {most: 4, period: round, counts: industries}
    conditions:
      districts: ["330203", "330205", "330206", "330211", "330212", "330213", "330225", "330226", "330281", "330282"]
      card_bins: ["62"]
      card_issuers: [yuehu, yunfan]
    types:
      - key: a
        name: 餐饮券
        name_en: Dining
        industry: dining
        amount: 20元
        threshold: 100元
        stock: 500
        valid_days: 5
        use:
          limits:
            - {most: 1, period: day, over: industry}
""",
)
AUGUST_2022 = _campaign(
    "august-2022",
    "八九月摇号",
    "August draw",
    """\
rules: {preset: ningbo_2022}
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    mode: draw
    opens_at: 2026-02-06 20:00
    closes_at: 2026-02-09 00:00
    caps:
      per_industry_round: 1
      limits: [{most: 3, period: round, counts: industries}]
    types:
      - key: a
        name: 满50减20
        name_en: 20 off 50
        industry: dining
        hardship_only: true
        amount: 20元
        threshold: 50元
        stock: 500
        valid_from: 2026-02-11 10:00
        valid_until: 2026-02-15 23:00
        use: {daily: 06:00-23:00}
        shares:
          - {funder: bureau, share: 50%}
          - {funder: district, share: 50%}
""",
)
HANGZHOU_2022 = _campaign(
    "hangzhou-2022",
    "杭州消费券",
    "Hangzhou vouchers",
    """\
rules: {preset: hangzhou_2022}
rounds:
  - key: r1
    name: 第1轮
    name_en: Round 1
    opens_at: 2026-02-02 10:00
    closes_at: 2026-02-03 00:00
    types:
      - key: a
        name: 满40减10
        name_en: 10 off 40
        amount: 10元
        threshold: 40元
        stock: 500
        valid_days: 7
        use:
          limits: [{most: 2, period: day, per_merchant: true}]
""",
)
CITY_DOCUMENTS = (HAISHU_2025, XIANGSHAN, JIANGBEI, BEILUN, QIANWAN_2023, FEBRUARY_2022, AUGUST_2022, HANGZHOU_2022)
