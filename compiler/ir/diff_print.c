/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of a difference. Statements are compared as lines without order, set entries as sorted
 * ranges, rules by the pairs that diff_rules() found: chain by chain, in runs between the rules
 * that stayed where they were.
 */
#include <stdlib.h>

#include "compiler/ir/diff.h"
#include "compiler/lang/print.h"
#include "compiler/lang/type.h"

/* One printed line of a ruleset, to be found again in the other one. */
struct lines {
	struct arena *arena;
	strs list;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct lines *lines, const char *format,
							   ...)
{
	va_list args;

	va_start(args, format);
	vec_push(lines->arena, &lines->list, str_of(arena_vprintf(lines->arena, format, args)));
	va_end(args);
}

static void interface_lines(struct lines *lines, const struct ruleset *rs)
{
	static const char *const modes[] = { "", " mode native", " mode generic" };

	vec_for_each(iface, &rs->interfaces)
		line_add(lines, "interface " STR_FMT "%s", STR_ARG(iface->name),
			 modes[iface->mode]);
}

static void option_lines(struct lines *lines, const struct ruleset *rs)
{
	line_add(lines, "default %s%s%s", rs->default_allow ? "allow" : "drop",
		 rs->default_log ? " log" : "",
		 rs->default_log_every
			 ? arena_printf(lines->arena, " every %lus", rs->default_log_every)
			 : "");
	if (!rs->essential)
		line_add(lines, "essential off");
	if (rs->fragments != FRAGMENTS_L3)
		line_add(lines, "option fragments %s",
			 rs->fragments == FRAGMENTS_DROP ? "drop" : "pass");
	if (rs->malformed_pass)
		line_add(lines, "option malformed pass");
	if (rs->fail_open)
		line_add(lines, "option fail open");
	if (!rs->antispoof)
		line_add(lines, "option antispoof off");
	if (rs->flows)
		line_add(lines, "option flows %lu", rs->flows);
	if (rs->learn)
		line_add(lines, "option learn %lus", rs->learn);
}

static void set_lines(struct lines *lines, const struct ruleset *rs)
{
	vec_for_each(set, &rs->sets) {
		struct buf line = { .arena = lines->arena };

		buf_printf(&line, "set " STR_FMT " %s", STR_ARG(set->name),
			   types[set->type].set_word);
		if (set->timeout)
			buf_printf(&line, " timeout %lus", set->timeout);
		if (set->size)
			buf_printf(&line, " size %lu", set->size);
		if (set->file.len)
			buf_printf(&line, " file \"" STR_FMT "\"", STR_ARG(set->file));
		if (set->comment.len)
			buf_printf(&line, " comment \"" STR_FMT "\"", STR_ARG(set->comment));
		vec_push(lines->arena, &lines->list, str_of(buf_text(&line)));
	}
}

/* The entries of blocks are told one by one. */
static void list_lines(struct lines *lines, const struct ruleset *rs)
{
	vec_for_each(stmt, &rs->lists) {
		struct ast_stmt head = *stmt;
		struct buf line = { .arena = lines->arena };

		head.elements.len = 0;
		if (!head.file.text.len && !head.timeout.text.len)
			continue;
		print_list_line(&line, &head);
		vec_push(lines->arena, &lines->list, ((struct str){ line.data, line.len - 1 }));
	}
}

static void expect_lines(struct lines *lines, const struct ruleset *rs)
{
	vec_for_each(expect, &rs->expects) {
		struct buf line = { .arena = lines->arena };

		buf_printf(&line, "expect %s", expect->verdict ? expect->verdict->name : "exceed");
		vec_for_each(match, &expect->matches) {
			if (match->implied)
				continue;
			buf_puts(&line, " ");
			print_match(&line, rs, match);
		}
		vec_push(lines->arena, &lines->list, str_of(buf_text(&line)));
	}
}

static struct lines statement_lines(struct arena *arena, const struct ruleset *rs)
{
	struct lines lines = { .arena = arena };

	interface_lines(&lines, rs);
	option_lines(&lines, rs);
	set_lines(&lines, rs);
	list_lines(&lines, rs);
	for (uint32_t i = 1; i < rs->chains.len; i++)
		line_add(&lines, "chain " STR_FMT, STR_ARG(rs->chains.data[i].name));
	expect_lines(&lines, rs);
	return lines;
}

