/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/common.h"

#include <errno.h>
#include <unistd.h>

#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/sessions.h"
#include "bpffw/ui/text.h"

/* Of reading a generation that is replaced meanwhile. */
#define TRIES_MAX 10

void session_start(struct session *s, const struct invocation *in)
{
	*s = (struct session){ .in = in, .arena = arena_new() };
	s->ds = diags_new(s->arena);
	s->env = host_env(s->arena);
}

void session_end(struct session *s)
{
	if (s->store)
		store_close(s->store);
	failure_clear(&s->f);
	arena_free(s->arena);
}

/* Only failed expectations are a refusal; anything else is a mistake in the rules. */
static enum exit_code diags_exit(const struct diags *ds)
{
	vec_for_each(d, &ds->list)
		if (d->severity == SEVERITY_ERROR && d->code != E183)
			return EXIT_USAGE;
	return EXIT_REFUSED;
}

enum exit_code session_failed(struct session *s)
{
	if (s->ds->n_errors) {
		report_diags(s->in, s->ds);
		return diags_exit(s->ds);
	}
	/* One JSON object tells one story. */
	if (!s->in->json)
		report_diags(s->in, s->ds);
	return report_failure(s->in, &s->f);
}

static void write_note(const struct session *s, const struct buf *text)
{
	if (!s->in->json && !s->in->quiet)
		fwrite(text->data, 1, text->len, stderr);
}

enum exit_code session_refused(struct session *s, const char *file)
{
	struct buf name = { .arena = s->arena }, note = { .arena = s->arena };
	enum exit_code code;

	text_escape(&name, str_of(file));
	buf_puts(&name, ": ");
	if (!s->ds->n_errors) {
		if (!s->in->json)
			report_diags(s->in, s->ds);
		if (str_starts(str_of(s->f.what), STR("refused: ")))
			write_note(s, &name);
		code = report_failure(s->in, &s->f);
		buf_puts(&note, "nothing was changed\n");
	} else {
		code = session_failed(s);
		buf_puts(&note, buf_text(&name));
		text_count(&note, s->ds->n_errors, "error");
		if (s->ds->n_warnings) {
			buf_puts(&note, ", ");
			text_count(&note, s->ds->n_warnings, "warning");
		}
		buf_puts(&note, "; nothing was changed\n");
	}
	write_note(s, &note);
	return code;
}

/* Its timer was killed: whoever comes next does its work. */
static enum exit_code settle_overdue(struct session *s, enum store_mode mode)
{
	struct pending p;
	enum exit_code code;
	int ret;

	if (!confirm_read(&s->in->paths, &p) || !confirm_overdue(&p))
		return EXIT_DONE;
	ret = confirm_roll_back(&s->in->paths, &p, &s->f);
	if (ret == 0)
		return EXIT_DONE;
	if (ret < 0) {
		report_error(s->in, EXIT_SYSTEM, "'bpffw confirm' keeps it, 'bpffw apply' follows",
			     "generation %u was not confirmed within %u s, and cannot be rolled "
			     "back: %s",
			     p.generation, p.seconds, s->f.what);
		failure_clear(&s->f);
		return EXIT_DONE;
	}
	code = report_error(s->in, EXIT_ROLLED_BACK,
			    mode == STORE_WRITE ? "nothing else was changed: run it again" : NULL,
			    "generation %u was not confirmed within %u s and its timer is gone: "
			    "rolled back to generation %u now",
			    p.generation, p.seconds, p.previous);
	return mode == STORE_WRITE ? code : EXIT_DONE;
}

enum exit_code session_store(struct session *s, enum store_mode mode)
{
	enum exit_code code = settle_overdue(s, mode);

	if (code)
		return code;
	if (mode == STORE_WRITE)
		sessions_find(s->arena, &s->env);
	if (store_open(&s->in->paths, mode, &s->store, &s->f) == 0)
		return EXIT_DONE;
	s->store = NULL;
	return report_failure(s->in, &s->f);
}

