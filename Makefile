# Everything is one target away. Needed on the machine: Rust (rustup), Node 20 with npm, Python 3 with pip.
# What else is needed (nats-server, the page's packages) is fetched into this directory, never system-wide.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
NPM ?= npm
TARGET := $(or $(CARGO_TARGET_DIR),target)
UI := bins/bridge/ui
UI_SOURCES := $(shell [ -d $(UI) ] && find $(UI) -type f -not -path '*/node_modules/*' -not -path '*/dist/*')
HOME_FLAG := $(if $(DIR),--home $(DIR))
PROGRAMS := -p maestro-cli -p maestro-server -p maestro-spawner -p maestro-bridge
NEXTEST := $(shell command -v cargo-nextest 2>/dev/null)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## a stack of its own, real agents on real work, a report; ends by itself
	@tests/demo/run.sh

.PHONY: up
up: build ## starts an empty stack and stays (DIR=… for another home)
	@$(TARGET)/debug/maestro up $(HOME_FLAG)

.PHONY: build
build: nats ui ## the programs, debug profile
	$(CARGO) build $(PROGRAMS) --bins

# The programs with the tests, in one go: by themselves they have other features below them, and all is compiled twice.
.PHONY: test-build
test-build: nats ui browser
	$(CARGO) build --workspace --bins --tests

.PHONY: test
test: test-build ## every test
ifneq ($(NEXTEST),)
	$(CARGO) nextest run --workspace --no-fail-fast
else
	$(CARGO) test --workspace --no-fail-fast
endif
	$(NPM) --prefix $(UI) test

.PHONY: test-full
test-full: test-build ## every test, the crash tests with all their rounds
	MAESTRO_TEST_FULL=1 $(CARGO) test --workspace --no-fail-fast -- --include-ignored

.PHONY: chaos
chaos: build ## ten storms of killed, frozen and cut-off processes, each history checked (MAESTRO_CHAOS_SEED=… repeats one)
	$(CARGO) test -p maestro-tests --test chaos -- --include-ignored --nocapture ten_storms

# By name, so that both runners take them: what takes minutes, and what is longer when it is asked for.
STORM := fifty_sessions_outlive_everything a_gigabyte_that_nobody_takes \
	a_frozen_holder_that_was_superseded frozen_for_a_minute a_worker_that_is_done_is_stopped \
	a_frozen_stack_loses_no_session a_broker_that_is_away_loses_no_session opencode_works_in_its_terminal

.PHONY: storm
storm: build ## the long storms: 50 sessions, minutes of freezing, a gigabyte of output (a quarter of an hour)
ifneq ($(NEXTEST),)
	MAESTRO_TEST_FULL=1 $(CARGO) nextest run --profile storm -p maestro-tests --run-ignored all $(STORM)
else
	MAESTRO_TEST_FULL=1 $(CARGO) test -p maestro-tests --no-fail-fast --test terminal --test spawner --test freeze --test agents -- \
		--include-ignored --test-threads 1 --nocapture $(STORM)
endif

.PHONY: otel
otel: nats ui ## traces: the programs with the feature otel, against a collector of the test's own
	$(CARGO) build --workspace --bins --features otel
	timeout 900 $(CARGO) test --workspace --features otel --test otel

.PHONY: check
check: ui ## format, lints, architecture, licences and advisories
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --features otel -- -D warnings
	$(CARGO) clippy -p maestro-runtime --all-targets -- -D warnings
	$(CARGO) test --workspace --test architecture
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny check; \
	else echo "SKIPPED: cargo deny is not installed (cargo install cargo-deny)" >&2; fi
	@if command -v cargo-machete >/dev/null; then $(CARGO) machete; \
	else echo "SKIPPED: cargo machete is not installed (cargo install cargo-machete)" >&2; fi

.PHONY: bench
bench: nats ui ## figures of a release build, as a table and in target/bench (ARGS="--quick cli" for a part)
	$(CARGO) build --release $(PROGRAMS) -p maestro-tests --bins
	$(CARGO) run --release -p maestro-tests --bin bench -- $(ARGS)

# Tools that are not on every machine are built into target/tools, each once, at a version that is known to work.
LLVM_COV_VERSION := 0.9.1
FUZZ_VERSION := 0.13.2
TOOLS := $(abspath $(TARGET))/tools

$(TOOLS)/bin/cargo-llvm-cov:
	$(CARGO) install --locked --root $(TOOLS) --version $(LLVM_COV_VERSION) cargo-llvm-cov

