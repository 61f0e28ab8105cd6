"""Run 0049_materials.sql."""

from alembic import op

from yongquan.plumbing.migrate import sql_of

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(sql_of("0049_materials.sql").replace("%", "%%"))
