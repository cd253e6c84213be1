/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `nft list ruleset`, and files for `nft -f`: tokens, defines, tables, chains and sets. The rules
 * are collected, and translated when all chains and their hooks are known.
 */
#include "bpffw/import/nft.h"

#include "compiler/lang/names.h"

#define BASES_MAX    64
#define TOKENS_MAX   (16u << 20)
#define EXPANDED_MAX (1u << 20)
#define DEPTH_MAX    8
/* Of looking for jumps: each rule may name a large map. */
#define STEPS_MAX (64u << 20)

bool nft_is(const struct nft_token *token, const char *text)
{
	return token->kind != NFT_STRING && token->kind != NFT_END && str_is(token->text, text);
}

/* ---- tokens ---- */

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80 || (c && strchr("_.:/*-$@\\+", c));
}

static void add_token(struct nft *n, enum nft_kind kind, uint32_t start, uint32_t end,
		      uint32_t line)
{
	if (n->tokens.len < TOKENS_MAX)
		vec_push(n->d.arena, &n->tokens,
			 ((struct nft_token){
				 kind, { n->text.s + start, end - start }, line, start, end }));
}

/* "22:" is a key and a colon, "fe80::" an address. */
static uint32_t word_end(const struct nft *n, uint32_t start, uint32_t end)
{
	const char *s = n->text.s;

	if (end - start > 1 && s[end - 1] == ':' && s[end - 2] != ':')
		return end - 1;
	return end;
}

static uint32_t lex_string(struct nft *n, uint32_t at, uint32_t *line)
{
	uint32_t start = at + 1, first = *line;

	for (at++; at < n->text.len && n->text.s[at] != '"'; at++)
		*line += n->text.s[at] == '\n';
	add_token(n, NFT_STRING, start, at, first);
	return at < n->text.len ? at + 1 : at;
}

