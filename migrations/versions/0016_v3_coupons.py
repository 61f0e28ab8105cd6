"""Run 0016_v3_coupons.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0016_v3_coupons.sql").replace("%", "%%"))
