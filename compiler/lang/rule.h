/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules: ordered and resolved, in host byte order, with stable ids. Made by sema.c; eval walks
 * them, the generator compiles them, print.c writes them back. Everything lives in one arena.
 */
#ifndef BPFFW_RULE_H
#define BPFFW_RULE_H

#include "compiler/lang/ast.h"
#include "compiler/lang/io.h"

enum atom_kind {
	ATOM_RANGE, /* lo <= (field & mask) <= hi */
	ATOM_SET,   /* member of ruleset.sets[set] */
	ATOM_IFACE, /* lo == hi: the number, 0 = a glob that matches nothing now; text: as written
		     */
};

struct atom {
	enum atom_kind kind;
	uint8_t family; /* TYPE_ADDR: 4 or 6 */
	uint64_t mask;  /* flags only; else all ones */
	u128 lo;
	u128 hi;
	uint32_t set;
	struct str text; /* ATOM_IFACE: the glob or name, printed back */
};
typedef VEC(struct atom) atoms;

/*
 * One match: yes when the clause's layer is there, and any atom holds (none, when negated).
 * `icmp type 8 code 0` is three: icmp, type, code. `tcp` is one with its implied atom.
 * Matches that a clause only implies are not here: eval and the generator read the row's layer.
 */
struct match {
	const struct clause *row;
	bool negated;
	bool implied; /* tcp behind `syn`, `flags`; not printed */
	struct span span;
	atoms atoms;
};

enum rate_unit { RATE_PACKETS, RATE_BITS, RATE_BYTES };
struct limit {
	bool present;
	enum rate_unit unit;
	uint64_t count;     /* packets, bits or bytes ... */
	uint64_t period;    /* ... in this many seconds */
	uint64_t burst;     /* in packets or bytes; 0: not given. At most LIMIT_BURST_MAX */
	uint8_t keys;       /* bits of enum limit_key */
	uint8_t src4, src6; /* prefix lengths, 32 and 64 unless given */
	uint64_t number;    /* conn-limit, scan-limit */
	uint64_t within;    /* scan-limit, seconds */
	uint8_t clock;      /* given by the store: that of its buckets (ir/limit.h); 0: none yet */
};
/* Packets; bytes: 64 times as many. So the kernel's unit of time is fine enough for the rate. */
#define LIMIT_BURST_MAX (1ull << 26)
/* Bits a second; bytes: an eighth, packets: a 400th. */
#define LIMIT_RATE_MAX 400000000000ull

enum limit_key { KEY_SRC = 1, KEY_DST = 2, KEY_SPORT = 4, KEY_DPORT = 8 };

struct act {
	const struct action *row;
	uint32_t chain;     /* jump: index into ruleset.chains ... */
	struct span target; /* ... and the word that names it */
	int32_t set;        /* blacklist: index, -1 the built-in list */
	uint64_t seconds;   /* blacklist for */
	bool verified;
};

#define ID_NONE 0u

enum builtin_list { BUILTIN_ALLOW, BUILTIN_BLACK };

struct rule {
	uint32_t id;        /* r7 is 7; given by the store (diff.h), ID_NONE in a plain check */
	uint32_t slot;      /* counter slot, given by the store; 0 in a plain check */
	uint32_t over_slot; /* of what is over its limit; 0: it has none */
	uint32_t chain;     /* index into ruleset.chains; 0 is the top level */
	struct span span;
	struct origin origin;
	struct act verb;
	struct limit limit;
	struct act exceed; /* row NULL: none */
	VEC(struct match) matches;
	uint8_t families;                           /* family_bits; FAM_OTHER only with 'ether' */
	struct str name, comment, when, until_text; /* len 0: none */
	const struct schedule *schedule;            /* of when, NULL: none */
	uint64_t until;                             /* epoch seconds, 0: none */
	bool has_until;
	bool log;
	uint64_t log_every; /* seconds, 0: not given */
	bool disabled;
	const char *text; /* canonical, without name and comment: identity (print.h fills it) */
};

struct chain {
	struct str name; /* len 0: the top level */
	struct span span;
	VEC(uint32_t) rules; /* indices into ruleset.rules, in order */
};

struct set_entry {
	struct range range;
	uint8_t family; /* addr: 4 or 6; else 0 */
	struct span span;
	struct str comment;
	uint32_t timeout; /* seconds, 0: none */
};

struct set {
	struct str name;
	struct span span;
	enum value_type type;          /* TYPE_ADDR, TYPE_PORT, TYPE_MAC */
	VEC(struct set_entry) entries; /* as written, static part with its list file */
	uint32_t n_block;              /* of them, the first so many are not from the file */
	/* The same, normalised: [0] IPv4 or the only one, [1] IPv6. */
	ranges members[2];
	uint64_t size;    /* 0: not given */
	uint64_t timeout; /* seconds, 0: none */
	struct str file, comment;
	uint32_t n_uses;
	/*
	 * Membership is looked up in lists by `enter` and not compiled into the classifier: the set
	 * can change without a new generation. Of the built-in lists: whether they are in use.
	 */
	bool runtime;
	uint32_t number; /* enum list_number; of a set given by the store, LIST_SETS + index before
			  */
};

enum iface_mode { MODE_AUTO, MODE_NATIVE, MODE_GENERIC };
struct iface {
	struct str name; /* or a glob */
	enum iface_mode mode;
	struct span span;
};

enum fragments { FRAGMENTS_L3, FRAGMENTS_DROP, FRAGMENTS_PASS };

/* One expect line: the same clauses as a rule, resolved; eval's three-valued walk answers it. */
struct expect {
	struct span span;
	struct origin origin;
	const struct action *verdict; /* NULL: "exceed" */
	VEC(struct match) matches;
	uint8_t families;
};

struct ruleset {
	struct arena *arena;
	VEC(struct iface) interfaces;
	strs iface_names;   /* by number, [0] is number 1: env.interfaces and what sema added */
	bool default_allow; /* false: drop */
	struct span default_span;
	bool default_log;
	uint64_t default_log_every;
	bool essential;
	enum fragments fragments;
	bool fragments_given;
	bool malformed_pass;
	bool fail_open;
	bool antispoof;
	uint64_t flows;           /* 0: default */
	uint64_t learn;           /* seconds, 0: default */
	VEC(struct rule) rules;   /* in file order, over all chains */
	VEC(struct chain) chains; /* [0] top level */
	VEC(struct set) sets;
	struct set builtin[2];      /* allowlist and blacklist: what all their statements say */
	VEC(struct ast_stmt) lists; /* the same as written, but for defines */
	VEC(struct expect) expects;
	uint32_t next_id;
	/* Of a lowered ruleset (ir/facts.h): the rows of its facts, which are in no table. */
	VEC(const struct clause *) fact_rows;
	VEC(struct word) unsupported; /* every use of a feature that is E190: its word and place */
};

#endif
