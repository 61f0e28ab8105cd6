"""Run 0018_draws.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0018_draws.sql").replace("%", "%%"))
