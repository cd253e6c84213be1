/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words behind a match: defines, sets, interfaces, and by the type's row everything else. */
#include "compiler/lang/sema_internal.h"

/* A word of a define is reported where it is used: there the wanted type is known. */
static void expand_define(struct sema *s, const struct word *use, words *out)
{
	struct str_nearest nearest = { .word = use->text };
	uint32_t index;

	if (map_find(&s->defines, use->text, &index)) {
		if (!sema_spend(s, s->define_list.data[index].atoms.len, use->span))
			return;
		vec_for_each(atom, &s->define_list.data[index].atoms) {
			struct word *word = vec_add(s->arena, out);

			*word = *atom;
			word->span = use->span;
		}
		return;
	}
	diag_error(s->ds, use->span, E121, "no define '$" STR_FMT "'", STR_ARG(use->text));
	for (uint32_t i = 0; sema_suggests(s) && i < s->define_list.len; i++)
		str_nearest_offer(&nearest, s->define_list.data[i].name);
	if (nearest.best.s && map_find(&s->defines, nearest.best, &index))
		diag_help(s->ds, "did you mean '$" STR_FMT "' (%s)?", STR_ARG(nearest.best),
			  sema_place(s, s->define_list.data[index].span));
	else
		diag_help(s->ds, "a define stands before its first use");
}

words sema_expand(struct sema *s, const words *written)
{
	words out = { 0 };
	bool any = false;

	vec_for_each(word, written)
		any |= word->kind == WORD_DEFINE;
	if (!any)
		return *written;
	vec_for_each(word, written) {
		if (word->kind == WORD_DEFINE)
			expand_define(s, word, &out);
		else
			vec_push(s->arena, &out, *word);
	}
	return out;
}

static bool read_set(struct sema *s, const struct clause *row, const struct word *word,
		     struct atom *ret_atom)
{
	struct set *set;
	uint32_t index;

	if (!types[row->type].set_word) {
		diag_error(s->ds, word->span, E122, "'%s' takes no set", row->name);
		return false;
	}
	if (!sema_find_set(s, word, &index))
		return false;
	set = &s->rs->sets.data[index];
	if (set->type != row->type && set->type != TYPE_NONE) {
		diag_error(s->ds, word->span, E122, "'@" STR_FMT "' holds %s, %s needs %s",
			   STR_ARG(set->name), types[set->type].plural, row->name,
			   types[row->type].plural);
		return false;
	}
	set->n_uses++;
	*ret_atom = (struct atom){ .kind = ATOM_SET, .mask = UINT64_MAX, .set = index };
	return true;
}

/* An interface must stand on an `interface` line, by name or under a glob. */
static bool is_covered(struct sema *s, struct str name, bool *ret_exact)
{
	bool covered;
	uint32_t line;

	covered = *ret_exact = map_find(&s->iface_lines, name, &line);
	for (uint32_t i = 0; !covered && i < s->iface_globs.len; i++)
		covered = sema_glob_matches(s->iface_globs.data[i], name);
	for (uint32_t i = 0; !covered && sema_is_glob(name) && i < s->rs->interfaces.len; i++)
		covered = sema_glob_matches(name, s->rs->interfaces.data[i].name);
	return covered;
}

static bool read_iface(struct sema *s, const struct word *word, struct scope *scope,
		       struct atom *atom)
{
	bool exact;

	if (!is_covered(s, atom->text, &exact)) {
		diag_error(s->ds, word->span, E152, STR_FMT " is on no 'interface' line",
			   STR_ARG(atom->text));
		return false;
	}
	if (sema_is_glob(atom->text)) {
		scope->has_globs = true;
		return true;
	}
	atom->lo = atom->hi = sema_iface_number(s, atom->text);
	if (s->env->check_present && !exact && atom->lo > s->env->n_present)
		diag_warning(s->ds, word->span, W151, "no interface " STR_FMT " now",
			     STR_ARG(atom->text));
	return true;
}

static bool read_word(struct sema *s, const struct type_reader *reader, const struct word *word,
		      struct scope *scope, struct atom *ret_atom)
{
	enum value_type type = reader->row->type;

	if (word->kind == WORD_SET)
		return read_set(s, reader->row, word, ret_atom);
	if (!types[type].parse(reader, word, ret_atom))
		return false;
	return type != TYPE_IFACE || read_iface(s, word, scope, ret_atom);
}

static bool read_flags(struct sema *s, const struct type_reader *reader, const words *all,
		       struct match *match)
{
	vec_for_each(word, all) {
		if (word->kind != WORD_SET)
			continue;
		diag_error(s->ds, word->span, E122, "'%s' takes no set", match->row->name);
		return false;
	}
	match->atoms.data = arena_new_array(s->arena, struct atom, 1);
	match->atoms.len = match->atoms.cap = 1;
	return type_parse_flags(reader, all, match->atoms.data);
}

bool sema_value(struct sema *s, const struct ast_clause *clause, struct scope *scope,
		struct match *match)
{
	struct type_reader reader = {
		.ds = s->ds,
		.io = s->env->io,
		.row = match->row,
		.field = match->row->name,
		.protos = scope->protos,
	};
	uint32_t errors = s->ds->n_errors;
	words all = sema_expand(s, &clause->value.atoms);
	struct atom *data;

	if (s->ds->n_errors != errors)
		return false;
	/* An empty define was reported where it stands. */
	if (!all.len && clause->value.atoms.len)
		return false;
	if (!all.len) {
		diag_error(s->ds, clause->span, E007, "the list behind '%s' is empty",
			   match->row->name);
		return false;
	}
	if (match->row->type == TYPE_FLAGS)
		return read_flags(s, &reader, &all, match);
	data = arena_new_array(s->arena, struct atom, all.len);
	match->atoms.data = data;
	match->atoms.len = match->atoms.cap = all.len;
	for (uint32_t i = 0; i < all.len; i++)
		read_word(s, &reader, &all.data[i], scope, &data[i]);
	return s->ds->n_errors == errors;
}

static void expand_glob(struct sema *s, const struct atom *glob, struct span span, atoms *out)
{
	uint32_t before = out->len;

	for (uint32_t i = 0; i < s->env->interfaces.len; i++) {
		if (!sema_glob_matches(glob->text, s->env->interfaces.data[i]))
			continue;
		if (!sema_spend(s, 1, span))
			return;
		vec_push(s->arena, out, *glob);
		out->data[out->len - 1].lo = out->data[out->len - 1].hi = i + 1;
	}
	if (out->len == before)
		vec_push(s->arena, out, *glob);
}

atoms sema_expand_globs(struct sema *s, const struct match *match)
{
	atoms out = { 0 };

	vec_for_each(atom, &match->atoms) {
		if (sema_is_glob(atom->text))
			expand_glob(s, atom, match->span, &out);
		else
			vec_push(s->arena, &out, *atom);
	}
	return out;
}
