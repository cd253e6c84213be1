/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pf.conf. In pf the last match wins, but for `quick`; the same as a list where the first wins is:
 * the quick rules in their order, then the others from the last to the first.
 */
#include "bpffw/import/pf.h"

#define DEPTH_MAX    8
#define EXPANDED_MAX (1u << 20)

bool pf_is(const struct pf_token *token, const char *text)
{
	return (token->kind == PF_WORD || token->kind == PF_MARK) && str_is(token->text, text);
}

/* ---- tokens and macros ---- */

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("_.:/*-$@+%&|;?[]^`'", c)) || (unsigned char)c >= 0x80;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static void add_token(struct pf *p, struct pf_line *line, enum pf_kind kind, struct str text)
{
	if (++p->n_expanded <= EXPANDED_MAX)
		vec_push(p->d.arena, &line->tokens, ((struct pf_token){ kind, text }));
}

static bool lex(struct pf *p, struct pf_line *line, struct str text, uint32_t depth);

/* $name, and what stands directly behind it: "$ext_if:network". */
static bool lex_macro(struct pf *p, struct pf_line *line, struct str word, uint32_t depth)
{
	uint32_t len = 1, index;
	struct str name, rest;

	while (len < word.len && is_name_char(word.s[len]))
		len++;
	name = (struct str){ word.s + 1, len - 1 };
	rest = (struct str){ word.s + len, word.len - len };
	if (depth == DEPTH_MAX || ++p->n_expanded > EXPANDED_MAX ||
	    !map_find(&p->macros, name, &index)) {
		add_token(p, line, PF_WORD, word);
		return depth < DEPTH_MAX;
	}
	if (!rest.len)
		return lex(p, line, p->macro_texts.data[index], depth + 1);
	word = str_of(arena_printf(p->d.arena, STR_FMT STR_FMT, STR_ARG(p->macro_texts.data[index]),
				   STR_ARG(rest)));
	return lex(p, line, word, depth + 1);
}

static uint32_t lex_mark(struct pf *p, struct pf_line *line, struct str text, uint32_t at)
{
	static const char *const pairs[] = { "!=", "<=", ">=", "><", "<>" };
	uint32_t len = 1, end = at + 1;

	while (end < text.len && is_word_char(text.s[end]))
		end++;
	if (text.s[at] == '<' && end > at + 1 && end < text.len && text.s[end] == '>') {
		add_token(p, line, PF_TABLE, (struct str){ text.s + at + 1, end - at - 1 });
		return end + 1;
	}
	for (uint32_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (at + 1 < text.len && memcmp(text.s + at, pairs[i], 2) == 0)
			len = 2;
	add_token(p, line, PF_MARK, (struct str){ text.s + at, len });
	return at + len;
}

static bool lex(struct pf *p, struct pf_line *line, struct str text, uint32_t depth)
{
	uint32_t at = 0;

	while (at < text.len) {
		uint32_t start = at;
		char c = text.s[at];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\\') {
			at++;
		} else if (c == '"') {
			for (at++; at < text.len && text.s[at] != '"';)
				at++;
			add_token(p, line, PF_STRING,
				  (struct str){ text.s + start + 1, at - start - 1 });
			at += at < text.len;
		} else if (is_word_char(c)) {
			struct str word;

			while (at < text.len && is_word_char(text.s[at]))
				at++;
			word = (struct str){ text.s + start, at - start };
			if (c != '$')
				add_token(p, line, PF_WORD, word);
			else if (!lex_macro(p, line, word, depth))
				return false;
		} else {
			at = lex_mark(p, line, text, at);
		}
	}
	return true;
}

/* ---- lines ---- */

