"""Tiers 等级: shops and grids graded by trade, income, activity and users, month by month (docs/tiers.md)."""

from yongquan.merchants.tiers.model import (
    FIRST_RULES,
    MEASURES,
    Grade,
    GridGrade,
    ShopFacts,
    ShopGrade,
    Takings,
    TierRules,
    read_tier_rules,
)
from yongquan.merchants.tiers.scoring import grade_grids, grade_shops

__all__ = [
    "FIRST_RULES",
    "MEASURES",
    "Grade",
    "GridGrade",
    "ShopFacts",
    "ShopGrade",
    "Takings",
    "TierRules",
    "grade_grids",
    "grade_shops",
    "read_tier_rules",
]
