"""The institutions of the demo city, with fixed codes and numbers."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an institution does for the network."""

    BANK = "bank"
    WALLET = "wallet"
    ACQUIRER = "acquirer"
    REGISTER = "register"


@dataclass(frozen=True, slots=True)
class Institution:
    """One fictional institution; `bins` are the prefixes of the cards or wallet numbers it issues."""

    code: str
    name: str
    name_en: str
    kind: Kind
    network_id: str
    bins: tuple[str, ...]
    number_digits: int

    @property
    def issues_cards(self) -> bool:
        """Whether card traffic (ISO 8583) reaches this institution."""
        return bool(self.bins)


ROSTER = (
    Institution("chaoxin", "潮信银行", "Chaoxin Bank", Kind.BANK, "99010001", ("629901", "622638", "622609"), 16),
    Institution("yuehu", "月湖银行", "Yuehu Bank", Kind.BANK, "99010002", ("629902", "621626", "622155"), 16),
    Institution("yunfan", "云帆银行", "Yunfan Bank", Kind.BANK, "99010003", ("629903",), 16),
    Institution("daoxiang", "稻香银行", "Daoxiang Bank", Kind.BANK, "99010004", ("629904",), 16),
    Institution("zhenlan", "镇澜银行", "Zhenlan Bank", Kind.BANK, "99010005", ("629905",), 16),
    Institution("quanfu", "泉付", "Quanfu Wallet", Kind.WALLET, "99010006", ("629951",), 19),
    Institution("lujiao", "鹿角付", "Lujiao Wallet", Kind.WALLET, "99010007", ("629952",), 19),
    Institution("donggang", "东港银行", "Donggang Bank", Kind.ACQUIRER, "99010008", (), 0),
    Institution("suihe", "穗禾支付", "Suihe Payments", Kind.ACQUIRER, "99010009", (), 0),
)

# Not a member of the network, but asked by it: who holds a licence, and whether it stands.
REGISTER = Institution("register", "市场主体登记库", "Business register", Kind.REGISTER, "99020001", (), 0)

# UnionPay's published test cards: some have a wrong check digit or another length.
PUBLISHED_TEST_CARDS = frozenset({"6226388000000095", "6226090000000048", "6216261000000000018", "6221558812340000"})
BY_CODE = {institution.code: institution for institution in (*ROSTER, REGISTER)}


def has_valid_check_digit(number: str) -> bool:
    """Whether the last digit is right (Luhn, ISO/IEC 7812-1 annex B)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in number[::-2])) % 10 == 0


def issues_number(institution: Institution, number: str) -> bool:
    """Whether `number` can be a card (16 digits, Luhn) or a wallet number (19 digits) here, or is a published one."""
    if number in PUBLISHED_TEST_CARDS:
        return number[:6] in institution.bins
    fits = number.isdecimal() and len(number) == institution.number_digits and number[:6] in institution.bins
    return fits and (institution.kind is Kind.WALLET or has_valid_check_digit(number))
