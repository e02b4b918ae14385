# Needs python3 (3.11 or later), make and a package registry. `make help` lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

# Variables of `make run`; without them the defaults of `python -m app.cli start` hold.
export PORT SCALE SEED WORKERS
ifdef DATA
export THADS_DATA := $(DATA)
endif

.PHONY: help run test check bench format openapi lock

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

run: .venv/.synced ## start PostgreSQL, demo data and service (PORT=8000 SCALE=0.01 SEED=1 WORKERS=2 DATA=.data)
	@exec $(BIN)/python -m app.cli start

test: .venv/.synced ## run the tests, against a temporary PostgreSQL of their own
	@exec $(BIN)/python -m pytest -n auto --maxprocesses 8

check: .venv/.synced ## formatting, lint, types, layers, migrations, OpenAPI snapshot
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy app tests bench scripts
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/lint_migrations.py
	$(BIN)/python -m app.cli openapi --check

bench: .venv/.synced ## measure (docs/performance.md)
	@exec $(BIN)/python -m bench

format: .venv/.synced ## format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: .venv/.synced ## write docs/openapi.json anew
	$(BIN)/python -m app.cli openapi

lock: .venv/.synced ## resolve the dependencies of pyproject.toml anew
	UV_NO_CONFIG=1 .uv/bin/uv lock --upgrade --default-index https://pypi.org/simple

.venv/.synced: uv.lock pyproject.toml scripts/bootstrap.py
	@command -v $(PYTHON) >/dev/null || { echo 'error: $(PYTHON) is not installed; Python 3.11 or later is needed' >&2; exit 1; }
	@$(PYTHON) scripts/bootstrap.py
