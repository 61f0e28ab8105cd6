"""Contribution pay 贡献计酬: providers are paid for what shops of their grids really did (docs/tiers.md)."""

from yongquan.merchants.contribution.model import (
    FIRST_FORMULA,
    FakeInput,
    Formula,
    Inputs,
    Measure,
    ShopInput,
    read_formula,
)
from yongquan.merchants.contribution.paying import Pay, pay_of

__all__ = [
    "FIRST_FORMULA",
    "FakeInput",
    "Formula",
    "Inputs",
    "Measure",
    "Pay",
    "ShopInput",
    "pay_of",
    "read_formula",
]
