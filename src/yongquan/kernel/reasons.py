"""Why somebody does something: a few words that are kept with the deed."""

from yongquan.kernel.errors import BadInput


def require_reason(reason: str, *, most: int) -> None:
    """Pass if a reason has 1 to `most` characters. Raises `BadInput`."""
    if not 1 <= len(reason) <= most:
        raise BadInput(f"the reason has {len(reason)} characters: write 1 to {most}")
