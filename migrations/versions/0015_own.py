"""Run 0015_own.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0015_own.sql").replace("%", "%%"))
