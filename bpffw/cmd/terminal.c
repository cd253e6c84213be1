/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * readline's callback interface in a loop of our own, so that Ctrl-C, a resized window and a
 * prompt that counts down need no jump out of a signal handler. readline keeps its state in
 * globals, and so does this file.
 */
#include "bpffw/cmd/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "bpffw/ui/history.h"
#include "bpffw/ui/line.h"
#include "bpffw/ui/report.h"

#define ROWS_HELP 24u  /* more candidates are listed in columns, without help */
#define ROWS_MAX  200u /* and more than these are only counted */

static const struct terminal *terminal;
static char *typed;
static bool has_line, has_end;
static volatile sig_atomic_t interrupts, resized, hung_up;

static void on_signal(int number)
{
	if (number == SIGINT && interrupts++ > 0) {
		/* The command does not react: the second one is meant for us. */
		signal(SIGINT, SIG_DFL);
		raise(SIGINT);
	}
	if (number == SIGWINCH)
		resized = 1;
	if (number == SIGHUP || number == SIGTERM)
		hung_up = 1;
}

static void on_line(char *line)
{
	typed = line;
	has_line = line;
	has_end = !line;
	/* Else readline draws the prompt once more. */
	rl_callback_handler_remove();
}

/* ---- TAB and '?' ---- */

static unsigned int width_of(void)
{
	unsigned int width = report_width(STDOUT_FILENO);

	return width ? width : 80;
}

/* Only the last piece of a long word is shown. */
static unsigned int shown_len(const struct completion *c, const struct candidate *one)
{
	return one->text ? (unsigned int)strlen(one->text + c->kept) : 0;
}

static void print_rows(const struct completion *c)
{
	unsigned int longest = 0, width = width_of();

	vec_for_each(one, &c->list) {
		unsigned int len = shown_len(c, one);

		longest = len > longest && len < 40 ? len : longest;
	}
	vec_for_each(one, &c->list) {
		const char *text = one->text ? one->text + c->kept : "";
		unsigned int room = width - 1, used;

		if (!one->text) {
			fprintf(rl_outstream, "(%.*s)\n", (int)room - 2, one->help);
			continue;
		}
		used = (unsigned int)fprintf(rl_outstream, one->help ? "%-*s" : "%.*s",
					     one->help ? (int)longest : (int)room, text);
		if (one->help && used + 2 < room)
			fprintf(rl_outstream, "  %.*s", (int)(room - used - 2), one->help);
		fputs("\n", rl_outstream);
	}
}

static void print_columns(const struct completion *c)
{
	unsigned int longest = 1, width = width_of(), per_line, n = 0, left = 0;

	vec_for_each(one, &c->list)
		longest = shown_len(c, one) > longest ? shown_len(c, one) : longest;
	per_line = width / (longest + 2) ? width / (longest + 2) : 1;
	vec_for_each(one, &c->list) {
		left += one->text && n >= ROWS_MAX;
		if (!one->text || n >= ROWS_MAX)
			continue;
		fprintf(rl_outstream, "%-*s", (int)longest + 2, one->text + c->kept);
		if (++n % per_line == 0)
			fputs("\n", rl_outstream);
	}
	if (n % per_line)
		fputs("\n", rl_outstream);
	if (left)
		fprintf(rl_outstream, "and %u more\n", left);
}

static void show(const struct completion *c, bool with_help)
{
	rl_crlf();
	if (c->list.len <= ROWS_HELP || (with_help && c->list.len <= ROWS_MAX))
		print_rows(c);
	else
		print_columns(c);
	fflush(rl_outstream);
	rl_on_new_line();
	rl_redisplay();
}

/* Candidates for the text up to the cursor; those that would need quotes are left out. */
static struct completion ask(struct arena *arena, struct line *ret_line)
{
	struct buf text = { .arena = arena };
	struct completion c = { 0 };
	uint32_t kept = 0;

	buf_add(&text, terminal->pending(terminal->ctx));
	buf_add(&text, (struct str){ rl_line_buffer, (uint32_t)rl_point });
	(void)buf_text(&text);
	*ret_line = line_split(arena, (struct str){ text.data, text.len });
	terminal->complete(terminal->ctx, arena, (struct str){ text.data, text.len }, &c);
	for (uint32_t i = 0; i < c.list.len; i++)
		if (!c.list.data[i].text || !strpbrk(c.list.data[i].text + c.kept, " \t\"'\\#;"))
			c.list.data[kept++] = c.list.data[i];
	c.list.len = kept;
	return c;
}

/* What all candidates have in common behind @len bytes. */
static size_t common(const struct completion *c, size_t len)
{
	const char *first = c->list.data[0].text;
	size_t n = strlen(first);

	vec_for_each(one, &c->list)
		while (one->text && strncmp(one->text, first, n) != 0)
			n--;
	return n > len ? n : len;
}

