"""Run 0025_v3_payments.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0025_v3_payments.sql").replace("%", "%%"))
