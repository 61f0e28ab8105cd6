"""Run 0002_ledger.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0002_ledger.sql").replace("%", "%%"))
