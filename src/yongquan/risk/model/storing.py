"""The model file: one JSON document with LightGBM's text inside. Nothing in it is executed when it is read."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from yongquan.kernel.errors import BadInput
from yongquan.risk.model.calibration import Calibration
from yongquan.risk.model.features import Plan
from yongquan.risk.model.fitted import Bins, Fitted, View
from yongquan.risk.model.line import Line
from yongquan.risk.model.trees import Forest
from yongquan.risk.model.unusual import Rarity

FORMAT: Final = "yongquan-event-model"
VERSION: Final = 1


def save_model(model: Fitted, file: Path) -> str:
    """Write the model; the same events and seed give the same file. Returns its SHA-256."""
    content = _content(model)
    digest = _digest(content)
    try:
        file.write_text(json.dumps(content | {"sha256": digest}, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file}: cannot be written: {error.strerror or error}") from error
    return digest


def load_model(file: Path) -> Fitted:
    """Read a model. Raises `BadInput` if the file is not one, was made by a later version, or was changed."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise BadInput(f"{file}: is not a model: not a JSON document") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise BadInput(f"{file}: is not a model of `yongquan risk fit`")
    if content.get("version") != VERSION:
        raise BadInput(f"{file}: field version: {content.get('version')!r} is not {VERSION}; fit the model anew")
    if content.pop("sha256", None) != _digest(content):
        raise BadInput(f"{file}: field sha256: the file was changed after it was written; fit the model anew")
    return _model(content)


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _content(model: Fitted) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "mode": model.mode,
        "facts": model.facts,
        "plan": json.loads(json.dumps(asdict(model.plan))),
        "views": {
            name: {
                "features": list(view.names),
                "calibration": {"slope": view.calibration.slope, "shift": view.calibration.shift},
                "trees": list(view.forest.texts),
                "line": None if view.line is None else json.loads(json.dumps(asdict(view.line))),
            }
            for name, view in sorted(model.views.items())
        },
        "rarity": {name: list(values) for name, values in model.rarity.quantiles.items()},
        "bins": {name: {"edges": list(one.edges), "shares": list(one.shares)} for name, one in model.bins.items()},
    }


def _line(content: dict[str, Any] | None) -> Line | None:
    if content is None:
        return None
    lists = {name: tuple(content[name]) for name in ("names", "middle", "spread", "weight")}
    return Line(**lists, shift=content["shift"])


def _model(content: dict[str, Any]) -> Fitted:
    plan = content["plan"]
    return Fitted(
        mode=content["mode"],
        plan=Plan(
            delay_us=plan["delay_us"],
            base_rate=plan["base_rate"],
            kinds=tuple(plan["kinds"]),
            scales={name: (low, spread) for name, (low, spread) in plan["scales"].items()},
            deep=tuple(plan["deep"]),
        ),
        views={
            name: View(
                tuple(view["features"]),
                Forest(tuple(view["trees"])),
                Calibration(**view["calibration"]),
                _line(view["line"]),
            )
            for name, view in content["views"].items()
        },
        rarity=Rarity({name: tuple(values) for name, values in content["rarity"].items()}),
        bins={name: Bins(tuple(one["edges"]), tuple(one["shares"])) for name, one in content["bins"].items()},
        facts=content["facts"],
    )
