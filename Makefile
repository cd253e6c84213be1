# bpffw: one Makefile, no recursion. V=1 shows whole commands; CC=clang builds with clang.
#   make            the binary, $O/bpffw
#   make check      no root: layers, units, golden files, examples
#   make test       root: everything
#   make demo       root: the main job on two network namespaces
#   make vm         root: demo and tests on another kernel, in qemu; VM="PACKAGE TEST..." chooses
#   make install | uninstall | deps | fmt | tidy | asan | fuzz | bench | clean

O       ?= build
CC      ?= gcc
CLANG   ?= clang
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

VERSION  := 0.1
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wvla -Wno-unused-parameter
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) -I. -I$O -D_GNU_SOURCE -DBPFFW_VERSION='"$(VERSION)"' \
             -fno-strict-aliasing $(SANITIZE)
LIBS     := -lbpf -lmnl -ljansson -lreadline -lm
# Asked late: on a fresh machine the compiler is there only after `deps`.
BPF_INC   = -I. -I/usr/include/$(shell $(CC) -print-multiarch)

LIB_SRC  := $(wildcard compiler/*.c compiler/*/*.c)
MAIN_SRC := bpffw/main.c
APP_SRC  := $(filter-out $(MAIN_SRC),$(wildcard bpffw/*.c bpffw/*/*.c))
BPF_SRC  := $(wildcard bpf/*.bpf.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
TOOL_SRC := $(wildcard tests/kernel/*.c tests/golden/*.c)

# Below obj/, because build/bpffw is the program.
LIB_OBJ  := $(LIB_SRC:%.c=$O/obj/%.o)
APP_OBJ  := $(APP_SRC:%.c=$O/obj/%.o)
MAIN_OBJ := $(MAIN_SRC:%.c=$O/obj/%.o)
BPF_OBJ  := $(BPF_SRC:%.c=$O/%.o)
# BPF objects are linked into the binary: nothing is looked up on disk at run time.
EMBED_OBJ := $(BPF_SRC:bpf/%.bpf.c=$O/bpf/%.embed.o)
UNIT_BIN := $(UNIT_SRC:%.c=$O/%)
TOOL_BIN := $(TOOL_SRC:%.c=$O/%)

# What Debian packages a build, the tests and the demo need.
PACKAGES := gcc clang make binutils libc6-dev libbpf-dev libmnl-dev libjansson-dev libpcap-dev \
            libreadline-dev libcmocka-dev \
            util-linux mount procps iproute2 iputils-ping ethtool curl netcat-openbsd nftables iptables \
            python3 python3-scapy python3-jsonschema mandoc zsh fish expect systemd
# ... and what only `make fmt` and `make tidy` need.
PACKAGES_FORMAT := clang-format clang-tidy

.PHONY: all check test demo vm install uninstall fmt tidy asan fuzz bench deps clean units tools
.DELETE_ON_ERROR:

all: $O/bpffw

$O/bpffw: $(MAIN_OBJ) $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$O/libcompiler.a: $(LIB_OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$O/obj/%.o: %.c
	@mkdir -p $(@D) && echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Their compare-and-swap needs kernel 5.12; the others load on older ones.
$O/bpf/actions.bpf.o $O/bpf/enter.bpf.o $O/bpf/egress.bpf.o $O/bpf/trace.bpf.o \
$O/bpf/drops.bpf.o: BPF_CPU := -mcpu=v3
$O/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D) && echo "  BPF     $<"
	$(Q)$(CLANG) --target=bpf $(BPF_CPU) -O2 -g -Wall -Werror $(BPF_INC) -MMD -MP -c $< -o $@

# bpf_NAME_start, bpf_NAME_end: the bytes of NAME.bpf.o.
$O/bpf/%.embed.o: $O/bpf/%.bpf.o
	@echo "  EMBED   $<"
	$(Q)printf '.section .rodata\n.balign 16\n.global bpf_%s_start, bpf_%s_end\nbpf_%s_start: .incbin "%s"\nbpf_%s_end:\n.section .note.GNU-stack,"",%%progbits\n' \
		$* $* $* $< $* | $(CC) -x assembler -c - -o $@

# `test` and `demo` install what is missing before anything is compiled.
ifneq ($(filter test demo vm bench deps,$(MAKECMDGOALS)),)
$(LIB_OBJ) $(APP_OBJ) $(MAIN_OBJ) $(BPF_OBJ): | deps
endif

deps:
	$(Q)tests/deps.sh $(PACKAGES) $(if $(filter fmt tidy,$(MAKECMDGOALS)),$(PACKAGES_FORMAT))

units: $(UNIT_BIN)
tools: $(TOOL_BIN)

$(UNIT_BIN) $(TOOL_BIN): $O/%: %.c $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a
	@mkdir -p $(@D) && echo "  TEST    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP $< $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a -o $@ $(LIBS) -lcmocka

check: all units tools
	$(Q)O=$O tests/run layers unit golden examples man import install

test: all units tools
	$(Q)O=$O CC=$(CC) tests/run layers unit golden examples man import install asan kernel

demo: all
	$(Q)O=$O tests/demo.sh

VM ?=
vm: PACKAGES += qemu-system-x86 busybox-static cpio kmod xz-utils
vm: all tools
	$(Q)O=$O tests/vm.sh $(VM)

# BENCH="--quick" and the like goes to the benchmark; `tests/bench/bench.py --help` lists it.
BENCH     ?=
BENCH_GEN := $(wildcard tests/bench/rulegen/*.c)
BENCH_RUN := $(wildcard tests/bench/measure/*.c)
BENCH_BIN := $O/tests/bench/rulegen $O/tests/bench/measure \
             $(patsubst tests/bench/bpf/%.c,$O/tests/bench/%.o,$(wildcard tests/bench/bpf/*.c))

$O/tests/bench/rulegen: $(BENCH_GEN) $(wildcard tests/bench/rulegen/*.h)
	@mkdir -p $(@D) && echo "  BENCH   $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(BENCH_GEN) -o $@ -lm

$O/tests/bench/measure: $(BENCH_RUN) $(wildcard tests/bench/*/*.h) $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a
	@mkdir -p $(@D) && echo "  BENCH   $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(BENCH_RUN) $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a -o $@ $(LIBS)