enum exit_code session_running(struct session *s, struct generation *ret_gen)
{
	uint32_t number = store_running(s->store);

	if (!number)
		return report_error(s->in, EXIT_ABSENT, "'bpffw apply FILE' starts one",
				    "no ruleset is running: nothing is filtered");
	if (store_generation(s->store, s->ds, &s->env, number, ret_gen, &s->f) < 0)
		return session_failed(s);
	return EXIT_DONE;
}

enum exit_code session_totals(struct session *s, struct generation *ret_gen,
			      struct totals *ret_totals)
{
	enum exit_code code = EXIT_DONE;

	for (unsigned int tries = 0;; tries++) {
		if (!s->store)
			code = session_store(s, STORE_READ);
		if (!code)
			code = session_running(s, ret_gen);
		if (code)
			return code;
		if (store_totals(s->store, s->arena, ret_totals, &s->f) == 0)
			return EXIT_DONE;
		if (tries == TRIES_MAX || !store_is_stale(s->store))
			return session_failed(s);
		failure_clear(&s->f);
		store_close(s->store);
		s->store = NULL;
	}
}

bool generation_is_panic(const struct gen_info *info)
{
	return str_starts(info->how, STR("panic closed"));
}

static const char *read_stdin(struct arena *arena, struct str *ret_text)
{
	struct buf text = { .arena = arena };
	char block[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strerror(errno);
		if ((uint64_t)text.len + (uint64_t)n > HOST_FILE_MAX)
			return "is larger than 64 MB";
		buf_add(&text, (struct str){ block, (uint32_t)n });
	}
	*ret_text = (struct str){ buf_text(&text), text.len };
	return NULL;
}

enum exit_code session_source(struct session *s, const char *path, uint32_t *ret_source)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct str text = { 0 };
	const char *why = is_stdin ? read_stdin(s->arena, &text)
				   : host_io.read(host_io.ctx, s->arena, path, &text);

	if (why) {
		diag_error(s->ds, (struct span){ 0 }, E004, "%s: %s", path, why);
		return session_failed(s);
	}
	*ret_source = diag_source(s->ds, str_of(path), text, (struct span){ 0 });
	return EXIT_DONE;
}

const char *session_file(const struct invocation *in)
{
	return in->argc ? in->argv[0] : in->paths.rules;
}

static bool id_parse(struct str ref, uint64_t *ret_id)
{
	return ref.len > 1 && ref.s[0] == 'r' &&
	       num_parse((struct str){ ref.s + 1, ref.len - 1 }, UINT32_MAX, ret_id);
}

/* "no rule", its text made by the caller. The session's own diags are about the ruleset. */
static enum exit_code no_rule(struct session *s, const char *message, const char *help)
{
	struct diags *ds = diags_new(s->arena);

	diag_error(ds, (struct span){ 0 }, E201, "%s", message);
	if (help)
		diag_help(ds, "%s", help);
	report_diags(s->in, ds);
	return EXIT_ABSENT;
}

