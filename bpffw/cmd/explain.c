/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens to packets of a description, rule by rule: eval's walk, printed. */
#include <linux/if_ether.h>
#include <unistd.h>

#include "bpf/abi.h"
#include "bpffw/cmd/entries.h"
#include "bpffw/cmd/explain_capture.h"
#include "bpffw/cmd/frame.h"
#include "bpffw/runtime/list_rules.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/packet.h"
#include "bpffw/ui/progress.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/eval.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/print.h"
#include "compiler/lang/sema.h"

/* More rules without a match than this are folded into one line. */
#define SHOWN_MAX   6
#define REASONS_MAX 6
/* More rules that may match are counted. */
#define MAY_MAX 12

struct explain {
	struct session s;
	struct generation gen;
	struct expect packet;
	struct eval_trace trace;
	struct buf out;
	bool color;
	bool live;          /* there are lists, and they were asked */
	unsigned int label; /* columns of the first column */
	bool *folded;       /* by step */
	uint32_t n_folded;
};

static const struct match *find_match(const struct explain *x, const char *name)
{
	vec_for_each(match, &x->packet.matches)
		if (!match->negated && strcmp(match->row->name, name) == 0)
			return match;
	return NULL;
}

/* The value of one clause of the description, or @otherwise. */
static const char *value_of(struct explain *x, const char *name, const char *otherwise)
{
	const struct match *match = find_match(x, name);
	struct buf value = { .arena = x->s.arena };

	if (!match)
		return otherwise;
	print_value(&value, x->gen.rs, match);
	return buf_text(&value);
}

/* "203.0.113.9:40000", "[2001:db8::1]:22", "any:22", "any" */
static void put_end(struct explain *x, const char *addr_clause, const char *port_clause)
{
	const char *addr = value_of(x, addr_clause, "any"), *port = value_of(x, port_clause, NULL);

	buf_printf(&x->out, port && strchr(addr, ':') ? "[%s]" : "%s", addr);
	if (port)
		buf_printf(&x->out, ":%s", port);
}

static bool is_end_clause(const struct match *match)
{
	static const char *const names[] = { "src", "dst", "sport", "dport", "on", "ip4", "ip6" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!match->negated && strcmp(match->row->name, names[i]) == 0)
			return true;
	return false;
}

static const char *interface_of(struct explain *x)
{
	const struct ruleset *rs = x->gen.rs;

	if (rs->interfaces.len == 1)
		return value_of(x, "on",
				arena_strndup(x->s.arena, rs->interfaces.data[0].name.s,
					      rs->interfaces.data[0].name.len));
	return value_of(x, "on", "any interface");
}

/* The ethertypes that are asked for have one of @family among them. */
static bool has_ether(const struct expect *packet, uint16_t family)
{
	vec_for_each(match, &packet->matches) {
		bool listed = false;

		if (match->row->type != TYPE_ETHER)
			continue;
		vec_for_each(atom, &match->atoms)
			listed |= atom->lo <= family && family <= atom->hi;
		if (listed == match->negated)
			return false;
	}
	return true;
}

static const char *family_of(const struct expect *packet)
{
	uint8_t families = packet->families;

	if (!has_ether(packet, ETH_P_IP))
		families &= (uint8_t)~FAM_IPV4;
	if (!has_ether(packet, ETH_P_IPV6))
		families &= (uint8_t)~FAM_IPV6;
	switch (families & FAM_IP) {
	case FAM_IPV4:
		return "IPv4";
	case FAM_IPV6:
		return "IPv6";
	case 0:
		return "neither IPv4 nor IPv6";
	default:
		return "IPv4 or IPv6";
	}
}

static void put_packet(struct explain *x)
{
	const char *gap = ", ";

	buf_printf(&x->out, "packet: %s, %s, ", interface_of(x), family_of(&x->packet));
	put_end(x, "src", "sport");
	buf_puts(&x->out, " -> ");
	put_end(x, "dst", "dport");
	vec_for_each(match, &x->packet.matches) {
		if (is_end_clause(match))
			continue;
		buf_puts(&x->out, gap);
		print_match(&x->out, x->gen.rs, match);
		gap = " ";
	}
	buf_puts(&x->out, "\n");
}

static void put_label(struct explain *x, const char *label)
{
	buf_printf(&x->out, "  %-*s  ", (int)x->label, label);
}

static void put_stage(struct explain *x, const char *stage, enum truth truth, const char *verdict)
{
	put_label(x, stage);
	if (truth == TRUTH_YES)
		text_tinted(&x->out, x->color, *verdict == 'A' ? TINT_GREEN : TINT_RED, verdict);
	else
		buf_puts(&x->out, truth == TRUTH_NO ? "no match" : "may match");
	buf_puts(&x->out, "\n");
}

