"""`yongquan staff`: who may sign in to the console."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from yongquan.commands.printing import say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.settings import read_settings
from yongquan.staff import NewStaff, Role, RoleGrant

app = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")


@app.command()
def enrol(
    *,
    login: Annotated[str, typer.Option(help="what to type at sign-in")],
    name: Annotated[str, typer.Option(help="the person's name")],
    role: Annotated[list[Role], typer.Option(help="may be given several times")],
    adcode: Annotated[str | None, typer.Option(help="only this division (six digits); default: the whole city")] = None,
    funder: Annotated[str | None, typer.Option(help="only this funder: an auditor's seat, read-only")] = None,
    institution: Annotated[
        str | None, typer.Option(help="only this bank or wallet: its seat at the merchant pool, with --role operator")
    ] = None,
    valid_until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the seat ends at the end of this day (Shanghai)")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="its first line is the password; default: ask")] = None,
) -> None:
    """Enrol a member of staff and show the QR code for the authenticator, once."""
    import segno

    from yongquan.app import load_regions
    from yongquan.staff.enrolling import enrol_staff, read_password

    if adcode is not None and adcode not in {division.adcode for division in load_regions().divisions}:
        raise BadInput(f"--adcode {adcode}: there is no such division; give a six-digit code, or leave it out")
    if password_file is not None:
        password = read_password(password_file)
    else:
        password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
    if institution is not None and (set(role) != {Role.OPERATOR} or funder is not None):
        raise BadInput(f"--institution {institution}: only the role operator is bounded to an institution")
    if funder is not None and set(role) != {Role.AUDITOR}:
        raise BadInput(f"--funder {funder}: only the role auditor is bounded to a funder")
    ends = None if valid_until is None else (valid_until + timedelta(days=1)).replace(tzinfo=SHANGHAI)
    grants = tuple(RoleGrant(one, adcode, funder or institution, ends) for one in role)
    uri = enrol_staff(read_settings(), NewStaff(login=login, name=name, grants=grants), password)
    segno.make(uri, error="l", micro=False).terminal(compact=True)
    say(uri)
    say(f"{login} is enrolled. Scan the code with an authenticator app now: it is not shown again.")
