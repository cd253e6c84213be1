/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lexer: one pass over the bytes, one class per byte. What cannot be read becomes one
 * TOKEN_BAD, so that the parser stays silent about it.
 */
#include "compiler/lang/lex.h"

enum byte_class {
	BYTE_BAD, /* no meaning outside strings: ( ) ' & ... */
	BYTE_BLANK,
	BYTE_NEWLINE,
	BYTE_RETURN,
	BYTE_WORD,
	BYTE_MARK, /* a token by itself */
	BYTE_NAME, /* $ or @ before a name */
	BYTE_QUOTE,
	BYTE_HASH,
	BYTE_BACKSLASH,
	BYTE_BANG,
	BYTE_CONTROL,
	BYTE_HIGH, /* part of a UTF-8 sequence */
};

/* clang-format off */
static const uint8_t classes[256] = {
	[0 ... 8] = BYTE_CONTROL, [0xb] = BYTE_CONTROL, [0xc] = BYTE_CONTROL,
	[0xe ... 0x1f] = BYTE_CONTROL,
	[0x7f] = BYTE_CONTROL,
	[0x80 ... 0xff] = BYTE_HIGH,
	['\t'] = BYTE_BLANK, [' '] = BYTE_BLANK, ['\n'] = BYTE_NEWLINE, ['\r'] = BYTE_RETURN,
	['0' ... '9'] = BYTE_WORD, ['A' ... 'Z'] = BYTE_WORD, ['a' ... 'z'] = BYTE_WORD,
	['_'] = BYTE_WORD, ['.'] = BYTE_WORD, [':'] = BYTE_WORD, ['+'] = BYTE_WORD,
	['%'] = BYTE_WORD, ['*'] = BYTE_WORD, ['/'] = BYTE_WORD, ['~'] = BYTE_WORD,
	['-'] = BYTE_WORD,
	[';'] = BYTE_MARK, [','] = BYTE_MARK, ['{'] = BYTE_MARK, ['}'] = BYTE_MARK,
	['='] = BYTE_MARK,
	['$'] = BYTE_NAME, ['@'] = BYTE_NAME,
	['"'] = BYTE_QUOTE, ['#'] = BYTE_HASH, ['\\'] = BYTE_BACKSLASH, ['!'] = BYTE_BANG,
};
/* clang-format on */

static enum byte_class class_at(const struct lexer *lx, uint32_t at)
{
	return classes[(unsigned char)lx->text.s[at]];
}

/* The end of a source ends its line. */
static char byte_at(const struct lexer *lx, uint32_t at)
{
	if (at >= lx->end)
		return '\n';
	return lx->text.s[at];
}

static struct span span_of(const struct lexer *lx, uint32_t start, uint32_t end)
{
	return (struct span){ lx->source, start, end };
}

static struct token token(struct lexer *lx, enum token_kind kind, uint32_t start)
{
	lx->last = kind;
	return (struct token){
		.kind = kind,
		.text = { lx->text.s + start, lx->at - start },
		.span = span_of(lx, start, lx->at),
	};
}

/* The end of a source, or its end because the rest is not text. */
static struct token stop(struct lexer *lx)
{
	lx->at = lx->end;
	return token(lx, TOKEN_END, lx->end);
}

static struct token not_text(struct lexer *lx, uint32_t at)
{
	struct str name = lx->ds->sources.data[lx->source].name;
	unsigned int byte = (unsigned char)lx->text.s[at];

	lx->stopped = true;
	if (!lx->silent)
		diag_error(lx->ds, span_of(lx, at, at + 1), E003,
			   "'" STR_FMT "' is not text: byte 0x%02x here", STR_ARG(name), byte);
	return stop(lx);
}

static bool continues(const struct lexer *lx, uint32_t at)
{
	return at < lx->end && ((unsigned char)lx->text.s[at] & 0xc0) == 0x80;
}

