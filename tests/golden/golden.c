/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * golden [--kernel] FILE|FOLDER...: run golden files; with --kernel (root) the loaded program is
 * asked about each packet, too. A file is a list of cases parted by empty lines; a case
 * is a list of lines `WORD REST`; a line that opens with `|` continues a block of text; `#` opens a
 * comment. Three kinds of case:
 *
 * A rule, behind `version 1`, `interface eth0, eth1` and a default opposite to its verb:
 *	with LINE		a statement that stands before the rule
 *	rule TEXT
 *	list TEXT		how it is printed
 * A file, and files that it includes or names:
 *	file [NAME]		then `|` lines
 *	canonical		then `|` lines: the whole file printed back
 * Both:
 *	packet WORDS VERDICT	allow, drop, essential or malformed; packet.h has the words
 *	explain CLAUSES = ANSWER [FIELD,FIELD]	allow, drop or depends, and what it depends on
 *	error|warning CODE [[FILE:]LINE:]COL-END	without LINE: the rule's own line
 *	no CODE			that is not reported
 *	says TEXT, help TEXT	part of the message and the help line of the diag above
 *	now N			seconds since the epoch
 *	session ADDR		the admin's ssh session
 * A command, run in an empty folder that holds the case's files, without privileges:
 *	cli WORDS		single quotes group
 *	stdin, out, err		then `|` lines; `out *` and `err *`: anything
 *	exit N
 *
 * Every accepted rule and file is also printed, parsed and printed again: the text must be the
 *same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/compile.h"
#include "compiler/ir/lint.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"
#include "tests/golden/packet.h"

struct line {
	uint32_t number;
	struct str word, rest;
	struct str block; /* the `|` lines behind it, each with its newline */
	bool has_block;
};

struct test {
	const char *path; /* the .t file */
	VEC(struct line) lines;
	struct arena *arena;
	struct diags *ds;
	struct env env;
	struct ast *ast;
	struct ruleset *rs;
	bool rule; /* a rule case: positions without a line mean its last line */
	uint32_t rule_line;
	bool failed;
};

static uint32_t n_passed, n_failed;

