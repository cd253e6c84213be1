/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `cli` cases of golden.c: the real binary, in an empty folder, as a user without privileges.
 */
#ifndef GOLDEN_CLI_H
#define GOLDEN_CLI_H

#define NOBODY 65534

/* Write the case's files, folders included, below the current folder. */
static void cli_files(struct test *t)
{
	vec_for_each(line, &t->lines) {
		char *name;
		FILE *f;

		if (!str_is(line->word, "file"))
			continue;
		name = arena_strndup(t->arena, file_name(line).s, file_name(line).len);
		for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			mkdir(name, 0755);
			*slash = '/';
		}
		f = fopen(name, "we");
		if (!f || fwrite(line->block.s, 1, line->block.len, f) != line->block.len)
			complain(t, line, "cannot write %s", name);
		if (f)
			fclose(f);
	}
}

/* Words parted by blanks; single quotes group. */
static int cli_words(struct test *t, struct str text, char **ret_argv, int max)
{
	int n = 0;

	while (text.len && n < max - 1) {
		struct buf word = { .arena = t->arena };
		bool quoted = false;

		buf_puts(&word, "");
		for (; text.len && (quoted || *text.s != ' '); text.s++, text.len--) {
			if (*text.s == '\'')
				quoted = !quoted;
			else
				buf_add(&word, (struct str){ text.s, 1 });
		}
		ret_argv[n++] = (char *)buf_text(&word);
		while (text.len && *text.s == ' ')
			text.s++, text.len--;
	}
	ret_argv[n] = NULL;
	return n;
}

static void cli_child(struct test *t, int binary, char **argv)
{
	static char *const env[] = { "PATH=/usr/bin:/bin",    "TERM=dumb",
				     "BPFFW_STATE_DIR=state", "BPFFW_RUN_DIR=run",
				     "BPFFW_RULES=rules.fw",  NULL };
	int in = open("stdin", O_RDONLY | O_CLOEXEC), out = open("out", O_WRONLY | O_CREAT, 0600);
	int err = open("err", O_WRONLY | O_CREAT, 0600);

	dup2(in < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	if (getuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
		_exit(126);
	fexecve(binary, argv, env);
	_exit(127);
}

static struct str cli_read(struct test *t, const char *name)
{
	FILE *f = fopen(name, "re");
	struct buf text = { .arena = t->arena };
	char part[4096];
	size_t n;

	while (f && (n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&text, (struct str){ part, (uint32_t)n });
	if (f)
		fclose(f);
	return (struct str){ text.data, text.len };
}

static void cli_compare(struct test *t, const char *word)
{
	const struct line *line = line_find(t, word);
	struct str wanted = line ? line->block : (struct str){ 0 };
	struct str text = cli_read(t, word);

	if (line && str_is(line->rest, "*"))
		return;
	if (!str_eq(text, wanted))
		complain(t, line, "%s is:\n" STR_FMT "--- not:\n" STR_FMT "---", word,
			 STR_ARG(text), STR_ARG(wanted));
}

static void run_cli(struct test *t)
{
	const struct line *cli = line_find(t, "cli"), *in = line_find(t, "stdin");
	const struct line *code = line_find(t, "exit");
	char folder[] = "/tmp/bpffw-golden-XXXXXX", *argv[64];
	const char *output = getenv("O");
	uint64_t wanted = 0;
	int binary, home, status;
	char *path = arena_printf(t->arena, "%s/bpffw", output ? output : "build");
	pid_t child;

	binary = open(path, O_RDONLY);
	home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (binary < 0 || !mkdtemp(folder) || chdir(folder) < 0 ||
	    (getuid() == 0 && chown(folder, NOBODY, NOBODY) < 0)) {
		complain(t, cli, "cannot set up: %s: %s", path, strerror(errno));
		return;
	}
	cli_files(t);
	if (in) {
		FILE *f = fopen("stdin", "we");

		fwrite(in->block.s, 1, in->block.len, f);
		fclose(f);
	}
	cli_words(t, cli->rest, argv, 64);
	fflush(stdout);
	child = fork();
	if (!child)
		cli_child(t, binary, argv);
	waitpid(child, &status, 0);
	if (code && !packet_number(code->rest, &wanted))
		complain(t, code, "not a number");
	if (!WIFEXITED(status) || (uint64_t)WEXITSTATUS(status) != wanted)
		complain(t, cli, "exit code is %d, signal %d", WEXITSTATUS(status),
			 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	cli_compare(t, "out");
	cli_compare(t, "err");
	if (fchdir(home) == 0) {
		char *remove = arena_printf(t->arena, "rm -rf %s", folder);

		if (system(remove) != 0)
			complain(t, cli, "%s failed", remove);
	}
	close(home);
	close(binary);
}

#endif