/* What a rule that matches does: the deciding verb in capitals. */
static void put_match(struct explain *x, const struct rule *rule)
{
	switch (rule->verb.row->verb) {
	case VERB_ALLOW:
		text_tinted(&x->out, x->color, TINT_GREEN, "ALLOW");
		break;
	case VERB_DROP:
		text_tinted(&x->out, x->color, TINT_RED, "DROP");
		break;
	case VERB_JUMP:
		buf_printf(&x->out, "match      goes to chain " STR_FMT,
			   STR_ARG(x->gen.rs->chains.data[rule->verb.chain].name));
		break;
	default:
		buf_printf(&x->out, "match      %s, goes on", rule->verb.row->name);
	}
}

static void put_step(struct explain *x, const struct eval_step *step)
{
	const struct rule *rule = &x->gen.rs->rules.data[step->rule];

	put_label(x, rule_label(x->s.arena, rule));
	if (step->truth == TRUTH_YES)
		put_match(x, rule);
	else
		buf_printf(&x->out, "%s%s", step->truth == TRUTH_NO ? "no match   " : "may match  ",
			   step->why ? step->why : "");
	buf_puts(&x->out, "\n");
}

/* "src", "not icmp": a reason that opens with the field is told by the field. */
static void put_short_reason(struct explain *x, const struct eval_step *step)
{
	struct str why = str_of(step->why ? step->why : "");

	if (!str_starts(why, STR("not ")))
		why.len = (uint32_t)strcspn(why.s, " ");
	buf_add(&x->out, why);
}

static const char *folded_label(struct explain *x)
{
	const struct eval_step *first = NULL, *last = NULL;

	for (uint32_t i = 0; i < x->trace.steps.len; i++) {
		if (!x->folded[i])
			continue;
		first = first ? first : &x->trace.steps.data[i];
		last = &x->trace.steps.data[i];
	}
	if (!first)
		return "";
	return arena_printf(x->s.arena, "r%u ... r%u", x->gen.rs->rules.data[first->rule].id,
			    x->gen.rs->rules.data[last->rule].id);
}

/* All folded steps in one line, where the first of them stood. */
static void put_folded(struct explain *x)
{
	uint32_t n = 0;

	put_label(x, folded_label(x));
	buf_printf(&x->out, "no match   %u more: ", x->n_folded);
	for (uint32_t i = 0; i < x->trace.steps.len && n <= REASONS_MAX; i++) {
		if (!x->folded[i])
			continue;
		buf_puts(&x->out, n ? ", " : "");
		if (n++ < REASONS_MAX)
			put_short_reason(x, &x->trace.steps.data[i]);
		else
			buf_puts(&x->out, "...");
	}
	buf_puts(&x->out, " (-v lists them)\n");
}

/* A rule about another protocol tells least; then those first in the list. */
static void fold_steps(struct explain *x)
{
	uint32_t shown = 0, n = x->trace.steps.len;

	x->folded = arena_new_array(x->s.arena, bool, n + 1);
	vec_for_each(step, &x->trace.steps)
		shown += step->truth == TRUTH_NO;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < n && !x->s.in->verbose && shown > SHOWN_MAX - 1; i++) {
			const struct eval_step *step = &x->trace.steps.data[i];
			bool other = step->why && str_starts(str_of(step->why), STR("not "));

			if (step->truth != TRUTH_NO || x->folded[i] || (round == 0 && !other))
				continue;
			x->folded[i] = true;
			x->n_folded++;
			shown--;
		}
	}
	/* One line for one rule saves nothing. */
	if (x->n_folded == 1) {
		memset(x->folded, 0, n * sizeof(bool));
		x->n_folded = 0;
	}
}

static void set_label_width(struct explain *x)
{
	x->label = sizeof("allowlist") - 1;
	for (uint32_t i = 0; i < x->trace.steps.len; i++) {
		const struct rule *rule = &x->gen.rs->rules.data[x->trace.steps.data[i].rule];
		unsigned int len = (unsigned int)strlen(rule_label(x->s.arena, rule));

		if (!x->folded[i] && len > x->label)
			x->label = len;
	}
	if (strlen(folded_label(x)) > x->label)
		x->label = (unsigned int)strlen(folded_label(x));
}

static void put_default(struct explain *x)
{
	const struct eval_trace *t = &x->trace;
	bool certain = t->is_default && t->allow != TRUTH_DEPENDS, allow = x->gen.rs->default_allow;

	if (!certain && t->allow != TRUTH_DEPENDS)
		return;
	put_label(x, "default");
	if (certain)
		text_tinted(&x->out, x->color, allow ? TINT_GREEN : TINT_RED,
			    allow ? "ALLOW" : "DROP");
	else
		buf_printf(&x->out, "%s what is left", allow ? "allows" : "drops");
	buf_puts(&x->out, "\n");
}

