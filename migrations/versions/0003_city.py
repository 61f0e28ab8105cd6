"""Run 0003_city.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0003_city.sql").replace("%", "%%"))
