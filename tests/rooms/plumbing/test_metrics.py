"""Metrics count what they are told, once a batch."""

from prometheus_client import REGISTRY

from yongquan.plumbing import metrics


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_a_batch_of_claims_is_counted_by_outcome() -> None:
    before = sample("yongquan_claims_total", outcome="sold_out")

    metrics.observe_claims(["claimed", "sold_out", "sold_out"])

    assert sample("yongquan_claims_total", outcome="sold_out") == before + 2


def test_batches_of_all_cells_are_one_series() -> None:
    metrics.observe_batch("test-kind-0", items=3, seconds=0.004)
    metrics.observe_batch("test-kind-31", items=5, seconds=0.004)

    assert sample("yongquan_batch_items_sum", kind="test-kind") == 8
    assert sample("yongquan_batch_seconds_count", kind="test-kind") == 2


def test_answers_payments_transfers_and_deliveries_are_counted() -> None:
    metrics.observe_issuer("test-bank", answer="approved", seconds=0.02)
    metrics.observe_payments(["test-state"])
    metrics.observe_transfers(65000, 7)
    metrics.observe_deliveries(["test-state"])
    metrics.observe_outbox_lag(1.5)

    assert sample("yongquan_issuer_answers_total", institution="test-bank", answer="approved") == 1
    assert sample("yongquan_payments_total", state="test-state") == 1
    assert sample("yongquan_ledger_transfers_total", code="65000") == 7
    assert sample("yongquan_webhook_deliveries_total", state="test-state") == 1
    assert sample("yongquan_outbox_lag_seconds") == 1.5
