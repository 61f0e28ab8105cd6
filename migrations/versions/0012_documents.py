"""Run 0012_documents.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0012_documents.sql").replace("%", "%%"))
