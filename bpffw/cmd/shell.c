/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `bpffw` alone: the same commands, line by line, in one process; from a person with a prompt, or
 * from standard input up to the first error.
 */
#include <stdlib.h>
#include <unistd.h>

#include "bpffw/cmd/batch.h"
#include "bpffw/cmd/common.h"
#include "bpffw/cmd/terminal.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/ui/line.h"
#include "bpffw/ui/text.h"

static const struct option_row opts[] = {
	{ .name = "keep-going", .letter = 'k', .help = "a script goes on behind an error" },
	{ 0 },
};

struct shell {
	struct invocation outer; /* its options hold for each line */
	struct arena *arena;     /* of the command that is being typed */
	struct buf text;         /* its lines so far */
	bool continues;
	bool left; /* by `quit` */
};

static void next_command(struct shell *sh)
{
	arena_free(sh->arena);
	sh->arena = arena_new();
	sh->text = (struct buf){ .arena = sh->arena };
	sh->continues = false;
}

/* The program's name in front, as messages and manuals write it, says nothing here. */
static line_words without_name(const line_words *given, uint32_t at_least)
{
	line_words rest = *given;

	if (rest.len > at_least && strcmp(rest.data[0], "bpffw") == 0) {
		rest.data++;
		rest.len--;
	}
	return rest;
}

/* ---- running ---- */

static enum exit_code run_words(struct shell *sh, const line_words *whole)
{
	const line_words rest = without_name(whole, 0), *given = &rest;
	char **argv = arena_new_array(sh->arena, char *, given->len + 4);
	char **arguments = arena_new_array(sh->arena, char *, given->len + 4);
	struct invocation in;
	int argc = 0;

	if (!given->len)
		return EXIT_DONE;
	sh->left = given->len == 1 &&
		   (strcmp(given->data[0], "quit") == 0 || strcmp(given->data[0], "exit") == 0);
	if (sh->left)
		return EXIT_DONE;
	argv[argc++] = (char *)"bpffw";
	if (words_are_rule((int)given->len, given->data)) {
		argv[argc++] = (char *)"add";
		/* What other tools begin with a '-' is no option of ours. */
		if (given->data[0][0] == '-')
			argv[argc++] = (char *)"--";
	}
	for (uint32_t i = 0; i < given->len; i++)
		argv[argc++] = given->data[i];
	if (!opt_parse_in(&sh->outer, argc, argv, arguments, &in))
		return EXIT_USAGE;
	return command_run(&in);
}

/* The commands of a line up to the first that fails; "no" (1) is an answer. */
static enum exit_code run_text(struct shell *sh)
{
	struct line line = line_split(sh->arena, (struct str){ sh->text.data, sh->text.len });
	enum exit_code code = EXIT_DONE;

	if (line.unclosed)
		return report_error(&sh->outer, EXIT_USAGE, NULL,
				    line.in_quote ? "the quote is never closed"
						  : "'{' is never closed");
	vec_for_each(given, &line.commands) {
		code = run_words(sh, given);
		if (code > EXIT_NO || sh->left || terminal_interrupted())
			break;
	}
	return code;
}

/* ---- a script ---- */

static enum exit_code stopped(struct shell *sh, unsigned int line, enum exit_code code)
{
	struct buf shown = { .arena = sh->arena };

	text_escape(&shown, (struct str){ sh->text.data, sh->text.len });
	return report_error(&sh->outer, code, "-k goes on behind an error",
			    "line %u: stopped at '%s'", line, buf_text(&shown));
}

static enum exit_code run_script(struct shell *sh, bool keep_going)
{
	enum exit_code code = EXIT_DONE, failed = EXIT_DONE;
	unsigned int number = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (!sh->left && (len = getline(&line, &room, stdin)) >= 0) {
		number++;
		len -= len && line[len - 1] == '\n';
		sh->continues = line_join(&sh->text, (struct str){ line, (uint32_t)len });
		if (sh->continues)
			continue;
		code = run_text(sh);
		if (code > EXIT_NO && !keep_going) {
			failed = stopped(sh, number, code);
			break;
		}
		failed = failed || code <= EXIT_NO ? failed : code;
		next_command(sh);
	}
	free(line);
	if (!failed && sh->continues)
		failed = report_error(&sh->outer, EXIT_USAGE, NULL,
				      "line %u: the command ends too early", number);
	if (batch_is_open(sh->outer.batch))
		return report_error(&sh->outer, failed ? failed : EXIT_USAGE,
				    "'commit' makes it live",
				    "the batch was dropped: nothing of it was changed");
	return failed ? failed : code;
}

/* ---- a person ---- */

