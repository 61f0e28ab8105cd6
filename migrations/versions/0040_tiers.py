"""Run 0040_tiers.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0040_tiers.sql").replace("%", "%%"))
