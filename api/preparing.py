"""What a database needs before it is served: its tables, the reference data, an administrator."""

from collections.abc import Sequence

from models.kernel.database import Database
from models.kernel.ids import new_id
from models.ledger.chart import load_chart
from models.parties.grants import create_administrator
from models.parties.passwords import Passwords
from models.parties.people import checked_password
from models.places.load import load_reference


async def load_all(database: Database, *, divisions: Sequence[str] | None) -> int:
    """Load divisions, lines, numbers and charts; the number of rows inserted or changed."""
    changed = await database.transact(
        lambda transaction: load_reference(transaction, divisions=divisions)
    )
    return changed + await database.transact(load_chart)


async def make_administrator(
    database: Database, *, sign_in_name: str, name: str, password: str
) -> None:
    """Make an administrator. Refuses as `create_administrator` and `checked_password` do."""
    checked = checked_password(password, sign_in_name=sign_in_name)
    hashed = await Passwords().hash(checked)
    await database.transact(
        lambda transaction: create_administrator(
            transaction,
            person_id=new_id(),
            sign_in_name=sign_in_name,
            name=name,
            password_hash=hashed,
        )
    )
