# `make` alone says what there is. Everything happens in .venv, which is made at the first use.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first of these that is 3.11 or newer; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# What is never imported is never compiled: a fifth less on the disk, and a quarter less to wait for.
INSTALL := $(BIN)/python -m pip install --no-input --disable-pip-version-check --require-hashes --no-compile
# So what is imported must be kept, whatever the environment says: else each start compiles everything anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help run test faults check format bench bench-full lock clean

help: ## This list
	@echo 'ShopFlow runs a whole shop in one program. Try:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
	@echo 'and, while it runs: .venv/bin/python run.py tour'

run: .venv/ready ## Install what is missing, and run the shop
	@exec $(BIN)/python run.py

test: .venv/ready-dev ## The whole test suite, on real PostgreSQL, Valkey, Stripe library and SMTP
	@$(BIN)/python -m pytest -n 2 --dist worksteal

faults: .venv/ready-dev ## Kills, faults and time at length (more than an hour); writes docs/reliability.md
	@$(BIN)/python -m pytest tests/faults --long -v

check: .venv/ready-dev ## Format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: .venv/ready-dev ## Put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/ready-dev ## Measure, beside what it is compared with (minutes); writes docs/performance.md
	@$(BIN)/python -m bench

bench-full: .venv/ready-dev ## The same, and what takes longer
	@$(BIN)/python -m bench --full

lock: .venv/ready-dev ## Choose newer versions of what we depend on (needs uv in the path)
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## Forget the virtual environment and caches (the shop's data in var/ stays)
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/made:
	@test -n '$(PYTHON)' || { echo 'ShopFlow needs Python 3.11 or newer; none was found in the path.' >&2; exit 2; }
	@echo 'Making .venv with $(PYTHON) ...'
	@$(PYTHON) -m venv .venv || { echo 'On Debian and Ubuntu: apt install python3-venv' >&2; exit 2; }
	@touch $@

.venv/ready: requirements.txt .venv/made
	@echo 'Installing what ShopFlow stands on (a minute, once) ...'
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/ready-dev: requirements-dev.txt .venv/made
	@echo 'Installing what ShopFlow and its tests stand on (a minute, once) ...'
	@$(INSTALL) -r requirements-dev.txt
	@touch $@ .venv/ready
