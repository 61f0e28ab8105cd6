"""Run 0022_switch.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0022_switch.sql").replace("%", "%%"))