/* A statement ends at a newline that no backslash and no brace carries on. */
static bool next_statement(struct str *rest, uint32_t *number, struct str *ret_text)
{
	uint32_t at = 0, depth = 0;
	bool quoted = false;

	if (!rest->len)
		return false;
	for (; at < rest->len; at++) {
		char c = rest->s[at];

		if (c == '"')
			quoted = !quoted;
		if (c == '#' && !quoted)
			while (at < rest->len && rest->s[at] != '\n')
				at++;
		if (at == rest->len)
			break;
		c = rest->s[at];
		depth += c == '{' && !quoted;
		depth -= c == '}' && !quoted && depth;
		if (c != '\n')
			continue;
		++*number;
		quoted = false;
		if (!depth && (!at || rest->s[at - 1] != '\\'))
			break;
	}
	*ret_text = (struct str){ rest->s, at };
	at += at < rest->len;
	rest->s += at;
	rest->len -= at;
	return true;
}

/* Comments become blanks; pf takes a '#' in a string for text. */
static struct str without_comments(struct arena *arena, struct str text)
{
	char *copy = arena_strndup(arena, text.s, text.len);
	bool quoted = false;

	for (uint32_t i = 0; i < text.len; i++) {
		if (copy[i] == '"' || copy[i] == '\n')
			quoted = copy[i] == '"' && !quoted;
		if (copy[i] == '#' && !quoted)
			while (i < text.len && copy[i] != '\n')
				copy[i++] = ' ';
		if (i < text.len && copy[i] == 0)
			copy[i] = '?';
	}
	return (struct str){ copy, text.len };
}

static struct str trim(struct str text)
{
	while (text.len &&
	       (text.s[0] == ' ' || text.s[0] == '\t' || text.s[0] == '\n' || text.s[0] == '\r')) {
		text.s++;
		text.len--;
	}
	while (text.len && strchr(" \t\r\n", text.s[text.len - 1]))
		text.len--;
	return text;
}

/* NAME = VALUE */
static bool read_macro(struct pf *p, struct str text)
{
	uint32_t len = 0, index;
	struct str name, value;

	while (len < text.len && is_name_char(text.s[len]))
		len++;
	name = (struct str){ text.s, len };
	value = trim((struct str){ text.s + len, text.len - len });
	if (!len || !value.len || value.s[0] != '=')
		return false;
	value = trim((struct str){ value.s + 1, value.len - 1 });
	/* The quotes of a whole value are not part of it. */
	if (value.len >= 2 && value.s[0] == '"' &&
	    memchr(value.s + 1, '"', value.len - 1) == value.s + value.len - 1)
		value = (struct str){ value.s + 1, value.len - 2 };
	if (map_find(&p->macros, name, &index)) {
		p->macro_texts.data[index] = value;
		return true;
	}
	map_add(p->d.arena, &p->macros, name, p->macro_texts.len);
	vec_push(p->d.arena, &p->macro_texts, value);
	return true;
}

/* ---- tables ---- */

int pf_address(struct arena *arena, struct str text, struct range *ret_range)
{
	const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;
	int family = read_addresses(text, ret_range);
	struct buf full = { .arena = arena };
	uint32_t dots = 0, len = slash ? (uint32_t)(slash - text.s) : text.len;

	if (family || !slash || len > 15)
		return family;
	for (uint32_t i = 0; i < len; i++)
		dots += text.s[i] == '.';
	buf_add(&full, (struct str){ text.s, len });
	for (; dots < 3; dots++)
		buf_puts(&full, ".0");
	buf_add(&full, (struct str){ slash, text.len - len });
	return read_addresses((struct str){ full.data, full.len }, ret_range);
}

/* An entry with '!' takes out of the wider one around it; the longest prefix decides. */
static void read_table_entries(struct pf *p, struct pf_table *table, const struct pf_line *line,
			       uint32_t at)
{
	struct value out = { 0 };
	bool negated = false;

	for (; line->tokens.data[at].kind != PF_END; at++) {
		const struct pf_token *token = &line->tokens.data[at];
		struct range range;
		int family;

		if (pf_is(token, "{") || pf_is(token, "}") || pf_is(token, ",")) {
			continue;
		} else if (pf_is(token, "!")) {
			negated = true;
			continue;
		}
		family = pf_address(p->d.arena, token->text, &range);
		if (!family) {
			table->why = "it names hosts or interfaces";
			return;
		}
		value_add(&p->d, negated ? &out : &table->value, family, range.lo, range.hi);
		negated = false;
	}
	for (int i = 0; i < 2; i++) {
		u128 max = net_prefix_mask(i ? 128 : 32, i ? 128 : 32);
		ranges rest;

		ranges_normalise(&table->value.r[i]);
		ranges_normalise(&out.r[i]);
		/* A plain entry inside a negated one would be the longer prefix. */
		vec_for_each(range, &table->value.r[i])
			vec_for_each(other, &out.r[i])
				if (other->lo <= range->lo && range->hi <= other->hi)
					table->why = "an entry lies inside a negated one";
		rest = ranges_complement(p->d.arena, &out.r[i], max);
		table->value.r[i] = ranges_both(p->d.arena, &table->value.r[i], &rest);
	}
}

