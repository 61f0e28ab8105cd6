# Everything a newcomer needs: make demo, make test. Nothing here asks for more than Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# Tests wait more than they compute: three workers for two cores. Files keep their order, journeys last (tests/conftest.py).
BESIDE := --numprocesses 3 --dist loadfile --no-loadscope-reorder
# Their databases live in memory where there is room: each of some hundreds is copied ten times as fast there.
IN_MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 8000000 { print "TMPDIR=/dev/shm" }')
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo setup compiled test check browser-tools node-tools clients clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Yongquan needs Python 3.11 or newer: set PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || ./tools/ensure-debian python3-venv
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

# Each process would compile the sources anew where PYTHONDONTWRITEBYTECODE is set.
compiled: setup
	@$(BIN)/python -m compileall -q src

demo: compiled
	$(BIN)/yongquan demo

# The machine's own programs that the tests use: Chromium with Chinese fonts, wrk, PostgreSQL 15, OpenMP for LightGBM.
browser-tools:
	@./tools/ensure-debian chromium fonts-noto-cjk wrk postgresql-15 libgomp1

# Node and npm for the Node client and its tests; any Node from 20 on will do.
node-tools:
	@command -v npm >/dev/null || ./tools/ensure-debian nodejs npm

# Write the OpenAPI document and the Node client's types anew, after the API has changed.
clients: setup node-tools
	$(BIN)/yongquan openapi > clients/openapi.json
	cd clients/node && npm ci --no-fund --no-audit && npm run generate schema.d.ts && npm run check

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# What failed beside others is tried once more alone: two cores are sometimes too few for a browser, a server and its
# banks at the same time. What fails twice fails; both tries are in the output.
test: compiled browser-tools node-tools check
	$(IN_MEMORY) $(BIN)/pytest $(BESIDE) || $(IN_MEMORY) $(BIN)/pytest --last-failed --last-failed-no-failures none
	$(IN_MEMORY) ./tools/with-postgres-15 $(BIN)/pytest tests/stores  # one worker: readers wait for every transaction of a server

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache
