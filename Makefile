# bpffw: one Makefile, no recursion. V=1 shows whole commands; CC=clang builds with clang.
#   make | check | test | demo | install | fmt | tidy | asan | bench | deps | clean

O       ?= build
CC      ?= gcc
CLANG   ?= clang
PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

VERSION  := 0.1
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wvla -Wno-unused-parameter
ALL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARN) -I. -I$O -D_GNU_SOURCE -DBPFFW_VERSION='"$(VERSION)"' \
             -fno-strict-aliasing $(SANITIZE)
LIBS     := -lbpf -lmnl -ljansson
BPF_INC  := -I. -I/usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

LIB_SRC  := $(wildcard compiler/*.c compiler/*/*.c)
APP_SRC  := $(wildcard bpffw/cmd/*.c bpffw/ui/*.c bpffw/runtime/*.c)
MAIN_SRC := $(wildcard bpffw/*.c)
BPF_SRC  := $(wildcard bpf/*.bpf.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
TOOL_SRC := $(wildcard tests/kernel/*.c tests/golden/*.c tests/bench/*.c)

LIB_OBJ  := $(LIB_SRC:%.c=$O/%.o)
APP_OBJ  := $(APP_SRC:%.c=$O/%.o)
MAIN_OBJ := $(MAIN_SRC:%.c=$O/%.o)
BPF_OBJ  := $(BPF_SRC:%.c=$O/%.o)
# BPF objects are linked into the binary: nothing is looked up on disk at run time.
EMBED_OBJ := $(BPF_SRC:bpf/%.bpf.c=$O/bpf/%.embed.o)
UNIT_BIN := $(UNIT_SRC:%.c=$O/%)
TOOL_BIN := $(TOOL_SRC:%.c=$O/%)

.PHONY: all check test demo install uninstall fmt tidy asan bench deps clean units tools
.DELETE_ON_ERROR:

all: $O/bpffw

$O/bpffw: $(MAIN_OBJ) $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a
	@echo "  LINK    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$O/libcompiler.a: $(LIB_OBJ)
	@echo "  AR      $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$O/%.o: %.c
	@mkdir -p $(@D) && echo "  CC      $<"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

$O/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D) && echo "  BPF     $<"
	$(Q)$(CLANG) --target=bpf -O2 -g -Wall -Werror $(BPF_INC) -MMD -MP -c $< -o $@

# bpf_NAME_start, bpf_NAME_end: the bytes of NAME.bpf.o.
$O/bpf/%.embed.o: $O/bpf/%.bpf.o
	@echo "  EMBED   $<"
	$(Q)printf '.section .rodata\n.balign 16\n.global bpf_%s_start, bpf_%s_end\nbpf_%s_start: .incbin "%s"\nbpf_%s_end:\n.section .note.GNU-stack,"",%%progbits\n' \
		$* $* $* $< $* | $(CC) -x assembler -c - -o $@

units: $(UNIT_BIN)
tools: $(TOOL_BIN)

$(UNIT_BIN) $(TOOL_BIN): $O/%: %.c $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a
	@mkdir -p $(@D) && echo "  TEST    $@"
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP $< $(APP_OBJ) $(EMBED_OBJ) $O/libcompiler.a -o $@ $(LIBS) -lcmocka

clean:
	rm -rf $O

-include $(LIB_OBJ:.o=.d) $(APP_OBJ:.o=.d) $(MAIN_OBJ:.o=.d) $(BPF_OBJ:.o=.d) $(UNIT_BIN:%=%.d) $(TOOL_BIN:%=%.d)
