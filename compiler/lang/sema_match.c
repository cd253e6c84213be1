/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The matches of one rule, expectation or description: first the protocol, which decides what the
 * other words mean, then the values, then the address families that are left.
 */
#include "compiler/lang/sema_internal.h"

static bool is_negated(const struct ast_clause *clause)
{
	return clause->negated || clause->value.negated;
}

/* Clause i fills slot i + 1, an implied protocol slot 0, what the verb implies the last one; slots
 * without a row go at the end. */
static struct match *match_of(struct scope *scope, uint32_t index)
{
	const struct ast_clause *clause = &scope->clauses[index];
	struct match *match = &scope->matches[index + 1];

	match->row = clause->row;
	match->negated = is_negated(clause);
	match->span = clause->span;
	return match;
}

static void set_implied_atom(struct sema *s, struct match *match)
{
	const struct clause *row = match->row;
	struct atom *atom = arena_new_array(s->arena, struct atom, 1);

	*atom = (struct atom){
		.kind = ATOM_RANGE,
		.mask = row->implied_mask == 0xff ? UINT64_MAX : row->implied_mask,
		.lo = row->implied_value,
		.hi = row->implied_value,
	};
	match->atoms.data = atom;
	match->atoms.len = match->atoms.cap = 1;
}

/* The row of `tcp` for 6; NULL: the protocol has no word of its own. */
static const struct clause *row_of_protocol(u128 number)
{
	for (const struct clause *row = clause_matches; row->name; row++)
		if (row->gives_proto && row->implied_value == number)
			return row;
	return NULL;
}

static const struct clause *row_of_bit(uint8_t bit)
{
	const struct clause *row = clause_matches;

	while (row->gives_proto != bit)
		row++;
	return row;
}

/* `proto tcp` is `tcp`: one canonical text, one meaning. */
static void shorten_proto(struct match *match)
{
	const struct atom *atom = &match->atoms.data[0];
	const struct clause *row = row_of_protocol(atom->lo);

	if (match->atoms.len == 1 && atom->lo == atom->hi && row)
		match->row = row;
}

static void note_protocols(struct scope *scope, const struct match *match)
{
	vec_for_each(atom, &match->atoms) {
		for (u128 number = atom->lo; number <= atom->hi; number++) {
			const struct clause *row = row_of_protocol(number);

			if (row)
				scope->protos |= row->gives_proto;
			else
				scope->other_protos = true;
		}
	}
}

static void two_protocols(struct sema *s, const struct scope *scope,
			  const struct ast_clause *second, const struct match *match)
{
	const struct match *first = scope->proto;
	struct buf list = { .arena = s->ds->arena };

	diag_error(s->ds, second->key, E108, "two protocols in one rule");
	print_value(&list, s->rs, first);
	buf_puts(&list, ",");
	print_value(&list, s->rs, match);
	diag_help(s->ds, "write 'proto %s'", buf_text(&list));
}

static void find_protocol(struct sema *s, struct scope *scope, uint32_t index)
{
	const struct ast_clause *clause = &scope->clauses[index];
	struct match *match = match_of(scope, index);

	if (clause->row->gives_proto) {
		set_implied_atom(s, match);
	} else if (sema_value(s, clause, scope, match)) {
		shorten_proto(match);
	} else {
		scope->proto_broken = scope->broken = true;
		return;
	}
	if (match->negated)
		return;
	if (scope->proto) {
		two_protocols(s, scope, clause, match);
		scope->proto_broken = true;
		return;
	}
	scope->proto = match;
	note_protocols(scope, match);
}

static void imply(struct sema *s, struct scope *scope, struct match *match,
		  const struct clause *row)
{
	match->row = row;
	match->implied = true;
	match->span = scope->verb_span;
	set_implied_atom(s, match);
}

/* A word that means TCP (syn, flags; syn-limit) beside another protocol, or beside none. */
static void want_protocol(struct sema *s, struct scope *scope, uint8_t bit, struct span span,
			  enum diag_code code, const char *word)
{
	if (scope->proto_broken)
		return;
	if (!scope->proto && !scope->protos) {
		imply(s, scope, &scope->matches[0], row_of_bit(bit));
		scope->protos = bit;
	} else if (scope->protos != bit || scope->other_protos) {
		diag_error(s->ds, span, code, "%s needs %s", word, row_of_bit(bit)->name);
		scope->proto_broken = true;
	}
}

