/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parser's cursor, its errors with their help, recovery, and single words. */
#include "compiler/lang/parse_internal.h"

/* Looking ahead for a brace that never comes costs a walk to the end of the file. */
#define SCANS_MAX 8

/* What a file can make of memory is bounded: a rule has about ten tokens. */
#define TOKENS_MAX 3000000

/* More mistakes than anybody reads: this is no rule file. */
#define ERRORS_MAX 1000

/* The longest piece of input repeated in a message. */
#define WRITTEN_MAX 60

struct parser parser_new(struct diags *ds, const struct io *io)
{
	return (struct parser){
		.ds = ds,
		.io = io,
		.ast = arena_alloc(ds->arena, sizeof(struct ast)),
		.scratch = arena_new(),
		.what = "statement",
		.scans = SCANS_MAX,
	};
}

struct token *peek(struct parser *p)
{
	struct cursor *c = &p->cursor;

	if (!c->peeked)
		c->now = p->args ? p->args->tokens.data[c->at] : lex_next(&c->lexer);
	c->peeked = true;
	return &c->now;
}

struct token take(struct parser *p)
{
	struct cursor *c = &p->cursor;
	struct token token = *peek(p);

	c->peeked = false;
	c->last = token.span;
	if (c->n_tokens++ == TOKENS_MAX)
		diag_error(p->ds, token.span, E191, "the rules have more than %d words",
			   TOKENS_MAX);
	if (c->n_tokens > TOKENS_MAX || p->ds->n_errors >= ERRORS_MAX) {
		c->lexer.at = c->lexer.end;
		c->lexer.stopped = true;
	}
	if (p->args && token.kind != TOKEN_END)
		c->at++;
	return token;
}

bool at_kind(struct parser *p, enum token_kind kind)
{
	return peek(p)->kind == kind;
}

bool at_word(struct parser *p, const char *word)
{
	if (p->expected)
		expect_word(p, word, NULL);
	return is_at(p, word);
}

bool is_at(struct parser *p, const char *word)
{
	return peek(p)->kind == TOKEN_WORD && str_is(peek(p)->text, word);
}

bool at_end(struct parser *p)
{
	enum token_kind kind = peek(p)->kind;

	return kind == TOKEN_NEWLINE || kind == TOKEN_SEMICOLON || kind == TOKEN_CLOSE ||
	       kind == TOKEN_END;
}