static int compare_lines(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Each line of @have that has no partner of its own in @other, in the order written. */
static void print_missing(struct buf *out, const strs *have, const strs *other, char sign)
{
	struct str *sorted = arena_new_array(out->arena, struct str, other->len + 1);
	bool *used = arena_new_array(out->arena, bool, other->len + 1);

	if (other->len)
		memcpy(sorted, other->data, sizeof(*sorted) * other->len);
	qsort(sorted, other->len, sizeof(*sorted), compare_lines);
	vec_for_each(line, have) {
		uint32_t lo = 0, hi = other->len;

		while (lo < hi) {
			uint32_t middle = (lo + hi) / 2;

			if (str_cmp(sorted[middle], *line) < 0)
				lo = middle + 1;
			else
				hi = middle;
		}
		while (lo < other->len && str_eq(sorted[lo], *line) && used[lo])
			lo++;
		if (lo < other->len && str_eq(sorted[lo], *line))
			used[lo] = true;
		else
			buf_printf(out, "%c" STR_FMT "\n", sign, STR_ARG(*line));
	}
}

static const struct set *set_find(const struct ruleset *rs, struct str name, enum value_type type)
{
	vec_for_each(set, &rs->sets)
		if (set->type == type && str_eq(set->name, name))
			return set;
	return NULL;
}

struct set_diff {
	struct buf *out;
	const char *kind;
	struct str name;
	enum value_type type;
	uint8_t family;
	bool opened;
};

static void print_entry(struct set_diff *sd, char sign, struct range range)
{
	struct atom atom = {
		.family = sd->family, .mask = UINT64_MAX, .lo = range.lo, .hi = range.hi
	};

	if (!sd->opened)
		buf_printf(sd->out, "@@ %s" STR_FMT " @@\n", sd->kind, STR_ARG(sd->name));
	sd->opened = true;
	buf_printf(sd->out, "%c", sign);
	types[sd->type].print(sd->out, &atom);
	buf_puts(sd->out, "\n");
}

/* Both normalised: sorted and disjoint. */
static void print_members(struct set_diff *sd, const ranges *old, const ranges *new)
{
	uint32_t i = 0, j = 0;

	while (i < old->len || j < new->len) {
		const struct range *a = i < old->len ? &old->data[i] : NULL;
		const struct range *b = j < new->len ? &new->data[j] : NULL;

		if (a && b && a->lo == b->lo && a->hi == b->hi) {
			i++;
			j++;
		} else if (a && (!b || a->lo <= b->lo)) {
			print_entry(sd, '-', *a);
			i++;
		} else {
			print_entry(sd, '+', *b);
			j++;
		}
	}
}

static void print_set(struct buf *out, const struct set *old, const struct set *new)
{
	static const ranges empty = { 0 };
	const struct set *any = old ? old : new;
	bool builtin = any->number == LIST_ALLOW || any->number == LIST_BLACK;
	struct set_diff sd = {
		.out = out, .kind = builtin ? "" : "set ", .name = any->name, .type = any->type
	};

	for (int i = 0; i < 2; i++) {
		sd.family = any->type != TYPE_ADDR ? 0 : i ? FAMILY_IPV6 : FAMILY_IPV4;
		print_members(&sd, old ? &old->members[i] : &empty,
			      new ? &new->members[i] : &empty);
	}
}

static void print_sets(struct buf *out, const struct ruleset *old_rs, const struct ruleset *new_rs)
{
	for (int i = 0; i < 2; i++)
		print_set(out, &old_rs->builtin[i], &new_rs->builtin[i]);
	vec_for_each(set, &old_rs->sets)
		print_set(out, set, set_find(new_rs, set->name, set->type));
	vec_for_each(set, &new_rs->sets)
		if (!set_find(old_rs, set->name, set->type))
			print_set(out, NULL, set);
}

struct hunk {
	struct buf *out;
	const struct chain *chain;
	struct str after; /* the last rule that stayed; len 0: none yet */
	bool opened;
};

static void print_line(struct hunk *hunk, char sign, const struct ruleset *rs, uint32_t rule)
{
	struct buf *out = hunk->out;

	if (!hunk->opened) {
		buf_puts(out, "@@ ");
		if (hunk->chain->name.len)
			buf_printf(out, "chain " STR_FMT ", ", STR_ARG(hunk->chain->name));
		if (hunk->after.len)
			buf_printf(out, "after " STR_FMT " @@\n", STR_ARG(hunk->after));
		else
			buf_puts(out, "at the top @@\n");
		hunk->opened = true;
	}
	buf_printf(out, "%c", sign);
	print_rule(out, rs, &rs->rules.data[rule], PRINT_ALL);
	buf_puts(out, "\n");
}

/* How the admin calls a rule that both rulesets have: its id is the running one's. */
static struct str rule_label(struct arena *arena, const struct rule *old, const struct rule *new)
{
	if (new->name.len)
		return new->name;
	if (old->id != ID_NONE)
		return str_of(arena_printf(arena, "r%u", old->id));
	return str_of(new->text ? new->text : "");
}

struct print {
	struct buf *out;
	const struct ruleset *old_rs, *new_rs;
	const struct diff *diff;
};

static bool same_text(const struct rule *a, const struct rule *b)
{
	return strcmp(a->text ? a->text : "", b->text ? b->text : "") == 0 &&
	       str_eq(a->name, b->name) && str_eq(a->comment, b->comment);
}

/* One chain of both rulesets; either may be missing. */
static void print_chain(const struct print *print, const struct chain *old, const struct chain *new)
{
	struct hunk hunk = { .out = print->out, .chain = new ? new : old };
	const struct diff *diff = print->diff;
	uint32_t i = 0, j = 0, n_old = old ? old->rules.len : 0, n_new = new ? new->rules.len : 0;

	while (i < n_old || j < n_new) {
		uint32_t a = i < n_old ? old->rules.data[i] : DIFF_NONE;
		uint32_t b = j < n_new ? new->rules.data[j] : DIFF_NONE;
		uint32_t twin = a != DIFF_NONE ? diff->new_of_old[a] : DIFF_NONE;

		if (a != DIFF_NONE && (twin == DIFF_NONE || diff->moved[twin])) {
			print_line(&hunk, '-', print->old_rs, a);
			i++;
		} else if (b != DIFF_NONE && (diff->old_of_new[b] == DIFF_NONE || diff->moved[b])) {
			print_line(&hunk, '+', print->new_rs, b);
			j++;
		} else {
			const struct rule *kept = &print->old_rs->rules.data[a];
			const struct rule *now = &print->new_rs->rules.data[b];

			if (!same_text(kept, now)) {
				print_line(&hunk, '-', print->old_rs, a);
				print_line(&hunk, '+', print->new_rs, b);
			} else {
				hunk.opened = false;
			}
			hunk.after = rule_label(print->out->arena, kept, now);
			i++;
			j++;
		}
	}
}

static const struct chain *chain_find(const struct ruleset *rs, struct str name)
{
	vec_for_each(chain, &rs->chains)
		if (str_eq(chain->name, name))
			return chain;
	return NULL;
}

void diff_print(struct buf *out, const struct ruleset *old_rs, const struct ruleset *new_rs,
		const struct diff *diff)
{
	struct lines old_lines = statement_lines(out->arena, old_rs);
	struct lines new_lines = statement_lines(out->arena, new_rs);
	struct print print = { out, old_rs, new_rs, diff };

	print_missing(out, &old_lines.list, &new_lines.list, '-');
	print_missing(out, &new_lines.list, &old_lines.list, '+');
	print_sets(out, old_rs, new_rs);
	vec_for_each(chain, &old_rs->chains)
		if (!chain_find(new_rs, chain->name))
			print_chain(&print, chain, NULL);
	for (uint32_t i = 1; i < new_rs->chains.len; i++)
		print_chain(&print, chain_find(old_rs, new_rs->chains.data[i].name),
			    &new_rs->chains.data[i]);
	print_chain(&print, &old_rs->chains.data[0], &new_rs->chains.data[0]);
}
