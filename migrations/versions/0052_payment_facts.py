"""Run 0052_payment_facts.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0052_payment_facts.sql").replace("%", "%%"))
