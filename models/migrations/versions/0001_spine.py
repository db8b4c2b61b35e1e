"""The tables of the spine."""

from alembic import op
from sqlalchemy import MetaData

from models.kernel.database import Base
from models.migrations.triggers import append_only, standing_follows_accounts

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "appropriation_changes",
    "audit_entries",
    "call_events",
    "fund_entries",
    "journals",
    "lot_villages",
    "lots",
    "order_events",
    "order_line_movements",
    "order_payments",
    "payout_sources",
    "personal_data_reads",
    "price_changes",
    "sealed_journals",
    "seals",
    "transfers",
    "village_benefits",
)


def upgrade() -> None:
    # Creating tables that refer to each other marks their constraints for one engine: use a copy.
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    for table in Base.metadata.tables.values():
        table.to_metadata(metadata)
    metadata.create_all(op.get_bind())
    for name in APPEND_ONLY:
        append_only(name)
    standing_follows_accounts()
