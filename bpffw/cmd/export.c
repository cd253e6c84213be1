/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running rules, or those of a file, for other programs: nft, JSON. */
#include "bpffw/import/export.h"
#include "bpffw/cmd/common.h"
#include "bpffw/cmd/list_json.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

static enum exit_code read_rules(struct session *s, struct generation *ret_gen)
{
	uint32_t source;
	enum exit_code code;

	if (s->in->argc < 2) {
		code = session_store(s, STORE_READ);
		return code ? code : session_running(s, ret_gen);
	}
	code = session_source(s, s->in->argv[1], &source);
	if (code)
		return code;
	ret_gen->rs = sema_ruleset(s->ds, parse_file(s->ds, &host_io, source), &s->env);
	return s->ds->n_errors ? session_refused(s, s->in->argv[1]) : EXIT_DONE;
}

static enum exit_code put_nft(struct session *s, const struct ruleset *rs)
{
	struct buf out = { .arena = s->arena }, note = { .arena = s->arena };
	uint32_t missing = export_nft(&out, rs);

	put_data(&out);
	if (!missing || s->in->quiet)
		return EXIT_DONE;
	text_count(&note, missing, "rule");
	buf_puts(&note, missing == 1 ? " has" : " have");
	buf_puts(&note, " no words in nft: see the comments\n");
	fwrite(note.data, 1, note.len, stderr);
	return EXIT_DONE;
}

static enum exit_code put_json(struct session *s, const struct generation *gen)
{
	_cleanup_lists_ struct lists *lists = NULL;
	struct totals totals = { 0 };
	struct attached *attached = NULL;
	enum exit_code code = s->store ? session_lists(s, &lists) : EXIT_DONE;
	uint32_t n = 0;

	if (code)
		return code;
	if (s->store && (store_totals(s->store, s->arena, &totals, &s->f) < 0 ||
			 attached_read(s, gen->rs, &attached, &n) < 0))
		return session_failed(s);
	list_print_json(gen, &totals, attached, n, lists);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	struct generation gen = { 0 };
	bool nft = strcmp(in->argv[0], "nft") == 0;
	enum exit_code code;

	if (!nft && strcmp(in->argv[0], "json") != 0)
		return report_error(in, EXIT_USAGE, "nft or json", "there is no export to '%s'",
				    in->argv[0]);
	session_start(&s, in);
	code = read_rules(&s, &gen);
	if (code)
		return code;
	return nft ? put_nft(&s, gen.rs) : put_json(&s, &gen);
}

const struct command cmd_export = {
	.name = "export",
	.args = "nft|json [FILE]",
	.help = "print the rules for another program",
	.details =
		"Without FILE, the running rules. nft: a table that decides at the input hook as "
		"the rules do in XDP; what nft cannot say is a comment in it. json: the object of "
		"'list --json', whose texts are rules again.",
	.example = "bpffw export nft /etc/bpffw/rules.fw",
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
