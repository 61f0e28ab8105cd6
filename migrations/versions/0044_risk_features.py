"""Run 0044_risk_features.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0044"
down_revision = "0043"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0044_risk_features.sql").replace("%", "%%"))
