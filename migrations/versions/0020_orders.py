"""Run 0020_orders.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0020_orders.sql").replace("%", "%%"))
