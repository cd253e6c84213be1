/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flattened rule list. A place is a position in it (eval.h numbers them the same way: a jump
 * has one, its chain's places follow it directly). A chain used twice has two places for one rule.
 */
#ifndef BPFFW_PLACE_H
#define BPFFW_PLACE_H

#include "compiler/lang/rule.h"

/* PLACE_ACT: does something (place.act) and goes on, as a limit does. */
enum place_kind { PLACE_ALLOW, PLACE_DROP, PLACE_COUNT, PLACE_RETURN, PLACE_JUMP, PLACE_ACT };

#define PLACE_NONE UINT32_MAX

struct place {
	uint32_t rule; /* index into ruleset.rules */
	enum place_kind kind;
	uint32_t jump;   /* the place of the jump that led here; PLACE_NONE at the top level */
	uint32_t act;    /* the number of its act + 1 (bpf/act.h); 0: it has none */
	uint32_t resume; /* count, act: place + 1; return, jump: behind the chain left or entered */
	uint32_t end;    /* behind the chain instance this place is in; top level: n_places */
	/*
	 * A packet that matches here and is decided at a place from here to below @reach has met
	 * this place: no return can jump over this one and land before @reach. So what an allow or
	 * drop covers below its reach can go. At least @end.
	 */
	uint32_t reach;
};

struct places {
	const struct ruleset *rs;
	VEC(struct place) list;
	uint32_t n_acts;
	uint32_t default_act; /* the number of the default's act + 1; 0: it has none */
};

/* Does the rule more than count and decide? */
bool place_acts(const struct rule *rule);

/* Enabled rules only (compile() refuses what is not there yet). Return: false when there are more
 * than @max. */
bool places_flatten(struct arena *arena, const struct ruleset *rs, uint32_t max,
		    struct places *ret_places);

#endif
