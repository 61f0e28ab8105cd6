"""Run 0047_gangs.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0047_gangs.sql").replace("%", "%%"))
