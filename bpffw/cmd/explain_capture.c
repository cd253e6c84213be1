/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/explain_capture.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/cmd/frame.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/packet.h"
#include "bpffw/ui/table.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/eval.h"
#include "compiler/ir/facts.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

/* A line that is not written at once is lost when the capture is a pipe that stalls. */
#define FLUSH_AT 65536u

struct seen {
	uint64_t packets, bytes;
};

struct capture {
	struct session *s;
	struct generation gen;
	const struct ruleset *lowered; /* what eval walks */
	uint32_t ifnum;
	struct buf out;
	bool color;
	json_t *packets; /* NULL: text */
	struct seen *rules;
	struct seen stages[ANSWER_DEFAULT + 1];
	uint64_t allowed, dropped;
};

bool decides_malformed(const struct ruleset *rs, const struct pkt *pkt)
{
	return pkt->reason && (pkt->reason < REASON_FIRST_SPOOF || rs->antispoof);
}

static const char *who(struct capture *c, const struct eval_result *result)
{
	if (result->stage == ANSWER_RULE)
		return rule_label(c->s->arena, &c->gen.rs->rules.data[result->rule]);
	return eval_stage_word(result->stage);
}

static void put_json(struct capture *c, const struct frame *frame, const struct eval_result *result)
{
	struct buf line = { .arena = c->s->arena };
	json_t *object = json_object();

	packet_line(&line, &frame->pkt);
	json_object_set_new(object, "time", json_time(frame->seconds));
	json_object_set_new(object, "packet", json_str(str_of(buf_text(&line))));
	json_object_set_new(object, "verdict", json_string(result->allow ? "allow" : "drop"));
	json_object_set_new(object, "by", json_string(eval_stage_word(result->stage)));
	json_object_set_new(object, "rule",
			    result->stage == ANSWER_RULE
				    ? json_sprintf("r%u", c->gen.rs->rules.data[result->rule].id)
				    : json_null());
	json_array_append_new(c->packets, object);
}

static void put_line(struct capture *c, const struct frame *frame, const struct eval_result *result)
{
	time_t seconds = frame->seconds;
	char text[16] = "";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%T", &local);
	buf_printf(&c->out, "%s.%03u ", text, frame->milliseconds);
	packet_line(&c->out, &frame->pkt);
	buf_printf(&c->out, "   %s ", who(c, result));
	text_tinted(&c->out, c->color, result->allow ? TINT_GREEN : TINT_RED,
		    result->allow ? "ALLOW" : "DROP");
	buf_puts(&c->out, "\n");
	if (c->out.len < FLUSH_AT)
		return;
	put_data(&c->out);
	c->out.len = 0;
}

static bool judge(void *ctx, const struct frame *frame)
{
	struct capture *c = ctx;
	struct frame own = *frame;
	struct eval_result result;
	struct seen *seen;

	own.pkt.ifnum = c->ifnum;
	result = eval_packet(c->lowered, &own.pkt, false);
	seen = result.stage == ANSWER_RULE ? &c->rules[result.rule] : &c->stages[result.stage];
	seen->packets++;
	seen->bytes += own.pkt.frame_len;
	c->allowed += result.allow;
	c->dropped += !result.allow;
	if (c->packets)
		put_json(c, &own, &result);
	else
		put_line(c, &own, &result);
	return true;
}

static void add_row(struct table *table, const struct seen *seen, const char *label)
{
	if (!seen->packets)
		return;
	table_cell(table, label);
	table_cell(table, arena_printf(table->arena, "%" PRIu64, seen->packets));
	table_cell(table, arena_printf(table->arena, "%" PRIu64, seen->bytes));
}

static void summary_rows(struct capture *c, struct table *table)
{
	for (unsigned int stage = 0; stage < ANSWER_RULE; stage++)
		add_row(table, &c->stages[stage], eval_stage_word(stage));
	for (uint32_t i = 0; i < c->gen.rs->rules.len; i++)
		add_row(table, &c->rules[i], rule_label(c->s->arena, &c->gen.rs->rules.data[i]));
	add_row(table, &c->stages[ANSWER_DEFAULT], eval_stage_word(ANSWER_DEFAULT));
}

static bool asks_state(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		if (rule->limit.present)
			return true;
		vec_for_each(match, &rule->matches)
			if (match->row->offset == offsetof(struct pkt, established))
				return true;
	}
	return rs->lists.len > 0;
}

static void put_summary(struct capture *c)
{
	static const struct table_column columns[] = {
		{ .title = "RULE" },
		{ .title = "PACKETS", .right = true },
		{ .title = "BYTES", .right = true },
	};
	struct table table = { .arena = c->s->arena, .columns = columns, .n_columns = 3 };

	text_count(&c->out, c->allowed + c->dropped, "packet");
	buf_printf(&c->out, ": %" PRIu64 " allowed, %" PRIu64 " dropped\n", c->allowed, c->dropped);
	if (asks_state(c->gen.rs) || c->lowered != c->gen.rs)
		buf_puts(&c->out,
			 "a capture has no state: nothing was taken to be established, on a list, "
			 "in a run-time set, over a limit or in its hours\n");
	summary_rows(c, &table);
	table_print(&c->out, &table, 0, c->color);
	put_data(&c->out);
}

