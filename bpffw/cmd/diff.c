/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <math.h>

#include "bpffw/cmd/batch.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/progress.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/regions.h"
#include "compiler/lang/sema.h"

#define REGIONS_SHOWN 20u /* without -v */

static const struct option_row opts[] = {
	{ .name = "packets", .help = "which packets get another verdict; exit 1 when some do" },
	{ 0 },
};

struct comparison {
	const struct generation *old;
	const struct ruleset *rs;
	const struct diff *diff;
	const char *file, *lines;
	const struct regions *regions; /* NULL: not asked for */
};

static const char *verdict(const struct decider *decider)
{
	return decider->allow ? "allow" : "drop";
}

static const char *decider_text(struct arena *arena, const struct ruleset *rs,
				const struct decider *decider)
{
	struct buf out = { .arena = arena };

	decider_print(&out, rs, decider);
	return buf_text(&out);
}

static json_t *decider_json(struct arena *arena, const struct ruleset *rs,
			    const struct decider *decider)
{
	return json_pack("{s:s, s:o}", "verdict", verdict(decider), "by",
			 json_str(str_of(decider_text(arena, rs, decider))));
}

static json_t *region_json(struct session *s, const struct comparison *c,
			   const struct region *region)
{
	struct buf text = { .arena = s->arena }, example = { .arena = s->arena };
	bool known = region->areas.len > 0;
	json_t *object = json_object();

	if (known)
		region_print(&text, c->regions, region, c->rs);
	region_packet_print(&example, c->rs, region->example);
	json_object_set_new(object, "packets", json_str_or_null(str_of(buf_text(&text))));
	json_object_set_new(object, "filled",
			    known ? json_real(region_filled(c->regions, region)) : json_null());
	json_object_set_new(object, "share_log2",
			    known ? json_real(log2(region->share)) : json_null());
	json_object_set_new(object, "before", decider_json(s->arena, c->old->rs, &region->before));
	json_object_set_new(object, "after", decider_json(s->arena, c->rs, &region->after));
	json_object_set_new(object, "example", json_str(str_of(buf_text(&example))));
	return object;
}

static void regions_json(struct session *s, const struct comparison *c, json_t *object)
{
	json_t *list = json_array();

	vec_for_each(region, &c->regions->list)
		json_array_append_new(list, region_json(s, c, region));
	json_object_set_new(object, "packets", list);
	json_object_set_new(object, "packets_complete",
			    json_boolean(c->regions->state == REGIONS_WHOLE));
}

/* The lines of @text as JSON, by their first character. */
static json_t *lines_json(const char *text, char first)
{
	json_t *list = json_array();

	while (*text) {
		size_t len = strcspn(text, "\n");

		if (*text == first)
			json_array_append_new(
				list, json_str((struct str){ text + 1, (uint32_t)len - 1 }));
		text += len + (text[len] == '\n');
	}
	return list;
}

static void print_json(struct session *s, const struct comparison *c)
{
	json_t *object = json_schema("diff");

	json_object_set_new(object, "generation", json_integer(c->old->info.number));
	json_object_set_new(object, "file", json_str(str_of(c->file)));
	json_object_set_new(object, "differs", json_boolean(*c->lines != '\0'));
	json_object_set_new(object, "added", lines_json(c->lines, '+'));
	json_object_set_new(object, "removed", lines_json(c->lines, '-'));
	json_object_set_new(object, "moved", json_integer(c->diff->n_moved));
	json_object_set_new(object, "unchanged", json_integer(c->diff->n_unchanged));
	if (c->regions)
		regions_json(s, c, object);
	json_line(stdout, object);
}

static void print_text(struct session *s, const struct comparison *c)
{
	struct buf out = { .arena = s->arena };

	if (!*c->lines) {
		buf_puts(&out, "no difference: ");
		text_escape(&out, str_of(c->file));
		buf_printf(&out, " is what generation %u runs\n", c->old->info.number);
	} else {
		buf_printf(&out, "--- running (generation %u)\n+++ ", c->old->info.number);
		text_escape(&out, str_of(c->file));
		buf_printf(&out, "\n%s", c->lines);
		diff_counts(&out, c->diff);
		buf_puts(&out, c->diff->n_unchanged ? " (counters kept)\n" : "\n");
	}
	say(s, &out);
}

static void print_share(struct buf *out, double share, enum regions_state state)
{
	buf_puts(out, state == REGIONS_PARTIAL ? "  (at least " : "  (");
	if (share >= 0.01)
		buf_printf(out, "%.0f %%", share * 100);
	else
		buf_printf(out, "2^%.0f", log2(share));
	buf_puts(out, " of all headers)");
}

