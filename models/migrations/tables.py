"""Every module that declares tables, imported so that the metadata is whole."""

from models import parties, places
from models.kernel import audit, database, inbox, jobs, requests
from models.ledger import books, chart, seals
from models.reference import loading

COMPLETE = (audit, books, chart, database, inbox, jobs, loading, parties, places, requests, seals)
