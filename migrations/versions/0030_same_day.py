"""Run 0030_same_day.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0030_same_day.sql").replace("%", "%%"))
