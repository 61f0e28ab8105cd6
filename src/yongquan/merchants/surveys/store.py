"""The SQL of records of visits and of their photos, which come in parts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.merchants.surveys.model import LOOKS_ALIKE_BITS, PhotoClaim, SurveyState, Visit
from yongquan.plumbing.db import Connection

LISTED_MAX = 100
_SURVEY = """
select v.survey_id, v.surveyor_id, v.task_id, v.store_id, v.grid_code, v.state, v.revision, v.flags,
       coalesce(v.decided_by, ''), v.reason, v.created_at, v.changed_at, r.body_hash, r.answers, r.photos, r.lon, r.lat,
       r.accuracy_m, r.distance_m, r.captured_at, r.received_at, coalesce(s.name, ''), coalesce(s.address, ''),
       coalesce(p.name, '')
  from merchants.survey v
  join merchants.survey_revision r on r.survey_id = v.survey_id and r.revision = v.revision
  join merchants.surveyor w on w.surveyor_id = v.surveyor_id
  join merchants.provider p on p.provider_id = w.provider_id
  left join merchants.store s on s.store_id = v.store_id
"""
_LISTED = f"""{_SURVEY}
 where (%(surveyor)s::uuid is null or v.surveyor_id = %(surveyor)s)
   and (%(states)s::text[] is null or v.state = any (%(states)s))
   and (not %(new)s or v.store_id is null)
   and (%(places)s::text[] is null or left(v.grid_code, 6) = any (%(places)s))
 order by v.changed_at desc, v.survey_id limit %(limit)s
"""
_COUNTS = """
select state, count(*)::int from merchants.survey
 where %(places)s::text[] is null or left(grid_code, 6) = any (%(places)s) group by state
"""
_ADD = """
insert into merchants.survey (survey_id, surveyor_id, task_id, store_id, grid_code, state, revision, flags, created_at,
                              changed_at)
values (%s, %s, %s, %s, %s, 'receiving', %s, '{}', %s, %s)
"""
_REVISE = """
update merchants.survey set state = %s, revision = %s, task_id = %s, store_id = %s, flags = '{}', changed_at = %s
 where survey_id = %s
