/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The canonical text. `not` stands before the clause, lists have commas without blanks, and a
 * text is quoted only when it would not be one word.
 */
#include "compiler/lang/print.h"

#include "compiler/lang/type.h"

/* ---- words ---- */

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_.:+%*/~-", c));
}

static bool is_word(struct str text)
{
	if (!text.len || text.s[0] == '-' || str_is(text, "not"))
		return false;
	for (uint32_t i = 0; i < text.len; i++)
		if (!is_word_char(text.s[i]))
			return false;
	return true;
}

static void print_quoted(struct buf *out, struct str text)
{
	uint32_t start = 0;

	buf_puts(out, "\"");
	for (uint32_t i = 0; i < text.len; i++) {
		if (text.s[i] != '"' && text.s[i] != '\\')
			continue;
		buf_add(out, (struct str){ text.s + start, i - start });
		buf_puts(out, "\\");
		start = i;
	}
	buf_add(out, (struct str){ text.s + start, text.len - start });
	buf_puts(out, "\"");
}

static void print_text(struct buf *out, struct str text)
{
	if (is_word(text))
		buf_add(out, text);
	else
		print_quoted(out, text);
}

static void print_option(struct buf *out, const char *keyword, struct str text)
{
	if (!text.s)
		return;
	buf_puts(out, keyword);
	print_text(out, text);
}

/* Prose is always quoted. */
static void print_comment(struct buf *out, struct str text)
{
	if (!text.s)
		return;
	buf_puts(out, " comment ");
	print_quoted(out, text);
}

