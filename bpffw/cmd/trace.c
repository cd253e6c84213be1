/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets as they come in, each with the rules that saw it and who decides. */
#include <errno.h>
#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/cmd/follow.h"
#include "bpffw/cmd/list_json.h"
#include "bpffw/runtime/observe.h"
#include "bpffw/runtime/trace.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/packet.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

/* More rules of one packet are counted. */
#define SHOWN_MAX 12
#define SECOND_NS 1000000000u

struct trace_command {
	struct session s;      /* begun anew with each generation */
	struct generation gen; /* that decides */
	struct expect packet;
	struct observer observer;
	struct trace *trace;
	uint64_t end;  /* ns of the kernel's clock, 0: none */
	uint64_t left; /* packets to show, 0: without end */
	uint64_t told, lost;
	int64_t epoch;
	bool done, color;
	enum exit_code code;
	struct arena *arena; /* of the packet at hand */
};

/* ---- one packet ---- */

struct seen {
	struct trace_command *t;
	struct pkt pkt;
	int64_t when; /* ns */
	struct eval_result result;
	struct observed observed;
	VEC(uint32_t) passed, matched; /* rules, in order; `passed` of its own protocol only */
	VEC(uint32_t) all;             /* both, in order: index << 1 | matched */
};

static void on_rule(void *ctx, uint32_t rule, bool matched)
{
	struct seen *seen = ctx;
	struct arena *arena = seen->t->arena;

	if (matched)
		vec_push(arena, &seen->matched, rule);
	else if (observer_concerns(&seen->t->observer, rule, &seen->pkt))
		vec_push(arena, &seen->passed, rule);
	else
		return;
	vec_push(arena, &seen->all, rule << 1 | matched);
}

static const struct rule *decider(const struct seen *seen)
{
	if (seen->result.stage != ANSWER_RULE)
		return NULL;
	return &seen->t->gen.rs->rules.data[seen->result.rule];
}

/* The limit that may have stopped it before, or NULL. */
static const struct rule *over_rule(const struct seen *seen)
{
	if (seen->observed.bucket == BUCKET_ROOM)
		return NULL;
	return &seen->t->gen.rs->rules.data[seen->observed.over];
}

static void put_time(struct buf *out, int64_t when)
{
	time_t seconds = when / SECOND_NS;
	char text[16] = "";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%T", &local);
	buf_printf(out, "%s.%03u", text, (unsigned int)(when % SECOND_NS / 1000000));
}

/* The first ones and how many more: "r1- r4+ (7 more)". The decider is told by itself. */
static void put_rules(struct buf *out, const struct seen *seen)
{
	const struct rule *rules = seen->t->gen.rs->rules.data;
	uint32_t n = seen->all.len - (decider(seen) != NULL);

	for (uint32_t i = 0; i < n && i < SHOWN_MAX; i++)
		buf_printf(out, "r%u%c ", rules[seen->all.data[i] >> 1].id,
			   seen->all.data[i] & 1 ? '+' : '-');
	if (n > SHOWN_MAX)
		buf_printf(out, "(%u more) ", n - SHOWN_MAX);
}

/* What may have become of it before: ", or DROP over dns-per-net". */
static void put_over(struct buf *out, const struct seen *seen)
{
	static const struct {
		enum tint tint;
		const char *word, *by;
	} outcomes[] = {
		[OVER_DROP] = { TINT_RED, "DROP", "over" },
		[OVER_BAN] = { TINT_RED, "BAN", "over" },
		[OVER_COOKIE] = { TINT_YELLOW, "COOKIE", "by" },
		[OVER_ALLOW] = { TINT_GREEN, "ALLOW", "over" },
	};
	const struct rule *rule = over_rule(seen);
	enum act_over over = rule ? excess_of(rule) : OVER_DROP;

	if (!rule)
		return;
	buf_puts(out, ", or ");
	text_tinted(out, seen->t->color, outcomes[over].tint, outcomes[over].word);
	buf_printf(out, " %s %s", outcomes[over].by, rule_label(seen->t->arena, rule));
}

static void put_line(const struct seen *seen)
{
	struct buf out = { .arena = seen->t->arena };
	bool allow = seen->result.allow;

	put_time(&out, seen->when);
	buf_puts(&out, " ");
	text_escape(&out, follow_interface(&seen->t->gen, seen->pkt.ifnum));
	buf_puts(&out, " ");
	packet_line(&out, &seen->pkt);
	buf_puts(&out, "   ");
	put_rules(&out, seen);
	buf_puts(&out, decider(seen) ? rule_label(seen->t->arena, decider(seen))
				     : eval_stage_word(seen->result.stage));
	buf_puts(&out, " ");
	text_tinted(&out, seen->t->color, allow ? TINT_GREEN : TINT_RED, allow ? "ALLOW" : "DROP");
	put_over(&out, seen);
	buf_puts(&out, "\n");
	put_data(&out);
}