static int on_tab(int count, int key)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct line line;
	struct completion c = ask(arena, &line);
	const line_words *given = &line.commands.data[line.commands.len - 1];
	size_t len = line.in_word && given->len ? strlen(given->data[given->len - 1]) : 0, n;
	uint32_t found = 0;

	vec_for_each(one, &c.list)
		found += one->text != NULL;
	if (!found) {
		if (c.list.len)
			show(&c, true);
		else
			rl_ding();
		return 0;
	}
	n = common(&c, len);
	rl_insert_text(arena_strndup(arena, c.list.data[0].text + len, n - len));
	if (found == 1 && !c.list.data[0].open && !line.in_quote)
		rl_insert_text(" ");
	if (n == len || (found == 1 && c.list.data[0].help)) {
		c.list.len = found == 1 ? 1 : c.list.len;
		show(&c, false);
	}
	return 0;
}

static int on_question(int count, int key)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct line line;
	struct completion c = ask(arena, &line);

	if (line.in_quote)
		return rl_insert(count, key);
	if (c.list.len)
		show(&c, true);
	else
		rl_ding();
	return 0;
}

/* ---- history ---- */

static void load_line(void *ctx, const char *text)
{
	add_history(text);
}

static void forget(const char *line)
{
	for (int i = history_length; i-- > 0;) {
		HIST_ENTRY *entry = history_get(history_base + i);

		if (entry && strcmp(entry->line, line) == 0)
			free_history_entry(remove_history(i));
	}
}

void terminal_remember(const char *line)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = history_path(arena);

	forget(line);
	add_history(line);
	if (path)
		history_add(path, line);
}

/* ---- lines ---- */

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	return set;
}

/* Also after each command: it may have caught or blocked them itself. */
static void catch_signals(void (*handler)(int number))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	sigset_t set = our_signals();

	for (int number = 1; number < NSIG; number++)
		if (sigismember(&set, number) == 1)
			sigaction(number, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void terminal_open(const struct terminal *with)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = history_path(arena);

	terminal = with;
	rl_readline_name = "bpffw";
	rl_catch_signals = rl_catch_sigwinch = 0;
	rl_outstream = isatty(STDOUT_FILENO) ? stdout : stderr;
	rl_initialize();
	rl_bind_key_in_map('\t', on_tab, emacs_standard_keymap);
	rl_bind_key_in_map('?', on_question, emacs_standard_keymap);
	rl_bind_key_in_map('\t', on_tab, vi_insertion_keymap);
	rl_bind_key_in_map('?', on_question, vi_insertion_keymap);
	using_history();
	stifle_history(HISTORY_MAX);
	if (path)
		history_read(arena, path, NULL, load_line);
	catch_signals(on_signal);
}

void terminal_close(void)
{
	catch_signals(SIG_DFL);
	rl_clear_history();
	terminal = NULL;
}

bool terminal_interrupted(void)
{
	return interrupts > 0;
}

static void draw_prompt(bool again, bool *ret_ticks)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *prompt;

	*ret_ticks = false;
	prompt = terminal->prompt(terminal->ctx, arena, ret_ticks);
	if (!again) {
		rl_callback_handler_install(prompt, on_line);
	} else if (strcmp(prompt, rl_prompt) != 0) {
		rl_set_prompt(prompt);
		rl_redisplay();
	}
}

/* Wait for a key, a signal, or the next second. */
static void wait_for_key(bool *ticks)
{
	struct timespec second = { .tv_sec = 1 };
	sigset_t none, blocked = our_signals(), before;
	fd_set readable;
	int n;

	/* A signal between the look at its flag and the wait must end the wait. */
	sigemptyset(&none);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	FD_ZERO(&readable);
	FD_SET(STDIN_FILENO, &readable);
	n = interrupts || resized || hung_up ? 0
					     : pselect(STDIN_FILENO + 1, &readable, NULL, NULL,
						       *ticks ? &second : NULL, &none);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (n > 0)
		rl_callback_read_char();
	else if (n == 0 && *ticks)
		draw_prompt(true, ticks);
	if (resized) {
		resized = 0;
		rl_resize_terminal();
	}
}

enum terminal_event terminal_read(char **ret_line)
{
	bool ticks;

	typed = NULL;
	has_line = has_end = false;
	interrupts = 0;
	catch_signals(on_signal);
	draw_prompt(false, &ticks);
	while (!has_line && !has_end && !interrupts && !hung_up)
		wait_for_key(&ticks);
	if (has_line) {
		*ret_line = typed;
		return TERMINAL_LINE;
	}
	if (interrupts) {
		interrupts = 0;
		fputs("^C", rl_outstream);
		rl_replace_line("", 1);
	}
	if (!has_end)
		rl_callback_handler_remove();
	fputs("\n", rl_outstream);
	fflush(rl_outstream);
	return has_end || hung_up ? TERMINAL_END : TERMINAL_INTERRUPT;
}
