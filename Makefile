# SPDX-License-Identifier: GPL-3.0-or-later
#
# gridcall: roll-calls of minimum emergency units over walkie-talkie channels.
#
#   make            build everything below build/
#   make run        a whole roll-call over real audio, on this machine
#   make test       every test (unit, conformance, corpora, VTY, system)
#   make check      the tests of one build: BUILD=asan or BUILD=tsan
#   make torture    a million events through a hundred kills and stalls
#   make fuzz       time-boxed fuzzing of every target: SECONDS=30
#   make lint       format, sizes, doors between rooms, scripts
#   make bench      speed and memory; writes build/bench.json
#   make release-contract  gridcall.proto is the released one from now on
#   make format     lay out the sources as the formatter wants them
#   make install    install below DESTDIR and PREFIX
#   make clean      forget build/
#   make help       this list
#
# What you may set, and what it is when you do not:
#   BUILD=debug        or release, asan, tsan, fuzz, cov
#   PREFIX=/usr/local  where make install puts things, below DESTDIR=
#   CFLAGS=-g          for the compiler CC=cc, and LDFLAGS= for linking
#   V=                 V=1 shows every command
#   SECONDS=30         how long make fuzz works on each target
#   EVENTS=1000000 FAULTS=100 SEED=    of make torture
BUILD      ?= debug
PREFIX     ?= /usr/local
DESTDIR    ?=
CFLAGS     ?= -g
LDFLAGS    ?=
CC         ?= cc
PKG_CONFIG ?= pkg-config
V          ?=
SECONDS    ?= 30
EVENTS     ?= 1000000
FAULTS     ?= 100
SEED       ?=

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

O   := build/$(BUILD)
COMMA := ,
Q   := $(if $(V),,@)
say  = $(if $(V),,@printf '  %-6s %s\n' $(1) '$(2)')

VERSION := 0.1.0

# ------------------------------------------------------- what it needs ----

PKGS := libosmocore libosmovty talloc libzmq libprotobuf-c opus ogg \
	libsystemd sqlite3 speexdsp spandsp libsodium

MODE_debug   := -O1 -D_FORTIFY_SOURCE=2 -Werror
MODE_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
MODE_asan    := -O1 -Werror -fsanitize=address,undefined
MODE_tsan    := -O1 -Werror -fsanitize=thread
MODE_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined
MODE_cov     := -O0 --coverage
MODE         := $(MODE_$(BUILD))
ifeq ($(MODE),)
$(error BUILD=$(BUILD) is not one of debug release asan tsan fuzz cov)
endif
ifneq ($(filter asan tsan fuzz,$(BUILD)),)
MODE += -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ifeq ($(BUILD),fuzz)
CC := clang
endif

# Goals that compile nothing need no library; the others install what lacks,
# and no more than they need.  make -n only tells, and installs nothing.
GOALS       := $(or $(MAKECMDGOALS),all)
QUIET_GOALS := clean help setup
BUILD_GOALS := all install
DRY_RUN     := $(findstring n,$(filter-out --%,$(firstword -$(MAKEFLAGS))))
ifneq ($(filter-out $(QUIET_GOALS),$(GOALS)),)
ifneq ($(words $(CURDIR)),1)
$(error The path of this folder has a space in it ($(CURDIR)), which make \
	cannot handle; move it to a path without)
endif
NEEDS := build
ifneq ($(filter run,$(GOALS)),)
NEEDS := run
endif
ifneq ($(filter-out $(QUIET_GOALS) $(BUILD_GOALS) run,$(GOALS))$(filter \
	fuzz,$(BUILD)),)
NEEDS := test
endif
ifneq ($(filter bench bench-programs,$(GOALS)),)
NEEDS := bench
endif
ifeq ($(DRY_RUN),)
READY := $(shell deploy/setup $(NEEDS) >&2 && echo yes)
ifneq ($(READY),yes)
$(error deploy/setup could not make this machine ready; see above)
endif
ifneq ($(shell mkdir -p $(O) && test -w $(O) && echo yes),yes)
$(error This user may not write to $(CURDIR)/$(O); own that folder or remove it)
endif
endif
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS))
PKG_LIBS   := $(shell $(PKG_CONFIG) --libs $(PKGS))
LIBRARY_LIBS := $(shell $(PKG_CONFIG) --libs libzmq libprotobuf-c)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Wno-unused-parameter
C_ALL := -std=gnu11 -D_GNU_SOURCE -DGRIDCALL_VERSION='"$(VERSION)"' -fPIC \
	-fvisibility=hidden -pthread -I. -I$(O)/gen $(WARNINGS) $(MODE) \
	$(PKG_CFLAGS) $(CFLAGS)
L_ALL := $(MODE) -pthread $(LDFLAGS)

# ------------------------------------------------------------ sources ----

