"""What a process that takes no payment must not pay for."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module", ["routes", "hosted_payments", "stripe_checkout", "stripe_events", "stripe_signatures"]
)
def test_the_sdk_is_imported_only_when_it_is_used(module: str) -> None:
    look = f"import sys, webhooks.{module}; print('stripe' in sys.modules)"

    told = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )

    assert told.stdout == "False\n"
