"""Run 0048_verification.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0048"
down_revision = "0047"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0048_verification.sql").replace("%", "%%"))
