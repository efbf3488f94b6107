# Thin: each target is a line or two. `make refresh` and `make test` set up what is missing first.
PYTHON ?= python3
BIN := .venv/bin
COMPANY ?=
export COVERAGE_COMPANY := $(or $(COMPANY),$(COVERAGE_COMPANY))
UV_VERSION := 0.13.9
# One file of tests stays in one process: the runs its tests share are made once.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.PHONY: refresh test test-fast coverage ui plans csv pictures lint types dbt-check pytest bench lock audit setup clean help

help:                ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.make/setup: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@# Compiled once here: where Python may not write beside its modules, every refresh would compile them anew.
	@# The second try is for networks with a certificate authority of their own.
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock \
		|| $(BIN)/uv pip sync --quiet --compile-bytecode --system-certs --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@mkdir -p .make && touch $@

setup: .make/setup  ## create .venv from the lock file

refresh: setup      ## run the whole job and print what was decided (COMPANY=path/to/company.yml)
	$(BIN)/sales-coverage refresh

ui: setup           ## open the Dagster UI on http://127.0.0.1:3000
	$(BIN)/sales-coverage ui

plans: setup        ## list the plans that are kept
	$(BIN)/sales-coverage plans

csv: setup          ## the current plan as CSV files, safe to open in a spreadsheet (FOLDER=path)
	$(BIN)/sales-coverage export $(or $(FOLDER),var/csv)

pictures: setup     ## the current plan's plots as PNG files (FOLDER=path)
	$(BIN)/sales-coverage pictures $(or $(FOLDER),var/pictures)

lint: setup         ## every hook of .pre-commit-config.yaml over the whole tree
	$(BIN)/pre-commit run --all-files

types: setup
	$(BIN)/mypy

dbt-check: setup    ## parse with warnings as errors, unit tests
	$(BIN)/sales-coverage check-dbt

pytest: setup
	$(BIN)/pytest -q $(PARALLEL)

test: lint types dbt-check pytest  ## everything CI runs

test-fast: setup    ## tests without whole refreshes and long solves, in under 90 CPU seconds
	$(BIN)/pytest -q -m "not whole_job and not slow"

coverage: setup     ## all tests, and which lines and branches they do not reach
	$(BIN)/pytest -q --cov --cov-report=term

bench: setup        ## the refresh by stage beside its floor, at 8,000 and 2,000,000 opportunities
	$(BIN)/python -m benchmarks.refresh

lock:               ## resolve again; hashes only, no addresses
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra postgresql --extra rest --extra salesforce --universal --python-version 3.11 --no-strip-extras \
		--no-emit-index-url --no-emit-find-links --generate-hashes --no-annotate --no-header \
		--quiet --output-file requirements.lock

# Strict: a package that the service does not know, or a service that does not answer, is a failure.
audit: setup        ## ask the internet for known vulnerabilities of the locked dependencies
	$(BIN)/uv tool run pip-audit==2.10.1 --strict --require-hashes --disable-pip -r requirements.lock

clean:              ## forget the state of the default home and all build products
	rm -rf var dbt/target dbt/logs .make
