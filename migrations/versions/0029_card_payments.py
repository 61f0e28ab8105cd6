"""Run 0029_card_payments.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0029_card_payments.sql").replace("%", "%%"))