static const char *decider(struct explain *x)
{
	const struct rule *rule;

	switch (x->trace.stage) {
	case ANSWER_ESSENTIAL:
		return "essential traffic";
	case ANSWER_ALLOWLIST:
		return "the allowlist";
	case ANSWER_BLACKLIST:
		return "the blacklist";
	case ANSWER_FRAGMENTS:
		return "'option fragments'";
	case ANSWER_RULE:
		rule = &x->gen.rs->rules.data[x->trace.rule];
		if (!rule->name.len)
			return arena_printf(x->s.arena, "r%u", rule->id);
		return arena_printf(x->s.arena, "'" STR_FMT "' (r%u)", STR_ARG(rule->name),
				    rule->id);
	default:
		return "the default";
	}
}

static void put_answer(struct explain *x)
{
	const char *gap = "";

	if (x->trace.allow != TRUTH_DEPENDS) {
		buf_printf(&x->out, "answer: %s by %s\n",
			   x->trace.allow == TRUTH_YES ? "allowed" : "dropped", decider(x));
		return;
	}
	buf_puts(&x->out, "answer: depends on ");
	vec_for_each(field, &x->trace.depends_on) {
		buf_printf(&x->out, "%s'" STR_FMT "'", gap, STR_ARG(*field));
		gap = ", ";
	}
	if (x->trace.rule != UINT32_MAX)
		buf_printf(&x->out, ", first in %s", decider(x));
	buf_puts(&x->out, "\n");
}

static void put_steps(struct explain *x)
{
	uint32_t may = 0;
	bool folded = false;

	for (uint32_t i = 0; i < x->trace.steps.len; i++) {
		const struct eval_step *step = &x->trace.steps.data[i];
		bool is_may = step->truth == TRUTH_DEPENDS;

		may += is_may;
		if (x->folded[i] && !folded)
			put_folded(x);
		folded |= x->folded[i];
		if (!x->folded[i] && (!is_may || may <= MAY_MAX || x->s.in->verbose))
			put_step(x, step);
	}
	if (may <= MAY_MAX || x->s.in->verbose)
		return;
	put_label(x, "...");
	buf_puts(&x->out, "may match  ");
	text_count(&x->out, may - MAY_MAX, "more rule");
	buf_puts(&x->out, " (-v lists them)\n");
}

static void print_text(struct explain *x)
{

	x->out.arena = x->s.arena;
	x->color = report_color(x->s.in, STDOUT_FILENO);
	fold_steps(x);
	set_label_width(x);
	put_packet(x);
	put_stage(x, "essential", x->trace.essential, "ALLOW");
	if (x->live)
		buf_puts(&x->out, "  (lists and sets as they are now)\n");
	if (x->trace.essential != TRUTH_YES)
		put_stage(x, "allowlist", x->trace.listed[BUILTIN_ALLOW], "ALLOW");
	if (x->trace.essential != TRUTH_YES && x->trace.listed[BUILTIN_ALLOW] != TRUTH_YES)
		put_stage(x, "blacklist", x->trace.listed[BUILTIN_BLACK], "DROP");
	put_steps(x);
	put_default(x);
	put_answer(x);
	put_data(&x->out);
}

static json_t *rule_json(const struct rule *rule)
{
	return json_pack("{s:o,s:o}", "id", json_sprintf("r%u", rule->id), "name",
			 json_str_or_null(rule->name));
}

static json_t *steps_json(const struct explain *x)
{
	static const char *const truths[] = {
		[TRUTH_NO] = "no match",
		[TRUTH_YES] = "match",
		[TRUTH_DEPENDS] = "depends",
	};
	json_t *steps = json_array();

	vec_for_each(step, &x->trace.steps) {
		json_t *object = json_object();

		json_object_set_new(object, "rule", rule_json(&x->gen.rs->rules.data[step->rule]));
		json_object_set_new(object, "result", json_string(truths[step->truth]));
		json_object_set_new(object, "why",
				    step->why ? json_str(str_of(step->why)) : json_null());
		json_array_append_new(steps, object);
	}
	return steps;
}

