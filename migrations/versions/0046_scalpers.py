"""Run 0046_scalpers.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0046"
down_revision = "0045"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0046_scalpers.sql").replace("%", "%%"))
