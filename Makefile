# Needs python3 (3.11 or later), make and a package registry. `make help` lists the targets.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
UV := UV_NO_CONFIG=1 .uv/bin/uv

# Variables of `make run`; without them the defaults of `python -m app.cli start` hold.
export PORT SCALE SEED WORKERS
ifdef DATA
export THADS_DATA := $(DATA)
endif

.PHONY: help run test check check-feed check-proxy audit sbom bench format openapi lock

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

run: .venv/.synced ## start PostgreSQL, demo data and service (PORT=8000 SCALE=0.01 SEED=1 WORKERS=2 DATA=.data)
	@exec $(BIN)/python -m app.cli start

test: .venv/.synced ## run the tests, against a temporary PostgreSQL of their own
	@echo 'Not among these tests: tests/deploy/test_proxy.py, which needs nginx (make check-proxy).'
	@exec $(BIN)/python -m pytest -n auto --maxprocesses 8

check: .venv/.synced ## formatting, lint, types, layers, migrations, OpenAPI snapshot, secrets, lock file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy app tests bench scripts
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/lint_migrations.py
	$(BIN)/python -m app.cli openapi --check
	$(BIN)/python -m app.cli authorisation --check
	$(BIN)/python scripts/scan_secrets.py
	$(UV) lock --check --offline --default-index https://pypi.org/simple

check-feed: .venv/.synced ## the property test of the change feed in full (FEED_SECONDS=600)
	@FEED_SECONDS=$${FEED_SECONDS:-600} $(BIN)/python -m pytest -n 0 tests/services/changes/test_property.py

check-proxy: .venv/.synced ## test the proxy configuration of deploy/ with a real nginx, which must be installed
	@exec $(BIN)/python -m pytest -m proxy tests/deploy

audit: .venv/.synced ## ask the OSV database for known vulnerabilities of the dependencies (needs the internet)
	@$(UV) audit --frozen --preview-features audit-command

sbom: .venv/.synced ## write sbom.json: what the service is made of (CycloneDX 1.5)
	@$(UV) export --quiet --frozen --offline --no-dev --preview-features sbom-export --format cyclonedx1.5 \
		--output-file sbom.json

bench: .venv/.synced ## measure (docs/performance.md)
	@exec $(BIN)/python -m bench

format: .venv/.synced ## format the code and mend what lint can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: .venv/.synced ## write docs/openapi.json and the tables of docs/authorisation.md anew
	$(BIN)/python -m app.cli openapi
	$(BIN)/python -m app.cli authorisation

lock: .venv/.synced ## resolve the dependencies of pyproject.toml anew
	$(UV) lock --upgrade --default-index https://pypi.org/simple

.venv/.synced: uv.lock pyproject.toml scripts/bootstrap.py
	@command -v $(PYTHON) >/dev/null || { echo 'error: $(PYTHON) is not installed; Python 3.11 or later is needed' >&2; exit 1; }
	@$(PYTHON) scripts/bootstrap.py
