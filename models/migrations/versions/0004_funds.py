"""Funds, their floor and their statements."""

import sqlalchemy as sa
from alembic import op

from models.migrations.triggers import append_only, standing_follows_accounts

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


FLOOR_FKEY = "fund_standings_floor_fkey"
BELOW_FLOOR = ["below_floor_id", "shortfall_fen"]
OPEN_CALL = ["fund_id", "outstanding_fen"]


def upgrade() -> None:
    # Two keys that name each other: SQLite takes both with their tables, PostgreSQL one afterwards.
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    floor_repeated = [
        sa.ForeignKeyConstraint(
            BELOW_FLOOR,
            [f"open_calls.{column}" for column in OPEN_CALL],
            name=FLOOR_FKEY,
            deferrable=True,
            initially="DEFERRED",
        )
    ] * is_sqlite
    op.create_table(
        "funds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("office_id", sa.Uuid(), nullable=False),
        sa.Column("donation_methods", sa.String(length=120), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["books.id"], name=op.f("funds_id_fkey")),
        sa.ForeignKeyConstraint(
            ["office_id"], ["organisations.id"], name=op.f("funds_office_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("funds_pkey")),
    )
    op.create_index(op.f("funds_division_code_index"), "funds", ["division_code"], unique=False)
    op.create_table(
        "fund_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document_number", sa.String(length=120), nullable=False),
        sa.Column("floor_fen", sa.BigInteger(), nullable=False),
        sa.Column("replenish_working_days", sa.Integer(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("floor_fen >= 0", name=op.f("fund_rules_floor_check")),
        sa.CheckConstraint("notice_days >= 5", name=op.f("fund_rules_notice_check")),
        sa.CheckConstraint(
            "replenish_working_days BETWEEN 1 AND 250", name=op.f("fund_rules_working_days_check")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fund_rules_fund_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("fund_rules_pkey")),
        sa.UniqueConstraint(
            "fund_id", "valid_from", name=op.f("fund_rules_fund_id_valid_from_key")
        ),
    )
    op.create_table(
        "fund_standings",
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("floor_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("available_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("entry_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "below_floor_id",
            sa.Uuid(),
            sa.Computed("CASE WHEN available_fen < floor_fen THEN fund_id END", persisted=True),
            nullable=True,
        ),
        sa.Column(
            "shortfall_fen",
            sa.BigInteger(),
            sa.Computed(
                "CASE WHEN available_fen < floor_fen THEN floor_fen - available_fen END",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "available_fen >= 0 AND available_fen <= balance_fen",
            name=op.f("fund_standings_available_check"),
        ),
        *floor_repeated,
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("fund_standings_fund_id_fkey")
        ),
        sa.PrimaryKeyConstraint("fund_id", name=op.f("fund_standings_pkey")),
        sa.UniqueConstraint(
            "below_floor_id",
            "shortfall_fen",
            name=op.f("fund_standings_below_floor_id_shortfall_fen_key"),
        ),
    )
    op.create_table(
        "replenishment_calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("required_fen", sa.BigInteger(), nullable=False),
        sa.Column("working_days", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("is_due_provisional", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("required_fen > 0", name=op.f("replenishment_calls_required_check")),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("replenishment_calls_fund_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("replenishment_calls_pkey")),
        sa.UniqueConstraint("number", name=op.f("replenishment_calls_number_key")),
    )
    op.create_index(
        op.f("replenishment_calls_fund_id_id_index"),
        "replenishment_calls",
        ["fund_id", "id"],
        unique=False,
    )
    op.create_table(
        "fund_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "donation",
                "district_finance",
                "superior_finance",
                "party_funds",
                "interest",
                "returned_payout",
                name="source",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("balance_change_fen", sa.BigInteger(), nullable=False),
        sa.Column("available_change_fen", sa.BigInteger(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.Column("available_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fund_entries_fund_id_fkey")),
        sa.ForeignKeyConstraint(["id"], ["journals.id"], name=op.f("fund_entries_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("fund_entries_pkey")),
        sa.UniqueConstraint("fund_id", "number", name=op.f("fund_entries_fund_id_number_key")),
    )
    op.create_index(
        op.f("fund_entries_fund_id_day_number_index"),
        "fund_entries",
        ["fund_id", "day", "number"],
        unique=False,
    )
    op.create_table(
        "settlements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("settlements_fund_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("settlements_pkey")),
        sa.UniqueConstraint("fund_id", "reference", name=op.f("settlements_fund_id_reference_key")),
    )
    op.create_table(
        "fund_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "donation",
                "district_finance",
                "superior_finance",
                "party_funds",
                "interest",
                "returned_payout",
                name="source",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("remaining_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("fund_receipts_positive_check")),
        sa.CheckConstraint(
            "remaining_fen BETWEEN 0 AND amount_fen", name=op.f("fund_receipts_remaining_check")
        ),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("fund_receipts_fund_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("fund_receipts_pkey")),
        sa.UniqueConstraint("fund_id", "number", name=op.f("fund_receipts_fund_id_number_key")),
        sa.UniqueConstraint(
            "fund_id",
            "source",
            "reference",
            name=op.f("fund_receipts_fund_id_source_reference_key"),
        ),
    )
    op.create_index(
        op.f("fund_receipts_subject_id_index"), "fund_receipts", ["subject_id"], unique=False
    )
    op.create_index(
        "fund_receipts_unspent_index",
        "fund_receipts",
        ["fund_id", "number"],
        unique=False,
        postgresql_where=sa.text("remaining_fen > 0"),
        sqlite_where=sa.text("remaining_fen > 0"),
    )
    op.create_table(
        "open_calls",
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("outstanding_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["replenishment_calls.id"], name=op.f("open_calls_call_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id", "outstanding_fen"],
            ["fund_standings.below_floor_id", "fund_standings.shortfall_fen"],
            name="open_calls_floor_fkey",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("fund_id", name=op.f("open_calls_pkey")),
        sa.UniqueConstraint("call_id", name=op.f("open_calls_call_id_key")),
        sa.UniqueConstraint(
            "fund_id", "outstanding_fen", name=op.f("open_calls_fund_id_outstanding_fen_key")
        ),
    )
    op.create_table(
        "call_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opened",
                "raised",
                "partly_met",
                "eased",
                "met",
                "escalated",
                name="calleventkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("outstanding_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["replenishment_calls.id"], name=op.f("call_events_call_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("call_events_pkey")),
    )
    op.create_index(
        op.f("call_events_call_id_id_index"), "call_events", ["call_id", "id"], unique=False
    )
    op.create_table(
        "payout_sources",
        sa.Column("payout_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("payout_sources_positive_check")),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["fund_receipts.id"], name=op.f("payout_sources_receipt_id_fkey")
        ),
        sa.PrimaryKeyConstraint("payout_id", "receipt_id", name=op.f("payout_sources_pkey")),
    )
    op.create_index(
        op.f("payout_sources_receipt_id_index"), "payout_sources", ["receipt_id"], unique=False
    )
    op.create_table(
        "draws",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("held", "paid", "released", name="drawstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("draws_positive_check")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("draws_fund_id_fkey")),
        sa.ForeignKeyConstraint(["hold_id"], ["transfers.id"], name=op.f("draws_hold_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("draws_pkey")),
    )
    op.create_index(op.f("draws_fund_id_index"), "draws", ["fund_id"], unique=False)
    if not is_sqlite:
        op.create_foreign_key(
            FLOOR_FKEY,
            "fund_standings",
            "open_calls",
            BELOW_FLOOR,
            OPEN_CALL,
            deferrable=True,
            initially="DEFERRED",
        )
    for table in (
        "call_events",
        "fund_entries",
        "payout_sources",
        "settlements",
    ):
        append_only(table)
    standing_follows_accounts()
