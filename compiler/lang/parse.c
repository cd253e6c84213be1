/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files: statements, blocks and includes. */
#include "compiler/lang/parse_internal.h"

#define INCLUDE_DEPTH 16
#define INCLUDE_FILES 1000
#define INCLUDE_BYTES ((uint64_t)64 << 20)

static bool parse_interface_name(struct parser *p, struct word *ret_word)
{
	return parse_text(p, "an interface", ret_word);
}

static bool add_arg(struct parser *p, struct ast_stmt *stmt, struct word word)
{
	vec_push(p->ds->arena, &stmt->args, word);
	return true;
}

static bool parse_version(struct parser *p, struct ast_stmt *stmt)
{
	struct word word;

	return parse_word(p, "a version", &word) && add_arg(p, stmt, word);
}

static bool parse_interface(struct parser *p, struct ast_stmt *stmt)
{
	if (!parse_list(p, parse_interface_name, &stmt->args))
		return false;
	if (at_word(p, "mode")) {
		(void)take(p);
		return parse_word(p, "'auto', 'native' or 'generic'", &stmt->mode);
	}
	return at_end(p) || missing_comma(p, &stmt->args);
}

bool parse_default(struct parser *p, struct ast_stmt *stmt)
{
	static const char *const verdicts[] = { "allow", "drop", NULL };

	if (!parse_choice(p, verdicts, &stmt->name))
		return false;
	if (!at_word(p, "log"))
		return true;
	(void)take(p);
	stmt->log = true;
	return parse_every(p, &stmt->every);
}

static bool parse_essential(struct parser *p, struct ast_stmt *stmt)
{
	static const char *const switches[] = { "on", "off", NULL };

	return parse_choice(p, switches, &stmt->name);
}

static bool parse_option(struct parser *p, struct ast_stmt *stmt)
{
	struct word word;

	return parse_word(p, "an option", &stmt->name) && parse_word(p, "a value", &word) &&
	       add_arg(p, stmt, word);
}

static bool add_atom(struct parser *p, const void *ctx)
{
	struct word word;

	(void)ctx;
	if (!parse_atom(p, &word))
		return false;
	vec_push(p->scratch, &p->atoms, word);
	return true;
}

static bool parse_define(struct parser *p, struct ast_stmt *stmt)
{
	bool ok = true;

	if (!parse_word(p, "a name", &stmt->name))
		return false;
	if (at_kind(p, TOKEN_EQUAL))
		(void)take(p);
	else
		ok = unexpected(p, "write 'define NAME = VALUE'");
	if (!ok && at_end(p))
		return false;
	if (!at_kind(p, TOKEN_OPEN)) {
		if (!parse_list(p, parse_atom, &stmt->args))
			return false;
		return at_end(p) ? ok : missing_comma(p, &stmt->args);
	}
	p->atoms.len = 0;
	if (!parse_braces(p, add_atom, NULL))
		return false;
	stmt->args = take_atoms(p);
	return ok;
}

/* KEY value, once. */
static bool parse_setting(struct parser *p, struct word *ret_word, bool text)
{
	struct token key = take(p);

	if (ret_word->text.s)
		return given_twice(p, key);
	return text ? parse_text(p, "a text", ret_word) : parse_number(p, "a value", ret_word);
}

static bool parse_element(struct parser *p, const void *ctx)
{
	struct ast_element element = { 0 };
	bool ok = true;

	(void)ctx;
	if (!parse_atom(p, &element.word))
		return false;
	while (ok && (at_word(p, "timeout") || at_word(p, "comment"))) {
		bool text = at_word(p, "comment");

		ok = parse_setting(p, text ? &element.comment : &element.timeout, text);
	}
	if (ok)
		vec_push(p->scratch, &p->elements, element);
	return ok;
}

/* What was read before a mistake is kept, so that uses of the set are no mistakes too. */
static bool parse_elements(struct parser *p, struct ast_stmt *stmt)
{
	bool ok;

	p->elements.len = 0;
	stmt->has_block = true;
	ok = parse_braces(p, parse_element, NULL);
	stmt->elements.len = stmt->elements.cap = p->elements.len;
	stmt->elements.data = arena_memdup(p->ds->arena, p->elements.data,
					   p->elements.len * sizeof(*p->elements.data));
	return ok;
}

static bool at_setting(struct parser *p, const char *key, const struct word *given)
{
	return given->text.s ? is_at(p, key) : at_word(p, key);
}