static json_t *rule_json(const struct rule *rule)
{
	return rule ? json_pack("{s:o,s:o}", "id", json_sprintf("r%u", rule->id), "name",
				json_str_or_null(rule->name))
		    : json_null();
}

/* null: no limit had anything to say. */
static json_t *over_json(const struct seen *seen)
{
	const struct rule *rule = over_rule(seen);
	json_t *object = rule_json(rule);

	if (rule)
		json_object_set_new(object, "outcome",
				    json_string(excess_outcome(excess_of(rule))));
	return object;
}

static json_t *ids_json(const struct seen *seen, const uint32_t *rules, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(
			array, json_sprintf("r%u", seen->t->gen.rs->rules.data[rules[i]].id));
	return array;
}

static void put_json(const struct seen *seen)
{
	struct buf text = { .arena = seen->t->arena };
	json_t *object = json_schema("trace");
	const struct rule *rule = decider(seen);

	packet_line(&text, &seen->pkt);
	json_object_set_new(object, "event", json_string("packet"));
	json_object_set_new(object, "time", json_time(seen->when / SECOND_NS));
	json_object_set_new(object, "interface",
			    json_str(follow_interface(&seen->t->gen, seen->pkt.ifnum)));
	json_object_set_new(object, "packet", json_str(str_of(buf_text(&text))));
	json_object_set_new(object, "bytes", json_integer(seen->pkt.frame_len));
	json_object_set_new(object, "established", json_boolean(seen->pkt.established));
	json_object_set_new(object, "verdict", json_string(seen->result.allow ? "allow" : "drop"));
	json_object_set_new(object, "by", json_string(eval_stage_word(seen->result.stage)));
	json_object_set_new(object, "rule", rule_json(rule));
	json_object_set_new(object, "or_over", over_json(seen));
	json_object_set_new(object, "matched",
			    ids_json(seen, seen->matched.data, seen->matched.len));
	json_object_set_new(object, "not_matched",
			    ids_json(seen, seen->passed.data, seen->passed.len));
	json_line(stdout, object);
}

/* ---- the ruleset ---- */

/* The parsed description is resolved against each generation: set numbers are its own. */
static enum exit_code resolve(struct trace_command *t)
{
	struct session *s = &t->s;
	struct arguments args = lex_arguments(s->ds, s->in->argc, s->in->argv);
	struct ast_command command = { 0 };
	uint64_t seconds = 0;

	if (!parse_command(s->ds, "trace", &args, &command))
		return session_failed(s);
	if (command.time.text.len) {
		if (!num_parse_time(command.time.text, false, &seconds) || !seconds) {
			diag_error(s->ds, command.time.span, E132, "'" STR_FMT "' is not a time",
				   STR_ARG(command.time.text));
			diag_help(s->ds, "a number and s, m, h, d or w: 30s, 10m");
			return session_failed(s);
		}
		if (!t->end)
			t->end = follow_now() + seconds * SECOND_NS;
	}
	if (!sema_packet(s->ds, t->gen.rs, &s->env, command.packet.data, command.packet.len,
			 &t->packet))
		return session_failed(s);
	/* Without a description malformed packets too, which may have no family. */
	if (!command.packet.len)
		t->packet.families = FAM_ALL;
	return observer_open(s->store, s->ds, t->gen.rs, &t->packet, &t->observer, &s->f) < 0
		       ? session_failed(s)
		       : EXIT_DONE;
}

static bool asks_established(const struct expect *packet)
{
	vec_for_each(match, &packet->matches)
		if (asks_flows(match))
			return true;
	return false;
}

static enum exit_code open_tracer(struct trace_command *t)
{
	struct session *s = &t->s;
	bool flows = rules_ask_flows(t->gen.rs);
	struct compiled filter;

	if (!flows && asks_established(&t->packet))
		return report_error(s->in, EXIT_ABSENT, "add 'allow established'",
				    "no running rule asks for 'established': flows are not known");
	if (!trace_filter(s->ds, t->gen.rs, &t->packet, &filter) ||
	    trace_open(s->store, s->ds, &filter, flows, &t->trace, &s->f) < 0)
		return session_failed(s);
	return EXIT_DONE;
}

