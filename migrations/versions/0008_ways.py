"""Run 0008_ways.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0008_ways.sql").replace("%", "%%"))
