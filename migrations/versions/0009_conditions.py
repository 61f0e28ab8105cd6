"""Run 0009_conditions.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0009_conditions.sql").replace("%", "%%"))
