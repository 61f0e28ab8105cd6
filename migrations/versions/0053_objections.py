"""Run 0053_objections.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0053_objections.sql").replace("%", "%%"))
