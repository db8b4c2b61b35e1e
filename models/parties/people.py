"""People who can sign in (domain §1). A name to sign in with belongs to one person for ever."""

import datetime as dt
from uuid import UUID

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.kernel.database import Base


class Person(Base):
    """Somebody who can sign in. The name to sign in with is theirs alone, in lower case."""

    __tablename__ = "people"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sign_in_name: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime]
