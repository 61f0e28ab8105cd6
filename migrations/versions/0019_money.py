"""Run 0019_money.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0019_money.sql").replace("%", "%%"))
