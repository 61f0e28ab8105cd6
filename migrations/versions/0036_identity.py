"""Run 0036_identity.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0036"
down_revision = "0034"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0036_identity.sql").replace("%", "%%"))
