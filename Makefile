# Everything that a developer or CI does. `make` alone lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
SHELL := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Some images turn bytecode off: then each of the tests' hundreds of processes would compile the whole product anew, and
# each of pytest's workers, twice, all tests.
export PYTHONDONTWRITEBYTECODE :=

# The newest python3 that is at least 3.11; set PYTHON to choose another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)

BIN   := .venv/bin
PEERS := .venv-peers
NODE  := $(PEERS)/node/bin
# The official suite is started a hundred times and more.
export NODE_COMPILE_CACHE := $(CURDIR)/$(PEERS)/.node-cache
# One test worker for each core but one; three at least, for each waits a third of its time for what others do, and no
# more than the machine's memory is sure to hold.
TEST_WORKERS ?= $(shell n=$$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) - 1 )); echo $$(( n < 3 ? 3 : n > 4 ? 4 : n )))
APART := tests/adapters/test_presidio.py tests/delivery/test_collector.py
ALONE := tests/conformance/test_server_suite.py tests/conformance/test_client_suite.py tests/leaks
# `make presidio` installs its own, 400 MB; `make collector` builds its own, for two minutes.
PEER_STAMPS := $(foreach peer,mcp1 fastmcp servers aws kafka node,$(PEERS)/$(peer)/.stamp) $(PEERS)/npm/.stamp
PIP_INSTALL := -m pip install --quiet --require-hashes -r

# $(call environment,DIR,REQUIREMENTS): a fresh virtual environment that holds exactly the pinned set.
define environment
@test -n "$(PYTHON)" || { echo "No Python >= 3.11 found; set PYTHON=/path/to/python3" >&2; exit 2; }
@echo "setting up $(1) from $(2)"
@$(PYTHON) -m venv --clear $(1)
@$(1)/bin/python $(PIP_INSTALL) $(2)
endef

.PHONY: help venv peers requirements lint test presidio collector demo bench chaos fuzz clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf '  %-13s %s\n' "$$name" "$$what"; done

venv: .venv/.stamp ## the environment for the product, its tests and the demo

.venv/.pinned: requirements/dev.txt
	$(call environment,.venv,$<)
	@touch $@

.venv/.stamp: .venv/.pinned pyproject.toml
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

peers: $(PEER_STAMPS) ## other people's clients and servers, and the official conformance suite

$(PEERS)/%/.stamp: requirements/%.txt
	$(call environment,$(PEERS)/$*,$<)
	@touch $@

# A real Kafka broker, where there are java and mvn; else its test is skipped, and says so.
$(PEERS)/kafka/.stamp: requirements/kafka/pom.xml
	@echo "setting up $(PEERS)/kafka from $<"
	@rm -rf $(@D) && mkdir -p $(@D)
	@if command -v java >/dev/null && command -v mvn >/dev/null && mvn --batch-mode --quiet --strict-checksums \
		--file $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/$(@D)/lib; then :; \
	else rm -rf $(@D)/lib; echo "no Kafka broker (it needs java and mvn): its test will be skipped" >&2; fi
	@touch $@

# Node comes from the Python index too; npm finds it through PATH.
$(PEERS)/npm/.stamp: requirements/npm/package.json requirements/npm/package-lock.json $(PEERS)/node/.stamp
	@echo "setting up $(PEERS)/npm from $<"
	@mkdir -p $(@D) && cp requirements/npm/package.json requirements/npm/package-lock.json requirements/npm/.npmrc $(@D)
	@PATH="$(CURDIR)/$(NODE):$$PATH" npm --prefix $(@D) ci --ignore-scripts --loglevel=error
	@touch $@

requirements: venv ## pin the newest versions anew, hashes included
	@for in in requirements/*.in; do echo "$$in"; CUSTOM_COMPILE_COMMAND="make requirements" $(BIN)/pip-compile --quiet --upgrade \
		--generate-hashes --no-emit-index-url --no-emit-find-links --allow-unsafe --strip-extras -o "$${in%.in}.txt" "$$in"; done
	@cd requirements/npm && PATH="$(CURDIR)/$(NODE):$$PATH" npm install --package-lock-only --ignore-scripts --loglevel=error

lint: venv ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: venv ## everything that must hold, the official conformance suite included
	@$(MAKE) --no-print-directory -j 3 lint peers
	$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadfile --durations=15 $(ALONE:%=--ignore=%) $(APART:%=--ignore=%)
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ALONE)  # apart, two at a time: the suite's scenarios have time limits

presidio: venv $(PEERS)/presidio/.stamp ## the tests with the real Presidio (400 MB; not part of `test`)
	$(BIN)/python -m pytest tests/adapters/test_presidio.py

$(PEERS)/collector/collector: requirements/collector/main.go requirements/collector/go.mod requirements/collector/go.sum
	@command -v go >/dev/null || { echo "the OpenTelemetry Collector is built with go" >&2; exit 2; }
	@echo "building $@ from $(<D)"
	@mkdir -p $(@D) && cd $(<D) && go build -mod=readonly -o $(CURDIR)/$@ .

collector: venv $(PEERS)/collector/collector ## the tests with a real OpenTelemetry Collector (needs go; not part of `test`)
	$(BIN)/python -m pytest tests/delivery/test_collector.py

demo: venv ## one call with and without the gateway, and what the gateway saw
	@$(BIN)/doorward demo

bench: venv ## calls per second and added latency beside nginx (not part of the tests)
	$(BIN)/python -m bench

chaos: venv ## kill, fill and break a running gateway, in many rounds (a few are part of `test`; DOORWARD_CHAOS=100)
	DOORWARD_CHAOS=$(or $(DOORWARD_CHAOS),100) $(BIN)/python -m pytest --durations=5 $(APART:%=--ignore=%) tests/chaos tests/delivery

fuzz: venv ## throw garbage at the strict reader (not part of the tests; FUZZ_ROUNDS=100000)
	$(BIN)/python -m tests.fuzz.fuzz_reader --random $(or $(FUZZ_ROUNDS),100000)

clean: ## remove all that the other targets made
	rm -rf .venv $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
