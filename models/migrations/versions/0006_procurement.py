"""Suppliers, products, appropriations, orders and village benefits."""

import sqlalchemy as sa
from alembic import op

from models.migrations.triggers import append_only

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "suppliers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("admitted", "suspended", name="supplierstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("document_number", sa.String(length=80), nullable=False),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["organisations.id"], name=op.f("suppliers_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("suppliers_pkey")),
    )
    op.create_table(
        "appropriations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("granted_id", sa.Uuid(), nullable=False),
        sa.Column("available_id", sa.Uuid(), nullable=False),
        sa.Column("held_id", sa.Uuid(), nullable=False),
        sa.Column("payable_id", sa.Uuid(), nullable=False),
        sa.Column("paid_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organisations.id"], name=op.f("appropriations_unit_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("appropriations_pkey")),
        sa.UniqueConstraint("unit_id", "year", name=op.f("appropriations_unit_id_year_key")),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("unit_name", sa.String(length=20), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("stock_quantity", sa.Integer(), nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "stock_quantity >= 0", name=op.f("products_stock_is_not_negative_check")
        ),
        sa.CheckConstraint("unit_price_fen > 0", name=op.f("products_price_is_positive_check")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("products_supplier_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("products_pkey")),
    )
    op.create_index(
        op.f("products_county_code_id_index"), "products", ["county_code", "id"], unique=False
    )
    op.create_index(op.f("products_supplier_id_index"), "products", ["supplier_id"], unique=False)
    op.create_table(
        "appropriation_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appropriation_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("document_number", sa.String(length=80), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "amount_fen <> 0", name=op.f("appropriation_changes_amount_is_not_zero_check")
        ),
        sa.ForeignKeyConstraint(
            ["appropriation_id"],
            ["appropriations.id"],
            name=op.f("appropriation_changes_appropriation_id_fkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("appropriation_changes_pkey")),
        sa.UniqueConstraint(
            "appropriation_id",
            "document_number",
            name=op.f("appropriation_changes_appropriation_id_document_number_key"),
        ),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("transfer_code", sa.String(length=24), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("appropriation_id", sa.Uuid(), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "placed",
                "confirmed",
                "shipped",
                "partly_accepted",
                "accepted",
                "cancelled",
                "rejected",
                "returned",
                name="orderstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("held_fen", sa.BigInteger(), nullable=False),
        sa.Column("released_fen", sa.BigInteger(), nullable=False),
        sa.Column("accepted_fen", sa.BigInteger(), nullable=False),
        sa.Column("returned_fen", sa.BigInteger(), nullable=False),
        sa.Column("payable_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "accepted_fen - returned_fen = payable_fen + paid_fen",
            name=op.f("orders_money_adds_up_check"),
        ),
        sa.CheckConstraint(
            "held_fen >= 0 AND released_fen >= 0 AND returned_fen >= 0 AND payable_fen >= 0 AND paid_fen >= 0",
            name=op.f("orders_nothing_is_negative_check"),
        ),
        sa.CheckConstraint(
            "total_fen = held_fen + released_fen + accepted_fen",
            name=op.f("orders_goods_add_up_check"),
        ),
        sa.CheckConstraint("total_fen > 0", name=op.f("orders_total_is_positive_check")),
        sa.ForeignKeyConstraint(
            ["appropriation_id"], ["appropriations.id"], name=op.f("orders_appropriation_id_fkey")
        ),
        sa.ForeignKeyConstraint(["placed_by"], ["people.id"], name=op.f("orders_placed_by_fkey")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["suppliers.id"], name=op.f("orders_supplier_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organisations.id"], name=op.f("orders_unit_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("orders_pkey")),
        sa.UniqueConstraint("number", name=op.f("orders_number_key")),
        sa.UniqueConstraint("transfer_code", name=op.f("orders_transfer_code_key")),
    )
    op.create_index(
        op.f("orders_appropriation_id_index"), "orders", ["appropriation_id"], unique=False
    )
    op.create_index(
        op.f("orders_supplier_id_id_index"), "orders", ["supplier_id", "id"], unique=False
    )
    op.create_index(op.f("orders_unit_id_id_index"), "orders", ["unit_id", "id"], unique=False)
    op.create_table(
        "price_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("price_changes_product_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("price_changes_pkey")),
    )
    op.create_index(
        op.f("price_changes_product_id_at_index"),
        "price_changes",
        ["product_id", "at"],
        unique=False,
    )
    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("lots_product_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("lots_pkey")),
        sa.UniqueConstraint("product_id", "number", name=op.f("lots_product_id_number_key")),
    )
    op.create_index(
        op.f("lots_product_id_valid_from_id_index"),
        "lots",
        ["product_id", "valid_from", "id"],
        unique=False,
    )
    op.create_table(
        "order_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column(
            "move",
            sa.Enum(
                "place",
                "confirm",
                "ship",
                "reject",
                "cancel",
                "accept",
                "return",
                "pay",
                name="ordermove",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "placed",
                "confirmed",
                "shipped",
                "partly_accepted",
                "accepted",
                "cancelled",
                "rejected",
                "returned",
                name="orderstate",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["people.id"], name=op.f("order_events_actor_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("order_events_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("order_events_pkey")),
    )
    op.create_index(
        op.f("order_events_order_id_id_index"), "order_events", ["order_id", "id"], unique=False
    )
    op.create_table(
        "lot_villages",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("basis_points", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "basis_points BETWEEN 1 AND 10000",
            name=op.f("lot_villages_share_is_of_the_whole_check"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("lot_villages_lot_id_fkey")),
        sa.PrimaryKeyConstraint("lot_id", "village_code", name=op.f("lot_villages_pkey")),
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_fen", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("accepted_quantity", sa.Integer(), nullable=False),
        sa.Column("returned_quantity", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "amount_fen = quantity * unit_price_fen",
            name=op.f("order_lines_amount_is_the_product_check"),
        ),
        sa.CheckConstraint(
            "quantity > 0 AND accepted_quantity BETWEEN 0 AND quantity AND returned_quantity BETWEEN 0 AND accepted_quantity",
            name=op.f("order_lines_quantities_are_in_order_check"),
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lots.id"], name=op.f("order_lines_lot_id_fkey")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("order_lines_order_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("order_lines_product_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("order_lines_pkey")),
    )
    op.create_index(
        op.f("order_lines_order_id_position_index"),
        "order_lines",
        ["order_id", "position"],
        unique=True,
    )
    op.create_index(
        op.f("order_lines_product_id_index"), "order_lines", ["product_id"], unique=False
    )
    op.create_table(
        "order_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("bank_reference", sa.String(length=64), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("order_payments_amount_is_positive_check")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["order_events.id"], name=op.f("order_payments_event_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("order_payments_order_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["organisations.id"], name=op.f("order_payments_unit_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("order_payments_pkey")),
        sa.UniqueConstraint(
            "unit_id", "bank_reference", name=op.f("order_payments_unit_id_bank_reference_key")
        ),
    )
    op.create_index(
        op.f("order_payments_order_id_index"), "order_payments", ["order_id"], unique=False
    )
    op.create_table(
        "village_benefits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("month", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "amount_fen <> 0", name=op.f("village_benefits_amount_is_not_zero_check")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["order_events.id"], name=op.f("village_benefits_event_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("village_benefits_line_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("village_benefits_order_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("village_benefits_pkey")),
    )
    op.create_index(
        op.f("village_benefits_county_code_year_village_code_order_id_index"),
        "village_benefits",
        ["county_code", "year", "village_code", "order_id"],
        unique=False,
    )
    op.create_index(
        op.f("village_benefits_order_id_index"), "village_benefits", ["order_id"], unique=False
    )
    op.create_index(
        op.f("village_benefits_village_code_year_index"),
        "village_benefits",
        ["village_code", "year"],
        unique=False,
    )
    op.create_table(
        "order_line_movements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "quantity <> 0", name=op.f("order_line_movements_quantity_is_not_zero_check")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["order_events.id"], name=op.f("order_line_movements_event_id_fkey")
        ),
        sa.ForeignKeyConstraint(
            ["line_id"], ["order_lines.id"], name=op.f("order_line_movements_line_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("order_line_movements_pkey")),
    )
    op.create_index(
        op.f("order_line_movements_event_id_index"),
        "order_line_movements",
        ["event_id"],
        unique=False,
    )
    op.create_index(
        op.f("order_line_movements_line_id_index"),
        "order_line_movements",
        ["line_id"],
        unique=False,
    )
    for table in (
        "appropriation_changes",
        "lot_villages",
        "lots",
        "order_events",
        "order_line_movements",
        "order_payments",
        "price_changes",
        "village_benefits",
    ):
        append_only(table)
