"""Run 0005_plumbing_more.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0005_plumbing_more.sql").replace("%", "%%"))
