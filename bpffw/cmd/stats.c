/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counters of one interface. The kernel counts per link; what was decided is counted per rule, over
 * all interfaces together: one counter more per packet and interface would cost each packet what a
 * rule costs. So decisions are told only where one interface is attached.
 */
#include <unistd.h>

#include "bpffw/cmd/common.h"
#include "bpffw/runtime/netdev.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/text.h"
#include "compiler/ir/acts.h"

enum decided {
	BY_DEFAULT,
	BY_RULES,
	BY_LIMITS,
	BY_BLACKLIST,
	BY_MALFORMED,
	BY_FRAGMENTS,
	BY_FAILURES, /* of the machinery itself */
	DECIDERS
};

static const char *const deciders[DECIDERS] = {
	[BY_DEFAULT] = "default",     [BY_RULES] = "rules",         [BY_LIMITS] = "limits",
	[BY_BLACKLIST] = "blacklist", [BY_MALFORMED] = "malformed", [BY_FRAGMENTS] = "fragments",
	[BY_FAILURES] = "failures",
};

struct stats {
	struct session s;
	struct generation gen;
	struct netdev link;
	const struct attached *attached; /* NULL: not attached */
	bool alone;                      /* the only interface */
	struct totals totals;
	struct counter allowed, dropped, by[DECIDERS];
};

static void add(struct counter *to, struct counter more)
{
	to->packets += more.packets;
	to->bytes += more.bytes;
}

static void add_drop(struct stats *st, enum decided who, uint32_t slot)
{
	struct counter c = totals_of(&st->totals, slot);

	add(&st->by[who], c);
	add(&st->dropped, c);
}

static void add_rule(struct stats *st, const struct rule *rule)
{
	struct counter c = totals_of(&st->totals, rule->slot), over = { 0 };
	enum act_over excess = acts_over(rule);

	if (rule->disabled)
		return;
	if (rule->limit.present && excess == OVER_ALLOW && rule->verb.row->limits)
		add(&st->allowed, totals_of(&st->totals, rule->over_slot));
	if (rule->limit.present && excess != OVER_ALLOW && excess != OVER_COUNT) {
		over = totals_of(&st->totals, rule->over_slot);
		add_drop(st, BY_LIMITS, rule->over_slot);
	}
	if (rule->verb.row->verb == VERB_DROP || rule->verb.row->verb == VERB_BLACKLIST)
		add_drop(st, BY_RULES, rule->slot);
	if (rule->verb.row->verb == VERB_ALLOW)
		add(&st->allowed,
		    (struct counter){ c.packets - over.packets, c.bytes - over.bytes });
}

static void sum(struct stats *st)
{
	static const uint32_t failures[] = { SLOT_FALLTHROUGH, SLOT_NO_RULESET, SLOT_TOO_MANY_TAILS,
					     SLOT_BAD_COOKIE };
	const struct ruleset *rs = st->gen.rs;

	add_drop(st, BY_DEFAULT, SLOT_DEFAULT_DROP);
	add_drop(st, BY_BLACKLIST, SLOT_BLACKLIST);
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
		add_drop(st, BY_FAILURES, failures[i]);
	for (uint32_t reason = 1; reason < REASON_COUNT; reason++) {
		if (rs->malformed_pass)
			add(&st->allowed, totals_of(&st->totals, SLOT_MALFORMED + reason));
		else
			add_drop(st, BY_MALFORMED, SLOT_MALFORMED + reason);
	}
	if (rs->fragments == FRAGMENTS_PASS)
		add(&st->allowed, totals_of(&st->totals, SLOT_FRAGMENTS));
	else
		add_drop(st, BY_FRAGMENTS, SLOT_FRAGMENTS);
	add(&st->allowed, totals_of(&st->totals, SLOT_DEFAULT_ALLOW));
	add(&st->allowed, totals_of(&st->totals, SLOT_ESSENTIAL));
	add(&st->allowed, totals_of(&st->totals, SLOT_ALLOWLIST));
	vec_for_each(rule, &rs->rules)
		add_rule(st, rule);
}

/* ---- text ---- */

static void put_number(const struct stats *st, struct buf *out, uint64_t value, const char *noun)
{
	if (st->s.in->verbose || !isatty(STDOUT_FILENO))
		buf_printf(out, "%llu", (unsigned long long)value);
	else
		text_scaled(out, value, 'k');
	buf_printf(out, " %s%s", noun, value == 1 ? "" : "s");
}

static void put_counter(const struct stats *st, struct buf *out, const char *label,
			struct counter c)
{
	buf_printf(out, "%-11s ", label);
	put_number(st, out, c.packets, "packet");
	buf_puts(out, ", ");
	put_number(st, out, c.bytes, "byte");
}

