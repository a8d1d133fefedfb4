# Everything a person runs. Needs Python 3.11 or newer, pip and make; the rest installs itself into .venv.
# VENV=/another/venv uses that one as it is (nothing is installed into it).

ifeq ($(origin VENV),undefined)
VENV := .venv
READY := $(VENV)/installed
endif
BIN := $(VENV)/bin
PYTHONS := python3 python3.13 python3.12 python3.14 python3.11 python
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq --no-compile
UV ?= uv
SUITE ?= all
SEED ?= 0
MINUTES ?= 10
# Dozens of processes start in a run of the tests: without kept bytecode each would compile every library anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test test-web test-long bench static check format crm tamper lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

serve: $(READY) ## everything, with a demo story, on http://localhost:8000 (PORT, GUERDON_HOME, DATABASE_URL, REDIS_URL)
	@exec $(BIN)/guerdon serve

test: $(READY) ## every test that needs Python only, on a real PostgreSQL and Valkey
	$(BIN)/python -m pytest tests -n 2 --dist loadfile --no-loadscope-reorder

test-web: $(READY) tests/web/node_modules/.installed ## the live page in Chromium, and JavaScript clients (needs Node, Chromium)
	PATH="$(abspath $(BIN)):$$PATH" npm --prefix tests/web test

test-long: $(READY) ## faults and fuzz for a while: SUITE=all SEED=0 MINUTES=10
	$(BIN)/python -m tests.long $(SUITE) --seed $(SEED) --minutes $(MINUTES)

bench: $(READY) ## the measured figures of docs/, on this machine
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.boards
	$(BIN)/python -m benchmarks.fulfilment

static: $(READY) ## style and types (types need Node)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python

check: static ## the same, and the rules of the house with its arrows
	$(BIN)/python -m pytest tests/house

format: $(READY) ## rewrite the source in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

crm: $(READY) ## import a real CRM export, check its boards and audit the ledger: CRM=folder
	$(BIN)/python -m benchmarks.crm --folder "$(CRM)"

tamper: $(READY) ## edit every column of the books behind the ledger's back; each edit must be found
	$(BIN)/python -m benchmarks.tamper

lock: ## write requirements.lock (all) and requirements-run.lock (what a server needs) anew; needs uv
	@$(UV) lock --quiet --upgrade
	@$(UV) export $(EXPORT) --all-extras --output-file requirements.lock
	@$(UV) export $(EXPORT) --output-file requirements-run.lock

EXPORT := --quiet --locked --format requirements-txt --no-emit-project --no-header --no-annotate \
	--no-default-groups --group build

clean: ## remove the environment; data in .guerdon stays
	rm -rf .venv

.venv/installed: requirements.lock pyproject.toml
	@set -e; found=; for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer is needed (looked for: $(PYTHONS))" >&2; exit 1; fi; \
	echo "Installing into .venv with $$($$found --version) ..."; \
	rm -rf .venv; \
	$$found -m venv .venv 2>/dev/null || { rm -rf .venv; $$found -m venv --without-pip .venv; $$found -m pip --python .venv/bin/python install --quiet pip; }
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

tests/web/node_modules/.installed: tests/web/package-lock.json
	npm --prefix tests/web ci --no-audit --no-fund
	@touch $@
