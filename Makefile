# The front door. Each target is a thin call of `wharf`, which is in .venv/bin after set-up.
STACK ?= local
EXAMPLE ?=
PYTHON ?= python3

wharf = .venv/bin/wharf
example = $(if $(EXAMPLE),--example $(EXAMPLE))

.DEFAULT_GOAL := help
.PHONY: help up preview down status test setup

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

up: .venv/runtime ## Bring a stack up: STACK=local, EXAMPLE=squad
	@$(wharf) up $(STACK) $(example)

preview: .venv/runtime ## Show what `up` would do: STACK=prod
	@$(wharf) preview $(STACK) $(example)

down: .venv/runtime ## Destroy a stack, and for local its cluster
	@$(wharf) down $(STACK) $(example)

status: .venv/runtime ## Show what runs, and where
	@$(wharf) status $(STACK) $(example)

test: .venv/develop ## Lint, types, and every tier of tests that can run here
	@.venv/bin/python -m tests

setup: .venv/develop ## Make the virtual environment for developing

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Wharf needs Python 3.11 or later as $(PYTHON): install it (apt install python3 python3-venv, brew install python), or name it: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments: apt install python3-venv" >&2; exit 1; }
	@echo "setting up .venv …" >&2
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/runtime: .venv/python requirements.txt pyproject.toml
	@.venv/bin/pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements.txt
	@.venv/bin/pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --no-build-isolation --editable .
	@touch $@

.venv/develop: .venv/runtime requirements-dev.txt requirements-facts.txt
	@.venv/bin/pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements-dev.txt
	@.venv/bin/pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes --no-deps -r requirements-facts.txt
	@touch $@
