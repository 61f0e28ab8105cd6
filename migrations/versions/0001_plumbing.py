"""Run 0001_plumbing.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0001_plumbing.sql").replace("%", "%%"))
