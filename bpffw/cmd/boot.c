/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/boot.h"

#include <stdio.h>
#include <syslog.h>

#include "bpffw/cmd/edit.h"
#include "bpffw/cmd/files.h"
#include "bpffw/runtime/lists.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/sema.h"

#define MINIMAL     "boot: minimal ruleset"
#define SSHD_CONFIG "/etc/ssh/sshd_config"
#define SSH_PORT    22
#define LIST_ROUNDS 64 /* broken list files found one after another */

static void announce(int priority, const char *text)
{
	fprintf(stderr, "bpffw: %s\n", text);
	openlog("bpffw", LOG_PID, LOG_DAEMON);
	syslog(priority, "%s", text);
	closelog();
}

/* ---- what was kept ---- */

/* Ran, and nobody minded. */
static bool is_candidate(const struct gen_info *info)
{
	return info->when && !info->rolled_back && !info->confirm && !generation_is_panic(info) &&
	       !str_starts(info->how, STR(MINIMAL));
}

static bool read_kept(struct session *s, uint32_t number, struct generation *ret_gen)
{
	if (number && store_generation(s->store, s->ds, &s->env, number, ret_gen, &s->f) == 0)
		return true;
	failure_clear(&s->f);
	return false;
}

/* The last good generation that can be read back, else the newest that can. */
static bool find_kept(struct session *s, struct generation *ret_gen)
{
	struct gen_info *infos;
	uint32_t n;

	if (read_kept(s, store_last_good(s->store), ret_gen))
		return true;
	if (store_history(s->store, s->arena, &infos, &n, &s->f) < 0) {
		failure_clear(&s->f);
		return false;
	}
	for (uint32_t i = 0; i < n; i++)
		if (is_candidate(&infos[i]) && read_kept(s, infos[i].number, ret_gen))
			return true;
	return false;
}

static enum exit_code print_live(struct session *s, const struct change_result *result,
				 const char *what)
{
	struct buf out = { .arena = s->arena };

	buf_printf(&out, "boot: %s is generation %u on ", what, result->generation);
	attached_print(&out, result->attached.data, result->attached.len);
	buf_puts(&out, "\n");
	say(s, &out);
	report_diags(s->in, s->ds);
	return EXIT_DONE;
}

/* ---- the rule file ---- */

/* A list file with a mistake: its copy serves. Return: there was one. */
static bool rescue_lists(struct session *s, struct lists_io *lists, uint32_t first_diag)
{
	bool found = false;

	for (uint32_t i = first_diag; i < s->ds->list.len; i++) {
		const struct diag *d = &s->ds->list.data[i];
		struct str text = s->ds->sources.data[d->span.source].text;

		if (d->code == E182)
			found |= lists_rescue_text(lists, text, d->message);
	}
	return found;
}

/* Which lists are broken is known when the ruleset was resolved without them. */
static void check_lists(struct session *s, const struct ast *ast, struct lists_io *lists)
{
	uint32_t n_diags = s->ds->list.len, n_warnings = s->ds->n_warnings;
	const struct io *host = s->env.io;
	bool again = true;

	s->env.io = &lists->io;
	for (int round = 0; again && round < LIST_ROUNDS; round++) {
		lists->read.len = 0;
		sema_ruleset(s->ds, ast, &s->env);
		again = s->ds->n_errors && rescue_lists(s, lists, n_diags);
		s->ds->list.len = n_diags;
		s->ds->n_errors = 0;
		s->ds->n_warnings = n_warnings;
	}
	s->env.io = host;
}

static enum exit_code boot_file(const struct invocation *in, const char *file)
{
	_cleanup_session_ struct session s;
	struct change change = { .how = "boot", .force = true, .lenient = true };
	struct change_result result = { 0 };
	struct generation old = { 0 };
	struct lists_io *lists;
	enum exit_code code;
	uint32_t source;
	bool have_old;

	session_start(&s, in);
	code = session_store(&s, STORE_WRITE);
	if (code)
		return code;
	/* Rules keep their ids over a reboot. */
	have_old = find_kept(&s, &old);
	code = session_source(&s, file, &source);
	if (code)
		return code;
	change.ast = parse_file(s.ds, &host_io, source);
	if (s.ds->n_errors)
		return session_refused(&s, file);
	lists = lists_open(s.arena, &host_io, s.store, NULL);
	lists->boot = true;
	check_lists(&s, change.ast, lists);
	change.io = &lists->io;
	files_of_ast(&s, change.ast, &change);
	change.saved = file_is_same(s.arena, file, in->paths.rules);
	s.env.check_present = true;
	if (commit_change(&s, &change, have_old ? &old : NULL, &result) < 0)
		return session_refused(&s, file);
	lists_warn(lists, s.ds);
	return print_live(&s, &result, file);
}

