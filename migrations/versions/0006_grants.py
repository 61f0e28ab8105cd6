"""Run 0006_grants.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0006_grants.sql").replace("%", "%%"))