/* The longest units first: 5400 is 1h30m. */
void print_duration(struct buf *out, uint64_t seconds)
{
	static const struct {
		uint64_t seconds;
		char name;
	} units[] = { { 604800, 'w' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

	for (uint32_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds < units[i].seconds)
			continue;
		buf_printf(out, "%lu%c", seconds / units[i].seconds, units[i].name);
		seconds %= units[i].seconds;
	}
}

/* ---- matches ---- */

static void print_atom(struct buf *out, const struct ruleset *rs, const struct clause *row,
		       const struct atom *atom)
{
	switch (atom->kind) {
	case ATOM_SET:
		buf_puts(out, "@");
		buf_add(out, rs->sets.data[atom->set].name);
		break;
	case ATOM_IFACE:
		print_text(out, atom->text);
		break;
	case ATOM_RANGE:
		types[row->type].print(out, atom);
		break;
	}
}

void print_value(struct buf *out, const struct ruleset *rs, const struct match *match)
{
	const struct atom *before = NULL;

	vec_for_each(atom, &match->atoms) {
		/* A glob has one atom for each interface it stands for. */
		if (before && atom->kind == ATOM_IFACE && str_eq(before->text, atom->text))
			continue;
		if (before)
			buf_puts(out, ",");
		print_atom(out, rs, match->row, atom);
		before = atom;
	}
}

void print_match(struct buf *out, const struct ruleset *rs, const struct match *match)
{
	bool bare = match->row->syntax == SYNTAX_NONE || match->row->syntax == SYNTAX_ICMP;

	/* `icmp type not 8`: what only follows another word cannot take 'not' before it. */
	if (match->negated && !match->row->after)
		buf_puts(out, "not ");
	buf_puts(out, match->row->name);
	if (bare)
		return;
	buf_puts(out, match->negated && match->row->after ? " not " : " ");
	print_value(out, rs, match);
}

/* ---- limits and actions ---- */

static const char *period_name(uint64_t seconds)
{
	switch (seconds) {
	case 1:
		return "s";
	case 60:
		return "min";
	case 3600:
		return "h";
	default:
		return "d";
	}
}

static void print_scaled(struct buf *out, uint64_t count, bool bytes)
{
	static const char bit_letters[] = " kmg", byte_letters[] = " kMG";
	int power = 0;

	while (power < 3 && count % 1000 == 0) {
		count /= 1000;
		power++;
	}
	buf_printf(out, "%lu", count);
	if (power)
		buf_printf(out, "%c", (bytes ? byte_letters : bit_letters)[power]);
	buf_puts(out, bytes ? "B" : "bit");
}

static void print_rate(struct buf *out, const struct limit *limit)
{
	if (limit->unit == RATE_PACKETS)
		buf_printf(out, "%lu", limit->count);
	else
		print_scaled(out, limit->count, limit->unit == RATE_BYTES);
	buf_printf(out, "/%s", period_name(limit->period));
}

static void print_keys(struct buf *out, const struct limit *limit)
{
	static const char *const names[] = { "src", "dst", "sport", "dport" };
	const char *before = " per ";

	for (int i = 0; i < 4; i++) {
		if (!(limit->keys & 1 << i))
			continue;
		buf_puts(out, before);
		buf_puts(out, names[i]);
		if (1 << i == KEY_SRC && (limit->src4 != 32 || limit->src6 != 64))
			buf_printf(out, "/%u", limit->src4);
		if (1 << i == KEY_SRC && limit->src6 != 64)
			buf_printf(out, "/%u", limit->src6);
		before = ",";
	}
}

static void print_burst(struct buf *out, const struct limit *limit)
{
	if (limit->burst && limit->unit == RATE_PACKETS)
		buf_printf(out, " burst %lu", limit->burst);
	if (limit->burst && limit->unit != RATE_PACKETS) {
		buf_puts(out, " burst ");
		print_scaled(out, limit->burst, true);
	}
}

static void print_burst_and_keys(struct buf *out, const struct limit *limit)
{
	print_burst(out, limit);
	print_keys(out, limit);
}

void print_limit(struct buf *out, const struct limit *limit)
{
	if (limit->number) {
		buf_printf(out, "%lu connections", limit->number);
		return;
	}
	print_rate(out, limit);
	print_burst(out, limit);
}

static void print_ban(struct buf *out, const struct ruleset *rs, const struct act *act)
{
	if (act->set >= 0) {
		buf_puts(out, " @");
		buf_add(out, rs->sets.data[act->set].name);
	}
	if (act->verified)
		buf_puts(out, " verified");
	buf_puts(out, " for ");
	print_duration(out, act->seconds);
}

static void print_every(struct buf *out, uint64_t seconds)
{
	if (!seconds)
		return;
	buf_puts(out, " every ");
	print_duration(out, seconds);
}

static void print_verb(struct buf *out, const struct ruleset *rs, const struct rule *rule)
{
	const struct action *verb = rule->verb.row;

	buf_puts(out, verb->name);
	switch (verb->syntax) {
	case ACTION_BARE:
		break;
	case ACTION_CHAIN:
		buf_puts(out, " ");
		buf_add(out, rs->chains.data[rule->verb.chain].name);
		break;
	case ACTION_BLACKLIST:
		print_ban(out, rs, &rule->verb);
		break;
	case ACTION_RATE:
		buf_puts(out, " ");
		print_rate(out, &rule->limit);
		break;
	case ACTION_NUMBER:
		buf_printf(out, " %lu", rule->limit.number);
		break;
	case ACTION_SCAN:
		buf_printf(out, " %lu within ", rule->limit.number);
		print_duration(out, rule->limit.within);
		break;
	case ACTION_LOG:
		print_every(out, rule->log_every);
		break;
	}
	if (verb->limits)
		print_burst_and_keys(out, &rule->limit);
}

static void print_exceed(struct buf *out, const struct ruleset *rs, const struct act *act)
{
	if (!act->row)
		return;
	buf_puts(out, " exceed ");
	buf_puts(out, act->row->name);
	if (act->row->syntax == ACTION_BLACKLIST)
		print_ban(out, rs, act);
}

/* ---- rules ---- */

static void print_options(struct buf *out, const struct rule *rule, int flags)
{
	if (rule->log) {
		buf_puts(out, " log");
		print_every(out, rule->log_every);
	}
	if (flags & PRINT_NAME)
		print_option(out, " name ", rule->name);
	if (flags & PRINT_COMMENT)
		print_comment(out, rule->comment);
	print_option(out, " when ", rule->when);
	print_option(out, " until ", rule->until_text);
	if (rule->disabled)
		buf_puts(out, " disabled");
}

void print_rule(struct buf *out, const struct ruleset *rs, const struct rule *rule, int flags)
{
	print_verb(out, rs, rule);
	vec_for_each(match, &rule->matches) {
		if (match->implied)
			continue;
		buf_puts(out, " ");
		print_match(out, rs, match);
	}
	if (rule->limit.present && !rule->verb.row->limits) {
		buf_puts(out, " rate ");
		print_rate(out, &rule->limit);
		print_burst_and_keys(out, &rule->limit);
	}
	print_exceed(out, rs, &rule->exceed);
	print_options(out, rule, flags);
}

void print_texts(struct ruleset *rs)
{
	struct buf text = { .arena = rs->arena };

	vec_for_each(rule, &rs->rules) {
		text.len = 0;
		print_rule(&text, rs, rule, 0);
		rule->text = arena_strndup(rs->arena, text.data, text.len);
	}
}

void print_order(const struct ruleset *rs, uint32_t *ret_indices)
{
	uint32_t n = 0;

	for (uint32_t i = 1; i <= rs->chains.len; i++) {
		const struct chain *chain = &rs->chains.data[i % rs->chains.len];

		vec_for_each(index, &chain->rules)
			ret_indices[n++] = *index;
	}
}

/* ---- the file ---- */

static void print_interfaces(struct buf *out, const struct ruleset *rs)
{
	static const char *const modes[] = { "", " mode native", " mode generic" };

	vec_for_each(iface, &rs->interfaces) {
		buf_puts(out, "interface ");
		print_text(out, iface->name);
		buf_printf(out, "%s\n", modes[iface->mode]);
	}
}

static void print_settings(struct buf *out, const struct ruleset *rs)
{
	static const char *const fragments[] = { "l3", "drop", "pass" };

	buf_printf(out, "default %s%s", rs->default_allow ? "allow" : "drop",
		   rs->default_log ? " log" : "");
	print_every(out, rs->default_log_every);
	buf_puts(out, "\n");
	if (!rs->essential)
		buf_puts(out, "essential off\n");
	if (rs->fragments_given)
		buf_printf(out, "option fragments %s\n", fragments[rs->fragments]);
	if (rs->malformed_pass)
		buf_puts(out, "option malformed pass\n");
	if (rs->fail_open)
		buf_puts(out, "option fail open\n");
	if (!rs->antispoof)
		buf_puts(out, "option antispoof off\n");
	if (rs->flows)
		buf_printf(out, "option flows %lu\n", rs->flows);
	if (rs->learn) {
		buf_puts(out, "option learn ");
		print_duration(out, rs->learn);
		buf_puts(out, "\n");
	}
}

static void print_entry(struct buf *out, const struct set *set, const struct set_entry *entry)
{
	struct atom atom = { .family = entry->family,
			     .lo = entry->range.lo,
			     .hi = entry->range.hi };

	types[set->type].print(out, &atom);
	if (entry->timeout) {
		buf_puts(out, " timeout ");
		print_duration(out, entry->timeout);
	}
	print_comment(out, entry->comment);
}

void print_set_line(struct buf *out, const struct set *set)
{
	buf_puts(out, "set ");
	buf_add(out, set->name);
	buf_printf(out, " %s", types[set->type].set_word);
	if (set->timeout) {
		buf_puts(out, " timeout ");
		print_duration(out, set->timeout);
	}
	if (set->size)
		buf_printf(out, " size %lu", set->size);
	print_option(out, " file ", set->file);
	print_comment(out, set->comment);
	for (uint32_t i = 0; i < set->n_block; i++) {
		buf_puts(out, i ? ", " : " { ");
		print_entry(out, set, &set->entries.data[i]);
	}
	buf_puts(out, set->n_block ? " }\n" : "\n");
}

static void print_word(struct buf *out, const struct word *word)
{
	if (word->kind == WORD_SET)
		buf_puts(out, "@");
	if (word->kind == WORD_STRING)
		print_text(out, word->text);
	else
		buf_add(out, word->text);
}

/* allowlist and blacklist: elements as they are written, defines expanded by the checker. */
void print_list_line(struct buf *out, const struct ast_stmt *list)
{
	buf_add(out, list->key.text);
	print_option(out, " file ", list->file.text);
	for (uint32_t i = 0; i < list->elements.len; i++) {
		const struct ast_element *element = &list->elements.data[i];

		buf_puts(out, i ? ", " : " { ");
		print_word(out, &element->word);
		print_option(out, " timeout ", element->timeout.text);
		print_comment(out, element->comment.text);
	}
	if (list->elements.len)
		buf_puts(out, " }");
	print_option(out, " for ", list->timeout.text);
	print_comment(out, list->comment.text);
	buf_puts(out, "\n");
}

static void print_chain(struct buf *out, const struct ruleset *rs, const struct chain *chain)
{
	const char *indent = chain->name.len ? "\t" : "";

	if (chain->name.len) {
		buf_puts(out, "chain ");
		buf_add(out, chain->name);
		buf_puts(out, " {\n");
	}
	vec_for_each(index, &chain->rules) {
		buf_puts(out, indent);
		print_rule(out, rs, &rs->rules.data[*index], PRINT_ALL);
		buf_puts(out, "\n");
	}
	if (chain->name.len)
		buf_puts(out, "}\n");
}

static void print_expects(struct buf *out, const struct ruleset *rs)
{
	if (!rs->expects.len)
		return;
	buf_puts(out, "test {\n");
	vec_for_each(expect, &rs->expects) {
		buf_printf(out, "\texpect %s", expect->verdict ? expect->verdict->name : "exceed");
		vec_for_each(match, &expect->matches) {
			if (match->implied)
				continue;
			buf_puts(out, " ");
			print_match(out, rs, match);
		}
		buf_puts(out, "\n");
	}
	buf_puts(out, "}\n");
}

void print_ruleset(struct buf *out, const struct ruleset *rs)
{
	buf_puts(out, "version 1\n");
	print_interfaces(out, rs);
	print_settings(out, rs);
	vec_for_each(set, &rs->sets)
		print_set_line(out, set);
	vec_for_each(list, &rs->lists)
		print_list_line(out, list);
	for (uint32_t i = 1; i <= rs->chains.len; i++)
		print_chain(out, rs, &rs->chains.data[i % rs->chains.len]);
	print_expects(out, rs);
}
