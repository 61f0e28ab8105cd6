"""Run 0004_payments.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0004_payments.sql").replace("%", "%%"))
