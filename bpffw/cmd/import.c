/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of another firewall as a rule file on standard output, and a report of what became of
 * each. Nothing is applied. */
#include "bpffw/import/import.h"
#include "bpffw/cmd/common.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/progress.h"
#include "bpffw/ui/text.h"

/* More lines of report than this are for -v: the output names every rule in a comment. */
#define REMARKS_SHOWN 100

static const struct option_row opts[] = {
	{ .name = "interface",
	  .value = "NAME,...",
	  .help = "the interfaces to filter on, instead of those that the rules name" },
	{ 0 },
};

static const struct {
	const char *name;
	import_reader *read;
} languages[] = {
	{ "iptables", import_iptables },
	{ "nft", import_nft },
	{ "pf", import_pf },
};
#define LANGUAGES (sizeof(languages) / sizeof(languages[0]))

static enum exit_code find_language(struct session *s, import_reader **ret_read)
{
	struct str_nearest nearest = { .word = str_of(s->in->argv[0]) };
	const char *help = "iptables, nft or pf";

	for (uint32_t i = 0; i < LANGUAGES; i++) {
		if (strcmp(languages[i].name, s->in->argv[0]) == 0) {
			*ret_read = languages[i].read;
			return EXIT_DONE;
		}
		str_nearest_offer(&nearest, str_of(languages[i].name));
	}
	if (nearest.best.s)
		help = arena_printf(s->arena, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	return report_error(s->in, EXIT_USAGE, help, "'%s' cannot be imported", s->in->argv[0]);
}

static void read_interfaces(struct session *s, strs *ret_names)
{
	const char *list = opt_value(s->in, "interface");

	while (list && *list) {
		uint32_t len = (uint32_t)strcspn(list, ",");

		if (len)
			vec_push(s->arena, ret_names, ((struct str){ list, len }));
		list += len + (list[len] == ',');
	}
}

static void print_report(struct session *s, const char *file, const struct import_result *result)
{
	struct buf out = { .arena = s->arena };
	uint32_t shown = 0;

	text_escape(&out, str_of(file));
	buf_puts(&out, ": ");
	text_count(&out, result->n_read, "rule");
	buf_printf(&out, " read: %u translated, %u with a note, %u not translated%s\n",
		   result->n_direct, result->n_note, result->n_missing,
		   result->n_missing ? " (comments mark them in the output)" : "");
	vec_for_each(remark, &result->remarks) {
		if (shown == REMARKS_SHOWN && !s->in->verbose)
			break;
		shown++;
		buf_printf(&out, "  line %u: %s", remark->line, remark->text);
		if (remark->n_rules > 1)
			buf_printf(&out, ": %u rules", remark->n_rules);
		buf_puts(&out, "\n");
	}
	if (shown < result->remarks.len)
		buf_printf(&out, "  and %u more lines (-v lists them, the output marks each)\n",
			   result->remarks.len - shown);
	vec_for_each(line, &result->general)
		buf_printf(&out, STR_FMT "\n", STR_ARG(*line));
	if (!s->in->quiet)
		fwrite(out.data, 1, out.len, stderr);
}

static void print_json(const char *file, const struct import_result *result)
{
	static const char *const outcomes[] = {
		[IMPORT_DIRECT] = "translated",
		[IMPORT_NOTE] = "note",
		[IMPORT_MISSING] = "not translated",
	};
	json_t *object = json_schema("import"), *remarks = json_array(), *general = json_array();

	vec_for_each(remark, &result->remarks)
		json_array_append_new(remarks, json_pack("{s:I,s:s,s:o,s:I}", "line",
							 (json_int_t)remark->line, "outcome",
							 outcomes[remark->outcome], "text",
							 json_str(str_of(remark->text)), "rules",
							 (json_int_t)remark->n_rules));
	vec_for_each(line, &result->general)
		json_array_append_new(general, json_str(*line));
	json_object_set_new(object, "file", json_str(str_of(file)));
	json_object_set_new(object, "read", json_integer(result->n_read));
	json_object_set_new(object, "translated", json_integer(result->n_direct));
	json_object_set_new(object, "noted", json_integer(result->n_note));
	json_object_set_new(object, "missing", json_integer(result->n_missing));
	json_object_set_new(object, "remarks", remarks);
	json_object_set_new(object, "general", general);
	json_object_set_new(object, "text", json_str(result->text));
	json_line(stdout, object);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	struct import_source source = { 0 };
	struct import_result result;
	import_reader *read = NULL;
	enum exit_code code;
	uint32_t index;

	session_start(&s, in);
	code = find_language(&s, &read);
	if (!code)
		code = session_source(&s, in->argv[1], &index);
	if (code)
		return code;
	source.name = str_of(in->argv[1]);
	source.text = s.ds->sources.data[index].text;
	read_interfaces(&s, &source.interfaces);
	progress_begin(in, "translating the rules");
	read(s.arena, &source, &result);
	progress_end();
	if (in->json) {
		print_json(in->argv[1], &result);
		return EXIT_DONE;
	}
	print_report(&s, in->argv[1], &result);
	fwrite(result.text.s, 1, result.text.len, stdout);
	return EXIT_DONE;
}

const struct command cmd_import = {
	.name = "import",
	.args = "iptables|nft|pf FILE",
	.help = "translate the rules of another firewall into a rule file",
	.details =
		"Reads what iptables-save and ip6tables-save, or 'nft list ruleset' print, or a "
		"pf.conf, and writes a rule file to standard output. Every rule is in it, or named "
		"in a comment with its line and the reason; a report goes to standard error. "
		"Nothing is applied. FILE '-' is standard input.",
	.example = "bpffw import iptables rules.v4",
	.opts = opts,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