static void __attribute__((format(printf, 3, 4)))
complain(struct test *t, const struct line *line, const char *format, ...)
{
	va_list args;

	t->failed = true;
	printf("%s:%u: ", t->path, line ? line->number : t->lines.data[0].number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/* The first line with that word; NULL: none. */
static const struct line *line_find(const struct test *t, const char *word)
{
	vec_for_each(line, &t->lines)
		if (str_is(line->word, word))
			return line;
	return NULL;
}

/* ---- the files of a case, as the compiler sees them ---- */

static struct str file_name(const struct line *line)
{
	return line->rest.len ? line->rest : STR("t.fw");
}

static const char *io_read(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	struct test *t = ctx;

	vec_for_each(line, &t->lines)
		if (str_is(line->word, "file") && str_is(file_name(line), path)) {
			*ret_text = line->block;
			return NULL;
		}
	return "no such file";
}

static int compare_strs(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static strs io_glob(void *ctx, struct arena *arena, const char *pattern)
{
	struct test *t = ctx;
	strs found = { 0 };

	vec_for_each(line, &t->lines) {
		const char *name = arena_strndup(arena, file_name(line).s, file_name(line).len);

		if (str_is(line->word, "file") && !fnmatch(pattern, name, FNM_PATHNAME))
			vec_push(arena, &found, str_of(name));
	}
	if (found.len)
		qsort(found.data, found.len, sizeof(*found.data), compare_strs);
	return found;
}

static bool io_service(void *ctx, const char *name, const char *proto, uint16_t *ret_port)
{
	static const struct {
		const char *name, *proto;
		uint16_t port;
	} known[] = {
		{ "smtp", "tcp", 25 },        { "domain", "tcp", 53 },
		{ "domain", "udp", 53 },      { "ftp-data", "tcp", 20 },
		{ "rsync", "tcp", 873 },      { "snmp", "udp", 161 },
		{ "only-udp", "udp", 7 },     { "two-ports", "tcp", 1000 },
		{ "two-ports", "udp", 2000 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name) && !strcmp(known[i].proto, proto)) {
			*ret_port = known[i].port;
			return true;
		}
	return false;
}

/* ---- from text to rules ---- */

/* The text of a rule case: what every file needs, the `with` lines, the rule last. */
static struct str rule_text(struct test *t, const struct line *rule)
{
	static const char *const closed[] = { "drop", "deny", "block", "count", "jump", "return" };
	struct buf text = { .arena = t->arena };
	bool has_default = false, has_interface = false, closes = false;

	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		closes |= str_starts(rule->rest, str_of(closed[i]));
	vec_for_each(line, &t->lines) {
		bool with = str_is(line->word, "with");

		has_default |= with && str_starts(line->rest, STR("default"));
		has_interface |= with && str_starts(line->rest, STR("interface"));
	}
	buf_puts(&text, "version 1\n");
	if (!has_interface)
		buf_puts(&text, "interface eth0, eth1\n");
	if (!has_default)
		buf_printf(&text, "default %s\n", closes ? "allow" : "drop");
	vec_for_each(line, &t->lines)
		if (str_is(line->word, "with"))
			buf_printf(&text, STR_FMT "\n", STR_ARG(line->rest));
	t->rule_line = 1;
	for (uint32_t i = 0; i < text.len; i++)
		t->rule_line += text.data[i] == '\n';
	buf_add(&text, rule->rest);
	buf_puts(&text, "\n");
	return (struct str){ text.data, text.len };
}

static void env_fill(struct test *t, const struct io *io)
{
	static const char *const present[] = { "eth0", "eth1", "wan0", "lan0" };
	const struct line *now = line_find(t, "now"), *session = line_find(t, "session");

	t->env.io = io;
	for (size_t i = 0; i < sizeof(present) / sizeof(present[0]); i++)
		vec_push(t->arena, &t->env.interfaces, str_of(present[i]));
	t->env.n_present = t->env.interfaces.len;
	t->env.check_present = true;
	if (now && !packet_number(now->rest, &t->env.now))
		complain(t, now, "not a number");
	if (session) {
		uint64_t addr[2] = { 0 };
		uint8_t family;
		uint16_t port;

		if (!packet_end(session->rest, &family, addr, &port))
			complain(t, session, "not an address");
		t->env.session.family = family;
		t->env.session.addr = (u128)addr[0] << 64 | addr[1];
		t->env.session.port = 50122;
		t->env.session.local_port = 22;
	}
}

static struct ruleset *resolve(struct test *t, struct str name, struct str text, struct diags *ds,
			       struct ast **ret_ast)
{
	uint32_t source = diag_source(ds, name, text, (struct span){ 0 });

	*ret_ast = parse_file(ds, t->env.io, source);
	return sema_ruleset(ds, *ret_ast, &t->env);
}

/* Print, parse, print: the same text, and no new mistake. */
static void round_trip(struct test *t)
{
	struct buf first = { .arena = t->arena }, second = { .arena = t->arena };
	struct diags *ds = diags_new(t->arena);
	struct ruleset *again;
	struct ast *ast;

	print_ruleset(&first, t->rs);
	again = resolve(t, STR("printed"), (struct str){ first.data, first.len }, ds, &ast);
	if (ds->n_errors) {
		complain(t, NULL, "what is printed does not parse back: %s\n%s",
			 ds->list.data[0].message, buf_text(&first));
		return;
	}
	print_ruleset(&second, again);
	if (strcmp(buf_text(&first), buf_text(&second)) != 0)
		complain(t, NULL, "printed twice, the text differs:\n%s---\n%s", buf_text(&first),
			 buf_text(&second));
}

/* ---- expectations ---- */

static struct str next_word(struct str *text)
{
	struct str word;

	while (text->len && *text->s == ' ')
		text->s++, text->len--;
	word = (struct str){ text->s, 0 };
	while (word.len < text->len && word.s[word.len] != ' ')
		word.len++;
	text->s += word.len;
	text->len -= word.len;
	while (text->len && *text->s == ' ')
		text->s++, text->len--;
	return word;
}

/* "t.fw:3:1-4" for a file case, "3-7" for a rule's own line. */
static const char *place_print(struct test *t, const struct diag *d)
{
	struct position at = diag_position(t->ds, d->span);
	struct str name = t->ds->sources.data[d->span.source].name;
	struct buf out = { .arena = t->arena };

	if (!d->span.source)
		return "-";
	if (!str_is(name, "t.fw"))
		buf_printf(&out, STR_FMT ":", STR_ARG(name));
	if (!t->rule || at.line != t->rule_line)
		buf_printf(&out, "%u:", at.line);
	buf_printf(&out, "%u-%u", at.col, at.end_col < at.col ? at.col : at.end_col);
	return buf_text(&out);
}

/* Every error is listed, every listed diag is there, in the order of the text. */
static void check_diags(struct test *t)
{
	bool *seen = arena_new_array(t->arena, bool, t->ds->list.len + 1);
	const struct diag *last = NULL;

	vec_for_each(line, &t->lines) {
		struct str rest = line->rest, code;
		bool error = str_is(line->word, "error");

		if (last && (str_is(line->word, "says") || str_is(line->word, "help"))) {
			const char *text = *line->word.s == 's' ? last->message : last->help;
			struct str found = str_of(text ? text : "");

			if (!memmem(found.s, found.len, line->rest.s, line->rest.len))
				complain(t, line, STR_FMT " is: %s", STR_ARG(line->word), found.s);
		}
		if (!error && !str_is(line->word, "warning"))
			continue;
		code = next_word(&rest);
		last = NULL;
		vec_for_each(d, &t->ds->list) {
			size_t i = (size_t)(d - t->ds->list.data);

			if (seen[i] || (code.len && !str_is(code, diag_code_name(d->code))) ||
			    (d->severity == SEVERITY_ERROR) != error ||
			    (rest.len && !str_is(rest, place_print(t, d))))
				continue;
			seen[i] = true;
			last = d;
			break;
		}
		if (!last)
			complain(t, line, "not reported: " STR_FMT " " STR_FMT, STR_ARG(line->word),
				 STR_ARG(line->rest));
	}
	vec_for_each(d, &t->ds->list)
		if (!seen[d - t->ds->list.data] && (d->severity == SEVERITY_ERROR || t->failed))
			complain(t, NULL, "reported: %s %s: %s", diag_code_name(d->code),
				 place_print(t, d), d->message);
	vec_for_each(line, &t->lines)
		if (str_is(line->word, "no"))
			vec_for_each(d, &t->ds->list)
				if (str_is(line->rest, diag_code_name(d->code)))
					complain(t, line, "reported: %s", d->message);
}

/* The packet of a `packet` line, without its verdict. */
static bool packet_of_line(struct test *t, const struct line *line, struct pkt *ret_pkt)
{
	struct str said[64], rest = line->rest;
	const char *wrong;
	uint32_t n = 0;

	while (rest.len && n < 64)
		said[n++] = next_word(&rest);
	wrong = n ? packet_read(t->rs, said, n - 1, ret_pkt) : "an empty line";
	if (wrong)
		complain(t, line, "not understood: %s", wrong);
	return !wrong;
}

static void check_packet(struct test *t, const struct line *line)
{
	struct eval_result result;
	struct str rest = line->rest, verdict;
	const char *answer;
	struct pkt pkt;

	if (!packet_of_line(t, line, &pkt))
		return;
	do
		verdict = next_word(&rest);
	while (rest.len);
	result = eval_packet(t->rs, &pkt, false);
	answer = result.allow ? "allow" : "drop";
	if (result.stage == ANSWER_MALFORMED)
		answer = result.allow ? "malformed-pass" : "malformed";
	if (result.stage == ANSWER_ESSENTIAL)
		answer = "essential";
	if (!str_is(verdict, answer))
		complain(t, line, "the packet's verdict is %s", answer);
}

static void check_explain(struct test *t, const struct line *line)
{
	const char *equal = memchr(line->rest.s, '=', line->rest.len);
	struct str rest = { equal + 1, (uint32_t)(line->rest.s + line->rest.len - equal) - 1 };
	struct diags *ds = diags_new(t->arena);
	struct ast_command command = { 0 };
	struct buf fields = { .arena = t->arena };
	struct arguments args;
	struct eval_trace trace;
	struct expect packet;
	const char *answer;
	struct str wanted;
	char *text;

	text = arena_strndup(t->arena, line->rest.s, (size_t)(equal - line->rest.s));
	args = lex_arguments(ds, 1, (char *const[]){ text, NULL });
	if (!parse_command(ds, "explain", &args, &command) ||
	    !sema_packet(ds, t->rs, &t->env, command.packet.data, command.packet.len, &packet)) {
		complain(t, line, "%s", ds->list.len ? ds->list.data[0].message : "refused");
		return;
	}
	trace = eval_description(t->arena, t->rs, &packet);
	answer = trace.allow == TRUTH_YES ? "allow" : trace.allow == TRUTH_NO ? "drop" : "depends";
	wanted = next_word(&rest);
	if (!str_is(wanted, answer))
		complain(t, line, "the answer is %s", answer);
	vec_for_each(field, &trace.depends_on)
		buf_printf(&fields, "%s" STR_FMT, fields.len ? "," : "", STR_ARG(*field));
	if (rest.len && !str_is(rest, buf_text(&fields)))
		complain(t, line, "it depends on %s", buf_text(&fields));
}

static void check_rules(struct test *t)
{
	const struct line *list = line_find(t, "list"), *canonical = line_find(t, "canonical");
	struct buf text = { .arena = t->arena };

	if (list) {
		print_rule(&text, t->rs, &t->rs->rules.data[t->rs->rules.len - 1], PRINT_ALL);
		if (!str_is(list->rest, buf_text(&text)))
			complain(t, list, "listed as: %s", buf_text(&text));
	}
	if (canonical) {
		text.len = 0;
		print_ruleset(&text, t->rs);
		if (!str_eq(canonical->block, (struct str){ text.data, text.len }))
			complain(t, canonical, "printed as:\n%s", buf_text(&text));
	}
	vec_for_each(line, &t->lines) {
		if (str_is(line->word, "packet"))
			check_packet(t, line);
		if (str_is(line->word, "explain"))
			check_explain(t, line);
	}
	round_trip(t);
}

#include "tests/golden/kernel.h"

static void run_text(struct test *t)
{
	const struct io io = { t, io_read, io_glob, io_service };
	const struct line *rule = line_find(t, "rule"), *file = line_find(t, "file");
	struct str name = rule ? STR("t.fw") : file_name(file);
	struct str text;
	struct compiled compiled;
	bool resolved, built = false;

	t->rule = rule != NULL;
	env_fill(t, &io);
	text = rule ? rule_text(t, rule) : file->block;
	t->rs = resolve(t, name, text, t->ds, &t->ast);
	resolved = !t->ds->n_errors;
	if (resolved) {
		lint_ruleset(t->ds, t->rs, &t->env);
		eval_tests(t->ds, t->rs);
		built = compile(t->ds, t->rs, &compiled);
	}
	diag_sort(t->ds);
	check_diags(t);
	if (built && ask_kernel)
		check_kernel(t, &compiled);
	if (resolved)
		check_rules(t);
	else if (line_find(t, "packet") || line_find(t, "list") || line_find(t, "canonical"))
		complain(t, NULL, "not accepted");
	t->env.io = NULL;
}

#include "tests/golden/cli.h"

/* ---- reading .t files ---- */

static struct str line_take(struct str *text)
{
	const char *newline = memchr(text->s, '\n', text->len);
	struct str line = { text->s, newline ? (uint32_t)(newline - text->s) : text->len };

	text->s += line.len + (newline != NULL);
	text->len -= line.len + (newline != NULL);
	return line;
}

static void test_run(struct test *t)
{
	if (!t->lines.len)
		return;
	t->ds = diags_new(t->arena);
	if (line_find(t, "cli"))
		run_cli(t);
	else if (line_find(t, "rule") || line_find(t, "file"))
		run_text(t);
	else
		complain(t, NULL, "neither rule nor file nor cli");
	t->failed ? n_failed++ : n_passed++;
}

/* "| text" or "|": the text with its newline, taken over into the block of the line before. */
static void block_add(struct test *t, struct str line)
{
	struct line *last = &t->lines.data[t->lines.len - 1];
	struct buf block = { .arena = t->arena };

	line.s += line.len > 1 ? 2 : 1;
	line.len -= line.len > 1 ? 2 : 1;
	buf_add(&block, last->block);
	buf_add(&block, line);
	buf_puts(&block, "\n");
	last->block = (struct str){ block.data, block.len };
	last->has_block = true;
}

static void run_cases(const char *path, struct str text)
{
	static const char *const said[] = { "with",   "rule",    "list",  "file",    "canonical",
					    "packet", "explain", "error", "warning", "no",
					    "says",   "help",    "now",   "session", "cli",
					    "stdin",  "out",     "err",   "exit",    "env" };
	struct test t = { .path = path, .arena = arena_new() };
	uint32_t number = 0;

	while (text.len) {
		struct str line = line_take(&text), rest = line;
		struct line *new_line;
		bool known = false;

		number++;
		if (!line.len) {
			test_run(&t);
			arena_free(t.arena);
			t = (struct test){ .path = path, .arena = arena_new() };
			continue;
		}
		if (*line.s == '#')
			continue;
		if (*line.s == '|' && t.lines.len) {
			block_add(&t, line);
			continue;
		}
		new_line = vec_add(t.arena, &t.lines);
		new_line->number = number;
		new_line->word = next_word(&rest);
		new_line->rest = rest;
		for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
			known |= str_is(new_line->word, said[i]);
		if (!known)
			complain(&t, new_line, "unknown line");
	}
	test_run(&t);
	arena_free(t.arena);
}

static int run_path(const char *path)
{
	struct dirent **entries;
	struct stat st;
	char *text;
	FILE *f;
	int n;

	if (stat(path, &st) < 0 || (!S_ISDIR(st.st_mode) && !(f = fopen(path, "re")))) {
		printf("%s: %s\n", path, strerror(errno));
		return 1;
	}
	if (!S_ISDIR(st.st_mode)) {
		text = malloc((size_t)st.st_size + 1);
		n = (int)fread(text, 1, (size_t)st.st_size, f);
		fclose(f);
		run_cases(path, (struct str){ text, (uint32_t)n });
		free(text);
		return 0;
	}
	n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);
		char *below = NULL;

		if (*name != '.' &&
		    (entries[i]->d_type == DT_DIR || (len > 2 && !strcmp(name + len - 2, ".t"))) &&
		    asprintf(&below, "%s/%s", path, name) > 0)
			run_path(below);
		free(below);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;

	ask_kernel = argc > 1 && !strcmp(argv[1], "--kernel");
	if (ask_kernel && !kernel_setup())
		return 1;
	for (int i = 1 + ask_kernel; i < argc; i++)
		failed |= run_path(argv[i]);
	printf("%u passed, %u failed\n", n_passed, n_failed);
	return failed || n_failed || !n_passed;
}
