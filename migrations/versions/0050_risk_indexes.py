"""Run 0050_risk_indexes.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0050_risk_indexes.sql").replace("%", "%%"))
