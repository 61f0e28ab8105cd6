"""A group's evidence in words."""

from yongquan.risk.findings import Reason
from yongquan.risk.graph.evidence import Evidence

# Below these a figure is nothing to mention: honest groups reach them too.
MENTIONED = {"phones": 0.15, "together": 0.3, "back": 0.08, "same": 0.4}


def facts_of(evidence: Evidence, density: float) -> dict[str, int | str]:
    """Shares in basis points, density in hundredths, money in fen."""
    shares = ("inside", "taken", "phones", "together", "back", "same")
    return {
        "members": len(evidence.members),
        "shops": len(evidence.hubs),
        "payments": evidence.payments,
        "amount_fen": evidence.amount_fen,
        "density_hundredths": round(density * 100),
        **{f"{name}_bp": round(getattr(evidence, name) * 10_000) for name in shares},
    }


def reasons_of(evidence: Evidence, density: float) -> tuple[Reason, ...]:
    """Why the group was found, in Chinese and English, the constant reasons first."""
    members, shops = len(evidence.members), len(evidence.hubs)
    inside, taken = f"{evidence.inside:.0%}", f"{evidence.taken:.0%}"
    found = [
        Reason(
            "density",
            f"{members} 人彼此往来异常密集（密度 {density:.1f}）",
            f"{members} people meet each other unusually often (density {density:.1f})",
        ),
        Reason(
            "closed",
            f"其大额或用券消费的 {inside} 集中在 {shops} 家店，占这些店同类交易的 {taken}",
            f"{inside} of their large or voucher payments go to {shops} shops, where they are {taken} of such trade",
        ),
    ]
    shares = {
        "phones": ("的交易由成员共用的手机完成", "of the payments were made by a phone that members share"),
        "together": (
            "的交易在十分钟内有另一成员在同店付款",
            "of the payments have another member's within ten minutes",
        ),
        "back": ("的钱在三天内以退款或转账回到成员手里", "of the money came back to members within three days"),
        "same": ("的金额落在三个常见数上", "of the amounts are one of three"),
    }
    for name, (zh, en) in shares.items():
        share = getattr(evidence, name)
        if share >= MENTIONED[name]:
            found.append(Reason(name, f"{share:.0%} {zh}", f"{share:.0%} {en}"))
    return tuple(found)
