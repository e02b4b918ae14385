# Needs python3 (3.11 or later), make and a package registry. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
override ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
PYTHON ?= python3
BIN := $(ROOT)/.venv/bin
READY := $(ROOT)/.venv/.synced
CODE := app tests bench migrations scripts

# Variables of `make run`; empty ones keep the default of `python -m app.cli start --help`.
PORT ?= 8000
export PORT
ifdef SCALE
export SCALE
endif
ifdef SEED
export SEED
endif
ifdef WORKERS
export WORKERS
endif
ifdef DATA
export THADS_DATA := $(DATA)
endif

.PHONY: help run test check bench format lock openapi

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(ROOT)/Makefile | sed -E 's/^([a-z]+):.*## /  make \1|/' | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'
	@echo '  variables of run: PORT=8000 SCALE=0.05 SEED=1 WORKERS=2 DATA=.data'

run: $(READY) ## start everything: PostgreSQL, demo data, service (PORT=, SCALE=, SEED=, WORKERS=, DATA=)
	@cd $(ROOT) && exec $(BIN)/python -m app.cli start

test: $(READY) ## run the tests against a temporary PostgreSQL
	@cd $(ROOT) && exec $(BIN)/python -m pytest -n auto --maxprocesses 8

check: $(READY) ## formatting, lint, types, layers, migrations, OpenAPI snapshot
	cd $(ROOT) && $(BIN)/ruff format --check .
	cd $(ROOT) && $(BIN)/ruff check .
	cd $(ROOT) && $(BIN)/mypy app tests bench scripts/lint_migrations.py
	cd $(ROOT) && $(BIN)/lint-imports --no-cache
	cd $(ROOT) && $(BIN)/python scripts/lint_migrations.py
	cd $(ROOT) && $(BIN)/python -m app.cli openapi --check

bench: $(READY) ## measure (see docs/performance.md)
	@cd $(ROOT) && exec $(BIN)/python -m bench

format: $(READY) ## format the code and mend what lint can mend
	cd $(ROOT) && $(BIN)/ruff format . && $(BIN)/ruff check --fix .

openapi: $(READY) ## write docs/openapi.json anew
	cd $(ROOT) && $(BIN)/python -m app.cli openapi

lock: $(READY) ## resolve the dependencies of pyproject.toml anew into uv.lock
	cd $(ROOT) && UV_NO_CONFIG=1 $(ROOT)/.uv/bin/uv lock --default-index https://pypi.org/simple --upgrade

$(READY): $(ROOT)/uv.lock $(ROOT)/pyproject.toml $(ROOT)/scripts/bootstrap.py
	@$(PYTHON) $(ROOT)/scripts/bootstrap.py
