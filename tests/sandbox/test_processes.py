"""The outside world as processes: killed, restarted, orphaned."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from launching import DAY, Sandbox, card_number, following, make_key, purchase, running

from yongquan.institutions import NotSent, OutcomeUnknown
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.connectors.card_messages import InquiryRequest, OriginalState, PurchaseRequest

CARD = card_number("629901", 1)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def all_gone(pids: tuple[int, ...], *, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(is_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


async def buy_until_killed(sandbox: Sandbox) -> list[PurchaseRequest]:
    """Keep many purchases outstanding, kill everything in the midst, return the acknowledged ones."""
    acknowledged: list[PurchaseRequest] = []
    async with sandbox.client("chaoxin") as client:
        await client.open_accounts(
            [AccountOpening(account_no="A1", holder="周一帆", opening_balance_fen=10**9, card_no=CARD)]
        )
    stans, enough = iter(range(1, 100_000)), asyncio.Event()

    async with sandbox.line("chaoxin") as line:
        await line.wait_ready(timeout_s=5)

        async def buyer() -> None:
            for stan in stans:
                bought = purchase(CARD, 100, stan)
                try:
                    answer = await line.purchase(bought, timeout_s=5)
                except (OutcomeUnknown, NotSent):
                    return
                assert answer.approved
                acknowledged.append(bought)
                if len(acknowledged) == 2_000:
                    enough.set()

        buyers = asyncio.gather(*(buyer() for _ in range(64)))
        await enough.wait()
        sandbox.launcher.kill()
        for pid in sandbox.pids:
            os.kill(pid, signal.SIGKILL)
        await buyers
    return acknowledged


async def check_books(sandbox: Sandbox, acknowledged: list[PurchaseRequest]) -> None:
    async with sandbox.client("chaoxin") as client:
        proof, totals = await client.proof(), await client.totals(DAY)
        page = await client.transactions(DAY, limit=50_000)
        held = await client.account("A1")
    booked = {transaction.payment_id for transaction in page.transactions}

    assert proof.balanced
    assert {one.payment_id for one in acknowledged} <= booked
    assert totals.purchases.count == len(booked)
    assert held.balance_fen == 10**9 - 100 * len(booked)

    async with sandbox.line("chaoxin") as line:
        await line.wait_ready(timeout_s=5)
        last = following(InquiryRequest, acknowledged[-1], stan=900_001)
        assert (await line.inquire(last, timeout_s=5)).state is OriginalState.APPROVED


def test_acknowledged_purchases_survive_kill_9_under_load(tmp_path: Path) -> None:
    with running(tmp_path, "chaoxin") as sandbox:
        acknowledged = asyncio.run(buy_until_killed(sandbox))
        assert all_gone(sandbox.pids)

    with running(tmp_path, "chaoxin") as sandbox:
        asyncio.run(check_books(sandbox, acknowledged))


def test_killed_launcher_leaves_no_orphans(tmp_path: Path) -> None:
    with running(tmp_path, "chaoxin", "lujiao", "suihe") as sandbox:
        assert all(is_alive(pid) for pid in sandbox.pids)

        sandbox.launcher.kill()

        assert all_gone(sandbox.pids)


def test_stopped_launcher_stops_its_children(tmp_path: Path) -> None:
    with running(tmp_path, "yuehu") as sandbox:
        pass

    assert sandbox.launcher.returncode == 0
    assert all_gone(sandbox.pids)


def test_launcher_stops_when_its_own_parent_dies(tmp_path: Path) -> None:
    make_key(tmp_path)
    command = f"{sys.executable} -m yongquan_sandbox.cli --dir {tmp_path}/s --network-key {tmp_path}/network.pub"
    parent = subprocess.Popen(
        ["/bin/sh", "-c", f"{command} --only suihe & echo $!; wait"], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    launcher = int(parent.stdout.readline())
    assert "ready" in parent.stdout.readline()

    parent.kill()
    parent.wait()

    assert all_gone((launcher,))


def test_second_launcher_on_the_same_books_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, "suihe"):
        second = subprocess.run(
            [
                *(sys.executable, "-m", "yongquan_sandbox.cli", "--dir", str(tmp_path / "sandbox")),
                *("--network-key", str(tmp_path / "network.pub"), "--only", "suihe"),
            ],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert second.returncode == 1
    assert "in use" in second.stderr