static void read_table(struct pf *p, const struct pf_line *line)
{
	struct pf_table *table;
	uint32_t at = 1, index;

	if (line->tokens.data[at].kind != PF_TABLE)
		return;
	if (map_find(&p->table_names, line->tokens.data[at].text, &index))
		return;
	map_add(p->d.arena, &p->table_names, line->tokens.data[at].text, p->tables.len);
	table = vec_add(p->d.arena, &p->tables);
	table->name = line->tokens.data[at].text;
	table->line = line->number;
	for (at++; line->tokens.data[at].kind != PF_END; at++) {
		if (pf_is(&line->tokens.data[at], "file") &&
		    line->tokens.data[at + 1].kind == PF_STRING)
			table->file = line->tokens.data[at + 1].text;
		if (pf_is(&line->tokens.data[at], "{")) {
			read_table_entries(p, table, line, at);
			return;
		}
	}
}

struct str pf_table_name(struct pf *p, struct str name)
{
	struct buf text = { .arena = p->d.arena };
	struct pf_table *table;
	const char *comma = " { ";
	uint32_t index;

	if (!map_find(&p->table_names, name, &index)) {
		map_add(p->d.arena, &p->table_names, name, p->tables.len);
		index = p->tables.len;
		vec_add(p->d.arena, &p->tables)->name = name;
	}
	table = &p->tables.data[index];
	if (table->why) {
		item_missing(&p->d, "table <" STR_FMT ">: %s", STR_ARG(name), table->why);
		return (struct str){ 0 };
	}
	if (!table->used) {
		table->used = true;
		table->printed = draft_name(&p->d, name);
		buf_printf(&text, "set " STR_FMT " addr", STR_ARG(table->printed));
		for (int i = 0; i < 2; i++)
			vec_for_each(range, &table->value.r[i]) {
				buf_puts(&text, comma);
				comma = ", ";
				net_print_range(&text, i ? 6 : 4, *range);
			}
		buf_puts(&text, comma[1] == '{' ? "" : " }");
		draft_set(&p->d, table->printed, buf_text(&text));
	}
	if (table->file.len)
		item_note(&p->d,
			  "table <" STR_FMT ">: the file '" STR_FMT "' is not read: "
			  "'bpffw set " STR_FMT " load FILE' does",
			  STR_ARG(name), STR_ARG(table->file), STR_ARG(table->printed));
	return table->printed;
}

/* ---- statements ---- */

static bool is_filter(const struct pf_line *line)
{
	return pf_is(&line->tokens.data[0], "pass") || pf_is(&line->tokens.data[0], "block");
}

bool pf_is_quick(const struct pf_line *line)
{
	vec_for_each(token, &line->tokens)
		if (pf_is(token, "quick"))
			return true;
	return false;
}

static void collect(struct pf *p, struct str text)
{
	struct str rest = text, statement;
	uint32_t number = 1, next = 1;

	for (; next_statement(&rest, &next, &statement); number = next) {
		struct str plain = trim(without_comments(p->d.arena, statement));
		struct pf_line line = { .number = number };
		const char *skipped = statement.s;

		/* The first line with words in it. */
		for (uint32_t i = 0; plain.len && i < statement.len; i++) {
			if (skipped[i] == '\n')
				line.number++;
			else if (!strchr(" \t\r", skipped[i]))
				break;
		}
		if (!plain.len || read_macro(p, plain))
			continue;
		line.source = plain;
		(void)lex(p, &line, plain, 0);
		vec_push(p->d.arena, &line.tokens, ((struct pf_token){ .kind = PF_END }));
		if (pf_is(&line.tokens.data[0], "table"))
			read_table(p, &line);
		else
			vec_push(p->d.arena, &p->lines, line);
	}
}