static bool parse_set_option(struct parser *p, struct ast_stmt *stmt)
{
	static const char *const names[] = { "timeout", "size", "file", "comment" };
	struct str_nearest nearest = { .word = peek(p)->text };

	if (at_setting(p, "timeout", &stmt->timeout))
		return parse_setting(p, &stmt->timeout, false);
	if (at_setting(p, "size", &stmt->size))
		return parse_setting(p, &stmt->size, false);
	if (at_setting(p, "file", &stmt->file))
		return parse_setting(p, &stmt->file, true);
	if (at_setting(p, "comment", &stmt->comment))
		return parse_setting(p, &stmt->comment, true);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && at_kind(p, TOKEN_WORD); i++)
		str_nearest_offer(&nearest, str_of(names[i]));
	return unexpected_near(p, &nearest, "a set takes timeout, size, file, comment, { }");
}

bool parse_set_head(struct parser *p, struct ast_stmt *stmt)
{
	if (!parse_word(p, "a name", &stmt->name))
		return false;
	expect_set_types(p);
	if (!parse_word(p, "a type (addr, port or mac)", &stmt->type))
		return false;
	while ((p->expected || !at_end(p)) && !at_kind(p, TOKEN_OPEN))
		if (!parse_set_option(p, stmt))
			return false;
	return true;
}

static bool parse_set(struct parser *p, struct ast_stmt *stmt)
{
	if (!parse_set_head(p, stmt))
		return false;
	return !at_kind(p, TOKEN_OPEN) || parse_elements(p, stmt);
}

static bool parse_list_option(struct parser *p, struct ast_stmt *stmt)
{
	if (at_word(p, "for"))
		return parse_setting(p, &stmt->timeout, false);
	if (at_word(p, "comment"))
		return parse_setting(p, &stmt->comment, true);
	if (stmt->elements.len && !stmt->has_block) {
		words last = { &stmt->elements.data[stmt->elements.len - 1].word, 1, 1 };

		return missing_comma(p, &last);
	}
	return unexpected(p, "a list takes 'for' and 'comment'");
}

static bool parse_list_word(struct parser *p, struct word *ret_word)
{
	if (at_kind(p, TOKEN_SET) || at_kind(p, TOKEN_STRING))
		return unexpected(p, "a list holds addresses");
	return parse_atom(p, ret_word);
}

static bool parse_list_values(struct parser *p, struct ast_stmt *stmt)
{
	words all;

	if (!parse_list(p, parse_list_word, &all))
		return false;
	stmt->elements.data = arena_new_array(p->ds->arena, struct ast_element, all.len);
	stmt->elements.len = stmt->elements.cap = all.len;
	for (uint32_t i = 0; i < all.len; i++)
		stmt->elements.data[i].word = all.data[i];
	return true;
}

static bool parse_address_list(struct parser *p, struct ast_stmt *stmt)
{
	bool ok;

	if (at_kind(p, TOKEN_OPEN))
		ok = parse_elements(p, stmt);
	else if (at_word(p, "file"))
		ok = parse_setting(p, &stmt->file, true);
	else
		ok = parse_list_values(p, stmt);
	while (ok && !at_end(p))
		ok = parse_list_option(p, stmt);
	return ok;
}

/* "{", also on the next line, which is a mistake but no reason to misread the block. */
static bool parse_open(struct parser *p, struct span *ret_open)
{
	struct cursor mark;

	if (!at_kind(p, TOKEN_OPEN)) {
		(void)unexpected(p, "'{' is expected here, on the same line");
		if (!at_kind(p, TOKEN_NEWLINE))
			return false;
		mark = p->cursor;
		(void)take(p);
		if (!at_kind(p, TOKEN_OPEN)) {
			p->cursor = mark;
			return false;
		}
	}
	*ret_open = take(p).span;
	return true;
}

static bool is_statement(struct str word)
{
	for (const char *const *name = parse_statements; *name; name++)
		if (str_is(word, *name))
			return !action_find(word);
	return false;
}

/* A statement inside of @open's block: is it misplaced, or has the block no end? */
static bool is_next_statement(struct parser *p, int *closed)
{
	if (!at_kind(p, TOKEN_WORD) || !is_statement(peek(p)->text))
		return false;
	if (*closed < 0)
		*closed = is_closed(p);
	return !*closed;
}

