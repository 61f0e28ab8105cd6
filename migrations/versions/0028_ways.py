"""Run 0028_ways.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0028"
down_revision = "0026"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0028_ways.sql").replace("%", "%%"))
