"""Run 0031_instruments.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0031_instruments.sql").replace("%", "%%"))