CODECS_C  := $(wildcard codecs/*.c)
PROTO_C   := $(wildcard proto/*.c)
GATEWAY_C := $(filter-out gateway/main.c,$(wildcard gateway/*.c)) \
	$(wildcard gateway/voice/*.c gateway/call/*.c gateway/record/*.c \
	gateway/control/*.c)
CLI_C     := $(filter-out gateway/cli/main.c,$(wildcard gateway/cli/*.c))
CITY_C    := $(wildcard tests/city/*.c)
PLUGINS   := $(patsubst plugins/%/,%,$(wildcard plugins/*/))
UNIT      := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))
CONFORM   := $(patsubst tests/conform/%.c,%,$(wildcard tests/conform/test_*.c))
FUZZ      := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH     := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/bench_*.c))
FAKES     := $(patsubst tests/conform/%.c,%,$(wildcard tests/conform/fake_*.c))

PB_C := $(O)/gen/proto/gridcall.pb-c.c
PB_H := $(O)/gen/proto/gridcall.pb-c.h

objects = $(patsubst %.c,$(O)/%.o,$(1))

ARCHIVES := $(O)/libcli.a $(O)/libgateway.a $(O)/libproto.a $(O)/libcodecs.a
# The insides of plugins, for the tests of their parts alone.
INSIDES  := $(O)/libplugins.a

# The client for other programs.  The command line alone prints JSON.
LIBRARY_C := $(filter-out proto/json.c,$(PROTO_C))
LIBRARY_O := $(LIBRARY_C:%.c=$(O)/%.o) $(O)/shared/gridcall.pb-c.o
LIBRARY   := $(O)/libgridcall.so.1 $(O)/libgridcall.a $(O)/gridcall.pc

PROGRAMS := $(O)/gridcalld $(O)/gridcall $(O)/gridcall-city
PLUGIN_SO := $(PLUGINS:%=$(O)/plugins/%.so)
FAKE_SO   := $(FAKES:%=$(O)/tests/conform/%.so)

# -------------------------------------------------------------- rules ----

.PHONY: all run test check torture fuzz fuzz-targets lint bench \
	bench-programs format release-contract install clean help setup tests

all: $(if $(wildcard gateway/main.c),$(O)/gridcalld) \
	$(if $(CLI_C),$(O)/gridcall) $(if $(CITY_C),$(O)/gridcall-city) \
	$(PLUGIN_SO) $(LIBRARY)

$(O)/%.o: %.c | $(PB_H)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(C_ALL) -MMD -MP -c -o $@ $<

# Generated code is compiled without our warnings.
$(O)/gen/%.pb-c.o: $(O)/gen/%.pb-c.c
	$(call say,CC,$<)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(C_ALL)) -w -c -o $@ $<

$(O)/gen/proto/%.pb-c.c $(O)/gen/proto/%.pb-c.h &: proto/%.proto
	$(call say,PROTO,$<)
	$(Q)mkdir -p $(@D)
	$(Q)protoc-c --proto_path=. --c_out=$(O)/gen $<

define archive
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
endef

$(O)/libcodecs.a: $(call objects,$(CODECS_C))
	$(archive)
$(O)/libproto.a: $(call objects,$(PROTO_C)) $(PB_C:.c=.o)
	$(archive)
$(O)/libgateway.a: $(call objects,$(GATEWAY_C))
	$(archive)
$(O)/libcli.a: $(call objects,$(CLI_C))
	$(archive)
