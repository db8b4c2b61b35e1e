"""Triggers that migrations put on tables, alike on both engines."""

from alembic import op


def append_only(table: str) -> None:
    """From here on the database itself refuses UPDATE, DELETE and TRUNCATE on a table."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
        "USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def standing_follows_accounts() -> None:
    """From here on a fund's standing moves with its accounts, whoever moves them.

    An account grows on the debit side; what is held on its credit side is not available.
    """
    balance = "(NEW.posted_debit_fen - NEW.posted_credit_fen)"
    balance_before = "(OLD.posted_debit_fen - OLD.posted_credit_fen)"
    change = (
        f"UPDATE fund_standings SET balance_fen = balance_fen + {balance} - {balance_before}, "  # noqa: S608 - constants above
        f"available_fen = available_fen + {balance} - NEW.pending_credit_fen "
        f"- {balance_before} + OLD.pending_credit_fen WHERE fund_id = NEW.pool_id;"
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER accounts_move_standing AFTER UPDATE ON accounts "
            f"WHEN NEW.pool_id IS NOT NULL BEGIN {change} END"
        )
        return
    op.execute(
        "CREATE FUNCTION move_standing() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN {change} RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER accounts_move_standing AFTER UPDATE ON accounts FOR EACH ROW "
        "WHEN (NEW.pool_id IS NOT NULL) EXECUTE FUNCTION move_standing()"
    )
