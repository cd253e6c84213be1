/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arguments in one walk: what is an option is taken out, what is left is the command's. */
#include "bpffw/opt.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpffw/command.h"
#include "bpffw/ui/report.h"
#include "compiler/lang/clause.h"

enum global {
	OPT_JSON,
	OPT_COLOR,
	OPT_QUIET,
	OPT_VERBOSE,
	OPT_STATE,
	OPT_BPFFS,
	OPT_RUN,
	OPT_HELP,
	OPT_VERSION,
	GLOBALS
};

/* clang-format off */
const struct option_row opt_globals[] = {
	[OPT_JSON]    = { .name = "json", .help = "one JSON object instead of text" },
	[OPT_COLOR]   = { .name = "color", .value = "auto|always|never", .help = "colour words" },
	[OPT_QUIET]   = { .name = "quiet", .letter = 'q', .help = "say nothing but errors" },
	[OPT_VERBOSE] = { .name = "verbose", .letter = 'v', .help = "exact numbers, more lines" },
	[OPT_STATE]   = { .name = "state-dir", .value = "DIR", .help = "history (BPFFW_STATE_DIR)" },
	[OPT_BPFFS]   = { .name = "bpffs", .value = "DIR", .help = "pinned objects (BPFFW_BPFFS)" },
	[OPT_RUN]     = { .name = "run-dir", .value = "DIR", .help = "the lock (BPFFW_RUN_DIR)" },
	[OPT_HELP]    = { .name = "help", .letter = 'h', .help = "the same as 'bpffw help'" },
	[OPT_VERSION] = { .name = "version", .help = "the same as 'bpffw version'" },
	[GLOBALS]     = { 0 },
};
/* clang-format on */

/* One walk over the arguments. */
struct walk {
	struct invocation *in;
	const struct invocation *outer; /* the shell; NULL: the command line */
	char *const *argv;
	int argc, at;
	const char *global_values[GLOBALS];
	const char *shell_option; /* an option of the shell, when no command is named yet */
};

struct found {
	const struct option_row *row;
	const char **value;
};

static struct found row_find(const struct option_row *rows, const char **values, struct str name,
			     char letter)
{
	for (int i = 0; rows && rows[i].name; i++)
		if (letter ? rows[i].letter == letter : str_is(name, rows[i].name))
			return (struct found){ &rows[i], &values[i] };
	return (struct found){ 0 };
}

static struct found option_find(struct walk *w, struct str name, char letter)
{
	const struct option_row *own = w->in->command ? w->in->command->opts
				       : w->outer     ? NULL
						      : cmd_shell.opts;
	struct found found = row_find(own, w->in->opt_values, name, letter);

	if (found.row && !w->in->command)
		w->shell_option = w->argv[w->at - 1];
	return found.row ? found : row_find(opt_globals, w->global_values, name, letter);
}

static bool unknown_option(const struct walk *w, const char *arg, struct str name)
{
	const struct option_row *own = w->in->command ? w->in->command->opts : NULL;
	bool is_language = w->in->command && (w->in->command->flags & CMD_LANGUAGE);
	_cleanup_arena_ struct arena *arena = arena_new();
	struct str_nearest nearest = { .word = name };
	const char *help = NULL;

	for (int i = 0; own && own[i].name; i++)
		str_nearest_offer(&nearest, str_of(own[i].name));
	for (int i = 0; opt_globals[i].name; i++)
		str_nearest_offer(&nearest, str_of(opt_globals[i].name));
	if (nearest.best.s)
		help = arena_printf(arena, "did you mean '--" STR_FMT "'?", STR_ARG(nearest.best));
	else if (is_language)
		help = "rules have no options: write 'allow tcp dport 22'";
	report_error(w->in, EXIT_USAGE, help, "unknown option '%s'", arg);
	return false;
}

/* @choices: "auto|always|never"; upper case: any value. */
static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	if (*choices >= 'A' && *choices <= 'Z')
		return len > 0;
	while (*choices) {
		size_t n = strcspn(choices, "|");

		if (n == len && memcmp(choices, value, n) == 0)
			return true;
		choices += n + (choices[n] == '|');
	}
	return false;
}

