/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the generator makes of a ruleset: programs, map contents, and where each comes from. */
#ifndef BPFFW_COMPILED_H
#define BPFFW_COMPILED_H

#include <linux/bpf.h>

#include "bpf/act.h"
#include "compiler/lang/rule.h"

struct forest;
struct proof;

/* Maps that the code addresses; the loader puts descriptors in. */
enum map_ref { MAP_SCRATCH, MAP_COUNTERS, MAP_BLOB, MAP_JUMPS, MAP_REFS };

struct reloc {
	uint32_t insn; /* a two-slot BPF_LD_IMM64 with src_reg already set (map fd or map value) */
	enum map_ref map;
};

/* One line of BTF line info: code from @insn on comes from @span. */
struct code_line {
	uint32_t insn;
	struct span span;
};

/* A function of the program; the first one is the program itself, called with its context. */
struct function {
	uint32_t insn;  /* its first */
	uint8_t n_args; /* of a global one: integers */
	bool global;    /* verified once, for all arguments; else at each call. Needs BTF */
};

enum classifier {
	CLASSIFIER_ANY, /* asked for: the one that suits */
	CLASSIFIER_STRAIGHT,
	CLASSIFIER_FOREST,
};

struct compiled {
	enum classifier classifier;
	const struct forest *forest; /* NULL: none */
	const struct proof *proof;   /* of the forest */
	const char *unproven;        /* why straight-line code is not proven; NULL: it is */
	struct bpf_insn *insns;
	uint32_t n_insns;
	VEC(struct reloc) relocs;
	VEC(struct code_line) lines;
	VEC(struct function) functions;
	void *blob; /* contents of the blob map, NULL when size is 0 */
	uint32_t blob_size;
	uint32_t blob_room; /* the map is at least this large: masked indexes end in it */
	struct enter_config enter;
	uint32_t flows;               /* how many are remembered; 0: the rules do not ask for any */
	const struct act_entry *acts; /* by number; contents of the map `acts` */
	uint32_t n_acts;              /* 0: `actions` is not needed */
	uint32_t list_entries; /* that the run-time lists must hold; the loader's, 0: no list */
	uint32_t n_places;
	uint32_t *rule_of_place; /* index into ruleset.rules */
	/* What the code was made from: the ruleset with facts (ir/facts.h) in place of run-time
	 * sets and time. Witnesses and eval_packet() want this one. */
	const struct ruleset *lowered;
};

/* Both sides of every bound of every rule, up to @max packets, in the arena of @rs, lowered. */
uint32_t compile_witnesses(const struct ruleset *rs, struct pkt *packets, uint32_t max);

/* `check --dump=bpf`: a listing with the rule above its instructions. */
void compile_disasm(struct buf *out, struct diags *ds, const struct compiled *compiled);

#endif
