/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything that `apply` does before it touches an interface. */
#include <stdlib.h>

#include "bpffw/cmd/common.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/progress.h"
#include "bpffw/ui/text.h"
#include "compiler/compile.h"
#include "compiler/ir/conflict.h"
#include "compiler/ir/prove.h"
#include "compiler/ir/regions.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"

#define CUBES_SHOWN_MAX 4000000u

static const struct option_row opts[] = {
	{ .name = "dump",
	  .value = "ast|rules|cubes|forest|stats|bpf",
	  .help = "print what a stage makes of the file" },
	{ .name = "strict", .help = "a warning is exit 1" },
	{ 0 },
};

static uint64_t count_entries(const struct ruleset *rs)
{
	uint64_t n = 0;

	vec_for_each(set, &rs->sets)
		n += set->entries.len;
	return n;
}

static void print_classifier(struct buf *out, const struct compiled *compiled)
{
	if (!compiled->forest) {
		buf_puts(out, "classifier: straight-line code, ");
		text_count(out, compiled->n_places, "place");
		buf_printf(out, compiled->unproven ? ", not proven: %s\n" : ", proven\n",
			   compiled->unproven);
		return;
	}
	buf_printf(out,
		   "classifier: decision forest, worst case about %u ns a packet, proven "
		   "(%lu leaves)\n",
		   compiled->forest->cost_ns, (unsigned long)compiled->proof->n_leaves);
}

static void print_summary(struct session *s, const char *file, const struct change_result *result,
			  const char *unverified)
{
	const struct ruleset *rs = result->rs;
	struct buf out = { .arena = s->arena };

	text_escape(&out, str_of(file));
	buf_puts(&out, ": ");
	text_count(&out, rs->rules.len, "rule");
	if (rs->sets.len) {
		buf_puts(&out, ", ");
		text_count(&out, rs->sets.len, "set");
		buf_puts(&out, " (");
		text_count(&out, count_entries(rs), "entry");
		buf_puts(&out, ")");
	}
	if (rs->expects.len) {
		buf_puts(&out, ", ");
		text_count(&out, rs->expects.len, "test");
		buf_puts(&out, " passed");
	}
	buf_puts(&out, ", 0 errors, ");
	text_count(&out, s->ds->n_warnings, "warning");
	buf_puts(&out, "\nprogram: ");
	text_count(&out, result->n_insns, "instruction");
	if (unverified)
		buf_printf(&out, ", not verified: %s; not applied\n", unverified);
	else
		buf_puts(&out, ", verified by the kernel; not applied\n");
	if (s->in->verbose)
		print_classifier(&out, &result->compiled);
	say(s, &out);
}

static void print_summary_json(struct session *s, const char *file,
			       const struct change_result *result, const char *unverified)
{
	json_t *object = json_schema("check");

	json_object_set_new(object, "file", json_str(str_of(file)));
	json_object_set_new(object, "rules", json_integer(result->rs->rules.len));
	json_object_set_new(object, "sets", json_integer(result->rs->sets.len));
	json_object_set_new(object, "entries", json_integer((json_int_t)count_entries(result->rs)));
	json_object_set_new(object, "tests", json_integer(result->rs->expects.len));
	json_object_set_new(object, "errors", json_integer(0));
	json_object_set_new(object, "warnings", json_integer(s->ds->n_warnings));
	json_object_set_new(object, "instructions", json_integer(result->n_insns));
	json_object_set_new(object, "verified", json_boolean(!unverified));
	json_line(stdout, object);
}

/* Cubes are shown of what compile() takes; it is the one to say what it does not. */
static bool dump_cubes(struct session *s, struct buf *out, const struct ruleset *rs)
{
	static const unsigned int families[] = { FAMILY_IPV4, FAMILY_IPV6, FAMILY_NONE };
	struct compiled compiled = { 0 };
	struct places places;

	if (rs->unsupported.len && !compile(s->ds, rs, &compiled))
		return false;
	/* The checker bounds the places. */
	if (!places_flatten(s->arena, rs, PLACES_MAX - 1, &places))
		abort();
	for (unsigned int i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct cubes cubes;

		if (!cubes_normalise(s->arena, s->ds, &places, families[i], CUBES_SHOWN_MAX,
				     &cubes))
			return false;
		cubes_simplify(&cubes, &places, NULL);
		cubes_print(out, &cubes, &places);
	}
	return true;
}