/* @inline_value: behind '=', NULL: none. */
static bool take_option(struct walk *w, struct found found, const char *inline_value)
{
	const struct option_row *row = found.row;
	const char *value = inline_value ? inline_value : "";

	if (!row->value && inline_value) {
		report_error(w->in, EXIT_USAGE, NULL, "option '--%s' takes no value", row->name);
		return false;
	}
	if (row->value && !row->optional && !inline_value) {
		if (w->at >= w->argc) {
			w->in->wants = row;
			report_error(w->in, EXIT_USAGE, NULL, "option '--%s' needs a value: %s",
				     row->name, row->value);
			return false;
		}
		value = w->argv[w->at++];
	}
	if (row->value && !(row->optional && !inline_value) && !is_choice(row->value, value)) {
		report_error(w->in, EXIT_USAGE, NULL, "'%s' is no value for '--%s': %s", value,
			     row->name, row->value);
		return false;
	}
	*found.value = value;
	return true;
}

/* -x, or several letters of flags in one. */
static bool take_letters(struct walk *w, const char *arg)
{
	for (const char *letter = arg + 1; *letter; letter++) {
		struct found found = option_find(w, (struct str){ 0 }, *letter);

		if (!found.row)
			return unknown_option(w, arg, str_of(arg + 1));
		if (!take_option(w, found, NULL))
			return false;
	}
	return true;
}

static bool take_word(struct walk *w, const char *arg)
{
	const char *equal = strchr(arg, '=');
	struct str name = { arg + 2, (uint32_t)(equal ? equal - arg - 2 : (long)strlen(arg + 2)) };
	struct found found = option_find(w, name, 0);

	if (!found.row)
		return unknown_option(w, arg, name);
	return take_option(w, found, equal ? equal + 1 : NULL);
}

/* What other tools call it. */
static const struct {
	const char *word, *help;
} habits[] = {
	{ "show", "write 'bpffw list'" },
	{ "ls", "write 'bpffw list'" },
	{ "flush", "write 'bpffw panic open', which filters nothing" },
	{ "stop", "write 'bpffw panic open', which filters nothing" },
	{ "start", "write 'bpffw apply'" },
	{ "load", "write 'bpffw apply FILE'" },
	{ "restore", "write 'bpffw apply FILE'" },
	{ "reload", "write 'bpffw apply'" },
	{ "delete", "write 'bpffw del RULE'" },
	{ "insert", "write 'bpffw add before RULE ...'" },
	{ "append", "write 'bpffw add ...'" },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *habit_help(const char *name)
{
	for (size_t i = 0; i < COUNT(habits); i++)
		if (strcmp(habits[i].word, name) == 0)
			return habits[i].help;
	return NULL;
}

static bool unknown_command(const struct walk *w, const char *name)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct str_nearest nearest = { .word = str_of(name) };
	const char *help = "'bpffw help' lists the commands";
	const struct action *verb = action_find(str_of(name));

	for (const struct command *const *c = commands; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			str_nearest_offer(&nearest, str_of((*c)->name));
	if (habit_help(name))
		help = habit_help(name);
	else if (nearest.best.s)
		help = arena_printf(arena, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	else if (verb && verb->is_verb)
		help = arena_printf(arena, "write 'bpffw add %s ...'", name);
	report_error(w->in, EXIT_USAGE, help, "unknown command '%s'", name);
	return false;
}

/* Where rule text is wanted (`comment "-x"`) the argument is that text, whatever it looks like. */
static bool wants_text(const struct invocation *in, const char *before)
{
	const struct clause *clause;

	if (!in->command || !(in->command->flags & CMD_LANGUAGE) || !in->argc)
		return false;
	clause = clause_find(str_of(before));
	return clause && clause->syntax == SYNTAX_TEXT;
}

/* `bpffw -k` is the shell's; `bpffw -k list` is nobody's. */
static bool take_command(struct walk *w, const char *name)
{
	w->in->command = command_find(name);
	if (!w->in->command)
		return unknown_command(w, name);
	if (!w->shell_option || w->in->command == &cmd_shell)
		return true;
	return unknown_option(w, w->shell_option, str_of(w->shell_option));
}

static bool walk_arguments(struct walk *w, char **ret_argv)
{
	struct invocation *in = w->in;
	bool options_end = false;

	while (w->at < w->argc) {
		const char *arg = w->argv[w->at];
		bool is_option = arg[0] == '-' && arg[1] && !options_end &&
				 !wants_text(in, w->argv[w->at - 1]);

		w->at++;
		if (is_option && strcmp(arg, "--") == 0) {
			options_end = true;
		} else if (is_option) {
			if (!(arg[1] == '-' ? take_word(w, arg) : take_letters(w, arg)))
				return false;
		} else if (!in->command) {
			if (!take_command(w, arg))
				return false;
		} else {
			ret_argv[in->argc++] = (char *)arg;
		}
	}
	return true;
}

static const char *from_environment(const char *name, const char *otherwise)
{
	const char *env = getenv(name);

	return env && *env ? env : otherwise;
}

/* The timer of a confirmation, for one, works from another directory. */
static const char *absolute(const char *path, char room[PATH_MAX])
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)) ||
	    snprintf(room, PATH_MAX, "%s/%s", cwd, path) >= PATH_MAX)
		return path;
	return room;
}