static void imply_protocols(struct sema *s, struct scope *scope)
{
	const struct action *verb = scope->verb;

	for (uint32_t i = 0; i < scope->n_clauses; i++) {
		const struct ast_clause *clause = &scope->clauses[i];
		const char *quoted;

		if (!clause->row->implies_proto)
			continue;
		quoted = arena_printf(s->ds->arena, "'%s'", clause->row->name);
		want_protocol(s, scope, clause->row->implies_proto, clause->key, E109, quoted);
	}
	if (verb && verb->needs_proto)
		want_protocol(s, scope, verb->needs_proto, scope->verb_span,
			      verb->limits ? E134 : E138, verb->name);
}

static void port_without_protocol(struct sema *s, struct scope *scope,
				  const struct ast_clause *clause)
{
	struct str text = s->ds->sources.data[clause->span.source].text;

	diag_error(s->ds, clause->key, E106, "a port needs a protocol");
	diag_help(s->ds, "write '%s%stcp " STR_FMT "'; tcp and udp together: 'proto tcp,udp'",
		  scope->verb ? scope->verb->name : "", scope->verb ? " " : "",
		  (int)(clause->span.end - clause->span.start), text.s + clause->span.start);
	scope->proto_broken = true;
}

static void protocol_without_ports(struct sema *s, struct scope *scope,
				   const struct ast_clause *clause)
{
	vec_for_each(atom, &scope->proto->atoms) {
		const struct clause *row = row_of_protocol(atom->lo);
		struct buf name = { .arena = s->ds->arena };

		if (atom->lo == atom->hi && row && row->gives_proto & clause->row->proto)
			continue;
		types[TYPE_PROTO].print(&name, atom);
		diag_error(s->ds, clause->key, scope->proto->atoms.len > 1 ? E106 : E107,
			   "%s has no ports", buf_text(&name));
		break;
	}
	scope->proto_broken = true;
}

static void check_layer(struct sema *s, struct scope *scope, uint32_t index)
{
	const struct ast_clause *clause = &scope->clauses[index];
	const struct clause *row = clause->row;

	if (row->after && index && is_negated(&scope->clauses[index - 1]) &&
	    scope->clauses[index - 1].row->gives_proto) {
		diag_error(s->ds, clause->key, E109, "'%s' cannot follow 'not %s'", row->name,
			   row->after);
		return;
	}
	if (!row->needs_l4_proto || scope->proto_broken)
		return;
	if (!scope->protos && !scope->other_protos)
		port_without_protocol(s, scope, clause);
	else if (scope->other_protos || scope->protos & ~row->proto)
		protocol_without_ports(s, scope, clause);
}

static void resolve_clause(struct sema *s, struct scope *scope, uint32_t index)
{
	const struct ast_clause *clause = &scope->clauses[index];
	struct match *match;

	/* A description is answered by eval, which knows every match. */
	if (clause->row->later && scope->verb)
		sema_later(s, clause->row->later, clause->key);
	check_layer(s, scope, index);
	match = match_of(scope, index);
	if (clause->row->syntax == SYNTAX_NONE)
		set_implied_atom(s, match);
	else if (!sema_value(s, clause, scope, match))
		scope->broken = true;
}

/* Matches that read one field or exclude each other: `syn flags ack`, `frag later dport 22`. */
static void check_pairs(struct sema *s, const struct scope *scope)
{
	const struct match *flags = NULL, *later = NULL;

	for (uint32_t i = 0; i < scope->n_matches; i++) {
		const struct match *match = &scope->matches[i];

		if (!match->row || match->negated || match->implied)
			continue;
		if (match->row->type == TYPE_FRAG && match->atoms.data[0].lo == FRAG_LATER)
			later = match;
		if (match->row->type != TYPE_FLAGS)
			continue;
		if (flags)
			diag_error(s->ds, match->span, E109,
				   "'%s' and '%s' both say which flags are set", flags->row->name,
				   match->row->name);
		flags = match;
	}
	for (uint32_t i = 0; later && i < scope->n_matches; i++) {
		const struct match *match = &scope->matches[i];

		if (!match->row || match->row->layer != LAYER_L4)
			continue;
		diag_error(s->ds, match->span, E109, "a later fragment has no '%s'",
			   match->row->name);
		diag_help(s->ds, "'frag later' goes with addresses and protocols only");
		return;
	}
}