"""
_ADD_REVISION = """
insert into merchants.survey_revision (survey_id, revision, body_hash, answers, photos, lon, lat, accuracy_m,
                                       distance_m, captured_at, received_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_MOVE = """
update merchants.survey set state = %s, flags = %s, decided_by = %s, reason = %s, changed_at = %s where survey_id = %s
"""
_ADD_PHOTOS = """
insert into merchants.survey_photo (photo_id, survey_id, kind, size, sha256)
select * from unnest(%s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::bytea[]) on conflict (photo_id) do nothing
"""
_PHOTO = "select photo_id, survey_id, kind, size, sha256, received, same_as, whole_at from merchants.survey_photo"
_ADD_PART = "insert into merchants.survey_photo_part (photo_id, at_byte, content) values (%s, %s, %s)"
_PARTS = "select content from merchants.survey_photo_part where photo_id = %s order by at_byte"
_DROP_PARTS = "delete from merchants.survey_photo_part where photo_id = %s"
_RECEIVED = "update merchants.survey_photo set received = %s where photo_id = %s"
_WHOLE = """
update merchants.survey_photo
   set received = size, content = %s, look = %s::bigint::bit(64), same_as = %s, whole_at = %s where photo_id = %s
"""
# Of another shop's record: the same bytes, or a picture that looks the same.
_SAME = f"""
select p.photo_id from merchants.survey_photo p join merchants.survey v using (survey_id)
 where p.whole_at is not null and p.survey_id <> %(survey)s
   and (v.store_id is null or v.store_id is distinct from %(store)s)
   and (p.sha256 = %(sha256)s or bit_count(p.look # %(look)s::bigint::bit(64)) <= {LOOKS_ALIKE_BITS})
 order by p.whole_at limit 1
"""


@dataclass(frozen=True, slots=True)
class Survey:
    """A record with its latest revision. Degrees are WGS-84, distances metres."""

    survey_id: UUID
    surveyor_id: UUID
    task_id: UUID | None
    store_id: UUID | None
    grid_code: str | None
    state: SurveyState
    revision: int
    flags: list[str]
    decided_by: str
    reason: str
    created_at: datetime
    changed_at: datetime
    body_hash: bytes
    answers: dict[str, Any]
    photos: list[UUID]
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    distance_m: float | None
    captured_at: datetime
    received_at: datetime
    store_name: str
    store_address: str
    provider_name: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo and how much of it has come; `same_as` looks the same and belongs to another shop's record."""

    photo_id: UUID
    survey_id: UUID
    kind: str
    size: int
    sha256: bytes
    received: int
    same_as: UUID | None
    whole_at: datetime | None


async def survey_of(connection: Connection, survey_id: UUID, *, lock: bool = False) -> Survey | None:
    """One record; `lock` keeps others off it until the transaction ends."""
    question = f"{_SURVEY} where v.survey_id = %s{' for update of v' if lock else ''}"
    row = await (await connection.execute(question, [survey_id])).fetchone()
    return _survey(row) if row else None


async def surveys_listed(
    connection: Connection,
    *,
    surveyor_id: UUID | None = None,
    states: Sequence[SurveyState] | None = None,
    only_new_shops: bool = False,
    places: Sequence[str] | None = None,
    limit: int = LISTED_MAX,
) -> list[Survey]:
    """Records, the latest changed first."""
    wanted = {
        "surveyor": surveyor_id,
        "states": None if states is None else list(states),
        "new": only_new_shops,
        "places": None if places is None else list(places),
        "limit": limit,
    }
    return [_survey(row) for row in await (await connection.execute(_LISTED, wanted)).fetchall()]


async def survey_counts(connection: Connection, *, places: Sequence[str] | None) -> dict[str, int]:
    """How many records are in each state."""
    rows = await (await connection.execute(_COUNTS, {"places": None if places is None else list(places)})).fetchall()
    return dict(rows)


async def add_survey(
    connection: Connection, visit: Visit, surveyor_id: UUID, *, grid_code: str | None, now: datetime
) -> None:
    """The head of a new record."""
    row = [visit.survey_id, surveyor_id, visit.task_id, visit.store_id, grid_code, visit.revision, now, now]
    await connection.execute(_ADD, row)


async def revise(connection: Connection, visit: Visit, state: SurveyState, *, now: datetime) -> None:
    """The head of a record that gets another revision."""
    await connection.execute(_REVISE, [state, visit.revision, visit.task_id, visit.store_id, now, visit.survey_id])


async def add_revision(connection: Connection, visit: Visit, *, distance_m: float | None, now: datetime) -> None:
    """A revision whole, and its photos made known."""
    at = visit.position
    place = [at.lon, at.lat, at.accuracy_m] if at else [None, None, None]
    photos = [photo.photo_id for photo in visit.photos]
    row = [visit.survey_id, visit.revision, visit.body_hash, Jsonb(visit.answers), photos, *place]
    await connection.execute(_ADD_REVISION, [*row, distance_m, visit.captured_at, now])
    claims: list[PhotoClaim] = list(visit.photos)
    await connection.execute(
        _ADD_PHOTOS,
        [
            photos,
            [visit.survey_id] * len(claims),
            [claim.kind for claim in claims],
            [claim.size for claim in claims],
            [claim.sha256 for claim in claims],
        ],
    )


async def move_survey(
    connection: Connection,
    survey: Survey,
    state: SurveyState,
    *,
    flags: Sequence[str],
    by: str,
    reason: str,
    now: datetime,
) -> None:
    """Another state."""
    await connection.execute(_MOVE, [state, list(flags), by or None, reason, now, survey.survey_id])


async def photos_of(connection: Connection, photo_ids: Sequence[UUID]) -> list[Photo]:
    """Photos without their pictures, in the order asked for."""
    rows = await (await connection.execute(f"{_PHOTO} where photo_id = any (%s)", [list(photo_ids)])).fetchall()
    known = {row[0]: Photo(*row) for row in rows}
    return [known[one] for one in photo_ids if one in known]


async def photo_of(connection: Connection, photo_id: UUID, *, lock: bool = False) -> Photo | None:
    """One photo without its picture."""
    question = f"{_PHOTO} where photo_id = %s{' for update' if lock else ''}"
    row = await (await connection.execute(question, [photo_id])).fetchone()
    return Photo(*row) if row else None


async def picture_of(connection: Connection, photo_id: UUID) -> bytes | None:
    """The sealed picture, None while it is not whole."""
    row = await (
        await connection.execute("select content from merchants.survey_photo where photo_id = %s", [photo_id])
    ).fetchone()
    return bytes(row[0]) if row and row[0] is not None else None


async def add_part(connection: Connection, photo: Photo, content: bytes) -> None:
    """The next bytes of a photo."""
    await connection.execute(_ADD_PART, [photo.photo_id, photo.received, content])
    await connection.execute(_RECEIVED, [photo.received + len(content), photo.photo_id])


async def parts_of(connection: Connection, photo_id: UUID) -> bytes:
    """All bytes that came."""
    rows = await (await connection.execute(_PARTS, [photo_id])).fetchall()
    return b"".join(bytes(row[0]) for row in rows)


async def start_again(connection: Connection, photo_id: UUID) -> None:
    """Forget what came of a photo: it was not what was announced."""
    await connection.execute(_DROP_PARTS, [photo_id])
    await connection.execute(_RECEIVED, [0, photo_id])


async def keep_whole(
    connection: Connection, photo: Photo, sealed: bytes, look: int, *, store_id: UUID | None, now: datetime
) -> UUID | None:
    """Keep a photo that has come whole; another shop's photo that looks the same, if there is one."""
    signed = look - 2**64 if look >= 2**63 else look
    wanted = {"survey": photo.survey_id, "store": store_id, "sha256": photo.sha256, "look": signed}
    row = await (await connection.execute(_SAME, wanted)).fetchone()
    same_as: UUID | None = row[0] if row else None
    await connection.execute(_WHOLE, [sealed, signed, same_as, now, photo.photo_id])
    await connection.execute(_DROP_PARTS, [photo.photo_id])
    return same_as


def _survey(row: Sequence[Any]) -> Survey:
    values = list(row)
    values[5] = SurveyState(values[5])
    values[12] = bytes(values[12])
    return Survey(*values)
