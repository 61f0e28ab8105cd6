"""Every reason for a no to staff."""

from yongquan.kernel.errors import Refusal


class SignInRefused(Refusal):
    """Login, password or code is wrong; which of them is not told."""

    code = "sign_in_refused"


class LockedOut(Refusal):
    """Too many failures: wait until the fact `until`."""

    code = "locked_out"


class SignedOut(Refusal):
    """No such session, or it ended."""

    code = "unauthorized"


class Forbidden(Refusal):
    """No role of this person covers the region and the institution asked for."""

    code = "forbidden"
