"""What can go wrong towards an institution. None of these says that a purchase failed."""

from yongquan.kernel.errors import Outage


class OutcomeUnknown(Outage):
    """The message left us and no answer came: ask the institution before deciding anything."""


class NotSent(Outage):
    """The line was down and nothing left us: the same message may be sent again as it is."""


class InstitutionUnreachable(Outage):
    """A signed HTTP call got no answer that can be trusted; it may be repeated under the same id."""
