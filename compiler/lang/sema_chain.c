/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chains: declared first, walked last for loops and for the size of the flattened list. */
#include "compiler/lang/sema_internal.h"

void sema_declare_chain(struct sema *s, const struct ast_stmt *stmt)
{
	struct chain *chain;
	uint32_t other;

	if (!sema_name(s, &stmt->name, "chain"))
		return;
	if (!map_add(s->arena, &s->chains, stmt->name.text, s->rs->chains.len)) {
		map_find(&s->chains, stmt->name.text, &other);
		diag_error(s->ds, stmt->name.span, E161,
			   "chain '" STR_FMT "' already defined at %s", STR_ARG(stmt->name.text),
			   sema_place(s, s->rs->chains.data[other].span));
		return;
	}
	chain = vec_add(s->arena, &s->rs->chains);
	chain->name = stmt->name.text;
	chain->span = stmt->name.span;
}

bool sema_find_chain(struct sema *s, const struct word *name, uint32_t *ret_chain)
{
	struct str_nearest nearest = { .word = name->text };

	if (map_find(&s->chains, name->text, ret_chain))
		return true;
	diag_error(s->ds, name->span, E141, "no chain '" STR_FMT "'", STR_ARG(name->text));
	for (uint32_t i = 1; sema_suggests(s) && i < s->rs->chains.len; i++)
		str_nearest_offer(&nearest, s->rs->chains.data[i].name);
	if (nearest.best.s)
		diag_help(s->ds, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	return false;
}

/* ---- loops and size ---- */

/* A walk over the jumps with a stack of its own: a hostile file may nest 100 000 deep. */
struct step {
	uint32_t chain;
	uint32_t next; /* index into its rules */
};
struct walk {
	struct sema *s;
	uint64_t *places; /* by chain: flattened size, once done */
	uint8_t *state;   /* by chain */
	struct step *stack;
	uint32_t depth;
	bool loops;
};
enum walk_state { WALK_NEW, WALK_OPEN, WALK_DONE };

static void report_loop(struct walk *w, const struct rule *rule)
{
	struct buf path = { .arena = w->s->ds->arena };
	const struct chain *chains = w->s->rs->chains.data;
	uint32_t at = 0, shown = 0;

	w->loops = true;
	if (!sema_suggests(w->s))
		return;
	while (w->stack[at].chain != rule->verb.chain)
		at++;
	for (; at < w->depth && shown < 8; at++, shown++)
		buf_printf(&path, STR_FMT " -> ", STR_ARG(chains[w->stack[at].chain].name));
	if (at < w->depth)
		buf_puts(&path, "... -> ");
	buf_add(&path, chains[rule->verb.chain].name);
	diag_error(w->s->ds, rule->verb.target, E141, "chain loop %s", buf_text(&path));
}

static void finish_chain(struct walk *w, uint32_t chain)
{
	const struct ruleset *rs = w->s->rs;
	const struct chain *c = &rs->chains.data[chain];
	uint64_t places = 0;

	vec_for_each(index, &c->rules) {
		const struct rule *rule = &rs->rules.data[*index];

		if (rule->disabled)
			continue;
		places++;
		if (rule->verb.row->verb == VERB_JUMP)
			places += w->places[rule->verb.chain];
		if (places < PLACES_MAX)
			continue;
		diag_error(w->s->ds, rule->span, E191,
			   chain ? "chain '" STR_FMT "' grows to more than %u rules"
				 : STR_FMT "the ruleset grows to more than %u rules",
			   STR_ARG(c->name), PLACES_MAX - 1);
		/* Said once; what jumps here is not blamed again. */
		places = 0;
		break;
	}
	w->places[chain] = places;
	w->state[chain] = WALK_DONE;
}

static void walk_rule(struct walk *w, const struct rule *rule)
{
	if (rule->verb.row->verb != VERB_JUMP || !rule->verb.chain)
		return;
	if (w->state[rule->verb.chain] == WALK_OPEN) {
		report_loop(w, rule);
	} else if (w->state[rule->verb.chain] == WALK_NEW) {
		w->state[rule->verb.chain] = WALK_OPEN;
		w->stack[w->depth++] = (struct step){ .chain = rule->verb.chain };
	}
}

static void walk_chain(struct walk *w, uint32_t root)
{
	const struct ruleset *rs = w->s->rs;

	if (w->state[root] != WALK_NEW)
		return;
	w->state[root] = WALK_OPEN;
	w->stack[0] = (struct step){ .chain = root };
	w->depth = 1;
	while (w->depth) {
		struct step *top = &w->stack[w->depth - 1];
		const struct chain *chain = &rs->chains.data[top->chain];

		if (top->next < chain->rules.len) {
			walk_rule(w, &rs->rules.data[chain->rules.data[top->next++]]);
			continue;
		}
		if (!w->loops)
			finish_chain(w, top->chain);
		w->state[top->chain] = WALK_DONE;
		w->depth--;
	}
}

void sema_check_chains(struct sema *s)
{
	uint32_t n = s->rs->chains.len;
	struct walk walk = {
		.s = s,
		.places = arena_new_array(s->arena, uint64_t, n),
		.state = arena_new_array(s->arena, uint8_t, n),
		.stack = arena_new_array(s->arena, struct step, n),
	};

	for (uint32_t chain = 0; chain < n; chain++)
		walk_chain(&walk, chain);
}
