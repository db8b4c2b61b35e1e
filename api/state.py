"""What a process holds from its start to its end, handed to every request as `request.state`."""

from typing import TypedDict

from api.announcements import Announcements
from api.settings import Settings
from api.worker import Work, Worker
from models.kernel.database import Database
from resolvers.context import Platform


class State(TypedDict):
    """The state of the application's lifespan."""

    settings: Settings
    database: Database
    announcements: Announcements
    work: Work
    worker: Worker | None
    platform: Platform