/* The lines of a chain or test, up to its '}'. Each line reports and skips its own mistakes. */
static bool parse_block(struct parser *p, struct ast_stmt *stmt,
			void (*line)(struct parser *p, struct ast_stmt *stmt))
{
	struct span open;
	int closed = -1; /* not known */

	if (!parse_open(p, &open))
		return false;
	for (;;) {
		while (at_kind(p, TOKEN_NEWLINE) || at_kind(p, TOKEN_SEMICOLON))
			(void)take(p);
		if (at_kind(p, TOKEN_CLOSE)) {
			(void)take(p);
			return true;
		}
		if (at_kind(p, TOKEN_END) || is_next_statement(p, &closed)) {
			unclosed(p, open);
			p->at_line = true;
			return false;
		}
		p->at_line = false;
		line(p, stmt);
	}
}

static void parse_chain_line(struct parser *p, struct ast_stmt *stmt)
{
	struct ast_rule rule;

	if (at_kind(p, TOKEN_WORD) && is_statement(peek(p)->text)) {
		(void)unexpected(p, "a chain holds rules only");
		skip_line(p);
	} else if (parse_rule(p, &rule)) {
		vec_push(p->ds->arena, &stmt->rules, rule);
	}
}

static bool parse_chain(struct parser *p, struct ast_stmt *stmt)
{
	return parse_word(p, "a name", &stmt->name) && parse_block(p, stmt, parse_chain_line);
}

static void parse_expect(struct parser *p, struct ast_stmt *stmt)
{
	static const char *const verdicts[] = { "allow", "drop", "exceed", "blacklist", NULL };
	struct str_nearest nearest = { .word = peek(p)->text };
	struct ast_expect expect = { .span = peek(p)->span };
	const char *outer = p->what;

	if (!at_word(p, "expect")) {
		if (at_kind(p, TOKEN_WORD))
			str_nearest_offer(&nearest, STR("expect"));
		(void)unexpected_near(p, &nearest, "a test holds lines 'expect VERDICT MATCH...'");
		skip_line(p);
		return;
	}
	(void)take(p);
	p->what = "expectation";
	if (!parse_choice(p, verdicts, &expect.verdict)) {
		skip_line(p);
	} else if (parse_clauses(p, PLACE_MATCHES)) {
		expect.clauses.data = take_clauses(p, &expect.clauses.len);
		expect.clauses.cap = expect.clauses.len;
		expect.span = span_join(expect.span, p->cursor.last);
		vec_push(p->ds->arena, &stmt->expects, expect);
	}
	p->what = outer;
}

static bool parse_test(struct parser *p, struct ast_stmt *stmt)
{
	return parse_block(p, stmt, parse_expect);
}

static bool parse_include(struct parser *p, struct ast_stmt *stmt)
{
	struct word path;

	return parse_text(p, "a file", &path) && add_arg(p, stmt, path);
}

#define STATEMENTS(X)                                   \
	X("version", STMT_VERSION, parse_version)       \
	X("interface", STMT_INTERFACE, parse_interface) \
	X("default", STMT_DEFAULT, parse_default)       \
	X("essential", STMT_ESSENTIAL, parse_essential) \
	X("option", STMT_OPTION, parse_option)          \
	X("define", STMT_DEFINE, parse_define)          \
	X("include", STMT_INCLUDE, parse_include)       \
	X("set", STMT_SET, parse_set)                   \
	X("allowlist", STMT_LIST, parse_address_list)   \
	X("blacklist", STMT_LIST, parse_address_list)   \
	X("chain", STMT_CHAIN, parse_chain)             \
	X("test", STMT_TEST, parse_test)

static const struct statement {
	const char *name;
	enum stmt_kind kind;
	bool (*parse)(struct parser *p, struct ast_stmt *stmt);
} statements[] = {
#define X(name, kind, parse) { name, kind, parse },
	STATEMENTS(X)
#undef X
};

const char *const parse_statements[] = {
#define X(name, kind, parse) name,
	STATEMENTS(X) NULL
#undef X
};

static const struct statement *statement_find(struct str word)
{
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		if (str_is(word, statements[i].name))
			return &statements[i];
	return NULL;
}

static void parse_source(struct parser *p, uint32_t source);

static struct str include_path(struct parser *p, const struct ast_stmt *stmt)
{
	struct str path = stmt->args.data[0].text;
	struct str from = p->ds->sources.data[stmt->span.source].name;
	uint32_t dir = from.len;

	while (dir > 0 && from.s[dir - 1] != '/')
		dir--;
	while (str_starts(path, STR("./")))
		path = (struct str){ path.s + 2, path.len - 2 };
	if (str_starts(path, STR("/")))
		dir = 0;
	return str_of(arena_printf(p->ds->arena, STR_FMT STR_FMT, (int)dir, from.s, STR_ARG(path)));
}