static void close_tracer(struct trace_command *t)
{
	if (t->trace)
		t->lost += trace_lost(t->trace);
	trace_close(t->trace);
	t->trace = NULL;
}

/* A new generation has sets and facts of its own, and so has what is told of them. */
static void follow_change(struct trace_command *t)
{
	if (!store_is_stale(t->s.store))
		return;
	close_tracer(t);
	observer_close(&t->observer);
	t->done = !follow_generation(&t->s, &t->gen);
	if (!t->done)
		t->code = resolve(t);
	if (!t->done && !t->code)
		t->code = open_tracer(t);
	t->done |= t->code != EXIT_DONE;
}

static void show(void *ctx, const struct traced *traced)
{
	struct trace_command *t = ctx;
	struct seen seen = { .t = t };

	if (t->done)
		return;
	memcpy(&seen.pkt, traced->pkt, EVENT_PKT);
	seen.when = (int64_t)traced->time + t->epoch;
	observer_fill(&t->observer, &seen.pkt, (uint64_t)(seen.when / SECOND_NS));
	if (!observer_wants(&t->observer, &seen.pkt))
		return;
	t->arena = arena_new();
	seen.observed = observer_decide(&t->observer, &seen.pkt, traced->time, on_rule, &seen);
	seen.result = seen.observed.result;
	if (t->s.in->json)
		put_json(&seen);
	else
		put_line(&seen);
	arena_free(t->arena);
	t->told++;
	t->done = t->left == t->told;
}

static void put_end(struct trace_command *t)
{
	struct buf out = { .arena = t->s.arena };
	json_t *object;

	if (t->s.in->json) {
		object = json_schema("trace");
		json_object_set_new(object, "event", json_string("end"));
		json_object_set_new(object, "packets", json_integer((json_int_t)t->told));
		json_object_set_new(object, "lost", json_integer((json_int_t)t->lost));
		json_line(stdout, object);
		return;
	}
	text_count(&out, t->told, "packet");
	buf_printf(&out, " traced, %" PRIu64 " lost\n", t->lost);
	say(&t->s, &out);
}

static void follow(struct trace_command *t)
{
	int ret = 0;

	follow_begin();
	while (!t->done && !follow_interrupted() && !ferror(stdout) && ret == 0 &&
	       (!t->end || follow_now() < t->end)) {
		ret = trace_poll(t->trace, FOLLOW_POLL_MS, show, t, &t->s.f);
		fflush(stdout);
		if (!t->done)
			follow_change(t);
	}
	if (ret < 0 && ret != -EINTR)
		t->code = session_failed(&t->s);
	follow_end();
}

static enum exit_code trace(struct trace_command *t)
{
	struct session *s = &t->s;
	const char *count = opt_value(s->in, "count");
	enum exit_code code;

	if (count && (!num_parse(str_of(count), UINT32_MAX, &t->left) || !t->left))
		return report_error(s->in, EXIT_USAGE, NULL, "'%s' is not a number of packets",
				    count);
	code = session_store(s, STORE_READ);
	if (!code)
		code = session_running(s, &t->gen);
	if (!code)
		code = resolve(t);
	if (!code)
		code = open_tracer(t);
	if (code)
		return code;
	t->epoch = follow_epoch();
	t->color = report_color(s->in, STDOUT_FILENO);
	follow(t);
	close_tracer(t);
	put_end(t);
	return t->code;
}

static enum exit_code run(const struct invocation *in)
{
	struct trace_command t = { 0 };
	enum exit_code code;

	session_start(&t.s, in);
	code = trace(&t);
	observer_close(&t.observer);
	session_end(&t.s);
	return code;
}

/* clang-format off */
static const struct option_row opts[] = {
	{ .name = "count", .value = "N", .help = "end after so many packets" },
	{ 0 },
};
/* clang-format on */

const struct command cmd_trace = {
	.name = "trace",
	.args = "MATCH... [for TIME]",
	.help = "packets as they come in, with the rules that saw them",
	.details =
		"A rule of the packet's own protocol that did not match is r4-, one that matched "
		"and went on r2+; then who decides, and what a limit whose bucket is used up may "
		"have done with the packet before: ', or DROP over NAME'. Without 'for' it ends "
		"with Ctrl-C. Packets that come faster than they can be told are "
		"counted as lost; no packet is held up or dropped for it.",
	.example = "bpffw trace src 203.0.113.9 for 30s",
	.opts = opts,
	.min_args = 0,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
