"""Card numbers that UnionPay publishes for testing; some have wrong check digits. Accepted beside the sandbox only."""

from typing import Final

TEST_HOLDER: Final = "测试持卡人"  # whose name the sandbox banks know the cards by
PUBLISHED_TEST_CARDS: Final = frozenset(
    {"6226388000000095", "6226090000000048", "6216261000000000018", "6221558812340000"}
)
