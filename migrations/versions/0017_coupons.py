"""Run 0017_coupons.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0017_coupons.sql").replace("%", "%%"))
