"""Run 0010_policies.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0010_policies.sql").replace("%", "%%"))
