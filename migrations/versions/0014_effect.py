"""Run 0014_effect.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0014_effect.sql").replace("%", "%%"))
