"""Shops that wait for a reviewer, written beside the running server as the registers' answers would leave them."""

import asyncio
import io
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from PIL import Image, ImageDraw

from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import named_id
from yongquan.merchants.applications import store
from yongquan.merchants.applications.model import Risk, State
from yongquan.merchants.applications.photos import redraw
from yongquan.merchants.identity.model import LicenceKind, LicenceStatus, Record
from yongquan.plumbing.db import Connection, database_of, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings

# A division that no other journey has shops of.
PLACE = "330281"


def enter_newcomers(data_dir: str, citizen: UUID, names: Sequence[str], *, first: int = 7_000) -> list[UUID]:
    """Applications in review, due an hour apart, the first one overdue; in a thread, as Playwright holds the loop.

    The last of them was sent back once and mended; the one before it needs two people.
    """
    made: list[UUID] = []

    async def enter() -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
        with database_of(settings) as conninfo:
            async with opened(conninfo) as database, database.transaction() as connection:
                sealing = Sealing(load_keys(settings.keys_dir))
                made.extend(
                    [
                        await _enter(connection, sealing, citizen, name, number=first + n, n=n, count=len(names))
                        for n, name in enumerate(names)
                    ]
                )

    thread = threading.Thread(target=lambda: asyncio.run(enter()))
    thread.start()
    thread.join()
    return made


async def _enter(
    connection: Connection, sealing: Sealing, citizen: UUID, name: str, *, number: int, n: int, count: int
) -> UUID:
    row = await (await connection.execute("select plumbing.now()")).fetchone()
    assert row is not None
    now, facts = row[0], _facts(name, number)
    due_at = now + timedelta(hours=n) - timedelta(minutes=30)
    id_ = await store.begin(connection, named_id("newcomer", number), citizen_id=citizen, key=str(number), now=now)
    facts["licence_photo"] = str(
        await store.save_photo(
            connection, fresh_id(), id_, "licence", photo=redraw(_picture()), sealing=sealing, now=now
        )
    )
    found = await store.application_of(connection, id_)
    assert found is not None
    is_mended = n == count - 1
    if is_mended:
        await store.save_fields(connection, found, 1, facts | {"address": "旧地址 9 号"}, sealing, now=now)
        await store.add_decision(
            connection, found, "rejected", actor="system:register", reason="address_differs", note="", now=now
        )
    await store.save_fields(connection, found, 2 if is_mended else 1, facts, sealing, now=now)
    found = await store.application_of(connection, id_)
    assert found is not None
    await store.mark_sent(connection, found, now=now)
    record = _told(Record(facts["licence_no"], f"宁波市海曙{name}", *_register(), facts["address"], *_rest()))
    await store.save_check(connection, found, sealing, record=record, findings=[], links=[])
    risk = Risk.RAISED if n == count - 2 else Risk.ORDINARY
    await store.move(connection, found, State.IN_REVIEW, now=now, due_at=due_at, risk=risk)
    return id_


def _facts(name: str, number: int) -> dict[str, str]:
    return {
        "has_licence": "yes",
        "licence_no": credit_code(number, adcode="330203", is_company=False),
        "applicant": "owner",
        "person_name": "某某",
        "person_id_no": "330203199001010000",
        "shop_name": name,
        "industry": "dining",
        "address": f"海曙区药行街 {number} 号",
        "lon": "121.55",
        "lat": "29.87",
        "adcode": PLACE,
        "acquirer": "donggang",
        "account_no": f"6229{number:06d}",
        "account_holder": "某某",
    }


def _register() -> tuple[LicenceKind, str, str, date]:
    return LicenceKind.SOLE_TRADER, "", "某某", date(2019, 5, 1)


def _rest() -> tuple[str, LicenceStatus, date]:
    return "餐饮服务", LicenceStatus.IN_BUSINESS, date(2019, 5, 1)


def _told(record: Record) -> dict[str, Any]:
    days = {name: getattr(record, name).isoformat() for name in ("owner_since", "established_on")}
    return asdict(record) | days | {"history": []}


def _picture() -> bytes:
    file, image = io.BytesIO(), Image.new("RGB", (640, 460), "#f6f1e4")
    ImageDraw.Draw(image).rectangle((20, 20, 620, 440), outline="#b03030", width=6)
    image.save(file, "PNG")
    return file.getvalue()