/* Length of the UTF-8 sequence at @at, 0: not valid (RFC 3629, overlong and surrogates too). */
static uint32_t utf8_len(const struct lexer *lx, uint32_t at)
{
	unsigned int first = (unsigned char)lx->text.s[at];
	unsigned int second = continues(lx, at + 1) ? (unsigned char)lx->text.s[at + 1] : 0;

	if (!second)
		return 0;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
				       !continues(lx, at + 2)
			       ? 0
			       : 3;
	if (first >= 0xf0 && first <= 0xf4)
		return (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ||
				       !continues(lx, at + 2) || !continues(lx, at + 3)
			       ? 0
			       : 4;
	return 0;
}

/* U+0080 to U+009F: control characters of eight-bit terminals. */
static bool is_control(const struct lexer *lx, uint32_t at)
{
	unsigned char first = (unsigned char)lx->text.s[at];

	if (first < 0x80)
		return classes[first] == BYTE_CONTROL;
	return first == 0xc2 && at + 1 < lx->end && (unsigned char)lx->text.s[at + 1] < 0xa0;
}

struct lexer lex_start(struct diags *ds, uint32_t source)
{
	struct str text = ds->sources.data[source].text;
	struct lexer lx = {
		.ds = ds,
		.text = text,
		.source = source,
		.end = text.len,
		.last = TOKEN_NEWLINE,
	};
	const char *nul = text.len ? memchr(text.s, 0, text.len) : NULL;

	if (nul)
		(void)not_text(&lx, (uint32_t)(nul - text.s));
	else if (str_starts(text, STR("\xef\xbb\xbf")))
		lx.at = 3;
	return lx;
}

/* Characters that editors, web pages and other languages put into rules. */
static const char *bad_help(struct str text)
{
	static const struct {
		const char *text;
		const char *help;
	} rows[] = {
		{ "'", "strings are written with \"\"" },
		{ "!", "write 'not' before the clause or the value" },
		{ "\\", "only a line's last character may be '\\'; then the line continues" },
		{ "(", "a list is written with commas or in { }" },
		{ "[", "a list is written with commas or in { }; IPv6 addresses stand bare" },
		{ "\xc2\xa0", "this is a no-break space: write a plain one" },
		{ "\xe2\x80\x9c", "strings are written with plain \"\"" },
		{ "\xe2\x80\x9d", "strings are written with plain \"\"" },
		{ "\xe2\x80\x93", "write a plain '-'" },
		{ "\xe2\x80\x94", "write a plain '-'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (str_is(text, rows[i].text))
			return rows[i].help;
	return NULL;
}

static struct token bad(struct lexer *lx, uint32_t start, uint32_t len)
{
	struct str text = { lx->text.s + start, len };
	const char *help = bad_help(text);

	lx->at = start + len;
	if (!lx->silent) {
		diag_error(lx->ds, span_of(lx, start, start + len), E003,
			   "the character '" STR_FMT "' has no meaning here", STR_ARG(text));
		if (help)
			diag_help(lx->ds, "%s", help);
	}
	return token(lx, TOKEN_BAD, start);
}

/* Text between the quotes with \" and \\ resolved; another backslash stands for itself. */
static struct str unescape(struct lexer *lx, uint32_t start, uint32_t end)
{
	char *out = arena_alloc(lx->ds->arena, end - start + 1);
	uint32_t len = 0;

	for (uint32_t i = start; i < end; i++) {
		if (lx->text.s[i] == '\\' &&
		    (lx->text.s[i + 1] == '"' || lx->text.s[i + 1] == '\\'))
			i++;
		out[len++] = lx->text.s[i];
	}
	return (struct str){ out, len };
}

static struct token bad_string(struct lexer *lx, uint32_t start, struct span span,
			       const char *message)
{
	if (!lx->silent)
		diag_error(lx->ds, span, E003, "%s", message);
	return token(lx, TOKEN_BAD, start);
}

static uint32_t line_end(const struct lexer *lx, uint32_t at)
{
	const char *newline = memchr(lx->text.s + at, '\n', lx->end - at);
	uint32_t end = newline ? (uint32_t)(newline - lx->text.s) : lx->end;

	return end > at && lx->text.s[end - 1] == '\r' ? end - 1 : end;
}

/* Past the closing quote, or at the end of the line. @ret_trouble: the first bad byte, or 0. */
static bool scan_string(struct lexer *lx, uint32_t *ret_trouble, bool *ret_escapes)
{
	uint32_t at = lx->at + 1, trouble = 0;

	while (at < lx->end && lx->text.s[at] != '"' && lx->text.s[at] != '\n') {
		uint32_t step = class_at(lx, at) == BYTE_HIGH ? utf8_len(lx, at) : 1;
		char next = byte_at(lx, at + 1);

		if (!trouble && (!step || is_control(lx, at)))
			trouble = at;
		if (lx->text.s[at] == '\\' && (next == '"' || next == '\\')) {
			*ret_escapes = true;
			step = 2;
		}
		at += step ? step : 1;
	}
	*ret_trouble = trouble;
	lx->at = at;
	if (at >= lx->end || lx->text.s[at] != '"')
		return false;
	lx->at++;
	return true;
}

static struct token string(struct lexer *lx, uint32_t start)
{
	struct token result;
	bool escapes = false;
	uint32_t trouble;

	if (!scan_string(lx, &trouble, &escapes))
		return bad_string(lx, start, span_of(lx, start, lx->at),
				  "the string is never closed");
	if (trouble)
		return bad_string(lx, start, span_of(lx, trouble, trouble + 1),
				  "a string holds printable UTF-8 text only");
	result = token(lx, TOKEN_STRING, start);
	result.text = (struct str){ lx->text.s + start + 1, lx->at - start - 2 };
	if (escapes)
		result.text = unescape(lx, start + 1, lx->at - 1);
	return result;
}

static struct token word(struct lexer *lx, enum token_kind kind, uint32_t start, uint32_t name)
{
	struct token result;
	uint32_t at = name;

	while (at < lx->end && class_at(lx, at) == BYTE_WORD)
		at++;
	if (at == name)
		return bad(lx, start, 1);
	lx->at = at;
	result = token(lx, kind, start);
	result.text = (struct str){ lx->text.s + name, at - name };
	return result;
}

static struct token mark(struct lexer *lx, uint32_t at)
{
	static const uint8_t kinds[128] = {
		[';'] = TOKEN_SEMICOLON, [','] = TOKEN_COMMA, ['{'] = TOKEN_OPEN,
		['}'] = TOKEN_CLOSE,     ['='] = TOKEN_EQUAL,
	};

	lx->at = at + 1;
	return token(lx, (enum token_kind)kinds[(unsigned char)lx->text.s[at]], at);
}

/* Blanks, comments, continued lines and newlines that mean nothing; stops at the next token. */
static void skip_blank(struct lexer *lx)
{
	while (lx->at < lx->end) {
		char next = byte_at(lx, lx->at + 1);

		switch (class_at(lx, lx->at)) {
		case BYTE_BLANK:
			lx->at++;
			break;
		case BYTE_RETURN:
			if (next != '\n')
				return;
			lx->at++;
			break;
		case BYTE_HASH:
			lx->at = line_end(lx, lx->at);
			break;
		case BYTE_BACKSLASH:
			if (next == '\r' && lx->at + 2 < lx->end && lx->text.s[lx->at + 2] == '\n')
				lx->at++;
			else if (next != '\n')
				return;
			lx->at += 2;
			break;
		case BYTE_NEWLINE:
			if (lx->last != TOKEN_NEWLINE && lx->last != TOKEN_OPEN &&
			    lx->last != TOKEN_COMMA)
				return;
			lx->at++;
			break;
		default:
			return;
		}
	}
}

struct token lex_next(struct lexer *lx)
{
	uint32_t at, len;

	skip_blank(lx);
	at = lx->at;
	if (at >= lx->end)
		return stop(lx);
	switch (class_at(lx, at)) {
	case BYTE_WORD:
		return word(lx, TOKEN_WORD, at, at);
	case BYTE_NEWLINE:
		lx->at = at + 1;
		return token(lx, TOKEN_NEWLINE, at);
	case BYTE_MARK:
		return mark(lx, at);
	case BYTE_NAME:
		return word(lx, lx->text.s[at] == '$' ? TOKEN_DEFINE : TOKEN_SET, at, at + 1);
	case BYTE_QUOTE:
		return string(lx, at);
	case BYTE_BANG:
		if (at + 1 >= lx->end || lx->text.s[at + 1] != '=')
			return bad(lx, at, 1);
		lx->at = at + 2;
		return token(lx, TOKEN_NOT_EQUAL, at);
	case BYTE_HIGH:
		len = utf8_len(lx, at);
		return len && !is_control(lx, at) ? bad(lx, at, len) : not_text(lx, at);
	case BYTE_CONTROL:
	case BYTE_RETURN:
		return not_text(lx, at);
	default:
		return bad(lx, at, 1);
	}
}

tokens lex_source(struct diags *ds, uint32_t source)
{
	struct lexer lx = lex_start(ds, source);
	tokens list = { 0 };
	struct token next;

	do {
		next = lex_next(&lx);
		vec_push(ds->arena, &list, next);
	} while (next.kind != TOKEN_END);
	return list;
}

static bool is_word(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (classes[(unsigned char)text.s[i]] != BYTE_WORD)
			return false;
	return text.len > 0;
}

/* What could stand in a string of a file: one line of printable UTF-8. */
static bool is_text(const struct lexer *lx, uint32_t start, uint32_t end)
{
	uint32_t step;

	for (uint32_t at = start; at < end; at += step) {
		step = class_at(lx, at) == BYTE_HIGH ? utf8_len(lx, at) : 1;
		if (!step || is_control(lx, at) || lx->text.s[at] == '\n')
			return false;
	}
	return true;
}

static enum token_kind whole_kind(const struct lexer *lx, uint32_t start, uint32_t end)
{
	struct str text = { lx->text.s + start, end - start };

	if (is_word(text))
		return TOKEN_WORD;
	return is_text(lx, start, end) ? TOKEN_STRING : TOKEN_BAD;
}

static void lex_argument(struct arguments *args, struct lexer *lx, uint32_t start, uint32_t end)
{
	struct str text = { lx->text.s + start, end - start };
	struct token next;

	lx->at = start;
	lx->end = end;
	vec_push(lx->ds->arena, &args->first_token, args->tokens.len);
	*vec_add(lx->ds->arena, &args->whole) = (struct token){
		.kind = whole_kind(lx, start, end),
		.text = text,
		.span = span_of(lx, start, end),
	};
	lx->stopped = false;
	lx->last = TOKEN_NEWLINE;
	while ((next = lex_next(lx)).kind != TOKEN_END)
		vec_push(lx->ds->arena, &args->tokens, next);
	if (lx->stopped)
		*vec_add(lx->ds->arena, &args->tokens) = (struct token){
			.kind = TOKEN_BAD,
			.text = text,
			.span = span_of(lx, start, end),
		};
}

struct arguments lex_arguments(struct diags *ds, int argc, char *const argv[])
{
	struct buf joined = { .arena = ds->arena };
	struct arguments args = { 0 };
	struct lexer lx;
	uint32_t start = 0;

	for (int i = 0; i < argc; i++) {
		buf_puts(&joined, i ? " " : "");
		buf_puts(&joined, argv[i]);
	}
	(void)buf_text(&joined);
	args.source = diag_source(ds, STR("command"), (struct str){ joined.data, joined.len },
				  (struct span){ 0 });
	lx = lex_start(ds, args.source);
	lx.silent = true;
	for (int i = 0; i < argc; i++) {
		uint32_t end = start + (uint32_t)strlen(argv[i]);

		lex_argument(&args, &lx, start, end);
		start = end + 1;
	}
	*vec_add(ds->arena, &args.tokens) = (struct token){
		.kind = TOKEN_END,
		.span = span_of(&lx, joined.len, joined.len),
	};
	return args;
}

void lex_report(struct diags *ds, struct token bad_token)
{
	struct lexer lx = lex_start(ds, bad_token.span.source);

	lx.at = bad_token.span.start;
	lx.end = bad_token.span.end;
	while (lex_next(&lx).kind != TOKEN_BAD && lx.at < lx.end)
		;
}
