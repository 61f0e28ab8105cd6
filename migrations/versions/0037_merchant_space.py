"""Run 0037_merchant_space.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0037_merchant_space.sql").replace("%", "%%"))