$(TOOLS)/bin/cargo-fuzz:
	$(CARGO) install --locked --root $(TOOLS) --version $(FUZZ_VERSION) cargo-fuzz

.PHONY: coverage
coverage: nats ui browser $(TOOLS)/bin/cargo-llvm-cov ## lines that the tests reach: 80 % at least, 95 % in domain and wire (CRATES="-p maestro-wire" for some)
	@if [ -z "$${LLVM_COV:-}" ]; then rustup component add llvm-tools; fi
	@PATH="$(TOOLS)/bin:$$PATH" tests/coverage.sh $(CRATES)

FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= command query wait commit reply subject frame config profile

.PHONY: fuzz
fuzz: $(TOOLS)/bin/cargo-fuzz ## every format that comes from outside under libFuzzer, a minute each (needs a nightly toolchain; FUZZ_SECONDS, FUZZ_TARGETS)
	cd fuzz && $(CARGO) run -q --bin corpus -- corpus
	cd fuzz && for target in $(FUZZ_TARGETS); do \
		PATH="$(TOOLS)/bin:$$PATH" $(CARGO) +nightly fuzz run "$$target" -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=16384 -print_final_stats=1; \
	done

.PHONY: dist
dist: nats ui ## a release build of the programs as an archive in target/dist (NAME=linux-x86_64)
	$(CARGO) build --release $(PROGRAMS) --bins
	@deploy/pack.sh $(NAME)

.PHONY: schemas
schemas: ## writes schemas/ anew from the types
	$(CARGO) run -q -p maestro-tests --bin schemas

.PHONY: docs
docs: ## writes docs/cli.md anew from the definitions of the command line
	$(CARGO) run -q -p maestro-cli --bin maestro -- help reference > target/cli.md
	mv target/cli.md docs/cli.md

# The documentation as a book. mdBook is built from source into target/tools, once.
MDBOOK_VERSION := 0.5.4
MDBOOK := $(TARGET)/tools/bin/mdbook

.PHONY: book
book: ## docs/ as a book in target/book (fetches a pinned mdBook into target/tools)
	@if ! $(MDBOOK) --version 2>/dev/null | grep -qF "v$(MDBOOK_VERSION)"; then \
		$(CARGO) install --quiet --locked --root $(TARGET)/tools --no-default-features --features search mdbook@$(MDBOOK_VERSION) || { \
		echo "SKIPPED: mdBook $(MDBOOK_VERSION) cannot be fetched or built; docs/ reads as well as it is" >&2; exit 0; }; fi; \
	$(MDBOOK) build docs --dest-dir $(abspath $(TARGET))/book && echo "open $(TARGET)/book/index.html"

.PHONY: nats
nats: ## finds a nats-server or fetches the pinned one into target/nats
	@nats/get-nats-server.sh >/dev/null

# The page is compiled into maestro-bridge, so it is built before cargo runs. A build without it leaves a placeholder in
# dist, therefore a stamp says that the page itself was built.
UI_STAMP := $(UI)/node_modules/.built
UI_GONE := $(shell [ -d $(UI)/dist/assets ] || rm -f $(UI_STAMP))

.PHONY: ui
ui: $(if $(wildcard $(UI)/package.json),$(UI_STAMP)) ## the browser's page

$(UI_STAMP): $(UI)/node_modules/.package-lock.json $(UI_SOURCES)
	$(NPM) --prefix $(UI) run build
	@touch $@

$(UI)/node_modules/.package-lock.json: $(UI)/package.json $(UI)/package-lock.json
	$(NPM) --prefix $(UI) ci --no-audit --no-fund
	@touch $@

.PHONY: browser
browser: ## a Chromium for the page's tests: Debian's, installed when run as root
	@tests/browser/get-chromium.sh

.PHONY: compose-env
compose-env: ## prints what this host's maestro needs for the stack of `docker compose up`: eval "$$(make -s compose-env)"
	@containers/host-env.sh

.PHONY: test-compose
test-compose: ## the containers for real: build, up, work, kill, restart, restore, TLS, cluster (PARTS="build single" for some, BIN=… for another command line)
	$(if $(BIN),,$(CARGO) build $(PROGRAMS) --bin maestro)
	@MAESTRO_BIN=$(abspath $(or $(BIN),$(TARGET)/debug/maestro)) tests/compose/run.sh $(PARTS)

.PHONY: clean
clean: ## removes what was built, keeps every home
	$(CARGO) clean
	rm -rf $(UI)/dist $(UI)/node_modules
