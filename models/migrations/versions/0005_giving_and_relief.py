"""Gifts and relief payouts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "donations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("donor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "donor_kind",
            sa.Enum(
                "person",
                "sole_trader",
                "enterprise",
                "public_institution",
                "social_group",
                "trade_association",
                name="donorkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("donor_name", sa.String(length=80), nullable=True),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.Column("message", sa.String(length=200), nullable=False),
        sa.Column("campaign", sa.String(length=40), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "card",
                "alipay",
                "wechat_pay",
                name="donationmethod",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "started",
                "pending",
                "received",
                "failed",
                "expired",
                name="donationstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checkout_reference", sa.String(length=120), nullable=True),
        sa.Column("checkout_url", sa.String(length=2000), nullable=True),
        sa.Column("checkout_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_reference", sa.String(length=120), nullable=True),
        sa.Column("receipt_code", sa.String(length=24), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'received') = (receipt_code IS NOT NULL)",
            name=op.f("donations_receipt_when_received_check"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("donations_positive_check")),
        sa.ForeignKeyConstraint(["fund_id"], ["funds.id"], name=op.f("donations_fund_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("donations_pkey")),
        sa.UniqueConstraint("checkout_reference", name=op.f("donations_checkout_reference_key")),
        sa.UniqueConstraint("payment_reference", name=op.f("donations_payment_reference_key")),
        sa.UniqueConstraint("receipt_code", name=op.f("donations_receipt_code_key")),
        sa.UniqueConstraint("token", name=op.f("donations_token_key")),
    )
    op.create_index(
        "donations_awaited_index",
        "donations",
        ["checkout_expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('started', 'pending')"),
        sqlite_where=sa.text("state IN ('started', 'pending')"),
    )
    op.create_index(op.f("donations_donor_id_index"), "donations", ["donor_id"], unique=False)
    op.create_index(
        op.f("donations_fund_id_id_index"), "donations", ["fund_id", "id"], unique=False
    )
    op.create_table(
        "relief_payouts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("fund_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column(
            "cause",
            sa.Enum("illness", "disaster", "accident", name="cause", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("bank_reference", sa.String(length=120), nullable=True),
        sa.Column("failure_reason", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "settled_by <> approved_by", name=op.f("relief_payouts_two_people_check")
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["people.id"], name=op.f("relief_payouts_approved_by_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["fund_id"], ["funds.id"], name=op.f("relief_payouts_fund_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("relief_payouts_household_id_fkey")
        ),
        sa.ForeignKeyConstraint(["id"], ["draws.id"], name=op.f("relief_payouts_id_fkey")),
        sa.ForeignKeyConstraint(
            ["settled_by"], ["people.id"], name=op.f("relief_payouts_settled_by_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("relief_payouts_pkey")),
        sa.UniqueConstraint(
            "fund_id", "bank_reference", name=op.f("relief_payouts_fund_id_bank_reference_key")
        ),
        sa.UniqueConstraint("number", name=op.f("relief_payouts_number_key")),
    )
    op.create_index(
        op.f("relief_payouts_fund_id_id_index"), "relief_payouts", ["fund_id", "id"], unique=False
    )
    op.create_index(
        op.f("relief_payouts_household_id_index"), "relief_payouts", ["household_id"], unique=False
    )
