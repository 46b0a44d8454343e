# make serve   set up and run the tutor            make test    set up and run all tests
# make setup   the set-up alone                    make check   lint, types, import contracts
#                                                  make test-clients   talks with the SDKs for Node

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: setup serve test test-clients test-setup check chromium node

setup: $(VENV)/.installed

serve: setup
	$(BIN)/tutor serve --port $(PORT)

test: test-setup
	$(BIN)/python -m pytest
	node --test tests/page/*.test.mjs

test-clients: test-setup
	$(BIN)/python -m tests.clients.node

check: test-setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	npx --no-install pyright
	$(BIN)/lint-imports
	npx --no-install tsc --project .

test-setup: $(VENV)/.installed-test node_modules/.installed chromium

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Atom needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[test]'
	@touch $@

node_modules/.installed: package-lock.json | node
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

node:
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "The page's tests need Node.js 20 or newer with npm (Debian: apt-get install nodejs npm)."; exit 1; }

# The browser tests drive a real Chromium; as root on Debian it is installed here.
chromium:
	@command -v chromium >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then apt-get update -qq && apt-get install -y -qq chromium; \
	else echo "The browser tests need Chromium (Debian: sudo apt-get install chromium)."; exit 1; fi