/* ---- address families ---- */

static uint8_t families_of(const struct match *match)
{
	uint8_t families = 0;

	vec_for_each(atom, &match->atoms) {
		if (atom->kind == ATOM_SET)
			return FAM_IP;
		families |= atom->family == FAMILY_IPV4 ? FAM_IPV4 : FAM_IPV6;
	}
	return families;
}

/* What the words other than addresses leave. */
static uint8_t forced_families(struct sema *s, const struct scope *scope)
{
	uint8_t families = FAM_IP;
	const struct match *narrow = NULL;

	for (uint32_t i = 0; i < scope->n_matches; i++)
		if (scope->matches[i].row && scope->matches[i].row->families & FAM_OTHER)
			families = FAM_ALL;
	for (uint32_t i = 0; i < scope->n_matches; i++) {
		const struct match *match = &scope->matches[i];
		uint8_t left = match->row ? match->row->families : 0;

		if (match->row && match->row->layer != LAYER_FRAME)
			families &= FAM_IP;
		if (!left || left & FAM_OTHER)
			continue;
		if (match->negated && match->row->type == TYPE_FAMILY)
			left = FAM_IP & ~left;
		if (narrow && !(families & left)) {
			diag_error(s->ds, match->span, E109, "'%s' and '%s' cannot go together",
				   narrow->row->name, match->row->name);
			return 0;
		}
		families &= left;
		narrow = match;
	}
	return families;
}

static void wrong_family(struct sema *s, struct span span, uint8_t forced)
{
	bool ip4 = forced & FAM_IPV4;

	diag_error(s->ds, span, E114, "IPv%d address in an IPv%d-only rule: can never match",
		   ip4 ? 6 : 4, ip4 ? 4 : 6);
}

static void resolve_families(struct sema *s, struct scope *scope)
{
	uint8_t forced = forced_families(s, scope), left = forced;
	const struct match *first = NULL;

	for (uint32_t i = 0; forced && i < scope->n_matches; i++) {
		const struct match *match = &scope->matches[i];
		uint8_t families;

		if (!match->row || match->row->type != TYPE_ADDR)
			continue;
		families = families_of(match);
		if (!(forced & families)) {
			wrong_family(s, scope->clauses[i - 1].value.span, forced);
			return;
		}
		if (!(left & families)) {
			diag_error(s->ds, scope->clauses[i - 1].value.span, E115,
				   first->row == match->row
					   ? "the address and its exception are of two families"
					   : "source and destination have no family in common");
			return;
		}
		left &= families;
		first = match;
	}
	scope->families = left;
}

static void close_gaps(struct scope *scope)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < scope->n_matches; i++)
		if (scope->matches[i].row)
			scope->matches[n++] = scope->matches[i];
	scope->n_matches = n;
}

bool sema_matches(struct sema *s, struct scope *scope)
{
	uint32_t errors = s->ds->n_errors;

	scope->n_matches = scope->n_clauses + 2;
	scope->matches = arena_new_array(s->arena, struct match, scope->n_matches);
	for (uint32_t i = 0; i < scope->n_clauses; i++)
		if (scope->clauses[i].row->type == TYPE_PROTO)
			find_protocol(s, scope, i);
	imply_protocols(s, scope);
	for (uint32_t i = 0; i < scope->n_clauses; i++) {
		const struct clause *row = scope->clauses[i].row;

		if (row->kind == CLAUSE_MATCH && row->type != TYPE_PROTO)
			resolve_clause(s, scope, i);
	}
	if (scope->broken || s->ds->n_errors != errors)
		return false;
	check_pairs(s, scope);
	resolve_families(s, scope);
	if (scope->verb && scope->verb->implies)
		imply(s, scope, &scope->matches[scope->n_matches - 1],
		      clause_find(str_of(scope->verb->implies)));
	close_gaps(scope);
	return s->ds->n_errors == errors;
}
