"""Run 0011_funders.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0011_funders.sql").replace("%", "%%"))
