# Two commands for a fresh machine: `make run` and `make test`. Python 3.11 or newer is all they need.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
TOOLS := .venv/.tools
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Bytecode of modules that nobody imports would take 60 MB: only that of what is served with is made.
SERVED := fivelink.cli, fivelink.app, fivelink.commands.serve, fivelink.commands.plan, fivelink.demo_county, \
	resolvers.plan_child, db.workers, graph.allocation, pylmcf, uvicorn, uvloop, httptools

.PHONY: install tools run test lint bench soak lock clean

install: $(STAMP)

# The locks name every package with its hash; the project itself is linked, not copied.
$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	-$(BIN)/python -m pip uninstall --quiet --yes setuptools
	$(PIP) --no-compile --require-hashes --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -c "import $(SERVED)"
	touch $@

# What only those need who work on it: tests, types, lint.
tools: $(TOOLS)

$(TOOLS): $(STAMP) requirements-dev.lock
	$(PIP) --require-hashes --requirement requirements-dev.lock
	touch $@

run: install
	$(BIN)/fivelink serve --demo

test: lint
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: tools
	$(BIN)/python -m bench

# Longer runs of the property tests, and real processes, networks and disks that break.
soak: tools
	FIVELINK_SOAK=1 $(BIN)/python -m pytest tests/property
	$(BIN)/python -m pytest -s tests/soak/long_breakdowns.py

# Names versions and hashes, no addresses. Needs `pip install uv`.
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet
lock:
	$(COMPILE) --extra build --output-file requirements.lock
	$(COMPILE) --extra build --extra dev --constraint requirements.lock --output-file requirements-dev.lock

clean:
	rm -rf .venv .fivelink
