"""Beside the sandbox any openid of a test merchant is somebody: a citizen is made for it the first time."""

import hashlib
from datetime import datetime
from uuid import UUID

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.sign_in_store import find_or_register
from yongquan.flows.serve_app import AppDesk, NotLinked, open_id_of
from yongquan.institutions import apps_store
from yongquan.institutions.apps import App
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3_store import name_open_id, open_id_of_name
from yongquan.kernel.ids import bucket_from, cell_of
from yongquan.plumbing.fresh import fresh_id

OPENID_MAX = 128


async def citizen_of_openid(
    apps: AppDesk, merchant: GatewayMerchant, openid: str, *, active_at: datetime | None = None
) -> UUID:
    """Whom a merchant means: by the open id of a linked citizen, or by a name given before. Raises `NotLinked`."""
    async with apps.database.transaction() as connection:
        named = await open_id_of_name(connection, merchant.institution, openid)
    open_id = named or _uuid(openid)
    if open_id is None:
        raise NotLinked(f"openid {openid[:40]} is not linked")
    return await apps.citizen(app_of(merchant), open_id, active_at=active_at)


async def admit_openid(apps: AppDesk, merchant: GatewayMerchant, openid: str, *, now: datetime) -> UUID:
    """The citizen behind an openid, made for it if there is none."""
    try:
        return await citizen_of_openid(apps, merchant, openid, active_at=now)
    except NotLinked:
        if not merchant.is_own or not 1 <= len(openid) <= OPENID_MAX:
            raise
    digits = int.from_bytes(hashlib.blake2b(f"{merchant.institution}\n{openid}".encode(), digest_size=8).digest())
    phone = f"170{digits % 10**8:08d}"
    fresh = NewCitizen(fresh_id(bucket_from(apps.sealing.index(phone, what="phone"))), phone, "测试用户")
    async with apps.database.transaction() as connection:
        citizen_id = await find_or_register(connection, fresh, apps.sealing, cells=apps.cells)
        open_id = open_id_of(apps.sealing, merchant.institution, citizen_id)
        await apps_store.save_link(
            connection,
            cell_of(citizen_id, apps.cells),
            merchant.institution,
            open_id=open_id,
            citizen_id=citizen_id,
            is_new=citizen_id == fresh.citizen_id,
            now=now,
        )
        await name_open_id(connection, merchant.institution, openid, open_id)
    return citizen_id


def app_of(merchant: GatewayMerchant) -> App:
    """As which app a merchant acts; its limits are its own signature's."""
    return App(merchant.institution, "", "", 1, 1, "active")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