static void summary_json(json_t *list, const struct seen *seen, json_t *by)
{
	json_object_set_new(by, "packets", json_integer((json_int_t)seen->packets));
	json_object_set_new(by, "bytes", json_integer((json_int_t)seen->bytes));
	json_array_append_new(list, by);
}

static void print_json(struct capture *c)
{
	json_t *object = json_schema("explain-capture"), *summary = json_array();

	for (unsigned int stage = 0; stage <= ANSWER_DEFAULT; stage++)
		if (c->stages[stage].packets)
			summary_json(summary, &c->stages[stage],
				     json_pack("{s:s}", "by", eval_stage_word(stage)));
	for (uint32_t i = 0; i < c->gen.rs->rules.len; i++)
		if (c->rules[i].packets)
			summary_json(summary, &c->rules[i],
				     json_pack("{s:s,s:o}", "by", "rule", "rule",
					       json_sprintf("r%u", c->gen.rs->rules.data[i].id)));
	json_object_set_new(object, "allowed", json_integer((json_int_t)c->allowed));
	json_object_set_new(object, "dropped", json_integer((json_int_t)c->dropped));
	json_object_set_new(object, "packets", c->packets);
	json_object_set_new(object, "summary", summary);
	json_line(stdout, object);
}

/* `on eth0` is all that a capture may be told about. */
static enum exit_code read_interface(struct capture *c)
{
	struct session *s = c->s;
	struct arguments args = lex_arguments(s->ds, s->in->argc, s->in->argv);
	struct ast_command command = { 0 };
	struct expect packet = { 0 };

	if (!s->in->argc)
		return EXIT_DONE;
	if (!parse_command(s->ds, "explain", &args, &command) ||
	    !sema_packet(s->ds, c->gen.rs, &s->env, command.packet.data, command.packet.len,
			 &packet))
		return session_failed(s);
	if (packet.matches.len != 1 || packet.matches.data[0].atoms.len != 1 ||
	    packet.matches.data[0].atoms.data[0].kind != ATOM_IFACE)
		return report_error(s->in, EXIT_USAGE, "the packets are in the file",
				    "with --pcap only 'on INTERFACE' can be given");
	c->ifnum = (uint32_t)packet.matches.data[0].atoms.data[0].lo;
	return EXIT_DONE;
}

enum exit_code explain_capture(struct session *s, const char *path)
{
	struct capture c = { .s = s, .out = { .arena = s->arena } };
	enum exit_code code = session_store(s, STORE_READ);
	struct enter_config unused = { 0 };
	const char *why;

	if (!code)
		code = session_running(s, &c.gen);
	if (!code)
		code = read_interface(&c);
	if (code)
		return code;
	c.lowered = facts_lower(s->ds, c.gen.rs, &unused);
	if (!c.lowered)
		return session_failed(s);
	c.color = report_color(s->in, STDOUT_FILENO);
	c.packets = s->in->json ? json_array() : NULL;
	c.rules = arena_new_array(s->arena, struct seen, c.gen.rs->rules.len + 1);
	why = frame_capture(s->arena, path, judge, &c);
	if (s->in->json)
		print_json(&c);
	else
		put_summary(&c);
	if (!why)
		return EXIT_DONE;
	return report_error(s->in, EXIT_SYSTEM, "pcap and pcapng files are read, '-' is stdin",
			    "cannot read the capture %s: %s", path, why);
}

enum exit_code explain_malformed(struct session *s, const struct ruleset *rs, const struct pkt *pkt)
{
	const char *help = NULL, *word = packet_reason(pkt->reason, &help);
	struct buf out = { .arena = s->arena };
	json_t *object;

	if (s->in->json) {
		object = json_schema("explain");
		json_object_set_new(object, "verdict",
				    json_string(rs->malformed_pass ? "allow" : "drop"));
		json_object_set_new(object, "by", json_string("malformed"));
		json_object_set_new(object, "reason", json_string(word));
		json_object_set_new(object, "rule", json_null());
		json_object_set_new(object, "depends_on", json_array());
		json_object_set_new(object, "steps", json_array());
		json_line(stdout, object);
		return EXIT_DONE;
	}
	buf_puts(&out, "packet: ");
	packet_line(&out, pkt);
	buf_printf(&out, "\n  malformed  %s: %s\nanswer: %s, no rule sees it\n", word, help,
		   rs->malformed_pass ? "passed by 'option malformed pass'"
				      : "dropped as malformed");
	put_data(&out);
	return EXIT_DONE;
}