/* "now dropped, was allowed: tcp dport 22 (2^-26 of all headers)" and who decides. */
static void print_region(struct session *s, struct buf *out, const struct comparison *c,
			 const struct region *region)
{
	buf_puts(out,
		 region->after.allow ? "now allowed, was dropped: " : "now dropped, was allowed: ");
	if (region->areas.len) {
		double filled = region_filled(c->regions, region);

		buf_puts(out, filled == 1 ? "" : filled > 0.5 ? "most of " : "part of ");
		region_print(out, c->regions, region, c->rs);
		print_share(out, region->share, c->regions->state);
	} else {
		buf_puts(out, "packets like the example");
	}
	buf_printf(out, "\n    by %s instead of %s\n    e.g. ",
		   decider_text(s->arena, c->rs, &region->after),
		   decider_text(s->arena, c->old->rs, &region->before));
	region_packet_print(out, c->rs, region->example);
	buf_puts(out, "\n");
}

static void print_notes(struct buf *out, const struct comparison *c, uint32_t shown)
{
	const struct regions *regions = c->regions;

	if (shown < regions->list.len)
		buf_printf(out, "and %u smaller regions (-v lists them)\n",
			   regions->list.len - shown);
	if (regions->state == REGIONS_PARTIAL)
		buf_puts(out, "there may be more, and more in these: not all was looked at\n");
	if (regions->malformed_differ)
		buf_puts(out, "malformed packets get another verdict ('option malformed')\n");
	if (regions->interfaces_differ)
		buf_puts(out, "packets on interfaces that only one of the two has were not "
			      "compared\n");
	if (regions->list.len || regions->malformed_differ || regions->interfaces_differ ||
	    regions->state == REGIONS_PARTIAL)
		return;
	buf_puts(out, *c->lines ? "the rules differ, no packet's verdict does\n"
				: "no packet's verdict differs\n");
}

static void print_regions(struct session *s, const struct comparison *c)
{
	uint32_t shown = c->regions->list.len;
	struct buf out = { .arena = s->arena };

	if (!s->in->verbose && shown > REGIONS_SHOWN)
		shown = REGIONS_SHOWN;
	for (uint32_t i = 0; i < shown; i++)
		print_region(s, &out, c, &c->regions->list.data[i]);
	print_notes(&out, c, shown);
	put_data(&out);
}

/* Whether a packet's verdict may change; "not looked at" is no "no". */
static bool verdicts_differ(const struct regions *regions)
{
	return regions->list.len || regions->malformed_differ || regions->interfaces_differ ||
	       regions->state == REGIONS_PARTIAL;
}

static enum exit_code compare_packets(struct session *s, struct comparison *c)
{
	struct regions regions;

	progress_begin(s->in, "comparing what becomes of packets");
	regions = regions_find(s->arena, c->old->rs, c->rs, c->diff, REGIONS_WORK);
	progress_end();
	if (regions.state == REGIONS_NONE) {
		fail_plain(&s->f, ENOTSUP, EXIT_USAGE,
			   "packets cannot be compared: the file is too large or uses what does "
			   "not work yet");
		return session_failed(s);
	}
	c->regions = &regions;
	if (s->in->json)
		print_json(s, c);
	else
		print_regions(s, c);
	c->regions = NULL;
	return verdicts_differ(&regions) ? EXIT_NO : EXIT_DONE;
}

static enum exit_code compare(struct session *s, struct comparison *c)
{
	struct diff diff = diff_rules(s->arena, c->old->rs, c->rs);
	struct buf lines = { .arena = s->arena };

	diff_print(&lines, c->old->rs, c->rs, &diff);
	c->diff = &diff;
	c->lines = buf_text(&lines);
	if (opt_value(s->in, "packets"))
		return compare_packets(s, c);
	if (s->in->json)
		print_json(s, c);
	else
		print_text(s, c);
	return lines.len ? EXIT_NO : EXIT_DONE;
}

static enum exit_code compare_file(struct session *s, const char *file)
{
	struct generation old = { 0 };
	struct comparison c = { .old = &old, .file = file };
	enum exit_code code = session_store(s, STORE_READ);
	uint32_t source;

	if (!code)
		code = session_running(s, &old);
	if (!code)
		code = session_source(s, file, &source);
	if (code)
		return code;
	progress_begin(s->in, "reading the rules");
	c.rs = sema_ruleset(s->ds, parse_file(s->ds, &host_io, source), &s->env);
	progress_end();
	return s->ds->n_errors ? session_failed(s) : compare(s, &c);
}

static enum exit_code compare_batch(struct session *s)
{
	struct comparison c = { .old = batch_base(s->in->batch),
				.rs = batch_draft(s->in->batch),
				.file = "the batch" };

	return compare(s, &c);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;

	session_start(&s, in);
	if (in->batch && batch_is_open(in->batch) && !in->argc)
		return compare_batch(&s);
	return compare_file(&s, session_file(in));
}

const struct command cmd_diff = {
	.name = "diff",
	.args = "[FILE]",
	.help = "what 'apply FILE' would change; exit 1 when it differs",
	.details = "In a batch of the shell, without FILE: what 'commit' would change.",
	.example = "bpffw diff /etc/bpffw/rules.fw",
	.opts = opts,
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
