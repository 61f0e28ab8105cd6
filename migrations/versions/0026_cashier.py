"""Run 0026_cashier.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0026_cashier.sql").replace("%", "%%"))
