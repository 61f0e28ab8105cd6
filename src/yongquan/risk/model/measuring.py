"""How good a ranking is: area under the curve, average precision, card precision, error of probabilities."""

import numpy as np

from yongquan.risk.model.events import DAY_US, SHANGHAI_US, Flags, Floats, Ints


def auc(label: Ints, score: Floats) -> float:
    """The chance that a bad event stands above a good one; ties count half. NaN with one class only."""
    bad = int(label.sum())
    if not 0 < bad < len(label):
        return float("nan")
    values, place, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2 if len(values) else np.zeros(0)
    return float((middle[place][label == 1].sum() - bad * (bad + 1) / 2) / (bad * (len(label) - bad)))


def average_precision(label: Ints, score: Floats) -> float:
    """The mean precision at each bad event, ties taken together. NaN without a bad event."""
    bad = int(label.sum())
    if not bad:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(label[order])
    last_of_tie = np.r_[score[order][1:] != score[order][:-1], True]
    hits, seen = hits[last_of_tie], (np.arange(len(score)) + 1)[last_of_tie]
    return float((hits / seen * np.diff(np.r_[0, hits])).sum() / bad)


def card_precision(label: Ints, score: Floats, at_us: Ints, payer: Ints, top: int = 100) -> float:
    """The mean over days of the share of bad payers among the `top` most suspicious ones, without those found before.

    A payer's score of a day is its highest (Le Borgne et al., Practical Handbook, chapter 4).
    """
    day = (at_us + SHANGHAI_US) // DAY_US
    found: set[int] = set()
    precision = []
    for one in np.unique(day):
        rows = np.flatnonzero((day == one) & ~np.isin(payer, list(found)))
        order = rows[np.argsort(-score[rows], kind="stable")]
        _, first = np.unique(payer[order], return_index=True)
        chosen = payer[order[np.sort(first)[:top]]]
        bad = set(payer[rows[label[rows] == 1]].tolist()) & set(chosen.tolist())
        precision.append(len(bad) / top)
        found |= bad
    return float(np.mean(precision)) if precision else float("nan")


def figures(label: Ints, score: Floats, at_us: Ints, payer: Ints) -> dict[str, float | int | None]:
    """The usual figures of the labelled rows, rounded; None where there is only one class."""
    rows: Flags = label >= 0
    label, score, at_us, payer = label[rows], score[rows], at_us[rows], payer[rows]
    bounded = np.clip(score, 1e-12, 1 - 1e-12)
    loss = -np.mean(np.where(label == 1, np.log(bounded), np.log1p(-bounded))) if len(label) else float("nan")
    return {
        "events": len(label),
        "bad": int(label.sum()),
        "auc": rounded(auc(label, score)),
        "average_precision": rounded(average_precision(label, score)),
        "card_precision_100": rounded(card_precision(label, score, at_us, payer)),
        "log_loss": rounded(float(loss), 6),
        "mean_score": rounded(float(score.mean()) if len(score) else float("nan"), 6),
    }


def rounded(value: float, digits: int = 4) -> float | None:
    return None if np.isnan(value) else round(value, digits)
