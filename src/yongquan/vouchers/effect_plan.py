"""The analysis of a draw as a document that is published before the draw: what will be computed, and nothing else.

The hash is SHA-256 over the plan as JSON with sorted keys and no spaces (UTF-8), so that anybody can compute it.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from yongquan.kernel.errors import BadInput, Refusal


class PlanDiffers(Refusal):
    """The analysis asked for is not the one that was published before the draw."""

    code = "plan_differs"


class PlanTooLate(Refusal):
    """The draw's sign-up is over, or another plan was published: a plan now would be chosen with hindsight."""

    code = "plan_too_late"


class Window(BaseModel):
    """When spending counts, half-open."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    starts_at: AwareDatetime
    ends_at: AwareDatetime

    @model_validator(mode="after")
    def _in_order(self) -> "Window":
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be after starts_at")
        return self


class AnalysisPlan(BaseModel):
    """What will be computed of one draw round.

    `outcome` spending counts whole orders less refunds, own_money what citizens paid themselves. `adjust` takes out
    what the window of the same length just before this one foretells.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    round_id: UUID
    hypothesis: str = Field(min_length=1, max_length=500)
    outcome: Literal["spending", "own_money"] = "spending"
    window: Window
    strata: Literal["draw"] = "draw"
    cluster: Literal["citizen"] = "citizen"
    level: float = Field(default=0.95, gt=0.5, lt=1)
    adjust: bool = False
    cuts: tuple[Literal["district", "industry", "age_band"], ...] = ("district", "industry", "age_band")

    def document(self) -> dict[str, Any]:
        """The plan as plain values, times in UTC."""
        plain: dict[str, Any] = self.model_dump(mode="json")
        plain["window"] = {name: _utc(getattr(self.window, name)) for name in ("starts_at", "ends_at")}
        return plain

    def text(self) -> str:
        """The plan as it is hashed."""
        return json.dumps(self.document(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def digest(self) -> str:
        """The hash that is published."""
        return hashlib.sha256(self.text().encode()).hexdigest()


def read_plan(file: Path) -> AnalysisPlan:
    """A plan from a YAML or JSON file. Raises `BadInput` naming the file and the field."""
    try:
        return plan_of(yaml.safe_load(file.read_text(encoding="utf-8")), name=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise BadInput(f"{file}:{line} is not YAML: {getattr(error, 'problem', error)}") from error


def plan_of(document: object, *, name: str) -> AnalysisPlan:
    """A plan from plain values; `name` says where they came from. Raises `BadInput`."""
    try:
        return AnalysisPlan.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the document"
        raise BadInput(f"{name}: {field}: {first['msg']}") from error


def deviations(registered: AnalysisPlan, asked: AnalysisPlan) -> tuple[str, ...]:
    """The fields in which an analysis differs from the published plan, by name."""
    was, wanted = registered.document(), asked.document()
    return tuple(name for name in sorted(was) if was[name] != wanted[name])


def require_registered(registered: AnalysisPlan, asked: AnalysisPlan, *, reason: str = "") -> tuple[str, ...]:
    """The deviations an analysis must be marked with. Raises `PlanDiffers` for any without a reason."""
    differs = deviations(registered, asked)
    if "round_id" in differs:
        raise PlanDiffers("this plan was published for another round", fields=list(differs))
    if differs and not reason.strip():
        raise PlanDiffers(f"not as published before the draw: {', '.join(differs)}", fields=list(differs))
    return differs


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
