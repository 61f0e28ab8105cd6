"""Boosted trees: growing them with an eye on later events, and applying them. The only file that knows LightGBM."""

import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np

from yongquan.kernel.errors import BadInput
from yongquan.risk.model.events import Floats, Ints, Singles

ROUNDS_MOST: Final = 500
PATIENCE: Final = 40


@dataclass(frozen=True, slots=True)
class Shape:
    """How large and how cautious trees are."""

    leaves: int
    leaf_events: int
    rate: float
    rounds: int = ROUNDS_MOST
    calm: float = 10.0  # weight of the ridge on leaves


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows to learn from."""

    values: Singles
    label: Ints
    weight: Floats

    def take(self, rows: Ints) -> "Sample":
        return Sample(self.values[rows], self.label[rows], self.weight[rows])


def load_lightgbm() -> ModuleType:
    """LightGBM, or what to do where its OpenMP library is missing."""
    try:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # waiting threads sleep: the machine is shared
        import lightgbm  # noqa: PLC0415 - slow to load, and needs a library that only this needs
    except OSError as error:
        raise BadInput(
            "the event model needs OpenMP (libgomp.so.1): on Debian or Ubuntu run `apt-get install libgomp1`"
        ) from error
    return lightgbm


def grow(
    sample: Sample, shape: Shape, *, seed: int, kind_at: int | None, judge: Sample | None = None
) -> tuple[str, int]:
    """Grow trees, until `judge` says they no longer get better; the model's text and its rounds."""
    lightgbm = load_lightgbm()
    parameters = _parameters(shape, seed, threads=_threads(sample.values))
    named: Any = [kind_at] if kind_at is not None else "auto"
    ground = lightgbm.Dataset(
        sample.values, sample.label, weight=sample.weight, categorical_feature=named, free_raw_data=False
    )
    if judge is None:
        booster = lightgbm.train(parameters, ground, shape.rounds)
        return booster.model_to_string(), shape.rounds
    later = lightgbm.Dataset(judge.values, judge.label, weight=judge.weight, reference=ground)
    stop = lightgbm.early_stopping(PATIENCE, verbose=False)
    booster = lightgbm.train(parameters, ground, shape.rounds, valid_sets=[later], callbacks=[stop])
    best = max(booster.best_iteration, 5)
    return booster.model_to_string(num_iteration=best), best


def _threads(values: Singles) -> int:
    """Threads that wait for each other cost more than they give on small work."""
    return 1 if values.size < 4_000_000 else 2


def _parameters(shape: Shape, seed: int, *, threads: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": ["binary_logloss"],
        "num_leaves": shape.leaves,
        "min_data_in_leaf": shape.leaf_events,
        "learning_rate": shape.rate,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": shape.calm,
        "max_bin": 127,
        "cat_smooth": 20,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "verbose": -1,
    }


class Forest:
    """Grown trees, the mean of several models."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        lightgbm = load_lightgbm()
        self.texts = texts
        try:
            self._boosters = [lightgbm.Booster(model_str=text) for text in texts]
        except lightgbm.basic.LightGBMError as error:
            raise BadInput(f"the model's trees cannot be read: {error}") from error

    def margin(self, values: Singles) -> Floats:
        """Log-odds of each row."""
        if not len(values):
            return np.zeros(0)
        threads = _threads(values)
        found = [booster.predict(values, raw_score=True, num_threads=threads) for booster in self._boosters]
        mean: Floats = np.mean(found, axis=0)
        return mean

    def contributions(self, values: Singles) -> Floats:
        """What each feature adds to the log-odds (TreeSHAP, Lundberg et al. 2018), rows x features."""
        if not len(values):
            return np.zeros(values.shape)
        threads = _threads(values)
        found = [booster.predict(values, pred_contrib=True, num_threads=threads) for booster in self._boosters]
        mean: Floats = np.mean(found, axis=0)[:, :-1]
        return mean
