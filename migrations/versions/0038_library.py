"""Run 0038_library.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0038_library.sql").replace("%", "%%"))
