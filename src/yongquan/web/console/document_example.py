"""The document that a new campaign begins with: small, whole and good but for its code and names."""

from typing import Final

EXAMPLE: Final = """\
# 涌泉活动文件。金额写成 20元 或 20.50元,时间是北京时间,区县代码加引号。
format: 1
code: my-campaign-2026          # 活动编码:全平台唯一,不能改
name: 我的消费券活动
name_en: My voucher campaign
funder: bureau-330203           # 出资方编码
place: "330203"                 # 出资方所在区县;不写为全市
starts_at: 2026-03-01 00:00
ends_at: 2026-03-08 00:00
budget: 20000元                 # 不少于全部券的面额合计
rules:
  refund: return                # 退货:return 退回券包,forfeit 券作废
  direction: either             # 谁扫谁:shop_scans、citizen_scans、either
  per_order: 1
sub_activities:
  - key: food
    name: 美食节
    name_en: Food festival
    rounds:
      - key: r1
        name: 第1轮
        name_en: Round 1
        opens_at: 2026-03-01 10:00
        closes_at: 2026-03-02 00:00
        caps:
          per_round: 1
        types:
          - key: dining
            name: 餐饮券 满50减20
            name_en: 20 off 50
            amount: 20元        # 减多少
            threshold: 50元     # 满多少
            stock: 1000
            industry: dining
            valid_days: 3       # 领取当天算第一天
"""
