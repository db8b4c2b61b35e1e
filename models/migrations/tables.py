"""Every module that declares tables, imported so that the metadata is whole."""

from models import alerts, households, parties, places
from models.donations import gifts
from models.funds import draws, floor, fund, receipts, settlements, statement
from models.kernel import (
    audit,
    database,
    inbox,
    jobs,
    personal_data,
    requests,
    schedules,
    workers,
)
from models.ledger import books, chart, seals
from models.procurement import (
    acceptance,
    attribution,
    budgets,
    lots,
    orders,
    payments,
    products,
    suppliers,
)
from models.reference import loading
from models.relief import payouts

COMPLETE = (
    *(alerts, audit, books, chart, database, inbox, jobs, loading, parties, personal_data),
    *(places, requests, schedules, seals, workers),
    *(draws, floor, fund, gifts, receipts, settlements, statement),
    *(households, payouts),
    *(acceptance, attribution, budgets, lots, orders, payments, products, suppliers),
)
