"""Run 0042_surveys.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0042"
down_revision = "0040"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0042_surveys.sql").replace("%", "%%"))
