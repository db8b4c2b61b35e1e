"""Every module that declares tables, imported so that the metadata is whole."""

from models import parties
from models.kernel import audit, database, requests

COMPLETE = (audit, database, parties, requests)