/* Return: false when @ds tells why not. */
static bool dump_compiled(struct session *s, struct buf *out, const char *what,
			  const struct ruleset *rs)
{
	/* A forest is shown of few rules too. */
	const bool forest = strcmp(what, "forest") == 0;
	const struct compile_options options = { .wanted = forest ? CLASSIFIER_FOREST
								  : CLASSIFIER_ANY };
	struct compiled compiled = { 0 };

	if (!compile_with(s->ds, rs, options, &compiled))
		return false;
	if (forest) {
		forest_print(out, compiled.forest);
	} else if (strcmp(what, "bpf") == 0) {
		compile_disasm(out, s->ds, &compiled);
	} else {
		print_classifier(out, &compiled);
		if (compiled.forest)
			forest_print_stats(out, compiled.forest);
	}
	return true;
}

static enum exit_code dump(struct session *s, const char *what, const struct ast *ast,
			   const char *file)
{
	struct buf out = { .arena = s->arena };
	struct ruleset *rs;
	bool fits = true;

	if (strcmp(what, "ast") == 0) {
		ast_print(&out, ast);
		put_data(&out);
		return s->ds->n_errors ? session_refused(s, file) : EXIT_DONE;
	}
	rs = sema_ruleset(s->ds, ast, &s->env);
	if (s->ds->n_errors)
		return session_refused(s, file);
	if (strcmp(what, "rules") == 0)
		print_ruleset(&out, rs);
	else if (strcmp(what, "cubes") == 0)
		fits = dump_cubes(s, &out, rs);
	else
		fits = dump_compiled(s, &out, what, rs);
	if (!fits)
		return session_refused(s, file);
	put_data(&out);
	return EXIT_DONE;
}

#define CONFLICTS_SHOWN 20u

static void print_rule_at(struct buf *out, struct session *s, const struct rule *rule)
{
	buf_puts(out, "'");
	if (rule->name.len)
		text_escape(out, rule->name);
	else
		text_escape(out, str_of(rule->text));
	buf_printf(out, "' (line %u)", diag_position(s->ds, rule->span).line);
}

/* With -v: what only the order of two rules decides. No warning: nothing is wrong with it. */
static void print_conflicts(struct session *s, const struct ruleset *rs)
{
	struct conflicts conflicts = conflicts_find(s->arena, rs, CONFLICTS_SHOWN);
	struct buf out = { .arena = s->arena };

	vec_for_each(conflict, &conflicts.list) {
		buf_puts(&out, "conflict: ");
		print_rule_at(&out, s, &rs->rules.data[conflict->first]);
		buf_puts(&out, " decides before ");
		print_rule_at(&out, s, &rs->rules.data[conflict->second]);
		buf_puts(&out, ", for example ");
		region_packet_print(&out, rs, conflict->example);
		buf_puts(&out, "\n");
	}
	if (conflicts.list.len && conflicts.partial)
		buf_puts(&out, "conflict: there may be more\n");
	put_data(&out);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	const char *file = session_file(in), *unverified = "not root";
	struct change_result result = { 0 };
	enum exit_code code;
	uint32_t source;
	struct ast *ast;
	int ret;

	session_start(&s, in);
	code = session_source(&s, file, &source);
	if (code)
		return code;
	ast = parse_file(s.ds, &host_io, source);
	if (opt_value(in, "dump"))
		return dump(&s, opt_value(in, "dump"), ast, file);
	if (command_may_administer()) {
		int err = store_open(&in->paths, STORE_READ, &s.store, &s.f);

		unverified = err < 0 ? s.f.what : NULL;
	}
	s.env.check_present = true;
	progress_begin(in, "checking and compiling the rules");
	ret = change_check(s.store, s.ds, &s.env, ast, &result, &s.f);
	progress_end();
	if (ret < 0)
		return session_refused(&s, file);
	report_diags(in, s.ds);
	if (in->json)
		print_summary_json(&s, file, &result, unverified);
	else
		print_summary(&s, file, &result, unverified);
	if (in->verbose && !in->json)
		print_conflicts(&s, result.rs);
	return opt_value(in, "strict") && s.ds->n_warnings ? EXIT_NO : EXIT_DONE;
}

const struct command cmd_check = {
	.name = "check",
	.args = "[FILE]",
	.help = "check a rule file and change nothing",
	.details =
		"Parses and checks FILE, runs its test blocks and compiles it; as root the kernel "
		"verifies the program too, without attaching it. FILE '-' is standard input.",
	.example = "bpffw check /etc/bpffw/rules.fw",
	.opts = opts,
	.max_args = 1,
	.run = run,
};
