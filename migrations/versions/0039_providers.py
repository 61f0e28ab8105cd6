"""Run 0039_providers.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0039_providers.sql").replace("%", "%%"))