$O/tests/bench/flows.bpf.o: BPF_CPU := -mcpu=v3
$O/tests/bench/%.bpf.o: tests/bench/bpf/%.bpf.c
	@mkdir -p $(@D) && echo "  BPF     $<"
	$(Q)$(CLANG) --target=bpf $(BPF_CPU) -O2 -g -Wall -Werror $(BPF_INC) -c $< -o $@

bench: PACKAGES += iptables ipset
ifneq ($(filter bench,$(MAKECMDGOALS)),)
$(BENCH_BIN): | deps
endif
bench: all $(BENCH_BIN)
	$(Q)O=$O /usr/bin/python3 tests/bench/bench.py $(BENCH)
	$(Q)O=$O /usr/bin/python3 tests/bench/limits.py

# The same tests under the address and undefined behaviour sanitizers, in a folder of their own.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
asan:
	$(Q)$(MAKE) --no-print-directory O=$O-asan SANITIZE="$(SANITIZERS)" CFLAGS="-O1 -g" all units tools
	$(Q)O=$O-asan tests/run unit golden examples

# libFuzzer, FUZZ_SECONDS for each target.
FUZZ_SECONDS ?= 30
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
FUZZ_OBJ := $(patsubst %.c,$O-fuzz/obj/%.o,$(wildcard bpffw/import/*.c)) $O-fuzz/libcompiler.a
fuzz:
	$(Q)$(MAKE) --no-print-directory O=$O-fuzz CC=clang CFLAGS="-O1 -g" \
		SANITIZE="-fsanitize=fuzzer-no-link,address,undefined" $(FUZZ_OBJ)
	$(Q)for src in $(FUZZ_SRC); do name=$$(basename $$src .c); echo "  FUZZ    $$src"; \
		clang $(ALL_CFLAGS) -Wno-missing-prototypes -fsanitize=fuzzer,address,undefined \
			$$src $(FUZZ_OBJ) -o $O-fuzz/$$name && \
		mkdir -p $O-fuzz/corpus-$$name && \
		$O-fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=1024 \
			-verbosity=0 -print_final_stats=1 -artifact_prefix=$O-fuzz/ \
			$O-fuzz/corpus-$$name $$(ls -d tests/fuzz/$${name#fuzz_} 2>/dev/null) \
			etc/examples || exit 1; \
	done

FORMAT_SRC := $(wildcard bpf/*.[ch] bpffw/*.[ch] bpffw/*/*.[ch] compiler/*.[ch] compiler/*/*.[ch] \
                tests/*/*.[ch] tests/bench/*/*.[ch])
fmt:
	$(Q)clang-format -i $(FORMAT_SRC)

# One file at a time: clang-tidy 14 mixes up what it knows of several.
tidy:
	$(Q)printf '%s\n' $(LIB_SRC) $(APP_SRC) $(MAIN_SRC) | \
		xargs -P2 -I{} clang-tidy --quiet {} -- $(ALL_CFLAGS) 2>/dev/null

MAN_PAGES := $(wildcard etc/*.[1-9])
UNITS     := $(wildcard etc/*.service)
UNIT_DIR   = $(DESTDIR)$(PREFIX)/lib/systemd/system
DOC_DIR    = $(DESTDIR)$(PREFIX)/share/doc/bpffw
BASH_DIR   = $(PREFIX)/share/bash-completion/completions
ZSH_DIR    = $(PREFIX)/share/zsh/site-functions
FISH_DIR   = $(PREFIX)/share/fish/vendor_completions.d
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DOC_DIR)/examples $(DOC_DIR)/schema $(DESTDIR)$(SYSCONFDIR)/bpffw/conf.d
	install -m 755 $O/bpffw $(DESTDIR)$(PREFIX)/sbin/bpffw
	install -m 644 etc/examples/*.fw $(DOC_DIR)/examples
	install -m 644 etc/schema/*.json $(DOC_DIR)/schema
	install -m 644 etc/rules.fw etc/bogons.txt README.md LICENSE $(DOC_DIR)
	for page in $(MAN_PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit 1; \
	done
	install -D -m 644 completions/bpffw.bash $(DESTDIR)$(BASH_DIR)/bpffw
	install -D -m 644 completions/_bpffw $(DESTDIR)$(ZSH_DIR)/_bpffw
	install -D -m 644 completions/bpffw.fish $(DESTDIR)$(FISH_DIR)/bpffw.fish
	for unit in $(UNITS); do \
		sed 's|/usr/local/sbin/|$(PREFIX)/sbin/|' $$unit >$O/$${unit##*/} && \
		install -D -m 644 $O/$${unit##*/} $(UNIT_DIR)/$${unit##*/} || exit 1; \
	done
	@# Never over an administrator's file.
	[ -e $(DESTDIR)$(SYSCONFDIR)/bpffw/rules.fw ] || \
		install -m 640 etc/rules.fw $(DESTDIR)$(SYSCONFDIR)/bpffw/rules.fw
	[ -e $(DESTDIR)$(SYSCONFDIR)/bpffw/bogons.txt ] || \
		install -m 644 etc/bogons.txt $(DESTDIR)$(SYSCONFDIR)/bpffw/bogons.txt

# The files under $(SYSCONFDIR) stay: they are the administrator's. So does what is attached.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/sbin/bpffw $(DESTDIR)$(BASH_DIR)/bpffw \
		$(DESTDIR)$(ZSH_DIR)/_bpffw $(DESTDIR)$(FISH_DIR)/bpffw.fish $(UNITS:etc/%=$(UNIT_DIR)/%)
	for page in $(MAN_PAGES); do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	rm -rf $(DOC_DIR)

clean:
	rm -rf $O $O-asan $O-fuzz

-include $(LIB_OBJ:.o=.d) $(APP_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(BPF_OBJ:.o=.d) $(UNIT_BIN:%=%.d) $(TOOL_BIN:%=%.d)
