"""Books, accounts, journals, transfers and their seals."""

import sqlalchemy as sa
from alembic import op

from models.migrations.triggers import append_only

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "books",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("books_pkey")),
    )
    op.create_table(
        "chart_accounts",
        sa.Column("chart", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("concept", sa.String(length=60), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column(
            "element",
            sa.Enum(
                "asset",
                "liability",
                "net_asset",
                "income",
                "cost",
                name="element",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "normal_side",
            sa.Enum("debit", "credit", name="side", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chart", "code", "valid_from", name=op.f("chart_accounts_pkey")),
    )
    op.create_index(
        op.f("chart_accounts_concept_index"), "chart_accounts", ["concept"], unique=False
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "normal_side",
            sa.Enum("debit", "credit", name="side", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=True),
        sa.Column("posted_debit_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("posted_credit_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pending_debit_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pending_credit_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "CASE normal_side WHEN 'debit' THEN posted_credit_fen + pending_credit_fen <= posted_debit_fen ELSE posted_debit_fen + pending_debit_fen <= posted_credit_fen END",
            name=op.f("accounts_no_overdraft_check"),
        ),
        sa.CheckConstraint(
            "posted_debit_fen >= 0 AND posted_credit_fen >= 0 AND pending_debit_fen >= 0 AND pending_credit_fen >= 0",
            name=op.f("accounts_no_negative_side_check"),
        ),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("accounts_book_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("accounts_pkey")),
        sa.UniqueConstraint("book_id", "code", name=op.f("accounts_book_id_code_key")),
    )
    op.create_table(
        "journals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("memo", sa.String(length=200), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("journals_book_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("journals_pkey")),
    )
    op.create_index(op.f("journals_book_id_id_index"), "journals", ["book_id", "id"], unique=False)
    op.create_index(op.f("journals_subject_id_index"), "journals", ["subject_id"], unique=False)
    op.create_table(
        "seals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("journal_count", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("head", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name=op.f("seals_book_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("seals_pkey")),
        sa.UniqueConstraint("book_id", "number", name=op.f("seals_book_id_number_key")),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("debit_id", sa.Uuid(), nullable=False),
        sa.Column("credit_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "posted",
                "pending",
                "post",
                "void",
                name="transferkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("pending_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(kind IN ('post', 'void')) = (pending_id IS NOT NULL)",
            name=op.f("transfers_resolution_names_hold_check"),
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("transfers_positive_check")),
        sa.CheckConstraint("debit_id <> credit_id", name=op.f("transfers_two_accounts_check")),
        sa.ForeignKeyConstraint(
            ["credit_id"], ["accounts.id"], name=op.f("transfers_credit_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["debit_id"], ["accounts.id"], name=op.f("transfers_debit_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journals.id"], name=op.f("transfers_journal_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["pending_id", "debit_id", "credit_id", "amount_fen"],
            ["transfers.id", "transfers.debit_id", "transfers.credit_id", "transfers.amount_fen"],
            name="transfers_resolution_fkey",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("transfers_pkey")),
        sa.UniqueConstraint(
            "id",
            "debit_id",
            "credit_id",
            "amount_fen",
            name=op.f("transfers_id_debit_id_credit_id_amount_fen_key"),
        ),
        sa.UniqueConstraint("pending_id", name=op.f("transfers_pending_id_key")),
    )
    op.create_index(op.f("transfers_credit_id_index"), "transfers", ["credit_id"], unique=False)
    op.create_index(op.f("transfers_debit_id_index"), "transfers", ["debit_id"], unique=False)
    op.create_index(op.f("transfers_journal_id_index"), "transfers", ["journal_id"], unique=False)
    op.create_table(
        "sealed_journals",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journals.id"], name=op.f("sealed_journals_journal_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["seal_id"], ["seals.id"], name=op.f("sealed_journals_seal_id_fkey")
        ),
        sa.PrimaryKeyConstraint("journal_id", name=op.f("sealed_journals_pkey")),
    )
    op.create_index(
        op.f("sealed_journals_seal_id_position_index"),
        "sealed_journals",
        ["seal_id", "position"],
        unique=True,
    )
    for table in (
        "journals",
        "sealed_journals",
        "seals",
        "transfers",
    ):
        append_only(table)
