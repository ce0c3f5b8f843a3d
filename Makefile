# What people do here, one target each. The work itself is Python: include/local, and `akubill`.
.DEFAULT_GOAL := help
.PHONY: help setup demo demo-check up down clean test test-fast focus lint types lock bench soak faults restore-drill sbom audit security pictures psql doctor env

# The newest supported Python that runs; PYTHON=… chooses another.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	"$$name" -c '$(SUPPORTED)' >/dev/null 2>&1 && command -v "$$name" && break; done)
BIN := .venv/bin
PROJECT := pyproject.toml build_metadata.py include/local/bootstrap.py
AUDITED = $(BIN)/uv run --quiet --no-project --isolated --python $(BIN)/python --with-requirements requirements-audit.lock
export PYTHONDONTWRITEBYTECODE :=
IN_PARALLEL := -n logical --maxprocesses 4 --dist loadscope --no-loadscope-reorder
HOURS ?= 1
LEVEL ?= 1
CONSOLES ?= 200
SEEDS ?= 1..2000
LINTED := include dags plugins tests benchmarks build_metadata.py

## Say what each target does.
help:
	@awk '/^## / {said = substr($$0, 4); next} /^[a-z-]+:/ && said {sub(":.*", ""); printf "  make %-13s %s\n", $$0, said} {said = ""}' $(firstword $(MAKEFILE_LIST))

.venv/.installed: requirements.lock $(PROJECT)
	@$(if $(PYTHON),"$(PYTHON)",$(error No Python from 3.11 to 3.14 was found. Install one, or name it: make setup PYTHON=/path/to/python3.12)) include/local/bootstrap.py requirements.lock $@

.venv/.installed-dev: requirements-dev.lock $(PROJECT)
	@$(if $(PYTHON),"$(PYTHON)",$(error No Python from 3.11 to 3.14 was found. Install one, or name it: make setup PYTHON=/path/to/python3.12)) include/local/bootstrap.py requirements-dev.lock $@

## Make .venv from requirements.lock and install akubill into it.
setup: .venv/.installed

## Show the whole thing: three buyers from onboarding to reconciled bills; stays up until Ctrl-C.
demo: setup
	@$(BIN)/akubill demo run

## Run the demo, verify the results in the warehouse, stop everything.
demo-check: setup
	@$(BIN)/akubill demo check

## Start PostgreSQL, the sandbox and Airflow, and say where the UI is.
up: setup
	@$(BIN)/akubill stack up

## Stop everything that was started; what is stored stays.
down: setup
	@$(BIN)/akubill stack down

## Stop everything and delete the local stack's state.
clean: setup
	@$(BIN)/akubill stack clean

## Open psql on the local stack's warehouse, to read.
psql: setup
	@$(BIN)/akubill stack psql

## Check connections, signatures, migrations and clocks, and say what to do.
doctor: setup
	@$(BIN)/akubill doctor

## Every check there is; what continuous integration runs.
test: .venv/.installed-dev
	@$(BIN)/python -m include.local.prerequisites
	@$(BIN)/python -m include.local.locks check
	@$(MAKE) --no-print-directory lint types
	@$(BIN)/pytest -q $(IN_PARALLEL) --durations=10

## The pure tests, and of those on PostgreSQL the heart: rating, closing hours, the schema.
test-fast: .venv/.installed-dev
	@$(BIN)/pytest -q $(IN_PARALLEL) -m "not slow and (heart or not parts)"

## Show a FOCUS export to the FinOps Foundation's validator (needs Python 3.12); `make test` does it too.
focus: .venv/.installed-dev
	@$(BIN)/pytest -q -rsP tests/reporting/test_focus_validator.py

## Style, formatting, import rules, SQL style.
lint: .venv/.installed-dev
	@$(BIN)/ruff check $(LINTED)
	@$(BIN)/ruff format --check $(LINTED)
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --disable-progress-bar include/warehouse

## Static types, of the tests too.
types: .venv/.installed-dev
	@$(BIN)/mypy

## Write requirements.lock and requirements-dev.lock again after a change of the requirements.
lock: .venv/.installed-dev
	@$(BIN)/python -m include.local.locks write

## Measure speed against the bare engine; prints a table and writes JSON.
bench: .venv/.installed-dev
	@$(BIN)/python -m benchmarks

## Let Airflow meter changing, failing consoles for an hour or more, and compare our hours with the truth.
soak: .venv/.installed-dev
	@AKUBILL_SOAK_HOURS=$(HOURS) AKUBILL_SOAK_CONSOLES=$(CONSOLES) $(BIN)/pytest -q -s tests/soak -k long

## Fill a warehouse, destroy it, restore it to an instant and from a dump, verify it; writes docs/reference/restore-drill.md.
restore-drill: .venv/.installed-dev
	@$(BIN)/python -m tests.support.restore_drill

## Write sbom.cdx.json: what requirements.lock installs, with hashes, in CycloneDX.
sbom: .venv/.installed-dev
	@$(AUDITED) cyclonedx-py requirements requirements.lock --output-reproducible --validate --of JSON -o sbom.cdx.json

## Ask for known vulnerabilities of what requirements.lock pins; needs PyPI.
audit: .venv/.installed-dev
	@$(AUDITED) pip-audit --strict --disable-pip --require-hashes -r requirements.lock

## Run every test of the threat model, write the SBOM, ask for vulnerabilities; writes docs/reference/security.md.
security: .venv/.installed-dev
	@$(BIN)/python -m tests.support.security

## Simulate months with injected faults; SEEDS=1..2000 says which; LEVEL=2: in real processes. Writes docs/reference/faults.md.
faults: .venv/.installed-dev
	@$(BIN)/akubill faults run --level $(LEVEL) --seeds $(SEEDS) $(if $(filter 1,$(LEVEL)),--cover --pairs) \
		--report docs/reference/faults.md

## Take the pictures in docs/pictures again, from the demo; some minutes.
pictures: .venv/.installed-dev
	@$(BIN)/python -m tests.support.pictures

## Write .env with fresh secrets for docker-compose.yaml, or add what it lacks.
env: setup
	@$(BIN)/akubill stack compose-env
