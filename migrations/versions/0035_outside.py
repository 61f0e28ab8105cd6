"""Run 0035_outside.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0035_outside.sql").replace("%", "%%"))
