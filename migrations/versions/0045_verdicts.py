"""Run 0045_verdicts.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0045"
down_revision = "0044"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0045_verdicts.sql").replace("%", "%%"))
