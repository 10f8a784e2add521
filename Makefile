PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
FOLDER ?= .
PART ?= all
MINUTES ?= 60
STORE ?= file

.PHONY: demo test test-faults test-browser torture check lint format bench audit-score clean

demo: $(READY)
	$(BIN)/event-logger demo

test: $(READY)
	$(BIN)/pytest -q -n $(WORKERS)

# What happens to a PostgreSQL server and to the way there, with servers that are started and killed.
test-faults: $(READY)
	$(BIN)/pytest -q -n $(WORKERS) tests/faults_postgres

# Every page in Debian's Chromium, in both colour schemes and widths.
test-browser: $(READY)
	$(BIN)/pytest -q tests/browser

# Everything is done to processes and stores that can be; a failure names its seed, and keeps all that there was.
# STORE is file, or postgres for a server that is killed and started again, too.
torture: $(READY)
	$(BIN)/python -m tests.torture --minutes $(MINUTES) --store $(STORE)

check: lint test

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# How many planted faults an audit finds, and how often it alarms for nothing.
audit-score: $(READY)
	$(BIN)/python -m tests.audit.score

# FOLDER is where all contestants work (/dev/shm for memory), PART one of: backtest live reading files audit analytics postgres
# proofs web.
bench: $(READY)
	$(BIN)/python -m benchmarks --json bench.json --folder $(FOLDER) --part $(PART)

clean:
	rm -rf $(VENV) demo-run torture-failed bench.json *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with make PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=constraints.txt $(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
