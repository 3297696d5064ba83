# lifeboat: every way to build, try, test and install it. `make` alone lists them.
#
# All real work is done by SwiftPM and by the scripts named here; this file only gives it one short name each.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
# Extra flags for every build, e.g. SWIFT_FLAGS=--static-swift-stdlib for a program that runs without a Swift toolchain.
SWIFT_FLAGS ?=
PROGRAM := .build/release/lifeboat

.PHONY: help build test torture fuzz sanitize demo bench bench-databases install uninstall lint format clean toolchain

help: ## list these targets
	@echo "lifeboat: disaster recovery you have proved"
	@echo
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo "  make install PREFIX=$(PREFIX) DESTDIR=   chooses the place;   make demo KEEP=1   keeps the demo's files"

toolchain:
	@command -v $(SWIFT) >/dev/null || { echo "error: there is no '$(SWIFT)' on the PATH" >&2; \
	  echo "hint: install Swift 6.2 or newer from https://www.swift.org/install/linux/" >&2; exit 1; }

build: toolchain ## build the release: .build/release/lifeboat
	@scripts/install-packages.sh build
	$(SWIFT) build -c release --product lifeboat $(SWIFT_FLAGS)

test: toolchain ## install what the tests need, run them all
	@scripts/install-packages.sh test
	$(SWIFT) build -c release $(SWIFT_FLAGS)
	$(SWIFT) test -c release $(SWIFT_FLAGS)

# How many times the cases of `make test`, and from which seed: make torture TIMES=100 SEED=7
TIMES ?= 20
SEED ?= 1

torture: toolchain ## crashes, faults, full disks, restic in between: for hours (TIMES=, SEED=)
	@scripts/install-packages.sh test
	$(SWIFT) build -c release $(SWIFT_FLAGS)
	LIFEBOAT_TORTURE=$(TIMES) LIFEBOAT_TORTURE_SEED=$(SEED) $(SWIFT) test -c release $(SWIFT_FLAGS) --filter TortureTests

fuzz: toolchain ## look for input that breaks a reader (FUZZ_SECONDS=, TARGETS=)
	@scripts/install-packages.sh build
	@SWIFT="$(SWIFT)" FUZZ_SECONDS="$(FUZZ_SECONDS)" TARGETS="$(TARGETS)" scripts/fuzz.sh

sanitize: toolchain ## the engine's tests under ThreadSanitizer and AddressSanitizer (SANITIZERS=, FILTER=)
	@scripts/install-packages.sh build
	@SWIFT="$(SWIFT)" SANITIZERS="$(SANITIZERS)" FILTER="$(FILTER)" scripts/sanitize.sh

demo: build ## a school loses its server, and gets everything back (2 minutes)
	@scripts/install-packages.sh demo
	@LIFEBOAT="$(CURDIR)/$(PROGRAM)" demo/run.sh

bench: build ## lifeboat and restic in turn on the same data (SCALE=, ROUNDS=, ROWS=)
	@scripts/install-packages.sh bench
	@LIFEBOAT="$(CURDIR)/$(PROGRAM)" bench/run.sh $(BENCH_FLAGS)

bench-databases: build ## lifeboat, mariadb-dump and mydumper with restic, on the same database (SCALE=, ROUNDS=)
	@scripts/install-packages.sh bench
	@LIFEBOAT="$(CURDIR)/$(PROGRAM)" bench/databases.sh $(BENCH_FLAGS)

install: build ## install the program below PREFIX
	install -D -m 0755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/lifeboat"
	install -D -m 0644 LICENSE "$(DESTDIR)$(PREFIX)/share/doc/lifeboat/LICENSE"

uninstall: ## remove what install put there
	rm -f "$(DESTDIR)$(PREFIX)/bin/lifeboat" "$(DESTDIR)$(PREFIX)/share/doc/lifeboat/LICENSE"
	rmdir --ignore-fail-on-non-empty "$(DESTDIR)$(PREFIX)/share/doc/lifeboat" 2>/dev/null || true

lint: toolchain ## check the formatting against .swift-format
	@if [ -f .swift-format ]; then $(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Fuzzing/Package.swift Fuzzing/Sources; \
	  else echo "no .swift-format here: nothing to check against"; fi

format: toolchain ## format Sources and Tests in place
	$(SWIFT) format --in-place --parallel --recursive Package.swift Sources Tests Fuzzing/Package.swift Fuzzing/Sources

clean: ## remove everything that was built
	rm -rf .build
