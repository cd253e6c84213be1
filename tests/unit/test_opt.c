/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines: where options may stand, what is refused and with which advice. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpffw/command.h"

/* Last: cmocka has a macro of the name fail. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define ARGS_MAX 12

static int count(const char *const *args)
{
	int n = 0;

	while (args[n])
		n++;
	return n;
}

/* stderr of opt_parse() goes into @message. */
static bool parse(const char *const *args, char **storage, struct invocation *in, char *message,
		  size_t size)
{
	char *argv[ARGS_MAX + 1] = { (char *)"bpffw" };
	int n = count(args), saved = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	bool ok;

	memcpy(&argv[1], args, (size_t)n * sizeof(*argv));
	dup2(fileno(file), STDERR_FILENO);
	ok = opt_parse(n + 1, argv, storage, in);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	message[fread(message, 1, size - 1, file)] = '\0';
	fclose(file);
	return ok;
}

struct good_case {
	const char *name;
	const char *args[ARGS_MAX];
	const char *command;
	const char *left; /* arguments, joined by '|' */
	bool json, quiet, verbose;
};

static void test_accepted(void **state)
{
	static const struct good_case cases[] = {
		{ "alone", { "list" }, "list", "", false, false, false },
		{ "option first", { "--json", "list" }, "list", "", true, false, false },
		{ "option last", { "list", "-v" }, "list", "", false, false, true },
		{ "letters in one", { "-qv", "list" }, "list", "", false, true, true },
		{ "standard input", { "check", "-" }, "check", "-", false, false, false },
		{ "in a rule",
		  { "add", "allow", "--json", "tcp" },
		  "add",
		  "allow|tcp",
		  true,
		  false,
		  false },
		{ "text is no option",
		  { "add", "count", "comment", "--json" },
		  "add",
		  "count|comment|--json",
		  false,
		  false,
		  false },
		{ "a name is text",
		  { "add", "count", "name", "-v" },
		  "add",
		  "count|name|-v",
		  false,
		  false,
		  false },
		{ "behind --", { "check", "--", "-v" }, "check", "-v", false, false, false },
		{ "value in the next word",
		  { "check", "--dump", "bpf", "f" },
		  "check",
		  "f",
		  false,
		  false,
		  false },
		{ "nothing is the shell", { NULL }, "shell", "", false, false, false },
		{ "with an option", { "-k", "-q" }, "shell", "", false, true, false },
		{ "--help", { "add", "--help" }, "help", "add", false, false, false },
		{ "-h alone", { "-h" }, "help", "", false, false, false },
		{ "--version", { "--version" }, "version", "", false, false, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct good_case *c = &cases[i];
		char *storage[ARGS_MAX + 1] = { 0 }, message[512], left[256] = "";
		struct invocation in;

		if (!parse(c->args, storage, &in, message, sizeof(message)))
			fail_msg("%s: %s", c->name, message);
		for (int k = 0; k < in.argc; k++) {
			strcat(left, k ? "|" : "");
			strcat(left, in.argv[k]);
		}
		if (strcmp(in.command->name, c->command) != 0 || strcmp(left, c->left) != 0 ||
		    in.json != c->json || in.quiet != c->quiet || in.verbose != c->verbose)
			fail_msg("%s: %s %s", c->name, in.command->name, left);
		assert_null(in.argv[in.argc]);
	}
}

struct bad_case {
	const char *name;
	const char *args[ARGS_MAX];
	const char *message;
};

/* clang-format off */
static const struct bad_case bad_cases[] = {
	{ "an option of the shell", { "-k", "list" }, "error: unknown option '-k'\n" },
	{ "typo in a command", { "chekc" }, "error: unknown command 'chekc'\n  help: did you mean 'check'?\n" },
	{ "a verb as command", { "allow" }, "error: unknown command 'allow'\n  help: write 'bpffw add allow ...'\n" },
	{ "escapes in it", { "\033[2J" }, "error: unknown command '\\x1b[2J'\n  help: 'bpffw help' lists the commands\n" },
	{ "typo in an option", { "list", "--jsno" }, "error: unknown option '--jsno'\n  help: did you mean '--json'?\n" },
	{ "typo in the command's own", { "check", "--strcit" }, "error: unknown option '--strcit'\n  help: did you mean '--strict'?\n" },
	{ "another command's option", { "list", "--strict" }, "error: unknown option '--strict'\n" },
	{ "iptables habit", { "add", "-A", "INPUT" }, "error: unknown option '-A'\n  help: rules have no options: write 'allow tcp dport 22'\n" },
	{ "value missing", { "list", "--bpffs" }, "error: option '--bpffs' needs a value: DIR\n" },
	{ "value of a flag", { "list", "--json=1" }, "error: option '--json' takes no value\n" },
	{ "wrong value", { "check", "--dump=ats" }, "error: 'ats' is no value for '--dump': ast|rules|cubes|forest|stats|bpf\n" },
	{ "empty value", { "list", "--bpffs=" }, "error: '' is no value for '--bpffs': DIR\n" },
	{ "as JSON", { "--json", "lsit" }, "{\"schema\":\"bpffw.error/1\",\"errors\":[{\"file\":null,\"line\":null,\"col\":null,\"end_col\":null,\"code\":null,\"severity\":\"error\",\"message\":\"unknown command 'lsit'\",\"help\":\"did you mean 'list'?\"}]}\n" },
};
/* clang-format on */

static void test_refused(void **state)
{
	for (size_t i = 0; i < sizeof(bad_cases) / sizeof(*bad_cases); i++) {
		const struct bad_case *c = &bad_cases[i];
		char *storage[ARGS_MAX + 1] = { 0 }, message[512];
		struct invocation in;

		if (parse(c->args, storage, &in, message, sizeof(message)))
			fail_msg("%s: accepted", c->name);
		if (strcmp(message, c->message) != 0)
			fail_msg("%s:\n%s", c->name, message);
	}
}

static void test_values(void **state)
{
	static const char *const args[] = { "apply",   "--confirm", "f.fw", "--state-dir=/s",
					    "--color", "never",     NULL };
	char *storage[ARGS_MAX + 1] = { 0 }, message[512];
	struct invocation in;

	assert_true(parse(args, storage, &in, message, sizeof(message)));
	assert_string_equal(opt_value(&in, "confirm"), "");
	assert_null(opt_value(&in, "force"));
	assert_string_equal(in.argv[0], "f.fw");
	assert_string_equal(in.paths.state_dir, "/s");
	assert_int_equal(in.color, COLOR_NEVER);
}

/* An option beats the environment, the environment the built-in path; empty is not set. */
static void test_environment(void **state)
{
	static const char *const args[] = { "list", "--run-dir=/option", NULL };
	char *storage[ARGS_MAX + 1] = { 0 }, message[512];
	struct invocation in;

	setenv("BPFFW_RUN_DIR", "/environment", 1);
	setenv("BPFFW_BPFFS", "/environment", 1);
	setenv("BPFFW_STATE_DIR", "", 1);
	assert_true(parse(args, storage, &in, message, sizeof(message)));
	assert_string_equal(in.paths.run_dir, "/option");
	assert_string_equal(in.paths.bpffs, "/environment");
	assert_string_equal(in.paths.state_dir, "/var/lib/bpffw");
	assert_string_equal(in.paths.rules, "/etc/bpffw/rules.fw");
}

/* A line of the shell: how the shell was called holds unless the line says otherwise. */
static void test_in_shell(void **state)
{
	static char *const shell[] = { "bpffw",          "--json",         "-v",
				       "--state-dir=/s", "--color=always", "shell" };
	static char *const line[] = { "bpffw", "list", "--color=never", "--run-dir", "/r" };
	static char *const own[] = { "bpffw", "list", "-k" };
	char *storage[2][ARGS_MAX + 1] = { 0 };
	struct invocation outer, in;

	assert_true(opt_parse(6, shell, storage[0], &outer));
	assert_true(opt_parse_in(&outer, 5, line, storage[1], &in));
	assert_string_equal(in.command->name, "list");
	assert_true(in.json && in.verbose && !in.quiet);
	assert_int_equal(in.color, COLOR_NEVER);
	assert_string_equal(in.paths.state_dir, "/s");
	assert_string_equal(in.paths.run_dir, "/r");
	outer.silent = true;
	assert_false(opt_parse_words(&outer, 3, own, storage[1], &in));
	assert_null(in.wants);
}

/* What is being completed: an option without its value is named, nothing is printed. */
static void test_words(void **state)
{
	static char *const value[] = { "bpffw", "check", "--dump" };
	static char *const nothing[] = { "bpffw", "--json" };
	char *storage[ARGS_MAX + 1] = { 0 };
	struct invocation in;

	assert_false(opt_parse_words(NULL, 3, value, storage, &in));
	assert_string_equal(in.wants->name, "dump");
	assert_true(opt_parse_words(NULL, 2, nothing, storage, &in));
	assert_null(in.command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_values),   cmocka_unit_test(test_environment),
		cmocka_unit_test(test_in_shell), cmocka_unit_test(test_words),
	};

	setenv("TERM", "dumb", 1);
	unsetenv("BPFFW_RULES");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
