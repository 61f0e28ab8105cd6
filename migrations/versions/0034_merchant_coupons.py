"""Run 0034_merchant_coupons.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0034_merchant_coupons.sql").replace("%", "%%"))
