"""Every module that declares tables, imported so that the metadata is whole."""

from models import parties
from models.kernel import audit, database, personal_data, requests
from models.ledger import books, seals

COMPLETE = (audit, books, database, parties, personal_data, requests, seals)