const char *written(struct parser *p, struct span span)
{
	const char *text = p->ds->sources.data[span.source].text.s + span.start;
	uint32_t len = span.end - span.start, cut = WRITTEN_MAX;

	if (len <= WRITTEN_MAX)
		return arena_strndup(p->ds->arena, text, len);
	while (cut > 0 && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	return arena_printf(p->ds->arena, "%.*s...", (int)cut, text);
}

bool unexpected(struct parser *p, const char *help)
{
	struct token token = *peek(p);
	struct span after = { p->cursor.last.source, p->cursor.last.end, p->cursor.last.end };

	if (token.kind == TOKEN_BAD) {
		if (p->args)
			lex_report(p->ds, token);
		return false;
	}
	if (at_end(p) && after.source)
		diag_error(p->ds, after, E002, "the %s ends too early", p->what);
	else if (token.kind == TOKEN_END)
		diag_error(p->ds, token.span, E002, "the %s ends too early", p->what);
	else
		diag_error(p->ds, token.span, E001, "'%s' is not understood here",
			   written(p, token.span));
	if (help)
		diag_help(p->ds, "%s", help);
	return false;
}

bool unexpected_near(struct parser *p, const struct str_nearest *nearest, const char *help)
{
	if (nearest->best.s)
		help = arena_printf(p->ds->arena, "did you mean '" STR_FMT "'?",
				    STR_ARG(nearest->best));
	return unexpected(p, help);
}

bool given_twice(struct parser *p, struct token token)
{
	diag_error(p->ds, token.span, E006, "'" STR_FMT "' is given twice", STR_ARG(token.text));
	p->resume = true;
	return false;
}

void unclosed(struct parser *p, struct span open)
{
	if (p->args || !p->cursor.lexer.stopped)
		diag_error(p->ds, open, E003, "'{' is never closed");
}

bool is_keyword(struct str word)
{
	return word.s[0] >= 'a' && word.s[0] <= 'z' && clause_find(word);
}

bool opens_line(struct str word)
{
	const struct action *action = action_find(word);

	for (const char *const *name = parse_statements; *name; name++)
		if (str_is(word, *name))
			return true;
	return action && action->is_verb;
}

/* What people type who know another firewall. */
const char *habit_help(struct str word)
{
	static const struct {
		const char *word;
		const char *help;
	} rows[] = {
		{ "port", "write 'dport' (destination port) or 'sport' (source port)" },
		{ "quick", "not needed: the first matching rule always wins" },
		{ "-A", "iptables syntax: write 'allow tcp dport 22', "
			"or use 'bpffw import iptables'" },
		{ "-j", "iptables syntax: the verb comes first: 'allow tcp dport 22'" },
		{ "state", "write 'established' for answers to what this host opened" },
		{ "keep", "not needed: 'allow established' lets answers in" },
		{ "any", "leave the clause out: what is not named matches everything" },
		{ "reject", "write 'drop': XDP cannot send a reply" },
		{ "limit", "write 'rate 10/s' in an allow, or a rule 'rate-limit 10/s ...'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_is(word, rows[i].word))
			return rows[i].help;
	if (word.len > 1 && word.s[0] == '-')
		return "options of iptables mean nothing here: write 'allow tcp dport 22'";
	return NULL;
}

bool skip_block(struct parser *p)
{
	uint32_t depth = 1;

	while (depth > 0) {
		enum token_kind kind = peek(p)->kind;

		if (kind == TOKEN_END)
			return false;
		depth += kind == TOKEN_OPEN;
		depth -= kind == TOKEN_CLOSE;
		(void)take(p);
	}
	return true;
}

/* As skip_block(), but where there is no closing brace the cursor stays. */
static bool try_skip_block(struct parser *p)
{
	struct cursor mark = p->cursor;
	bool was_silent = mark.lexer.silent;

	if (!p->scans)
		return false;
	p->cursor.lexer.silent = true;
	if (skip_block(p)) {
		p->cursor.lexer.silent = was_silent;
		return true;
	}
	p->scans--;
	p->cursor = mark;
	return false;
}

bool is_closed(struct parser *p)
{
	struct cursor mark = p->cursor;
	bool closed = try_skip_block(p);

	p->cursor = mark;
	return closed;
}

void skip_line(struct parser *p)
{
	if (p->at_line)
		return;
	p->cursor.lexer.silent = true;
	while (!at_end(p)) {
		if (take(p).kind != TOKEN_OPEN || try_skip_block(p))
			continue;
		/* Not a block after all: its line ends like any other. */
		if (!p->cursor.peeked)
			p->cursor.lexer.last = TOKEN_WORD;
	}
	p->cursor.lexer.silent = false;
}

static struct word word_of(struct token token)
{
	enum word_kind kind = token.kind == TOKEN_STRING   ? WORD_STRING
			      : token.kind == TOKEN_DEFINE ? WORD_DEFINE
			      : token.kind == TOKEN_SET    ? WORD_SET
							   : WORD_PLAIN;

	return (struct word){ .text = token.text, .span = token.span, .kind = kind };
}

static bool expected(struct parser *p, const char *wanted)
{
	return unexpected(p, arena_printf(p->ds->arena, "%s is expected here", wanted));
}

bool parse_word(struct parser *p, const char *wanted, struct word *ret_word)
{
	expect_noun(p, wanted);
	if (!at_kind(p, TOKEN_WORD))
		return expected(p, wanted);
	*ret_word = word_of(take(p));
	return true;
}

bool parse_choice(struct parser *p, const char *const *choices, struct word *ret_word)
{
	struct str_nearest nearest = { .word = peek(p)->text };
	const struct action *action = action_find(nearest.word);
	struct str word = action ? str_of(action->name) : nearest.word;
	struct buf help = { .arena = p->ds->arena };

	for (uint32_t i = 0; choices[i]; i++) {
		expect_word(p, choices[i], NULL);
		if (at_kind(p, TOKEN_WORD) && str_is(word, choices[i])) {
			*ret_word = word_of(take(p));
			ret_word->text = str_of(choices[i]);
			return true;
		}
		if (at_kind(p, TOKEN_WORD))
			str_nearest_offer(&nearest, str_of(choices[i]));
		buf_printf(&help, "%s%s", i ? ", " : "one of these is expected here: ", choices[i]);
	}
	return unexpected_near(p, &nearest, buf_text(&help));
}

/* The argument that starts at the cursor, if one does. */
static const struct token *whole_argument(struct parser *p)
{
	struct cursor *c = &p->cursor;

	if (!p->args)
		return NULL;
	while (c->argument < p->args->first_token.len &&
	       p->args->first_token.data[c->argument] < c->at)
		c->argument++;
	if (c->argument >= p->args->first_token.len ||
	    p->args->first_token.data[c->argument] != c->at)
		return NULL;
	return &p->args->whole.data[c->argument];
}

static void take_argument(struct parser *p)
{
	struct cursor *c = &p->cursor;

	c->last = p->args->whole.data[c->argument++].span;
	c->peeked = false;
	c->at = c->argument < p->args->first_token.len ? p->args->first_token.data[c->argument]
						       : p->args->tokens.len - 1;
}

bool parse_text(struct parser *p, const char *wanted, struct word *ret_word)
{
	const struct token *whole = whole_argument(p);

	expect_text(p, wanted);
	if (whole && whole->kind == TOKEN_BAD) {
		diag_error(p->ds, whole->span, E003, "a text is one line of printable UTF-8");
		return false;
	}
	if (whole) {
		*ret_word = word_of(*whole);
		take_argument(p);
		return true;
	}
	if (!at_kind(p, TOKEN_WORD) && !at_kind(p, TOKEN_STRING))
		return expected(p, wanted);
	*ret_word = word_of(take(p));
	return true;
}

bool parse_number(struct parser *p, const char *noun, struct word *ret_word)
{
	struct token *token = peek(p);

	if (token->kind == TOKEN_WORD && is_keyword(token->text)) {
		diag_error(p->ds, token->span, E007, "'" STR_FMT "' is not %s",
			   STR_ARG(token->text), noun);
		p->resume = true;
		return false;
	}
	return parse_word(p, noun, ret_word);
}

bool parse_keyword(struct parser *p, const char *keyword)
{
	if (!at_word(p, keyword))
		return expected(p, arena_printf(p->ds->arena, "'%s'", keyword));
	(void)take(p);
	return true;
}

bool parse_atom(struct parser *p, struct word *ret_word)
{
	enum token_kind kind = peek(p)->kind;

	expect_noun(p, "a value");
	if (kind != TOKEN_WORD && kind != TOKEN_STRING && kind != TOKEN_DEFINE && kind != TOKEN_SET)
		return unexpected(p, "a value is expected here");
	if (kind == TOKEN_DEFINE && p->args)
		return unexpected(p, "'$name' is for files: commands use '@set' or the value");
	*ret_word = word_of(take(p));
	return true;
}

words take_atoms(struct parser *p)
{
	words list = { .len = p->atoms.len, .cap = p->atoms.len };

	list.data = arena_memdup(p->ds->arena, p->atoms.data, list.len * sizeof(*list.data));
	p->atoms.len = 0;
	return list;
}

bool parse_list(struct parser *p, bool (*item)(struct parser *p, struct word *ret_word),
		words *ret_words)
{
	struct word word;

	p->atoms.len = 0;
	do {
		if (p->atoms.len)
			(void)take(p);
		if (!item(p, &word))
			return false;
		vec_push(p->scratch, &p->atoms, word);
	} while (at_kind(p, TOKEN_COMMA));
	*ret_words = take_atoms(p);
	return true;
}

static bool starts_with_digit(const struct token *token)
{
	return token->kind == TOKEN_WORD && token->text.s[0] >= '0' && token->text.s[0] <= '9';
}

const char *with_commas(struct parser *p, const words *before)
{
	struct cursor mark = p->cursor;
	struct buf list = { .arena = p->ds->arena };
	bool more;

	for (uint32_t i = 0; before && i < before->len && i < 8; i++)
		buf_printf(&list, "%s,", written(p, before->data[i].span));
	more = starts_with_digit(peek(p));
	buf_puts(&list, written(p, take(p).span));
	for (int i = 0; i < 8 && more && starts_with_digit(peek(p)); i++)
		buf_printf(&list, ",%s", written(p, take(p).span));
	p->cursor = mark;
	return buf_text(&list);
}

bool missing_comma(struct parser *p, const words *before)
{
	struct token token = *peek(p);
	const char *list;

	if (token.kind != TOKEN_WORD && token.kind != TOKEN_STRING && token.kind != TOKEN_DEFINE &&
	    token.kind != TOKEN_SET)
		return unexpected(p, NULL);
	list = with_commas(p, before);
	diag_error(p->ds, token.span, E105, "unexpected '%s'", written(p, token.span));
	diag_help(p->ds, "separate values with commas: %s (your shell may have expanded {%s})",
		  list, list);
	return false;
}

/* Two items without anything between them, in a block that has its '}'. */
static bool no_separator(struct parser *p)
{
	struct token token = *peek(p);

	if (token.kind == TOKEN_WORD || token.kind == TOKEN_SET) {
		diag_error(p->ds, token.span, E105, "unexpected '%s'", written(p, token.span));
		diag_help(p->ds, "separate values with commas or newlines");
	} else {
		(void)unexpected(p, NULL);
	}
	(void)try_skip_block(p);
	return false;
}

static bool is_separator(const struct token *token)
{
	return token->kind == TOKEN_COMMA || token->kind == TOKEN_NEWLINE ||
	       token->kind == TOKEN_CLOSE || token->kind == TOKEN_END;
}

struct block {
	struct span open;
	struct cursor line; /* where its newest line starts; last.source 0: on the '{' line */
	int closed;         /* -1: not known yet */
};

static bool block_is_closed(struct parser *p, struct block *block)
{
	if (block->closed < 0)
		block->closed = is_closed(p);
	return block->closed;
}

/* The block has no '}': a line in it that starts like a statement is read again as one. */
static bool leave_block(struct parser *p, const struct block *block)
{
	struct cursor here = p->cursor;

	unclosed(p, block->open);
	if (!block->line.last.source)
		return false;
	p->cursor = block->line;
	p->at_line = at_kind(p, TOKEN_WORD) && opens_line(peek(p)->text);
	if (!p->at_line)
		p->cursor = here;
	return false;
}

/* A line that starts like a statement. */
static bool at_statement(struct parser *p, const struct block *block)
{
	return block->line.last.source && at_kind(p, TOKEN_WORD) && opens_line(peek(p)->text);
}

bool parse_braces(struct parser *p, bool (*item)(struct parser *p, const void *ctx),
		  const void *ctx)
{
	struct block block = { .open = take(p).span, .closed = -1 };

	for (;;) {
		while (at_kind(p, TOKEN_NEWLINE)) {
			(void)take(p);
			block.line = p->cursor;
		}
		if (at_kind(p, TOKEN_CLOSE)) {
			(void)take(p);
			return true;
		}
		if (at_kind(p, TOKEN_END) && p->expected)
			return item(p, ctx);
		if (at_kind(p, TOKEN_END) ||
		    (at_statement(p, &block) && !block_is_closed(p, &block)))
			return leave_block(p, &block);
		if (!item(p, ctx)) {
			(void)try_skip_block(p);
			return false;
		}
		if (!is_separator(peek(p)))
			return block_is_closed(p, &block) ? no_separator(p)
							  : leave_block(p, &block);
		if (at_kind(p, TOKEN_COMMA)) {
			(void)take(p);
			block.line.last.source = 0;
		}
	}
}
