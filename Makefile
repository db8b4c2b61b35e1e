# Yuanliu: `make demo` shows it, `make test` proves it. Everything lives in .venv and .run.
PYTHON ?= python3
PORT ?= 8000
UV := .venv/bin/uv
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv

.PHONY: help install demo serve test check fix schema bench clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

.venv/bin/uv:
	$(PYTHON) -c 'import sys; sys.exit("Yuanliu needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

# The stamp is written only when the install went through, so an interrupted one is simply done again.
.venv/.installed: pyproject.toml uv.lock | .venv/bin/uv
	$(UV) sync --quiet --frozen --no-dev --inexact
	@touch $@

.venv/.tested: pyproject.toml uv.lock | .venv/bin/uv
	$(UV) sync --quiet --frozen --inexact
	@touch .venv/.installed $@

install: .venv/.installed  ## .venv with the `yuanliu` command

demo: install  ## the platform with the demo world in it (PORT=8000)
	$(BIN)/yuanliu demo --port $(PORT)

serve: install  ## the platform on DATABASE_URL
	$(BIN)/yuanliu serve --port $(PORT)

check: .venv/.tested  ## style, types, contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## style, types, contracts and the whole suite, on SQLite and PostgreSQL
	$(BIN)/pytest -n auto

fix: .venv/.tested  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schema: .venv/.tested  ## write api/schema.graphql and the tables of docs/api.md anew
	$(BIN)/yuanliu export-schema > api/schema.graphql
	$(BIN)/python -m tests.documented

bench: .venv/.tested  ## the measurements of docs/performance.md
	$(BIN)/pytest -m bench -s -p no:randomly --timeout 900 tests/bench

clean:  ## remove what was installed and run
	rm -rf .venv .run
