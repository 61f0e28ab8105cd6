"""Bring a database to the code's schema: Alembic runs the numbered SQL, then the hot functions are laid anew.

Forward only. The number of cells is written down at the first migration and never changes here.
"""

from pathlib import Path

import psycopg

from yongquan.kernel.errors import BadInput

# An advisory lock of the whole database: two processes that start together migrate one after the other.
MIGRATION_LOCK = 0x79_71_00_01


def migrate(conninfo: str, *, cells: int | None) -> int:
    """Migrate and return the number of cells. Raises `BadInput` if `cells` differs from the stored number."""
    with psycopg.connect(conninfo, autocommit=True) as held:
        held.execute("select pg_advisory_lock(%s)", [MIGRATION_LOCK])
        _run_numbered(conninfo)
        _lay_hot_functions(held)
        return _settle_cells(held, cells)


def migrations_dir() -> Path:
    """The numbered SQL: inside an installed wheel, else at the top of the checkout."""
    packed = Path(__file__).parents[1] / "_migrations"
    return packed if packed.exists() else Path(__file__).parents[3] / "migrations"


def sql_of(name: str) -> str:
    """The text of one numbered SQL file (called by Alembic's revision files)."""
    return (migrations_dir() / name).read_text()


def _run_numbered(conninfo: str) -> None:
    # Loaded where they are used: commands beside a server never migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine  # noqa: PLC0415
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(migrations_dir()))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _lay_hot_functions(connection: psycopg.Connection) -> None:
    with connection.transaction():
        for file in sorted((migrations_dir() / "hot").glob("*.sql")):
            connection.execute(file.read_text().encode())


def _settle_cells(connection: psycopg.Connection, wanted: int | None) -> int:
    connection.execute("insert into plumbing.cells (cells) values (%s) on conflict do nothing", [wanted or 1])
    row = connection.execute("select cells from plumbing.cells").fetchone()
    stored = int(row[0]) if row else 1
    if wanted is not None and wanted != stored:
        raise BadInput(
            f"YONGQUAN_CELLS is {wanted} but this database was made with {stored}: "
            "unset it; the number of cells of a database does not change"
        )
    return stored
