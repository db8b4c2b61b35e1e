"""The tables of the spine."""

from alembic import op

from models.kernel.database import Base
from models.migrations.triggers import append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "audit_entries",
    "journals",
    "transfers",
    "seals",
    "sealed_journals",
    "personal_data_reads",
    "price_changes",
    "lots",
    "lot_villages",
    "appropriation_changes",
    "order_events",
    "order_line_movements",
    "village_benefits",
    "order_payments",
)


def upgrade() -> None:
    Base.metadata.create_all(op.get_bind())
    for table in APPEND_ONLY:
        append_only(table)
