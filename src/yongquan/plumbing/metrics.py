"""What Prometheus may ask: counters and histograms as module objects, counted once a batch where work is hot."""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

CLAIMS = Counter("yongquan_claims", "Claims by outcome code", ["outcome"])
PAYMENTS = Counter("yongquan_payments", "Payments by the state they came to", ["state"])
LINE_MESSAGES = Counter("yongquan_line_messages", "Card messages by line", ["issuer", "line", "outcome"])
LINE_STATE = Gauge("yongquan_line_state", "Breaker of a line: 0 closed, 1 half open, 2 open", ["issuer", "line"])
BATCH_ITEMS = Histogram(
    "yongquan_batch_items", "Items in a batch", ["kind"], buckets=(1, 2, 5, 10, 20, 50, 100, 200, 400, 500)
)
BATCH_SECONDS = Histogram(
    "yongquan_batch_seconds",
    "Duration of a batch, commit included",
    ["kind"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
OUTBOX_LAG_SECONDS = Gauge("yongquan_outbox_lag_seconds", "Age of the oldest event not fanned out, business time")
RISK_LAG_SECONDS = Gauge("yongquan_risk_lag_seconds", "Age of the oldest event that risk has not counted everywhere")
RISK_AFTER_LAG_SECONDS = Gauge(
    "yongquan_risk_after_lag_seconds", "Age of the oldest claim or refund that risk has not judged, business time"
)
DELIVERIES = Counter("yongquan_webhook_deliveries", "Webhook tries by the state they led to", ["state"])
ISSUER_ANSWERS = Counter("yongquan_issuer_answers", "Answers of issuers; unknown: none came", ["institution", "answer"])
ISSUER_SECONDS = Histogram("yongquan_issuer_seconds", "Time an issuer took to answer", ["institution"])
VERDICTS = Counter(
    "yongquan_risk_verdicts", "Verdicts by kind of event and action; unjudged: risk was down", ["kind", "action"]
)
RISK_SECONDS = Histogram(
    "yongquan_risk_seconds",
    "How long an event waited for its verdict",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1),
)
LEDGER_TRANSFERS = Counter("yongquan_ledger_transfers", "Ledger transfers by posting code", ["code"])


def observe_claims(outcomes: Iterable[str]) -> None:
    """Count the outcome codes of a whole batch."""
    for outcome, count in Tally(outcomes).items():
        CLAIMS.labels(outcome).inc(count)


def observe_payments(states: Iterable[str]) -> None:
    """Count the states that a batch of payments came to."""
    for state, count in Tally(states).items():
        PAYMENTS.labels(state).inc(count)


def observe_batch(kind: str, *, items: int, seconds: float) -> None:
    """Note one batch. The cell at the end of a kind's name (claim-3) is left out, so that series stay few."""
    name = kind.rstrip("0123456789").rstrip("-")
    BATCH_ITEMS.labels(name).observe(items)
    BATCH_SECONDS.labels(name).observe(seconds)


def observe_outbox_lag(seconds: float) -> None:
    """Note how old the oldest event is that webhooks have not seen."""
    OUTBOX_LAG_SECONDS.set(seconds)


def observe_risk_lag(seconds: float) -> None:
    """Note how old the oldest event is that some cell has not counted; 0 where there is one cell."""
    RISK_LAG_SECONDS.set(seconds)


def observe_risk_after_lag(seconds: float) -> None:
    """Note how old the oldest claim or refund is that waits to be judged after the fact."""
    RISK_AFTER_LAG_SECONDS.set(seconds)


def observe_deliveries(states: Iterable[str]) -> None:
    """Count webhook tries by the state they led to: delivered, waiting, dead."""
    for state, count in Tally(states).items():
        DELIVERIES.labels(state).inc(count)


def observe_issuer(institution: str, *, answer: str, seconds: float) -> None:
    """Note one answer of an issuer; `answer` is approved, declined or unknown."""
    ISSUER_ANSWERS.labels(institution, answer).inc()
    ISSUER_SECONDS.labels(institution).observe(seconds)


def observe_transfers(code: int | str, count: int) -> None:
    """Count transfers that a batch posted under one posting code."""
    LEDGER_TRANSFERS.labels(str(code)).inc(count)


def observe_verdicts(answers: Iterable[tuple[str, str]]) -> None:
    """Count the (kind, action) of a batch of verdicts."""
    for (kind, action), count in Tally(answers).items():
        VERDICTS.labels(kind, action).inc(count)


def observe_risk(seconds: float) -> None:
    """Note how long one event waited for its verdict."""
    RISK_SECONDS.observe(seconds)