/* "a.fw -> b.fw -> a.fw" */
static const char *include_chain(struct parser *p, struct str path)
{
	const char *text = arena_strndup(p->ds->arena, path.s, path.len);

	for (const struct include *i = p->include; i; i = i->outer)
		text = arena_printf(p->ds->arena, STR_FMT " -> %s", STR_ARG(i->path), text);
	return text;
}

static bool may_include(struct parser *p, struct span span, struct str path)
{
	if (p->include->depth >= INCLUDE_DEPTH) {
		diag_error(p->ds, span, E005, "includes are nested more than %d deep: %s",
			   INCLUDE_DEPTH, include_chain(p, path));
		return false;
	}
	for (const struct include *i = p->include; i; i = i->outer) {
		if (!str_eq(i->path, path))
			continue;
		diag_error(p->ds, span, E005, "the includes go in a circle: %s",
			   include_chain(p, path));
		return false;
	}
	if (p->ast->files.len >= INCLUDE_FILES) {
		diag_error(p->ds, span, E005, "more than %d files are included", INCLUDE_FILES);
		return false;
	}
	return true;
}

static void include_file(struct parser *p, struct span span, struct str path)
{
	struct include include = { .outer = p->include, .path = path };
	struct cursor outer = p->cursor;
	struct str text = { 0 };
	uint64_t bytes = 0;
	const char *error;

	if (!may_include(p, span, path))
		return;
	error = p->io->read(p->io->ctx, p->ds->arena, path.s, &text);
	vec_for_each(file, &p->ast->files)
		bytes += p->ds->sources.data[file->source].text.len;
	if (!error && bytes + text.len > INCLUDE_BYTES)
		error = "all files together are larger than 64 MB";
	if (error) {
		diag_error(p->ds, span, E004, "cannot read '" STR_FMT "': %s", STR_ARG(path),
			   error);
		return;
	}
	include.depth = p->include->depth + 1;
	p->include = &include;
	parse_source(p, diag_source(p->ds, path, text, span));
	p->include = include.outer;
	outer.n_tokens = p->cursor.n_tokens;
	p->cursor = outer;
}

static void follow_include(struct parser *p, const struct ast_stmt *stmt)
{
	struct str path = include_path(p, stmt);
	struct span span = stmt->args.data[0].span;
	bool is_pattern = false;
	strs found;

	for (uint32_t i = 0; i < path.len; i++)
		is_pattern |= path.s[i] == '*' || path.s[i] == '?' || path.s[i] == '[';
	if (!is_pattern) {
		include_file(p, span, path);
		return;
	}
	found = p->io->glob(p->io->ctx, p->ds->arena, path.s);
	vec_for_each(file, &found)
		include_file(p, span, *file);
}

static void add_statement(struct parser *p, const struct ast_stmt *stmt)
{
	struct chunk *chunk = p->last_chunk;

	if (!chunk || chunk->len == sizeof(chunk->stmts) / sizeof(chunk->stmts[0])) {
		chunk = arena_alloc(p->scratch, sizeof(*chunk));
		if (p->last_chunk)
			p->last_chunk->next = chunk;
		else
			p->chunks = chunk;
		p->last_chunk = chunk;
	}
	chunk->stmts[chunk->len++] = *stmt;
	p->has_default |= stmt->kind == STMT_DEFAULT;
	p->ast->stmts.len++;
}

/* A statement behind a misspelt keyword, for those who refer to it or miss it. */
static void add_guess(struct parser *p, const struct ast_stmt *stmt)
{
	if (stmt->kind == STMT_DEFAULT)
		p->guessed_default = *stmt;
	else if (stmt->kind != STMT_VERSION && stmt->kind != STMT_ESSENTIAL &&
		 stmt->kind != STMT_OPTION)
		add_statement(p, stmt);
}

static void join_statements(struct parser *p)
{
	struct ast *ast = p->ast;
	uint32_t n = 0;

	if (p->guessed_default.key.text.s && !p->has_default)
		add_statement(p, &p->guessed_default);
	ast->stmts.cap = ast->stmts.len;
	ast->stmts.data = arena_new_array(p->ds->arena, struct ast_stmt, ast->stmts.len);
	for (const struct chunk *chunk = p->chunks; chunk; chunk = chunk->next) {
		memcpy(&ast->stmts.data[n], chunk->stmts, chunk->len * sizeof(chunk->stmts[0]));
		n += chunk->len;
	}
}

static void parse_rule_statement(struct parser *p, struct ast_stmt *stmt)
{
	struct ast_rule rule;

	stmt->kind = STMT_RULE;
	if (!parse_rule(p, &rule))
		return;
	stmt->span = rule.span;
	stmt->rules.data = arena_memdup(p->ds->arena, &rule, sizeof(rule));
	stmt->rules.len = stmt->rules.cap = 1;
	add_statement(p, stmt);
}

