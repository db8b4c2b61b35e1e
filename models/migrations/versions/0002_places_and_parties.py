"""Places, people, organisations, sessions, households, alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "fund_under_floor",
                "replenishment_overdue",
                "payment_overdue",
                "schedule_late",
                "job_given_up",
                name="alertkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "facts",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True), "postgresql"
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
    )
    op.create_index(
        "alerts_open_key",
        "alerts",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        sqlite_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "divisions",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "nation",
                "province",
                "city",
                "county",
                "township",
                "village",
                name="divisionlevel",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "community",
                "village",
                "like_community",
                "like_village",
                name="villagekind",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("divisions_pkey")),
    )
    op.create_index(
        op.f("divisions_parent_code_code_index"), "divisions", ["parent_code", "code"], unique=False
    )
    op.create_table(
        "designated_counties",
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("listed_name", sa.String(length=80), nullable=False),
        sa.Column("designated_since", sa.Date(), nullable=False),
        sa.Column("delisted_year", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "county_code", "listed_name", name=op.f("designated_counties_pkey")
        ),
    )
    op.create_table(
        "poverty_lines",
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("poverty", "monitoring", name="linekind", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("line_fen", sa.BigInteger(), nullable=False),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("division_code", "year", name=op.f("poverty_lines_pkey")),
    )
    op.create_table(
        "policy_numbers",
        sa.Column(
            "name",
            sa.Enum(
                "reserved_share_minimum",
                "reserved_share_encouraged",
                "payment_due_days",
                "payment_due_days_by_contract",
                "late_payment_interest",
                "price_tolerance",
                "public_notice_minimum",
                "relief_decision_maximum",
                name="policyname",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "basis_points",
                "basis_points_per_day",
                "days",
                "working_days",
                name="policyunit",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "name", "division_code", "valid_from", name=op.f("policy_numbers_pkey")
        ),
    )
    op.create_table(
        "reference_loads",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("changed_rows", sa.Integer(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("reference_loads_pkey")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sign_in_name", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("people_pkey")),
        sa.UniqueConstraint("sign_in_name", name=op.f("people_sign_in_name_key")),
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name_fingerprint", sa.String(length=60), nullable=False),
        sa.Column("address_fingerprint", sa.String(length=60), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("sign_in_attempts_pkey")),
    )
    op.create_index(
        op.f("sign_in_attempts_address_fingerprint_at_index"),
        "sign_in_attempts",
        ["address_fingerprint", "at"],
        unique=False,
    )
    op.create_index(op.f("sign_in_attempts_at_index"), "sign_in_attempts", ["at"], unique=False)
    op.create_index(
        op.f("sign_in_attempts_name_fingerprint_at_index"),
        "sign_in_attempts",
        ["name_fingerprint", "at"],
        unique=False,
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "operator",
                "budget_unit",
                "supplier",
                "fund_office",
                "finance_bureau",
                "reviewing_office",
                "supervisor",
                "donor",
                name="organisationkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("credit_code", sa.String(length=18), nullable=True),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("path", sa.String(length=400), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisations.id"], name=op.f("organisations_parent_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("organisations_pkey")),
        sa.UniqueConstraint("credit_code", name=op.f("organisations_credit_code_key")),
        sa.UniqueConstraint("path", name=op.f("organisations_path_key")),
    )
    op.create_index(
        op.f("organisations_division_code_index"), "organisations", ["division_code"], unique=False
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "officer",
                "approver",
                "superior",
                "supplier",
                "fund_manager",
                "fund_cashier",
                "finance",
                "village_reviewer",
                "township_reviewer",
                "district_reviewer",
                "auditor",
                "administrator",
                name="role",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("memberships_organisation_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("memberships_person_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("memberships_pkey")),
    )
    op.create_index(
        "memberships_held_key",
        "memberships",
        ["person_id", "organisation_id", "role"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        op.f("memberships_organisation_id_index"), "memberships", ["organisation_id"], unique=False
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("sessions_person_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("sessions_pkey")),
    )
    op.create_index(op.f("sessions_person_id_index"), "sessions", ["person_id"], unique=False)
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("head_name", sa.LargeBinary(), nullable=False),
        sa.Column("card_number", sa.LargeBinary(), nullable=False),
        sa.Column("card_fingerprint", sa.String(length=60), nullable=False),
        sa.Column("card_last_four", sa.String(length=4), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "unstably_relieved",
                "borderline",
                "sudden_hardship",
                "steadily_relieved",
                name="householdkind",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("members > 0", name=op.f("households_members_check")),
        sa.ForeignKeyConstraint(
            ["registered_by"], ["people.id"], name=op.f("households_registered_by_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("households_pkey")),
    )
    op.create_index(
        op.f("households_card_fingerprint_index"), "households", ["card_fingerprint"], unique=False
    )
    op.create_index(
        op.f("households_division_code_index"), "households", ["division_code"], unique=False
    )