/* ---- without it ---- */

static enum exit_code boot_kept(const struct invocation *in, const char *file)
{
	_cleanup_session_ struct session s;
	struct change change = { .force = true, .lenient = true };
	struct change_result result = { 0 };
	struct generation old = { 0 };
	enum exit_code code;
	struct buf when;

	session_start(&s, in);
	code = session_store(&s, STORE_WRITE);
	if (code)
		return code;
	if (!find_kept(&s, &old))
		return EXIT_ABSENT;
	change.ast = old.ast;
	change.io = old.io;
	change.how = arena_printf(s.arena, "boot: last good generation %u", old.info.number);
	if (commit_change(&s, &change, &old, &result) < 0)
		return session_failed(&s);
	when = (struct buf){ .arena = s.arena };
	text_time(&when, old.info.when);
	s.ds->list.len = 0;
	print_live(&s, &result, change.how + strlen("boot: "));
	announce(LOG_ERR, arena_printf(s.arena,
				       "%s does not load: the last good generation %u of %s runs; "
				       "mend the file, then 'bpffw apply'",
				       file, old.info.number, buf_text(&when)));
	return EXIT_DONE;
}

/* Those of the file as far as it can be read, those of a kept generation, or all but lo. */
static void put_interfaces(struct session *s, const char *file, struct buf *text)
{
	static const char *const modes[] = { "auto", "native", "generic" };
	struct diags *ds = diags_new(s->arena);
	struct generation old = { 0 };
	struct ruleset *rs = NULL;
	struct str bytes;

	if (!host_io.read(host_io.ctx, s->arena, file, &bytes))
		rs = sema_ruleset(
			ds,
			parse_file(ds, &host_io,
				   diag_source(ds, str_of(file), bytes, (struct span){ 0 })),
			&s->env);
	if ((!rs || !rs->interfaces.len) && find_kept(s, &old))
		rs = old.rs;
	if (!rs || !rs->interfaces.len) {
		buf_puts(text, "interface \"[!l]*\", \"l\", \"l[!o]*\", \"lo?*\"\n");
		return;
	}
	vec_for_each(iface, &rs->interfaces)
		buf_printf(text, "interface \"" STR_FMT "\" mode %s\n", STR_ARG(iface->name),
			   modes[iface->mode]);
}

/* Every `Port` of sshd, else 22. */
static void put_ssh(struct buf *text)
{
	FILE *config = fopen(SSHD_CONFIG, "re");
	unsigned int port, n = 0;
	char line[512];

	buf_puts(text, "allow tcp dport ");
	while (config && fgets(line, sizeof(line), config)) {
		if (sscanf(line, " Port %u", &port) == 1 && port && port <= UINT16_MAX)
			buf_printf(text, n++ ? ",%u" : "%u", port);
	}
	if (config)
		fclose(config);
	if (!n)
		buf_printf(text, "%u", SSH_PORT);
	buf_puts(text, " name ssh\n");
}

static enum exit_code boot_minimal(const struct invocation *in, const char *file, bool established)
{
	_cleanup_session_ struct session s;
	struct change change = { .how = MINIMAL, .force = true, .lenient = true };
	struct change_result result = { 0 };
	enum exit_code code;
	struct buf text;

	session_start(&s, in);
	code = session_store(&s, STORE_WRITE);
	if (code)
		return code;
	text = (struct buf){ .arena = s.arena };
	buf_puts(&text, "version 1\ndefault drop\n");
	put_interfaces(&s, file, &text);
	if (established)
		buf_puts(&text, "allow established\n");
	put_ssh(&text);
	change.ast = parse_file(s.ds, &io_none,
				diag_source(s.ds, STR("minimal ruleset"), str_of(buf_text(&text)),
					    (struct span){ 0 }));
	if (commit_change(&s, &change, NULL, &result) < 0)
		return session_failed(&s);
	s.ds->list.len = 0;
	print_live(&s, &result, "the minimal ruleset");
	announce(LOG_ALERT,
		 arena_printf(s.arena,
			      "neither %s nor a kept generation loads: only essential "
			      "traffic%s and ssh pass; mend the file, then 'bpffw apply'",
			      file, established ? ", replies" : ""));
	return EXIT_DONE;
}

enum exit_code boot(const struct invocation *in, const char *file)
{
	if (boot_file(in, file) == EXIT_DONE || boot_kept(in, file) == EXIT_DONE)
		return EXIT_DONE;
	/* Where replies cannot be tracked, ssh alone is better than nothing at all. */
	if (boot_minimal(in, file, true) != EXIT_DONE && boot_minimal(in, file, false) != EXIT_DONE)
		announce(LOG_EMERG, "no ruleset loads: NOTHING IS FILTERED");
	return EXIT_SYSTEM;
}