static void print_text(const struct stats *st)
{
	struct buf out = { .arena = st->s.arena };

	text_escape(&out, st->link.name);
	buf_printf(&out, "%*s", st->link.name.len < 11 ? (int)(12 - st->link.name.len) : 1, "");
	buf_printf(&out, "%s, generation %u\n",
		   st->attached ? attached_mode(st->attached) : "not attached",
		   st->gen.info.number);
	put_counter(st, &out, "link in",
		    (struct counter){ st->link.rx_packets, st->link.rx_bytes });
	buf_puts(&out, "; ");
	put_number(st, &out, st->link.rx_errors, "error");
	buf_puts(&out, ", ");
	put_number(st, &out, st->link.rx_dropped, "packet");
	buf_puts(&out, " dropped by the kernel\n");
	put_counter(st, &out, "link out",
		    (struct counter){ st->link.tx_packets, st->link.tx_bytes });
	buf_puts(&out, "\n");
	if (!st->alone) {
		buf_puts(&out, "decided     not known: several interfaces share the counters of "
			       "the rules ('bpffw list')\n");
		put_data(&out);
		return;
	}
	put_counter(st, &out, "allowed", st->allowed);
	buf_puts(&out, "\n");
	put_counter(st, &out, "dropped", st->dropped);
	buf_puts(&out, "\n");
	for (unsigned int i = 0; i < DECIDERS; i++) {
		if (!st->by[i].packets)
			continue;
		put_counter(st, &out, arena_printf(st->s.arena, "  %s", deciders[i]), st->by[i]);
		buf_puts(&out, "\n");
	}
	put_data(&out);
}

/* ---- JSON ---- */

static json_t *counter_json(struct counter c)
{
	return json_pack("{s:I,s:I}", "packets", (json_int_t)c.packets, "bytes",
			 (json_int_t)c.bytes);
}

static json_t *drop_json(const struct stats *st)
{
	json_t *object = counter_json(st->dropped), *by = json_object();

	for (unsigned int i = 0; i < DECIDERS; i++)
		json_object_set_new(by, deciders[i], counter_json(st->by[i]));
	json_object_set_new(object, "by", by);
	return object;
}

static void print_json(const struct stats *st)
{
	const struct netdev *link = &st->link;
	struct counter rx = st->allowed;
	json_t *object = json_schema("stats");

	add(&rx, st->dropped);
	json_object_set_new(object, "interface", json_str(link->name));
	json_object_set_new(object, "mode",
			    json_string(st->attached ? attached_mode(st->attached) : "none"));
	json_object_set_new(object, "generation", json_integer(st->gen.info.number));
	json_object_set_new(object, "rx", st->alone ? counter_json(rx) : json_null());
	json_object_set_new(object, "allow", st->alone ? counter_json(st->allowed) : json_null());
	json_object_set_new(object, "drop", st->alone ? drop_json(st) : json_null());
	json_object_set_new(
		object, "link",
		json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "rx_packets", (json_int_t)link->rx_packets,
			  "rx_bytes", (json_int_t)link->rx_bytes, "rx_errors",
			  (json_int_t)link->rx_errors, "rx_dropped", (json_int_t)link->rx_dropped,
			  "tx_packets", (json_int_t)link->tx_packets, "tx_bytes",
			  (json_int_t)link->tx_bytes));
	json_line(stdout, object);
}

static enum exit_code find_link(struct stats *st)
{
	struct session *s = &st->s;
	struct attached *attached;
	netdevs devices = { 0 };
	const struct netdev *link;
	uint32_t n, n_there = 0;

	if (netdev_list(s->arena, &devices, &s->f) < 0 ||
	    attached_read(s, st->gen.rs, &attached, &n) < 0)
		return session_failed(s);
	link = netdev_find(&devices, str_of(s->in->argv[0]));
	if (!link)
		return report_error(s->in, EXIT_ABSENT, "'bpffw status' names the interfaces",
				    "there is no interface '%s'", s->in->argv[0]);
	st->link = *link;
	for (uint32_t i = 0; i < n; i++) {
		if (attached[i].missing || attached[i].open)
			continue;
		n_there++;
		if (str_eq(attached[i].name, link->name))
			st->attached = &attached[i];
	}
	st->alone = st->attached && n_there == 1;
	return EXIT_DONE;
}

static enum exit_code stats(struct stats *st)
{
	struct session *s = &st->s;
	enum exit_code code = session_totals(s, &st->gen, &st->totals);

	if (!code)
		code = find_link(st);
	if (code)
		return code;
	sum(st);
	if (s->in->json)
		print_json(st);
	else
		print_text(st);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	struct stats st = { 0 };
	enum exit_code code;

	session_start(&st.s, in);
	code = stats(&st);
	session_end(&st.s);
	return code;
}

const struct command cmd_stats = {
	.name = "stats",
	.args = "INTERFACE",
	.help = "counters of an interface: the kernel's, and what was decided",
	.details =
		"The link's numbers are the kernel's. What was allowed and dropped, and by what, "
		"is "
		"counted per rule over all interfaces, so it is told only where one is attached. "
		"Counters of rules that are gone have gone with them; 'reset' sets them to zero.",
	.example = "bpffw stats eth0",
	.min_args = 1,
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
