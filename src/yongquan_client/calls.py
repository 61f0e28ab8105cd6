"""A call as a value: what is asked, and the shape of the answer. The modules beside this one make them."""

from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

T = TypeVar("T")
Id = UUID | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """One request. `repeats`: sending it twice acts once, so the client may try again by itself after an outage.

    A payment that is refused with `step_up_required` is sent again as `call.proven(code)`.
    """

    method: str
    path: str
    answer: type[T]
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    key: str = ""
    repeats: bool = True
    step_up_code: str = field(default="", repr=False)

    def proven(self, code: str) -> "Call[T]":
        """The same request with the one-time code that the payer's phone got."""
        return replace(self, step_up_code=code)


def get(path: str, answer: type[T], **query: Any) -> Call[T]:
    """A question."""
    return Call(method="GET", path=path, answer=answer, query=_given(query))


def post(
    path: str, answer: type[T], body: dict[str, Any] | None = None, *, key: str | None = "", repeats: bool = True
) -> Call[T]:
    """A write. `key` None makes a fresh idempotency key; "" sends none. Fields that are None are left out."""
    return Call(
        method="POST",
        path=path,
        answer=answer,
        body=_given(body or {}),
        key=str(uuid4()) if key is None else key,
        repeats=repeats,
    )


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
