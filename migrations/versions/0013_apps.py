"""Run 0013_apps.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0013_apps.sql").replace("%", "%%"))
