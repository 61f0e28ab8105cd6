"""The twelve industries of the demo city and what a basket looks like in each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Industry:
    """An industry (行业) of shops.

    `share` of all shops and `chained` part of its shops in basis points, `visits` its relative number of
    payments, `basket_fen` the median basket, `spread` the standard deviation of its logarithm.
    """

    code: str
    name: str
    name_en: str
    mcc: str
    share: int
    chained: int
    visits: int
    basket_fen: int
    spread: float


# Merchant category codes: ISO 18245. Shares and baskets are invented for the demo city.
INDUSTRIES: tuple[Industry, ...] = (
    Industry("dining", "餐饮", "Dining", "5812", 3300, 1500, 34, 6_800, 0.75),
    Industry("supermarket", "商超", "Supermarkets", "5411", 1100, 3500, 22, 8_600, 0.70),
    Industry("convenience", "便利店", "Convenience stores", "5499", 1300, 5000, 18, 2_600, 0.55),
    Industry("department_store", "百货", "Department stores", "5311", 350, 2500, 6, 23_000, 0.80),
    Industry("clothing", "服装", "Clothing", "5651", 1150, 2000, 6, 19_500, 0.70),
    Industry("appliances", "家电", "Appliances", "5722", 350, 3000, 1, 168_000, 0.85),
    Industry("furnishing", "家居", "Home furnishing", "5712", 500, 1000, 1, 96_000, 0.95),
    Industry("lodging", "住宿", "Lodging", "7011", 350, 2000, 2, 32_000, 0.60),
    Industry("tourism", "旅游", "Tourism", "7991", 150, 500, 2, 18_000, 0.65),
    Industry("entertainment", "文娱", "Culture and entertainment", "7832", 550, 2000, 4, 8_800, 0.50),
    Industry("sports", "体育", "Sports", "7941", 350, 1500, 2, 14_500, 0.75),
    Industry("motoring", "汽车服务", "Fuel and motoring", "5541", 550, 2500, 6, 28_000, 0.60),
)


def industry(code: str) -> Industry:
    """Look an industry up by its code. Raises `KeyError`."""
    for each in INDUSTRIES:
        if each.code == code:
            return each
    raise KeyError(code)
