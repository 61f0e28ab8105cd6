"""The members of the network: who they are, and the lines to them."""

from yongquan.institutions.errors import InstitutionUnreachable, NotSent, OutcomeUnknown
from yongquan.institutions.registry import (
    Institution,
    InstitutionKind,
    Registry,
    UnknownIssuer,
    parse_registry,
)

__all__ = [
    "Institution",
    "InstitutionKind",
    "InstitutionUnreachable",
    "NotSent",
    "OutcomeUnknown",
    "Registry",
    "UnknownIssuer",
    "parse_registry",
]
