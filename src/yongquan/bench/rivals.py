"""The designs that claims are measured against, behind the same HTTP server with the same checks at the door.

`hot_row`: one transaction a claim, the stock row updated last so that its lock is held as short as can be.
`redis`: one Lua script a claim; the database hears of it later, if at all.
"""

import hashlib
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from psycopg_pool import AsyncConnectionPool
from starlette.types import Receive, Scope, Send

from yongquan.app import Platform, running
from yongquan.kernel.ids import bucket_of_hex
from yongquan.plumbing.db import database_of
from yongquan.plumbing.fresh import fresh_hexes
from yongquan.plumbing.limits import RateLimit
from yongquan.plumbing.settings import read_settings
from yongquan.plumbing.tokens import Holder
from yongquan.web.api.hot import CLAIM_PREFIX, CLAIM_SUFFIX, read_claim
from yongquan.web.api.wire import JSON, Answer, Refused, problem, read_body, read_headers, send_answer
from yongquan.web.server import serve

HOT_ROW = """
create schema if not exists bench;
create or replace function bench.claim_one(
    p_now timestamptz, p_citizen uuid, p_round uuid, p_type uuid, p_voucher uuid, p_key uuid, p_hash uuid,
    p_from timestamptz, p_until timestamptz
) returns text language plpgsql set enable_seqscan = off as $$
declare
    r vouchers.round;
    t vouchers.voucher_type;
    c citizens.citizen;
    used bigint;
    number integer;
begin
    perform from vouchers.voucher v where v.cell = 0 and v.citizen_id = p_citizen and v.claim_key = p_key;
    if found then return 'again'; end if;
    select * into r from vouchers.round where round_id = p_round;
    select * into t from vouchers.voucher_type where type_id = p_type;
    select * into c from citizens.citizen where cell = 0 and citizen_id = p_citizen for no key update;
    if c.state <> 'active' then return 'blocked'; end if;
    if r.state <> 'published' or p_now < r.opens_at or p_now >= r.closes_at then return 'not_open'; end if;
    select count(*) into used from vouchers.voucher v
     where v.cell = 0 and v.citizen_id = p_citizen and v.round_id = p_round;
    if used >= r.cap_round then return 'cap_reached'; end if;
    insert into ledger.transfer (cell, transfer_id, chain_id, debit_account_id, credit_account_id, amount, ledger,
                                 code, recorded_at)
    values (0, p_voucher, p_voucher, ledger.account_of(p_type::text, 'stock'),
            ledger.account_of(p_type::text, 'claimed'), t.amount_fen, 1, 101, p_now);
    insert into plumbing.outbox (cell, event_id, kind, subject, payload, happened_at)
    values (0, p_voucher, 'voucher.claimed', p_voucher,
            jsonb_build_object('citizen_id', p_citizen, 'type_id', p_type), p_now);
    update vouchers.stock set claimed = claimed + 1 where cell = 0 and type_id = p_type and claimed < stock
    returning claimed into number;
    if number is null then raise exception 'sold_out' using errcode = 'YQ001'; end if;
    insert into vouchers.voucher (cell, voucher_id, citizen_id, campaign_id, round_id, type_id, claim_no, claim_key,
                                  claim_hash, claimed_at, claimed_on, amount_fen, threshold_fen, valid_from,
                                  valid_until)
    values (0, p_voucher, p_citizen, r.campaign_id, p_round, p_type, number, p_key, p_hash, p_now, p_now::date,
            t.amount_fen, t.threshold_fen, p_from, p_until);
    return 'claimed';
end $$;
"""
LUA = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 'again' end
if tonumber(redis.call('GET', KEYS[3]) or '0') >= tonumber(ARGV[1]) then return 'cap_reached' end
if tonumber(redis.call('GET', KEYS[1]) or '0') <= 0 then return 'sold_out' end
redis.call('DECR', KEYS[1])
redis.call('INCR', KEYS[3])
redis.call('SET', KEYS[2], ARGV[2])
redis.call('RPUSH', KEYS[4], ARGV[2])
return 'claimed'
"""

Take = Callable[[str, str, str, bytes], Awaitable[str]]


async def serve_rival(design: str, *, port: int, pool_size: int, redis_port: int) -> None:
    """Serve one design until told to stop."""
    settings = read_settings()
    with database_of(settings) as conninfo:
        async with running(settings, conninfo, cells=1) as platform:
            if design == "redis":
                take = await _with_redis(redis_port)
                await serve(_Rival(platform, take), host="127.0.0.1", port=port)
            else:
                async with AsyncConnectionPool(
                    conninfo, min_size=pool_size, max_size=pool_size, open=False, kwargs={"autocommit": True}
                ) as pool:
                    await serve(_Rival(platform, _with_hot_row(platform, pool)), host="127.0.0.1", port=port)


class _Rival:
    """The claim endpoint's checks, then one call of the design for each request."""

    def __init__(self, platform: Platform, take: Take) -> None:
        self._platform = platform
        self._take = take
        self._limit = RateLimit(per_second=50, burst=100)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_answer(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        try:
            bearer, key = read_headers(scope, self._platform.tokens, Holder.CITIZEN)
            body = await read_body(receive)
            if not self._limit.allows(bearer.id_hex, time.monotonic()):
                return problem("too_many_requests")
            round_hex = scope["path"][len(CLAIM_PREFIX) : -len(CLAIM_SUFFIX)].replace("-", "")
            offer = await self._platform.find_round(round_hex)
            if offer is None or offer.refusal_at(self._platform.clock.now()) is not None:
                return problem("not_open")
            _, body_hash = read_claim(body, round_hex)
            type_hex = next(iter(offer.types))
            code = await self._take(bearer.id_hex, round_hex, type_hex, key + b"|" + body_hash.encode())
        except Refused as refused:
            return problem(refused.code)
        return (201, JSON, b'{"outcome":"claimed"}') if code in {"claimed", "again"} else problem(code)


def _with_hot_row(platform: Platform, pool: AsyncConnectionPool) -> Take:
    async def take(citizen: str, round_hex: str, type_hex: str, key: bytes) -> str:
        now = platform.clock.now()
        offer = platform.catalogue.type(type_hex)
        if offer is None:
            return "not_found"
        start, until = offer.validity.stamps(now)
        hashed = hashlib.blake2b(key, digest_size=16).hexdigest()
        voucher = fresh_hexes([bucket_of_hex(citizen)])[0]
        async with pool.connection() as connection:
            cursor = await connection.execute(
                "select bench.claim_one(%s, %s::uuid, %s::uuid, %s::uuid, %s::uuid, %s::uuid, %s::uuid, %s, %s)",
                [now, citizen, round_hex, type_hex, voucher, hashed, hashed, start, until],
                prepare=True,
            )
            row = await cursor.fetchone()
        return str(row[0]) if row else "unavailable"

    return take


async def _with_redis(port: int) -> Take:
    from redis.asyncio import Redis  # noqa: PLC0415 - the yardstick's client is a developers' tool

    client = Redis(port=port, max_connections=256)
    script = client.register_script(LUA)

    async def take(citizen: str, round_hex: str, type_hex: str, key: bytes) -> str:
        hashed = hashlib.blake2b(key, digest_size=16).hexdigest()
        keys = [f"stock:{type_hex}", f"key:{citizen}:{hashed}", f"cap:{round_hex}:{citizen}", "claims"]
        said = await script(keys=keys, args=[1, fresh_hexes([bucket_of_hex(citizen)])[0]])
        return bytes(said).decode()

    return take


def main() -> None:
    """Entry of the rival's own process: design, port, pool size, port of the Redis server."""
    design, port, pool_size, redis_port = sys.argv[1:5]
    uvloop.run(serve_rival(design, port=int(port), pool_size=int(pool_size), redis_port=int(redis_port)))


if __name__ == "__main__":
    main()