static struct paths default_paths(void)
{
	return (struct paths){
		.state_dir = from_environment("BPFFW_STATE_DIR", "/var/lib/bpffw"),
		.bpffs = from_environment("BPFFW_BPFFS", "/sys/fs/bpf/bpffw"),
		.run_dir = from_environment("BPFFW_RUN_DIR", "/run/bpffw"),
		.rules = from_environment("BPFFW_RULES", "/etc/bpffw/rules.fw"),
	};
}

static void settle(struct walk *w)
{
	struct invocation *in = w->in;
	const char *color = w->global_values[OPT_COLOR];

	in->json = w->global_values[OPT_JSON] || (w->outer && w->outer->json);
	in->quiet |= w->global_values[OPT_QUIET] != NULL;
	in->verbose |= w->global_values[OPT_VERBOSE] != NULL;
	if (color)
		in->color = strcmp(color, "always") == 0  ? COLOR_ALWAYS
			    : strcmp(color, "never") == 0 ? COLOR_NEVER
							  : COLOR_AUTO;
	if (w->global_values[OPT_STATE])
		in->paths.state_dir = w->global_values[OPT_STATE];
	if (w->global_values[OPT_BPFFS])
		in->paths.bpffs = w->global_values[OPT_BPFFS];
	if (w->global_values[OPT_RUN])
		in->paths.run_dir = w->global_values[OPT_RUN];
	in->paths.state_dir = absolute(in->paths.state_dir, in->room[0]);
	in->paths.bpffs = absolute(in->paths.bpffs, in->room[1]);
	in->paths.run_dir = absolute(in->paths.run_dir, in->room[2]);
}

/* `bpffw --help`, `bpffw add --help`: as `bpffw help add`. */
static void redirect(struct walk *w, const char *name, char **argv)
{
	struct invocation *in = w->in;

	in->argc = 0;
	if (in->command && strcmp(name, "help") == 0)
		argv[in->argc++] = (char *)in->command->name;
	argv[in->argc] = NULL;
	in->command = command_find(name);
}

const char *opt_value(const struct invocation *in, const char *name)
{
	const struct option_row *rows = in->command->opts;

	for (int i = 0; rows && rows[i].name; i++)
		if (strcmp(rows[i].name, name) == 0)
			return in->opt_values[i];
	return NULL;
}

/* Known before the walk, so that its own messages keep to it. */
static bool wants_json(int argc, char *const argv[])
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static void inherit(const struct invocation *outer, struct invocation *in)
{
	in->paths = outer->paths;
	in->json |= outer->json;
	in->quiet = outer->quiet;
	in->verbose = outer->verbose;
	in->color = outer->color;
	in->batch = outer->batch;
}

static bool parse(struct walk *w, char **ret_argv)
{
	struct invocation *in = w->in;

	in->argv = ret_argv;
	in->paths = default_paths();
	in->json = wants_json(w->argc, w->argv);
	if (w->outer)
		inherit(w->outer, in);
	if (!walk_arguments(w, ret_argv))
		return false;
	ret_argv[in->argc] = NULL;
	settle(w);
	return true;
}

bool opt_parse(int argc, char *const argv[], char **ret_argv, struct invocation *ret_in)
{
	return opt_parse_in(NULL, argc, argv, ret_argv, ret_in);
}

bool opt_parse_in(const struct invocation *outer, int argc, char *const argv[], char **ret_argv,
		  struct invocation *ret_in)
{
	struct walk w = { .in = ret_in, .outer = outer, .argv = argv, .argc = argc, .at = 1 };

	*ret_in = (struct invocation){ 0 };
	if (!parse(&w, ret_argv))
		return false;
	if (w.global_values[OPT_VERSION])
		redirect(&w, "version", ret_argv);
	else if (w.global_values[OPT_HELP])
		redirect(&w, "help", ret_argv);
	if (!ret_in->command)
		ret_in->command = &cmd_shell;
	return true;
}

bool opt_parse_words(const struct invocation *outer, int argc, char *const argv[], char **ret_argv,
		     struct invocation *ret_in)
{
	struct walk w = { .in = ret_in, .outer = outer, .argv = argv, .argc = argc, .at = 1 };

	*ret_in = (struct invocation){ .silent = true };
	return parse(&w, ret_argv);
}
