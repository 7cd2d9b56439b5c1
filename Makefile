# driftd. `make` alone says what there is.

TARGET := $(or $(CARGO_TARGET_DIR),target)
PYTHON ?= python3
VENV   := .venv
CARGO  ?= cargo

.DEFAULT_GOAL := help
.PHONY: help demo watch debug test chaos lint fmt bench bench-events bench-latency bench-scale bench-storm clean record pictures

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ -/' | sort

demo: ## a false AWS account, people and a pipeline at work, what driftd says and whom it names (no account, no Terraform)
	@$(MAKE) --no-print-directory -j2 $(VENV)/ready debug
	$(VENV)/bin/python demo/demo.py --driftd $(TARGET)/debug/driftd

watch: ## the daemon beside people who change things by hand and put them back: how soon it knows, and whom it names (a minute)
	@$(MAKE) --no-print-directory -j2 $(VENV)/ready debug
	$(VENV)/bin/python demo/watch.py --driftd $(TARGET)/debug/driftd

debug:
	$(CARGO) build --locked --bin driftd

test: $(VENV)/ready ## every test; those that need Terraform or PostgreSQL say loudly when it is absent
	DRIFTD_TEST_PYTHON=$(abspath $(VENV)/bin/python) $(CARGO) test --locked --bins --tests --lib

chaos: $(VENV)/ready debug ## the daemon is killed 50 times, on SQLite and PostgreSQL: it must know what one knows that never was (a quarter of an hour)
	$(VENV)/bin/python -m tests.world chaos --driftd $(TARGET)/debug/driftd --store both

lint: ## format, clippy, dependencies (licences, bans, sources)
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	@if cargo deny --version >/dev/null 2>&1; then $(CARGO) fetch --locked --quiet && cargo deny --offline check bans licenses sources; \
	 else echo "SKIPPED: cargo-deny is not installed (cargo install --locked cargo-deny@0.20.2)"; fi

fmt: ## format the Rust code
	$(CARGO) fmt

bench: $(VENV)/ready ## accounts of 1,000 and 10,000 resources: calls, time, memory (release build)
	$(CARGO) build --locked --release --bins
	$(VENV)/bin/python benches/bench.py --driftd $(TARGET)/release/driftd

bench-events: $(VENV)/ready ## 100,000 CloudTrail records from log files: events a second, memory (release build)
	$(CARGO) build --locked --release --bins
	$(VENV)/bin/python benches/events.py --driftd $(TARGET)/release/driftd

bench-latency: $(VENV)/ready ## a hundred changes by hand: the time from event to finding, memory, calls (release build)
	$(CARGO) build --locked --release --bins
	$(VENV)/bin/python benches/latency.py --driftd $(TARGET)/release/driftd

bench-storm: $(VENV)/ready ## 20,000 events on a hundred resources: time, memory, reads of each (release build)
	$(CARGO) build --locked --release --bins
	$(VENV)/bin/python benches/storm.py --driftd $(TARGET)/release/driftd

bench-scale: $(VENV)/ready debug ## the daemon before 1,000 accounts of 17 regions, and before 100,000 resources: memory, calls, time (debug build; an hour)
	$(VENV)/bin/python benches/scale.py --driftd $(TARGET)/debug/driftd

record: $(VENV)/ready ## record tests/world/recorded anew (needs Terraform)
	$(VENV)/bin/python -m tests.world record

pictures: $(VENV)/ready ## docs/pictures anew: mails as a browser shows them (needs Chromium, and pngquant to make them small)
	rm -rf .work/pictures
	DRIFTD_TEST_PYTHON=$(abspath $(VENV)/bin/python) $(CARGO) test --locked --lib email::tests::pages -- --ignored
	$(VENV)/bin/python docs/pictures/make.py .work/pictures docs/pictures

clean: ## what the build, the tests and the demo left
	$(CARGO) clean
	rm -rf $(VENV) .work demo/out

$(VENV)/ready: tests/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@
