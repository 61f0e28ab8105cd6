"""The step that citizens' bank services share: a summary, a code sent to the phone, and the code back."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from fastapi import Request, Response

from yongquan.citizens.sign_in import WrongCode
from yongquan.citizens.store import phone_of
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import cell_of
from yongquan.web.bank_words import bank_word
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render

TROUBLE: Final = (Refusal, Outage)


def reason_of(trouble: Exception) -> str:
    """The code of what went wrong, as `bank_words` lists it."""
    if isinstance(trouble, WrongCode):
        return "wrong_code"
    if isinstance(trouble, Outage):
        return "outage"
    return str(getattr(trouble, "reason", getattr(trouble, "code", "refused")))


def said_trouble(request: Request, trouble: Exception | None) -> str:
    """What went wrong, for a person; "" if nothing did."""
    return bank_word(speech_of(request), "reason", reason_of(trouble)) if trouble else ""


async def ask_code(
    request: Request,
    door: Door,
    who: UUID,
    *,
    title: str,
    lines: Sequence[tuple[str, str]],
    hidden: Mapping[str, str],
    action: str,
    trouble: Exception | None = None,
) -> Response:
    """The page that sums up and takes the code; under the sandbox it shows the message."""
    async with door.database.transaction() as connection:
        phone = await phone_of(connection, cell_of(who, door.cells), who, door.sealing)
    inbox = await door.phones.last_message(phone) if door.phones and phone else None
    facts = {
        "heading": title,
        "lines": lines,
        "hidden": hidden,
        "action": action,
        "error": said_trouble(request, trouble),
        "inbox": inbox,
    }
    return render(request, "citizen/ask_code.html", facts, status=422 if trouble else 200)


def fen_of(text: str) -> int:
    """An amount typed in yuan, as fen; 0 for what is none."""
    whole, _, part = text.strip().replace(",", "").partition(".")
    if not whole.isdecimal() or len(whole) > 9 or len(part) > 2 or (part and not part.isdecimal()):
        return 0
    return int(whole) * 100 + int(part.ljust(2, "0") or "0")
