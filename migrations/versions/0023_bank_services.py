"""Run 0023_bank_services.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0023_bank_services.sql").replace("%", "%%"))