/* Return: the running generation, 0: none, or nobody may know. */
static uint32_t look(const struct shell *sh, bool *ret_unsaved)
{
	struct invocation quiet = sh->outer;
	_cleanup_session_ struct session s;
	struct gen_info info = { 0 };
	uint32_t number;

	*ret_unsaved = false;
	quiet.silent = true;
	session_start(&s, &quiet);
	if (!command_may_administer() || session_store(&s, STORE_READ))
		return 0;
	number = store_running(s.store);
	if (number && store_info(s.store, s.arena, number, &info, &s.f) == 0)
		*ret_unsaved = !info.saved;
	return number;
}

static const char *prompt(void *ctx, struct arena *arena, bool *ret_ticks)
{
	const struct shell *sh = ctx;
	int left = confirm_left(&sh->outer.paths);
	bool unsaved;

	if (sh->continues)
		return "...> ";
	*ret_ticks = left >= 0;
	if (left >= 0)
		return arena_printf(arena, "bpffw[confirm %ds]> ", left);
	if (batch_is_open(sh->outer.batch))
		return "bpffw[edit]> ";
	(void)look(sh, &unsaved);
	return unsaved ? "bpffw*> " : "bpffw> ";
}

static void complete(void *ctx, struct arena *arena, struct str before,
		     struct completion *ret_completion)
{
	const struct shell *sh = ctx;
	struct line line = line_split(arena, before);
	line_words given = line.commands.data[line.commands.len - 1];
	char **argv = arena_new_array(arena, char *, given.len + 2);
	int argc = 0;

	/* The word that is being typed may still become another one. */
	given = without_name(&given, line.in_word ? 1 : 0);
	argv[argc++] = (char *)"bpffw";
	for (uint32_t i = 0; i < given.len; i++)
		argv[argc++] = given.data[i];
	if (!line.in_word)
		argv[argc++] = (char *)"";
	complete_words(arena, &sh->outer, argc, argv, ret_completion);
}

static struct str pending(void *ctx)
{
	const struct shell *sh = ctx;

	return (struct str){ sh->text.data, sh->text.len };
}

static void take_line(struct shell *sh, const char *typed)
{
	sh->continues = line_join(&sh->text, str_of(typed));
	if (sh->continues)
		return;
	if (sh->text.len) {
		terminal_remember(buf_text(&sh->text));
		(void)run_text(sh);
		fflush(stdout);
	}
	next_command(sh);
}

static void say_goodbye(const struct shell *sh)
{
	struct buf batch = { .arena = sh->arena };
	uint32_t number;
	bool unsaved;

	text_count(&batch, batch_count(sh->outer.batch), "command");
	if (batch_is_open(sh->outer.batch))
		printf("the batch of %s is dropped; running ruleset unchanged\n", buf_text(&batch));
	number = look(sh, &unsaved);
	if (number && unsaved)
		printf("generation %u is not saved: 'bpffw save' keeps it over a restart\n",
		       number);
}

static enum exit_code run_person(struct shell *sh)
{
	const struct terminal terminal = {
		.ctx = sh, .prompt = prompt, .complete = complete, .pending = pending
	};
	enum terminal_event event = TERMINAL_LINE;
	char *typed;

	terminal_open(&terminal);
	while (!sh->left && event != TERMINAL_END) {
		event = terminal_read(&typed);
		if (event == TERMINAL_LINE) {
			take_line(sh, typed);
			free(typed);
		} else if (event == TERMINAL_INTERRUPT) {
			next_command(sh);
		}
	}
	if (!sh->outer.quiet)
		say_goodbye(sh);
	terminal_close();
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	bool is_person = isatty(STDIN_FILENO) == 1;
	struct shell sh = { .outer = *in };
	enum exit_code code;

	if (in->batch)
		return report_error(in, EXIT_USAGE, "'quit' leaves it", "this is the shell");
	sh.outer.batch = batch_new();
	if (!is_person && sh.outer.color == COLOR_AUTO)
		sh.outer.color = COLOR_NEVER;
	sh.arena = arena_new();
	sh.text.arena = sh.arena;
	code = is_person ? run_person(&sh) : run_script(&sh, opt_value(in, "keep-going"));
	batch_free(sh.outer.batch);
	arena_free(sh.arena);
	return code;
}

const struct command cmd_shell = {
	.name = "shell",
	.help = "an interactive shell, or commands from standard input; 'bpffw' alone is the same",
	.details =
		"TAB completes, '?' lists what may follow. A bare rule is added. '{' or a trailing "
		"'\\' continues on the next line. From a pipe or file it stops at the first error.",
	.example = "bpffw shell <changes.txt",
	.opts = opts,
	.run = run,
};
