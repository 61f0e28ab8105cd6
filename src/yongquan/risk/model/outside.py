"""Numeric columns of the file's own (`x_*`): as they are, and against the payer's and the payee's own past."""

from collections.abc import Iterator

import numpy as np

from yongquan.risk.model.events import Column, Events, Floats, Ints
from yongquan.risk.model.timeline import Past

POINT = 10_000
SCALED_MOST = 30.0
PAIRED_MOST = 8  # columns that are also held against the amount and against each other


def scale_of(values: Floats) -> tuple[float, float]:
    """Median and spread of the known values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0, 1.0
    low, middle, high = (float(one) for one in np.quantile(known, (0.25, 0.5, 0.75)))
    spread = high - low or float(known.std())
    return middle, spread if np.isfinite(spread) and spread > 0 else 1.0


def of_columns(
    events: Events, scales: dict[str, tuple[float, float]], deep: tuple[str, ...], payer: Past, payee: Past
) -> Iterator[Column]:
    """Only columns the model has learned with; one that the file lacks is left out, and so unknown."""
    present = [name for name in scales if name in events.x]
    for name in present:
        yield f"event.{name}", events.x[name]
    for name in present:
        if name in deep:
            yield from _against_past(name, events.x[name], scales[name], payer, payee)
    paired = [name for name in list(scales)[:PAIRED_MOST] if name in events.x]
    amount = events.amount_fen.astype(np.float64)
    for at, name in enumerate(paired):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = np.where(events.x[name] == 0, np.nan, amount / events.x[name])
        yield f"event.amount_over.{name}", np.clip(ratio, -1e30, 1e30)
        for other in paired[:at]:
            yield f"event.{name}.less.{other}", np.clip(events.x[name] - events.x[other], -1e30, 1e30)


def _against_past(name: str, values: Floats, scale: tuple[float, float], payer: Past, payee: Past) -> Iterator[Column]:
    whole, is_known = _fixed(values, scale)
    for side, past in (("payer", payer), ("payee", payee)):
        count = past.total(is_known)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = past.total(whole) / count
            variance = np.maximum(past.total(whole * whole) / count - mean * mean, 0.0) / POINT**2
        spread = np.sqrt((variance * count + 0.1) / (count + 2.0))
        usual = np.where(is_known > 0, (whole - mean) / POINT, np.nan)
        yield f"{side}.{name}.over_mean", usual
        yield f"{side}.{name}.deviation", usual / np.maximum(spread, 0.05)
    yield f"payer.{name}.over_last", values - payer.back(values, 1)


def _fixed(values: Floats, scale: tuple[float, float]) -> tuple[Ints, Ints]:
    """The values squeezed by asinh and kept as whole ten-thousandths, so that sums are exact."""
    middle, spread = scale
    is_known = ~np.isnan(values)
    squeezed = np.arcsinh((np.where(is_known, values, middle) - middle) / spread)
    whole = np.rint(np.clip(squeezed, -SCALED_MOST, SCALED_MOST) * POINT).astype(np.int64)
    return np.where(is_known, whole, 0), is_known.astype(np.int64)
