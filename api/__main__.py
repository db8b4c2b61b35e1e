"""`python -m api` is `yuanliu`."""

import sys

from api.commands import main

sys.exit(main())