# Quick append: two plugins may have files of the same name.
$(INSIDES): $(call objects,$(wildcard plugins/*/*.c))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar qcs $@ $^

# libgridcall needs two libraries and exports what its map says.  The messages
# are for its users too, so they are compiled once more, to be seen.
$(O)/shared/gridcall.pb-c.o: $(PB_C)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS) -fvisibility=hidden,$(C_ALL)) -w \
		-c -o $@ $<
$(O)/libgridcall.so.1: $(LIBRARY_O) proto/libgridcall.map
	$(call say,SO,$@)
	$(Q)$(CC) $(L_ALL) -shared -Wl,-soname,$(@F) -Wl,--as-needed \
		$(if $(filter debug release,$(BUILD)),-Wl$(COMMA)-z$(COMMA)defs) \
		-Wl,--version-script=proto/libgridcall.map -o $@ \
		$(filter %.o,$^) $(LIBRARY_LIBS)
# One object, in which only what the map exports too can be seen.
$(O)/libgridcall.a: $(LIBRARY_O)
	$(call say,AR,$@)
	$(Q)$(LD) -r -o $(O)/shared/libgridcall.o $^
	$(Q)objcopy --localize-hidden $(O)/shared/libgridcall.o
	$(Q)rm -f $@ && ar rcs $@ $(O)/shared/libgridcall.o
$(O)/gridcall.pc: proto/gridcall.pc.in
	$(call say,PC,$@)
	$(Q)sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' $< >$@

define link
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(L_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(PKG_LIBS) -ldl -lm $(1)
endef

$(O)/gridcalld: $(call objects,gateway/main.c) $(ARCHIVES)
	$(call link)
$(O)/gridcall: $(call objects,gateway/cli/main.c) $(O)/libcli.a \
		$(O)/libproto.a $(O)/libcodecs.a
	$(call link)
$(O)/gridcall-city: $(call objects,$(CITY_C)) $(O)/libproto.a $(O)/libcodecs.a
	$(call link)

define plugin_rule
$(O)/plugins/$(1).so: $$(call objects,$$(wildcard plugins/$(1)/*.c)) \
		$(O)/libproto.a $(O)/libcodecs.a
	$$(call say,SO,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(L_ALL) -shared -o $$@ $$(filter %.o,$$^) \
		$$(filter %.a,$$^) $$(PKG_LIBS) -lm
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin_rule,$(p))))

# Drivers that are wrong on purpose.
$(O)/tests/conform/fake_%.so: $(O)/tests/conform/fake_%.o
	$(call say,SO,$@)
	$(Q)$(CC) $(L_ALL) -shared -o $@ $^

$(O)/tests/unit/test_%: $(O)/tests/unit/test_%.o $(INSIDES) $(ARCHIVES)
	$(call link,-lcmocka)
$(O)/tests/conform/test_%: $(O)/tests/conform/test_%.o $(INSIDES) $(ARCHIVES)
	$(call link,-lcmocka)
$(O)/tests/bench/bench_%: $(O)/tests/bench/bench_%.o $(ARCHIVES)
	$(call link,$(BENCH_LIBS))
# Beside other brokers.
BESIDE := $(O)/tests/bench/bench_feed $(O)/tests/bench/bench_ledger
$(BESIDE): $(call objects,$(wildcard tests/bench/peer*.c))
$(BESIDE): BENCH_LIBS := -lnats -lmosquitto
# A fuzz target runs its corpus with corpus.c, and for real in BUILD=fuzz.
ifeq ($(BUILD),fuzz)
$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(INSIDES) $(ARCHIVES)
	$(call link,-fsanitize=fuzzer)
else
$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/corpus.o \
		$(INSIDES) $(ARCHIVES)
	$(call link)
endif

# The client that is tested beside those in other languages.
$(O)/tests/system/client: $(O)/tests/system/client.o $(O)/libgridcall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(L_ALL) -o $@ $^ $(LIBRARY_LIBS)

TEST_PROGRAMS := $(O)/tests/system/client $(UNIT:%=$(O)/tests/unit/%) \
	$(CONFORM:%=$(O)/tests/conform/%) $(FUZZ:%=$(O)/tests/fuzz/%)

# Recordings of the demonstration and of the system tests.
PROMPTS := build/prompts/complete
$(PROMPTS): deploy/demo/prompts deploy/demo/units.csv
	$(call say,SPEAK,build/prompts)
	$(Q)rm -rf build/prompts && deploy/demo/prompts deploy/demo/units.csv \
		build/prompts

# The messages in Python, for subscribers in the tests.
PYTHON := build/python/gridcall_pb2.py
$(PYTHON): proto/gridcall.proto
	$(call say,PROTO,$@)
	$(Q)mkdir -p $(@D)
	$(Q)protoc --proto_path=proto --python_out=$(@D) $<

# The Node client beside the packages that deploy/setup fetched for it.
NODE := build/node/gridcall.mjs build/node/gridcall.proto
build/node/gridcall.%: proto/gridcall.%
	$(Q)mkdir -p $(@D) && cp $< $@

tests: all $(TEST_PROGRAMS) $(FAKE_SO) $(PROMPTS) $(PYTHON) $(NODE)

test: tests
	$(Q)tests/run --build $(O) all

check: tests
	$(Q)tests/run --build $(O) $(if $(filter tsan,$(BUILD)),quick,all)

torture: all $(PROMPTS) $(PYTHON) $(NODE)
	$(Q)GRIDCALL_BUILD=$(CURDIR)/$(O) /usr/bin/python3 \
		tests/system/torture.py --events $(EVENTS) --faults $(FAULTS) \
		$(if $(SEED),--seed $(SEED)) --out build/torture.json

fuzz:
	$(Q)$(MAKE) BUILD=fuzz fuzz-targets
	$(Q)tests/fuzz/run --build build/fuzz --seconds $(SECONDS)
fuzz-targets: $(FUZZ:%=$(O)/tests/fuzz/%)

# Figures are of the release build, whatever BUILD is.  Debian keeps the brokers
# that it is measured beside where only root looks for programs.
bench:
	$(Q)$(MAKE) BUILD=release bench-programs
	$(Q)PATH=$$PATH:/usr/sbin tests/bench/run --build build/release
bench-programs: all $(PROMPTS) $(PYTHON) $(BENCH:%=$(O)/tests/bench/%)

run: all $(PROMPTS)
	$(Q)deploy/demo/run --build $(O)

setup:
	$(Q)deploy/setup

lint:
	$(Q)tests/lint

# At a release: what gridcall.proto says now is never broken again.
release-contract:
	$(Q)tests/contract --release

format:
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

install: all
	$(call say,PLACE,$(DESTDIR)$(PREFIX))
	$(Q)deploy/install "$(O)" "$(DESTDIR)" "$(PREFIX)"

clean:
	$(Q)rm -rf build

help:
	@sed -n '3,/^BUILD/s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

-include $(shell find $(O) -name '*.d' 2>/dev/null)