static uint32_t lex_mark(struct nft *n, uint32_t at, uint32_t line)
{
	static const char *const pairs[] = { "==", "!=", "<=", ">=", "<<", ">>" };
	uint32_t len = 1;

	for (uint32_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (at + 1 < n->text.len && memcmp(n->text.s + at, pairs[i], 2) == 0)
			len = 2;
	add_token(n, NFT_MARK, at, at + len, line);
	return at + len;
}

void nft_lex(struct nft *n)
{
	uint32_t at = 0, line = 1;

	while (at < n->text.len) {
		char c = n->text.s[at];
		uint32_t start = at;

		if (c == '\n') {
			add_token(n, NFT_NEWLINE, at, at + 1, line++);
			at++;
		} else if (c == ' ' || c == '\t' || c == '\r') {
			at++;
		} else if (c == '\\' && at + 1 < n->text.len && n->text.s[at + 1] == '\n') {
			at += 2;
			line++;
		} else if (c == '#') {
			while (at < n->text.len && n->text.s[at] != '\n')
				at++;
		} else if (c == '"') {
			at = lex_string(n, at, &line);
		} else if (is_word_char(c)) {
			while (at < n->text.len && is_word_char(n->text.s[at]))
				at++;
			at = word_end(n, start, at);
			add_token(n, NFT_WORD, start, at, line);
		} else {
			at = lex_mark(n, at, line);
		}
	}
	add_token(n, NFT_NEWLINE, at, at, line);
	vec_push(n->d.arena, &n->tokens, ((struct nft_token){ .kind = NFT_END, .line = line }));
}

/* ---- walking ---- */

static struct nft_token *peek(struct nft *n)
{
	return &n->tokens.data[n->at];
}

static struct nft_token *take(struct nft *n)
{
	struct nft_token *token = peek(n);

	if (token->kind != NFT_END)
		n->at++;
	return token;
}

static bool take_if(struct nft *n, const char *text)
{
	if (!nft_is(peek(n), text))
		return false;
	n->at++;
	return true;
}

static void skip_newlines(struct nft *n)
{
	while (peek(n)->kind == NFT_NEWLINE || nft_is(peek(n), ";"))
		n->at++;
}

/* Behind the block that opens here. */
static void skip_block(struct nft *n)
{
	uint32_t depth = 0;

	do {
		struct nft_token *token = take(n);

		if (token->kind == NFT_END)
			return;
		depth += nft_is(token, "{");
		depth -= nft_is(token, "}");
	} while (depth);
}

/* To the end of the statement: a newline or ';' outside braces, or the '}' around it. */
static struct nft_span take_statement(struct nft *n)
{
	struct nft_span span = { n->at, n->at };
	uint32_t depth = 0;

	for (;; n->at++) {
		struct nft_token *token = peek(n);

		if (token->kind == NFT_END)
			break;
		if (!depth &&
		    (token->kind == NFT_NEWLINE || nft_is(token, ";") || nft_is(token, "}")))
			break;
		depth += nft_is(token, "{");
		depth -= nft_is(token, "}");
	}
	span.last = n->at;
	return span;
}

/* ---- defines ---- */

/* The tokens of @span with every $NAME replaced, as new tokens at the end of the list. */
static bool expand(struct nft *n, struct nft_span span, uint32_t depth)
{
	for (uint32_t i = span.first; i < span.last; i++) {
		struct nft_token token = n->tokens.data[i];
		struct str name = { token.text.s + 1, token.text.len - 1 };
		uint32_t define;

		if (++n->n_expanded > EXPANDED_MAX)
			return false;
		if (token.kind != NFT_WORD || token.text.s[0] != '$' ||
		    !map_find(&n->defines, name, &define)) {
			vec_push(n->d.arena, &n->tokens, token);
			continue;
		}
		if (depth == DEPTH_MAX || !expand(n, n->define_spans.data[define], depth + 1))
			return false;
	}
	return true;
}

static bool has_define(const struct nft *n, struct nft_span span)
{
	for (uint32_t i = span.first; i < span.last; i++)
		if (n->tokens.data[i].kind == NFT_WORD && n->tokens.data[i].text.s[0] == '$')
			return true;
	return false;
}

static struct nft_span expanded(struct nft *n, struct nft_span span)
{
	uint32_t first = n->tokens.len;

	if (!has_define(n, span) || !expand(n, span, 0))
		return span;
	vec_push(n->d.arena, &n->tokens, ((struct nft_token){ .kind = NFT_END }));
	return (struct nft_span){ first, n->tokens.len - 1 };
}

static void read_define(struct nft *n)
{
	struct str name = take(n)->text;
	struct nft_span span;
	uint32_t index;

	take_if(n, "=");
	span = take_statement(n);
	if (map_find(&n->defines, name, &index)) {
		n->define_spans.data[index] = span;
		return;
	}
	map_add(n->d.arena, &n->defines, name, n->define_spans.len);
	vec_push(n->d.arena, &n->define_spans, span);
}

/* ---- sets ---- */

struct str nft_key(struct nft *n, struct str name)
{
	return str_of(
		arena_printf(n->d.arena, STR_FMT " " STR_FMT, STR_ARG(n->table), STR_ARG(name)));
}

static struct nft_set *find_set(struct nft *n, struct str name)
{
	struct str key = nft_key(n, name);
	struct nft_set *set;
	uint32_t index;

	if (map_find(&n->set_keys, key, &index))
		return &n->sets.data[index];
	map_add(n->d.arena, &n->set_keys, key, n->sets.len);
	set = vec_add(n->d.arena, &n->sets);
	set->name = name;
	set->draft_name = -1;
	return set;
}

static const char *joined(struct nft *n, struct nft_span span)
{
	struct buf out = { .arena = n->d.arena };

	for (uint32_t i = span.first; i < span.last && i < span.first + 32; i++) {
		buf_puts(&out, out.len ? " " : "");
		buf_add(&out, n->tokens.data[i].text);
	}
	return buf_text(&out);
}

static void read_set_line(struct nft *n, struct nft_set *set)
{
	struct nft_token *word = take(n);
	struct nft_span span;

	if (nft_is(word, "elements")) {
		take_if(n, "=");
		set->elements = expanded(n, take_statement(n));
		return;
	}
	span = take_statement(n);
	if (nft_is(word, "type") || nft_is(word, "typeof"))
		set->type = str_of(joined(n, span));
	else if (nft_is(word, "timeout"))
		set->timeout = joined(n, span);
	else if (nft_is(word, "size"))
		set->size = joined(n, span);
	for (uint32_t i = span.first; i < span.last && nft_is(word, "flags"); i++) {
		set->dynamic |= nft_is(&n->tokens.data[i], "dynamic");
		set->has_timeout |= nft_is(&n->tokens.data[i], "timeout");
	}
}

static void read_set(struct nft *n, bool is_map)
{
	struct nft_set *set = find_set(n, take(n)->text);

	set->is_map = is_map;
	if (!take_if(n, "{"))
		return;
	for (;;) {
		skip_newlines(n);
		if (peek(n)->kind == NFT_END || take_if(n, "}"))
			return;
		read_set_line(n, set);
	}
}

/* ---- chains ---- */

static int32_t priority_of(struct nft *n, struct nft_span span, uint32_t at)
{
	static const struct {
		const char *name;
		int32_t value;
	} names[] = { { "raw", -300 },     { "mangle", -150 }, { "dstnat", -100 }, { "filter", 0 },
		      { "security", 100 }, { "srcnat", 100 },  { "out", 100 } };
	int32_t value = 0, sign = 1;

	for (; at < span.last; at++) {
		struct str word = n->tokens.data[at].text;
		uint64_t number;

		for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (str_is(word, names[i].name))
				value = names[i].value;
		if (str_is(word, "-") || (word.len && word.s[0] == '-'))
			sign = -1;
		if (word.len && (word.s[0] == '-' || word.s[0] == '+'))
			word = (struct str){ word.s + 1, word.len - 1 };
		if (read_number(word, 40000, &number))
			value += sign * (int32_t)number;
	}
	return value < -40000 ? -40000 : value > 40000 ? 40000 : value;
}

/* The hooks that a packet passes on its way in. */
static int hook_order(struct str hook)
{
	static const char *const hooks[] = { "ingress", "prerouting", "input" };

	for (int i = 0; i < 3; i++)
		if (str_is(hook, hooks[i]))
			return i;
	return -1;
}

static void read_hook(struct nft *n, struct draft_chain *chain, struct nft_span span)
{
	bool is_filter = false;
	int order = -1;

	for (uint32_t i = span.first; i + 1 < span.last; i++) {
		const struct nft_token *next = &n->tokens.data[i + 1];

		if (nft_is(&n->tokens.data[i], "type"))
			is_filter = nft_is(next, "filter");
		if (nft_is(&n->tokens.data[i], "hook"))
			order = hook_order(next->text);
		if (nft_is(&n->tokens.data[i], "priority"))
			chain->order = (uint32_t)(50000 + priority_of(n, span, i + 1));
		if (nft_is(&n->tokens.data[i], "device") && next->kind != NFT_MARK &&
		    !n->d.source->interfaces.len)
			draft_interface(&n->d, next->text);
	}
	if (!is_filter || order < 0 || n->dormant || !chain->families || n->n_bases == BASES_MAX)
		return;
	n->n_bases++;
	n->has_ingress |= order == 0;
	chain->order += (uint32_t)order * 100000;
	chain->is_base = true;
}

static uint32_t chain_of(struct nft *n, struct str name)
{
	struct str key = nft_key(n, name);
	struct draft_chain *chain;
	uint32_t index;

	if (draft_find_chain(&n->d, key, &index))
		return index;
	index = draft_chain(&n->d, key, name);
	chain = &n->d.chains.data[index];
	chain->families = n->families;
	chain->policy_allow = true;
	return index;
}

static void keep_rule(struct nft *n, int32_t chain, struct nft_span span, const char *why)
{
	const struct nft_token *first = &n->tokens.data[span.first];
	uint32_t line = first->line, start = first->start;
	struct str text;

	if (span.first == span.last)
		return;
	text = (struct str){ n->text.s + start, n->tokens.data[span.last - 1].end - start };
	if (chain >= 0)
		span = expanded(n, span);
	vec_push(n->d.arena, &n->rules,
		 ((struct nft_rule_source){ chain, span, line, n->table, text, n->families, why }));
}

static void read_chain_line(struct nft *n, uint32_t index)
{
	struct draft_chain *chain = &n->d.chains.data[index];
	struct nft_token *first = peek(n);
	struct nft_span span = take_statement(n);
	const struct nft_token *second = &n->tokens.data[span.first + 1];

	if (nft_is(first, "type") && second->kind == NFT_WORD && span.last - span.first >= 4) {
		read_hook(n, chain, span);
	} else if (nft_is(first, "policy")) {
		chain->policy_allow = !nft_is(second, "drop");
	} else if (nft_is(first, "devices") ||
		   (nft_is(first, "comment") && span.last == span.first + 2)) {
		for (uint32_t i = span.first + 1;
		     i < span.last && nft_is(first, "devices") && !n->d.source->interfaces.len; i++)
			if (n->tokens.data[i].kind != NFT_MARK)
				draft_interface(&n->d, n->tokens.data[i].text);
	} else {
		keep_rule(n, (int32_t)index, span, NULL);
	}
}

/* `{`, lines, `}`; one that @read makes nothing of costs a token. */
static void read_block(struct nft *n, void (*read)(struct nft *n, uint32_t chain), uint32_t chain)
{
	if (!take_if(n, "{"))
		return;
	for (;;) {
		uint32_t before;

		skip_newlines(n);
		if (peek(n)->kind == NFT_END || take_if(n, "}"))
			return;
		before = n->at;
		read(n, chain);
		if (n->at == before)
			n->at++;
	}
}

/* ---- tables and the file ---- */

static uint8_t families_of(struct str family)
{
	if (str_is(family, "ip"))
		return FAM_IPV4;
	if (str_is(family, "ip6"))
		return FAM_IPV6;
	if (str_is(family, "inet"))
		return FAM_IP;
	return str_is(family, "netdev") ? FAM_ALL : 0;
}

static bool is_family(struct str word)
{
	return families_of(word) || str_is(word, "arp") || str_is(word, "bridge");
}

/* "[family] table", into n->table and n->families. */
static void take_table(struct nft *n)
{
	struct str family = STR("ip"), name = take(n)->text;

	if (is_family(name) && peek(n)->kind == NFT_WORD) {
		family = name;
		name = take(n)->text;
	}
	n->families = families_of(family);
	n->table = str_of(
		arena_printf(n->d.arena, STR_FMT " " STR_FMT, STR_ARG(family), STR_ARG(name)));
}

static void read_table_line(struct nft *n, uint32_t unused)
{
	if (take_if(n, "chain")) {
		read_block(n, read_chain_line, chain_of(n, take(n)->text));
	} else if (take_if(n, "set")) {
		read_set(n, false);
	} else if (take_if(n, "map")) {
		read_set(n, true);
	} else {
		struct nft_span span = take_statement(n);

		for (uint32_t i = span.first; i < span.last; i++)
			n->dormant |= nft_is(&n->tokens.data[i], "dormant");
		if (nft_is(&n->tokens.data[span.first], "include"))
			keep_rule(n, -1, span,
				  "included files are not read: use 'nft list ruleset'");
	}
}

static void read_table(struct nft *n)
{
	take_table(n);
	n->dormant = false;
	read_block(n, read_table_line, 0);
}

/* `add rule inet filter input ...` */
static void read_rule_command(struct nft *n)
{
	struct nft_span span;
	uint32_t chain;

	take_table(n);
	chain = chain_of(n, take(n)->text);
	if (take_if(n, "index") || take_if(n, "handle") || take_if(n, "position"))
		take(n);
	span = take_statement(n);
	keep_rule(n, (int32_t)chain, span, NULL);
}

static void read_command(struct nft *n, struct nft_span whole)
{
	if (take_if(n, "table")) {
		read_table(n);
	} else if (take_if(n, "chain")) {
		take_table(n);
		read_block(n, read_chain_line, chain_of(n, take(n)->text));
	} else if (take_if(n, "set") || take_if(n, "map")) {
		bool is_map = nft_is(&n->tokens.data[n->at - 1], "map");

		take_table(n);
		read_set(n, is_map);
	} else if (take_if(n, "element")) {
		struct nft_set *set;

		take_table(n);
		set = find_set(n, take(n)->text);
		if (set->elements.first == set->elements.last)
			set->elements = expanded(n, take_statement(n));
		else
			keep_rule(n, -1, whole, "elements that are added to a set later");
	} else if (take_if(n, "rule")) {
		read_rule_command(n);
	} else {
		keep_rule(n, -1, whole, "this command has no meaning in bpffw");
	}
}

static void read_top(struct nft *n)
{
	static const char *const ignored[] = { "flush", "delete", "destroy", "reset", "list" };
	struct nft_span whole = { n->at, n->at + 1 };
	uint32_t start = n->at;

	for (uint32_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
		if (!nft_is(peek(n), ignored[i]))
			continue;
		take_statement(n);
		return;
	}
	whole = take_statement(n);
	n->at = start;
	if (take_if(n, "table")) {
		read_table(n);
	} else if (take_if(n, "define") || take_if(n, "redefine")) {
		read_define(n);
	} else if (take_if(n, "add") || take_if(n, "create")) {
		read_command(n, whole);
	} else if (nft_is(peek(n), "rule") || nft_is(peek(n), "chain") || nft_is(peek(n), "set") ||
		   nft_is(peek(n), "map") || nft_is(peek(n), "element")) {
		read_command(n, whole);
	} else {
		keep_rule(n, -1, whole,
			  nft_is(peek(n), "include")
				  ? "included files are not read: use 'nft list ruleset'"
				  : "it is not understood");
		n->at = whole.last;
	}
}

void nft_structure(struct nft *n)
{
	for (;;) {
		uint32_t before;

		skip_newlines(n);
		if (peek(n)->kind == NFT_END)
			return;
		before = n->at;
		read_top(n);
		/* What is left of a statement was said to be skipped, or is a '}' too many. */
		if (n->at == before)
			n->at++;
		while (peek(n)->kind != NFT_END && peek(n)->kind != NFT_NEWLINE &&
		       !nft_is(peek(n), ";"))
			skip_block(n);
	}
}

/* ---- the whole ---- */

static void note_target(struct nft *n, uint32_t from, struct str name)
{
	uint32_t to;

	if (draft_find_chain(&n->d, nft_key(n, name), &to))
		vec_push(n->d.arena, &n->d.edges, ((struct draft_edge){ from, to }));
}

static void note_jumps(struct nft *n, uint32_t from, struct nft_span span, bool into_maps)
{
	for (uint32_t i = span.first; i + 1 < span.last && n->n_steps < STEPS_MAX; i++) {
		const struct nft_token *token = &n->tokens.data[i], *next = token + 1;
		uint32_t map;

		n->n_steps++;
		if (nft_is(token, "jump") || nft_is(token, "goto"))
			note_target(n, from, next->text);
		else if (into_maps && nft_is(token, "vmap") && next->text.len > 1 &&
			 next->text.s[0] == '@' &&
			 map_find(&n->set_keys,
				  nft_key(n, (struct str){ next->text.s + 1, next->text.len - 1 }),
				  &map))
			note_jumps(n, from, n->sets.data[map].elements, false);
	}
}

static void translate(struct nft *n, const struct nft_rule_source *rule)
{
	item_start(&n->d, rule->chain, rule->line, rule->text);
	n->table = rule->table;
	n->families = rule->families;
	if (rule->why) {
		item_missing(&n->d, "%s", rule->why);
		return;
	}
	if (!n->d.chains.data[rule->chain].on_way)
		return;
	nft_translate(n, rule);
	item_end(&n->d);
}

static void tell_policies(struct nft *n)
{
	bool any = false, drops = false;

	vec_for_each(chain, &n->d.chains)
		drops |= chain->is_base && chain->is_final && !chain->policy_allow;
	vec_for_each(chain, &n->d.chains) {
		if (!chain->is_base || !chain->is_final)
			continue;
		any = true;
		draft_general(&n->d, "policy: chain " STR_FMT " %s became %s", STR_ARG(chain->key),
			      chain->policy_allow ? "accept" : "drop",
			      !chain->policy_allow ? "'default drop'"
			      : drops              ? "a rule at the end"
						   : "'default allow'");
	}
	if (!any)
		draft_general(&n->d,
			      "no chain of type filter is on the way of packets that come in");
	draft_general(&n->d, "output and forward hooks are not covered; if this host forwards "
			     "packets (a router, containers): they meet these rules, too");
	draft_general(&n->d, "essential traffic (ARP, IPv6 neighbours, DHCP replies, packet too "
			     "big) passes and malformed packets are dropped before any rule");
	if (!n->has_ingress && any)
		draft_general(&n->d, "fragments: the input hook sees whole packets; 'option "
				     "fragments pass' leaves the decision to the first one");
}

void import_nft(struct arena *arena, const struct import_source *source,
		struct import_result *ret_result)
{
	struct nft n = { .d = draft_start(arena, source), .text = source->text };

	nft_lex(&n);
	nft_structure(&n);
	vec_for_each(rule, &n.rules) {
		n.table = rule->table;
		if (rule->chain >= 0)
			note_jumps(&n, (uint32_t)rule->chain, rule->span, true);
	}
	draft_settle(&n.d);
	n.d.fragments = n.has_ingress || !n.n_bases ? NULL : "pass";
	vec_for_each(rule, &n.rules)
		translate(&n, rule);
	tell_policies(&n);
	draft_finish(&n.d, ret_result);
}