static void print_json(const struct explain *x)
{
	static const char *const verdicts[] = {
		[TRUTH_NO] = "drop",
		[TRUTH_YES] = "allow",
		[TRUTH_DEPENDS] = "depends",
	};
	json_t *object = json_schema("explain"), *depends = json_array();
	bool by_rule = x->trace.stage == ANSWER_RULE && x->trace.rule != UINT32_MAX;

	vec_for_each(field, &x->trace.depends_on)
		json_array_append_new(depends, json_str(*field));
	json_object_set_new(object, "verdict", json_string(verdicts[x->trace.allow]));
	json_object_set_new(object, "by", json_string(eval_stage_word(x->trace.stage)));
	json_object_set_new(object, "rule",
			    by_rule ? rule_json(&x->gen.rs->rules.data[x->trace.rule])
				    : json_null());
	json_object_set_new(object, "depends_on", depends);
	json_object_set_new(object, "steps", steps_json(x));
	json_line(stdout, object);
}

/* The description: the arguments, behind the words of the frame where one is given. */
static struct arguments arguments_of(struct session *s, const struct frame *frame)
{
	const char **arguments = arena_new_array(s->arena, const char *, s->in->argc + 1);
	struct buf text = { .arena = s->arena };
	int n = 0;

	if (frame) {
		packet_words(&text, &frame->pkt);
		arguments[n++] = buf_text(&text);
	}
	for (int i = 0; i < s->in->argc; i++)
		arguments[n++] = s->in->argv[i];
	return lex_arguments(s->ds, n, (char *const *)arguments);
}

/* The frame of --hex. Return: EXIT_DONE, also when it is not given. */
static enum exit_code read_hex(struct session *s, const char *hex, struct frame *frame)
{
	const char *why = hex ? frame_hex(s->arena, str_of(hex), frame) : NULL;

	if (why)
		return report_error(s->in, EXIT_USAGE, "an Ethernet frame: --hex='0200...'",
				    "cannot read the frame: %s", why);
	if (!hex && !s->in->argc)
		return report_error(s->in, EXIT_USAGE, "usage: bpffw explain MATCH...",
				    "'explain' needs a packet");
	return EXIT_DONE;
}

/* What the lists hold now counts, not only what the text says of them. */
static enum exit_code ask_lists(struct explain *x, struct ruleset **ret_rs)
{
	_cleanup_lists_ struct lists *lists = NULL;
	enum exit_code code = session_lists(&x->s, &lists);

	if (code)
		return code;
	x->live = lists != NULL;
	if (lists_in_rules(lists, x->s.arena, x->gen.rs, NULL, ret_rs, &x->s.f) < 0)
		return session_failed(&x->s);
	return EXIT_DONE;
}

static enum exit_code explain(struct explain *x)
{
	struct session *s = &x->s;
	struct ruleset *rs;
	const char *hex = opt_value(s->in, "hex");
	struct ast_command command = { 0 };
	struct frame frame = { 0 };
	enum exit_code code = read_hex(s, hex, &frame);
	struct arguments args;

	if (code)
		return code;
	args = arguments_of(s, hex && (!frame.pkt.reason || frame.pkt.reason >= REASON_FIRST_SPOOF)
				       ? &frame
				       : NULL);
	if (args.first_token.len && !parse_command(s->ds, "explain", &args, &command))
		return session_failed(s);
	code = session_store(s, STORE_READ);
	if (!code)
		code = session_running(s, &x->gen);
	if (code)
		return code;
	if (decides_malformed(x->gen.rs, &frame.pkt))
		return explain_malformed(s, x->gen.rs, &frame.pkt);
	if (!sema_packet(s->ds, x->gen.rs, &s->env, command.packet.data, command.packet.len,
			 &x->packet))
		return session_failed(s);
	code = ask_lists(x, &rs);
	if (code)
		return code;
	progress_begin(s->in, "asking the rules");
	x->trace = eval_description(s->arena, rs, &x->packet);
	progress_end();
	if (s->in->json)
		print_json(x);
	else
		print_text(x);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	struct explain x = { 0 };
	enum exit_code code;

	session_start(&x.s, in);
	code = opt_value(in, "pcap") ? explain_capture(&x.s, opt_value(in, "pcap")) : explain(&x);
	session_end(&x.s);
	return code;
}

/* clang-format off */
static const struct option_row opts[] = {
	{ .name = "hex", .value = "BYTES", .help = "the packet is this Ethernet frame" },
	{ .name = "pcap", .value = "FILE", .help = "a verdict for each packet of a capture" },
	{ 0 },
};
/* clang-format on */

const struct command cmd_explain = {
	.name = "explain",
	.args = "MATCH...",
	.help = "what the running rules do to packets of a description, and why",
	.details =
		"A field that is not given is any value; an answer is certain only if every such "
		"packet gets it, else the fields it depends on are named. With --hex or --pcap the "
		"packets are frames; 'on INTERFACE' says where they come in.",
	.example = "bpffw explain src 203.0.113.9 tcp dport 22 syn",
	.opts = opts,
	.min_args = 0,
	.max_args = -1,
	.flags = CMD_ROOT | CMD_LANGUAGE,
	.run = run,
};
