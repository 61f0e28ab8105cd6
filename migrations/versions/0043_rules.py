"""Run 0043_rules.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0043"
down_revision = "0049"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0043_rules.sql").replace("%", "%%"))
