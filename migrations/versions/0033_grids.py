"""Run 0033_grids.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0033"
down_revision = "0031"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0033_grids.sql").replace("%", "%%"))
