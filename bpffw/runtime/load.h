/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From struct compiled to loaded programs. A generation's programs and maps are held by
 * descriptor here and pinned by the store; maps are frozen before any program that reads them
 * is loaded.
 */
#ifndef BPFFW_LOAD_H
#define BPFFW_LOAD_H

#include <stdbool.h>

#include "bpffw/runtime/failure.h"
#include "bpffw/runtime/state.h"
#include "compiler/compile.h"

/* The unit shared by all generations: <bpffs>/abi<N>/, and the counters of this generation. */
struct unit {
	int dispatcher; /* program */
	int waiting;    /* program that passes everything, for a link before its first commit */
	int jmp;        /* one-slot program array */
	int scratch, ifaces, config;
	int owner;     /* the network namespace it belongs to */
	int own_slots; /* the dispatcher's counters, one block of them */
	int counters;  /* per-CPU array of struct counter_block */
	int base;      /* array of struct counter, written by user space only */
	bool frags;    /* BPF_F_XDP_HAS_FRAGS, on all programs of the chain or on none */
};

struct loaded {
	int jmp; /* private program array, enum gen_jump */
	int enter, classify, probe;
	int actions, acts, budgets; /* -1: the ruleset has no acts */
	int blob;                   /* -1: none */
	int lists;                  /* static part of the lists, -1: none */
	int config;                 /* frozen .rodata of enter */
	uint32_t enter_id, classify_id;
};
#define LOADED_NONE ((struct loaded){ -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0 })

/* @state: from state_open(); its maps replace those of the same name in the objects. */
int load_generation(const struct unit *unit, const struct state *state, struct diags *ds,
		    const struct compiled *compiled, struct loaded *ret_loaded, struct failure *f);
void loaded_close(struct loaded *loaded);

/* What `trace` puts in front of the running ruleset. */
struct tracer {
	int classify; /* which packets; -1: each */
	int told;     /* tells them and goes on; `classify` jumps there */
	int ring, state;
};
#define TRACER_NONE ((struct tracer){ -1, -1, -1, -1 })

/*
 * load_tracer() - @compiled: its first act is the packets that are told; NULL: each packet is
 * @flows: the state map, -1: the running ruleset does not ask for flows
 * @ring: bytes, a power of two and of pages
 */
int load_tracer(const struct unit *unit, struct diags *ds, const struct compiled *compiled,
		int flows, uint32_t ring, struct tracer *ret_tracer, struct failure *f);
void tracer_close(struct tracer *tracer);

/* What `monitor drops` puts in front of the running ruleset. */
struct watcher {
	int program;
	int ring, told; /* its events, and their struct event_state */
	int state;      /* struct drops_state */
};
#define WATCHER_NONE ((struct watcher){ -1, -1, -1, -1 })

int load_watcher(const struct unit *unit, struct watcher *ret_watcher, struct failure *f);
void watcher_close(struct watcher *watcher);

/*
 * witness_run() - witness packets through the loaded programs, compared with eval, non-terminals
 * included (from = place + 1). A mismatch is retried three times, then it is our bug and the
 * ruleset is refused (EXIT_SYSTEM; the message shows packet and both answers).
 */
int witness_run(const struct loaded *loaded, const struct ruleset *rs,
		const struct compiled *compiled, uint32_t max, uint32_t *ret_n, struct failure *f);

/* The kernel's answer to one packet: ANSWER() of the probed chain. */
int witness_ask(const struct loaded *loaded, const struct pkt *pkt, uint32_t *ret_answer);

#endif