enum exit_code rule_resolve(struct session *s, const struct ruleset *rs, struct str ref,
			    uint32_t *ret_index)
{
	struct str_nearest nearest = { .word = ref };
	const char *help = NULL, *message;
	uint64_t id = 0;

	id_parse(ref, &id);
	for (uint32_t i = 0; i < rs->rules.len; i++) {
		const struct rule *rule = &rs->rules.data[i];

		if ((id && rule->id == id) || (rule->name.len && str_eq(rule->name, ref))) {
			*ret_index = i;
			return EXIT_DONE;
		}
		if (rule->name.len)
			str_nearest_offer(&nearest, rule->name);
	}
	if (id)
		return no_rule(
			s, arena_printf(s->arena, "no rule has the id '" STR_FMT "'", STR_ARG(ref)),
			"'bpffw list' shows the rules");
	message = arena_printf(s->arena, "no rule named '" STR_FMT "'", STR_ARG(ref));
	if (num_is_number(ref))
		message = arena_printf(
			s->arena, "%s; rules are %s by name or id (r" STR_FMT "), not by position",
			message, strcmp(s->in->command->name, "del") ? "addressed" : "deleted",
			STR_ARG(ref));
	else if (nearest.best.s)
		help = arena_printf(s->arena, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	return no_rule(s, message, help);
}

struct rule **rules_by_id(struct arena *arena, const struct ruleset *rs, uint32_t *ret_n)
{
	struct rule **by_id;
	uint32_t n = 0;

	/* An id from a damaged record has no place: the table would not fit into memory. */
	vec_for_each(rule, &rs->rules)
		n = rule->id >= n && rule->id < RULE_IDS_MAX ? rule->id + 1 : n;
	by_id = arena_new_array(arena, struct rule *, n + 1);
	vec_for_each(rule, &rs->rules)
		if (rule->id < n)
			by_id[rule->id] = rule;
	*ret_n = n;
	return by_id;
}

const char *rule_label(struct arena *arena, const struct rule *rule)
{
	if (!rule->name.len)
		return arena_printf(arena, "r%u", rule->id);
	return arena_printf(arena, "r%u " STR_FMT, rule->id, STR_ARG(rule->name));
}

const char *rule_reference(struct arena *arena, const struct rule *rule)
{
	if (!rule->name.len)
		return arena_printf(arena, "r%u", rule->id);
	return arena_strndup(arena, rule->name.s, rule->name.len);
}

int attached_read(struct session *s, const struct ruleset *rs, struct attached **ret_attached,
		  uint32_t *ret_n)
{
	struct attached *found, *all;
	uint32_t n, total;
	int ret = change_attached(s->store, s->arena, rs, &found, &n, &s->f);

	if (ret < 0)
		return ret;
	total = n;
	all = arena_new_array(s->arena, struct attached, n + rs->interfaces.len + 1);
	if (n)
		memcpy(all, found, n * sizeof(*all));
	vec_for_each(iface, &rs->interfaces) {
		bool known = memchr(iface->name.s, '*', iface->name.len);

		for (uint32_t i = 0; i < total && !known; i++)
			known = str_eq(all[i].name, iface->name) || str_eq(all[i].was, iface->name);
		if (!known)
			all[total++] = (struct attached){ .name = iface->name, .open = true };
	}
	*ret_attached = all;
	*ret_n = total;
	return 0;
}

const char *attached_mode(const struct attached *attached)
{
	if (attached->open)
		return "none";
	return attached->missing ? "missing" : attached->native ? "native" : "generic";
}

void attached_print(struct buf *out, const struct attached *attached, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		buf_puts(out, i ? ", " : "");
		text_escape(out, attached[i].name);
		buf_printf(out, " (%s",
			   attached[i].open ? "NOT ATTACHED" : attached_mode(&attached[i]));
		if (attached[i].was.len) {
			buf_puts(out, ", was ");
			text_escape(out, attached[i].was);
		}
		buf_puts(out, ")");
	}
	if (!n)
		buf_puts(out, "none");
}

void attached_names(struct buf *out, const struct attached *attached, uint32_t n)
{
	unsigned int shown = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (attached[i].missing || attached[i].open)
			continue;
		buf_puts(out, shown++ ? ", " : "");
		text_escape(out, attached[i].name);
	}
	if (!shown)
		buf_puts(out, "no interface");
}

struct counter totals_of(const struct totals *totals, uint32_t slot)
{
	return slot < totals->n ? totals->slot[slot] : (struct counter){ 0 };
}

void put_data(const struct buf *text)
{
	if (text->len)
		fwrite(text->data, 1, text->len, stdout);
}

void say(const struct session *s, const struct buf *text)
{
	if (!s->in->quiet)
		put_data(text);
}