/* What is no filter rule. */
static void other_statement(struct pf *p, const struct pf_line *line)
{
	static const struct {
		const char *word, *why;
	} known[] = {
		{ "scrub", "bpffw does not change packets; it drops malformed ones" },
		{ "match", "bpffw only decides, it does not tag, queue or change packets" },
		{ "antispoof",
		  "it needs the addresses of the interface: write 'drop src NET not on "
		  "IF'" },
		{ "nat", "bpffw does not translate addresses" },
		{ "rdr", "bpffw does not translate addresses" },
		{ "binat", "bpffw does not translate addresses" },
		{ "anchor", "anchors are not read" },
		{ "load", "anchors are not read" },
		{ "include", "included files are not read" },
	};
	const char *why = "it is not understood";

	for (uint32_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (pf_is(&line->tokens.data[0], known[i].word))
			why = known[i].why;
	item_start(&p->d, -1, line->number, line->source);
	item_missing(&p->d, "%s", why);
}

static void translate(struct pf *p, const struct pf_line *line)
{
	item_start(&p->d, (int32_t)p->chain, line->number, line->source);
	pf_read(p, line);
	item_end(&p->d);
}

/* The last rule drops all that is left: that is the default. */
static void use_default(struct pf *p)
{
	struct draft_chain *chain = &p->d.chains.data[p->chain];
	struct item *last = chain->items.len ? &chain->items.data[chain->items.len - 1] : NULL;

	if (!last || !p->block_all || last->outcome == IMPORT_MISSING || last->outs.len != 1)
		return;
	p->d.item = last;
	last->outs.len = 0;
	chain->policy_allow = false;
	item_note(&p->d, "it became 'default drop'");
}

static void tell(struct pf *p)
{
	draft_general(&p->d,
		      "policy: the default is %s; rules for outgoing packets are not covered",
		      p->d.chains.data[p->chain].policy_allow ? "allow, as in pf" : "drop");
	draft_general(&p->d, "order: in pf the last match wins; here the first does, so 'quick' "
			     "rules stand first and the others in reverse");
	if (p->d.needs_established)
		draft_general(&p->d, "states: 'allow established' stands for what passes by state; "
				     "TCP rules allow the SYN (flags S/SA)");
	draft_general(&p->d, "packets with IP options pass where a rule allows them (pf wants "
			     "'allow-opts'); source routes are always dropped");
	draft_general(&p->d, "essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too "
			     "big) passes and malformed packets are dropped before any rule");
	draft_general(&p->d, "fragments: pf reassembles; 'option fragments pass' leaves the "
			     "decision to the first one");
}

void import_pf(struct arena *arena, const struct import_source *source,
	       struct import_result *ret_result)
{
	struct pf p = { .d = draft_start(arena, source) };
	struct draft_chain *chain;

	collect(&p, source->text);
	p.chain = draft_chain(&p.d, STR("pf"), STR("pf"));
	chain = &p.d.chains.data[p.chain];
	chain->is_base = chain->policy_allow = true;
	chain->families = FAM_IP;
	p.d.fragments = "pass";
	draft_settle(&p.d);
	vec_for_each(line, &p.lines)
		if (is_filter(line) && pf_is_quick(line))
			translate(&p, line);
	p.block_all = false;
	for (uint32_t i = p.lines.len; i-- > 0;)
		if (is_filter(&p.lines.data[i]) && !pf_is_quick(&p.lines.data[i]))
			translate(&p, &p.lines.data[i]);
	use_default(&p);
	vec_for_each(line, &p.lines)
		if (!is_filter(line) && !pf_is(&line->tokens.data[0], "set"))
			other_statement(&p, line);
	tell(&p);
	draft_finish(&p.d, ret_result);
}
