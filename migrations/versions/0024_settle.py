"""Run 0024_settle.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0024_settle.sql").replace("%", "%%"))