/* A statement with a mistake stays where its absence or its users would be one more mistake. */
static bool stays(const struct ast_stmt *stmt)
{
	switch (stmt->kind) {
	case STMT_DEFINE:
		return stmt->args.len > 0;
	case STMT_SET:
	case STMT_CHAIN:
		return stmt->name.text.s;
	case STMT_DEFAULT:
	case STMT_INTERFACE:
	case STMT_LIST:
	case STMT_TEST:
		return true;
	default:
		return false;
	}
}

static void parse_known(struct parser *p, const struct statement *row, struct ast_stmt *stmt,
			bool guessed)
{
	bool ok;

	stmt->kind = row->kind;
	ok = row->parse(p, stmt);
	if (ok)
		stmt->span = span_join(stmt->span, p->cursor.last);
	else
		skip_line(p);
	if (ok && row->kind == STMT_INCLUDE && p->io)
		follow_include(p, stmt);
	else if (guessed && (ok || stays(stmt)))
		add_guess(p, stmt);
	else if (ok || stays(stmt))
		add_statement(p, stmt);
}

/* Return: the statement that was meant, which the rest is then read as; NULL: none. */
static const struct statement *parse_unknown(struct parser *p)
{
	struct token *token = peek(p);
	struct str_nearest nearest = { .word = token->text };
	const char *help = NULL;

	if (token->kind == TOKEN_CLOSE) {
		diag_error(p->ds, token->span, E001, "'}' is not understood here");
		diag_help(p->ds, "no '{' is open");
		(void)take(p);
		return NULL;
	}
	if (token->kind == TOKEN_WORD) {
		help = verb_help(p, &nearest);
		for (const char *const *name = parse_statements; *name && !help; name++)
			str_nearest_offer(&nearest, str_of(*name));
	}
	(void)unexpected_near(p, &nearest, help);
	if (nearest.best.s && statement_find(nearest.best))
		return statement_find(nearest.best);
	skip_line(p);
	return NULL;
}

/* 'blacklist' opens a rule ("blacklist @set for 1h") or a list ("blacklist 192.0.2.1"). */
static bool is_rule(struct parser *p, struct cursor before)
{
	bool yes = at_word(p, "for") || at_kind(p, TOKEN_SET) || at_word(p, "verified");

	if (yes)
		p->cursor = before;
	return yes;
}

static void parse_statement(struct parser *p)
{
	struct token token = *peek(p);
	bool is_word = token.kind == TOKEN_WORD;
	const struct action *action = is_word ? action_find(token.text) : NULL;
	const struct statement *row = is_word ? statement_find(token.text) : NULL;
	struct ast_stmt stmt = { .span = token.span };
	struct cursor before = p->cursor;
	bool guessed = !row && !(action && action->is_verb);

	p->at_line = false;
	if (guessed) {
		row = parse_unknown(p);
		if (!row)
			return;
	}
	stmt.key.span = token.span;
	stmt.key.text = row ? str_of(row->name) : token.text;
	if (row)
		(void)take(p);
	if (row && !(action && is_rule(p, before)))
		parse_known(p, row, &stmt, guessed);
	else
		parse_rule_statement(p, &stmt);
	if (!p->at_line && !at_end(p)) {
		(void)unexpected(p, "a statement ends with its line or ';'");
		skip_line(p);
	}
}

static void parse_source(struct parser *p, uint32_t source)
{
	*vec_add(p->ds->arena, &p->ast->files) = (struct span){ .source = source };
	p->cursor = (struct cursor){
		.lexer = lex_start(p->ds, source),
		.n_tokens = p->cursor.n_tokens,
	};
	for (;;) {
		while (at_kind(p, TOKEN_NEWLINE) || at_kind(p, TOKEN_SEMICOLON))
			(void)take(p);
		if (at_kind(p, TOKEN_END))
			return;
		parse_statement(p);
	}
}

static struct ast *parse_from(struct diags *ds, const struct io *io, uint32_t source)
{
	struct parser p = parser_new(ds, io);
	struct include first = { .path = ds->sources.data[source].name };

	p.include = &first;
	parse_source(&p, source);
	join_statements(&p);
	arena_free(p.scratch);
	return p.ast;
}

struct ast *parse_file(struct diags *ds, const struct io *io, uint32_t source)
{
	return parse_from(ds, io, source);
}

struct ast *parse_single(struct diags *ds, uint32_t source)
{
	return parse_from(ds, NULL, source);
}
