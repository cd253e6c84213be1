/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Events as they come: matches of rules with `log`, bans by rules, drops by whatever drops. */
#include <errno.h>
#include <ifaddrs.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/cmd/follow.h"
#include "bpffw/runtime/events.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/packet.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/print.h"

typedef VEC(const struct rule *) rule_index;

struct monitor {
	struct session s;      /* begun anew with each generation */
	struct arena *arena;   /* of the event at hand */
	struct generation gen; /* that names the rules */
	rule_index by_slot;    /* and by their counters */
	struct events *events;
	struct pkt *own; /* family and dst: addresses of this host; malloc() */
	size_t n_own;
	unsigned int wanted; /* bits of enum event_what */
	bool drops;          /* also those without `log` */
	uint64_t left;       /* events to show, 0: without end */
	bool done, color;
	uint64_t lost; /* already told */
	int64_t epoch; /* ns between the clock of events and the wall */
};

/* ---- what an event is about ---- */

/* Who tells it. */
struct teller {
	const char *name;
	const struct rule *rule; /* NULL: no rule, or one that is gone */
	const char *reason;      /* NULL: the name says it all */
	enum event_what what;
};

/* clang-format off */
static const struct {
	uint32_t slot;
	const char *name, *reason;
} stages[] = {
	{ SLOT_DEFAULT_DROP,   "default",    NULL },
	{ SLOT_BLACKLIST,      "blacklist",  NULL },
	{ SLOT_FRAGMENTS,      "fragments",  NULL },
	{ SLOT_BAD_COOKIE,     "bad-cookie", NULL },
	{ SLOT_NO_RULESET,     "fault",      "no-ruleset" },
	{ SLOT_FALLTHROUGH,    "fault",      "stage-missing" },
	{ SLOT_TOO_MANY_TAILS, "fault",      "too-many-limits" },
};
/* clang-format on */

static void put_slot(struct monitor *m, uint32_t slot, const struct rule *rule)
{
	while (m->by_slot.len <= slot)
		vec_push(m->s.arena, &m->by_slot, NULL);
	m->by_slot.data[slot] = rule;
}

static void index_rules(struct monitor *m)
{
	m->by_slot = (rule_index){ 0 };
	vec_for_each(rule, &m->gen.rs->rules) {
		put_slot(m, rule->slot, rule);
		if (rule->over_slot)
			put_slot(m, rule->over_slot, rule);
	}
}

/* Return: false: the generation is still the same, or there is none. */
static bool catch_up(struct monitor *m)
{
	if (m->done || !store_is_stale(m->s.store))
		return false;
	m->done = !follow_generation(&m->s, &m->gen);
	if (m->done)
		return false;
	index_rules(m);
	if (events_find(m->events, m->s.store, &m->s.f) < 0)
		failure_clear(&m->s.f);
	return true;
}

static const struct rule *rule_by_id(const struct monitor *m, uint32_t id)
{
	vec_for_each(rule, &m->gen.rs->rules)
		if (rule->id == id)
			return rule;
	return NULL;
}

static const struct rule *rule_by_slot(const struct monitor *m, uint32_t slot)
{
	return slot < m->by_slot.len ? m->by_slot.data[slot] : NULL;
}

/* A rule that a newer generation has: read that one. Ids are never used twice. */
static const struct rule *find_rule(struct monitor *m, uint32_t number,
				    const struct rule *(*by)(const struct monitor *m,
							     uint32_t number))
{
	const struct rule *rule = by(m, number);

	return rule || !catch_up(m) ? rule : by(m, number);
}

static struct teller teller_of_slot(struct monitor *m, uint32_t slot, const struct pkt *pkt)
{
	struct teller teller = { .name = "removed", .what = EVENT_DROP };

	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++)
		if (stages[i].slot == slot)
			return (struct teller){ stages[i].name, NULL, stages[i].reason,
						EVENT_DROP };
	if (slot > SLOT_MALFORMED && slot < SLOT_MALFORMED + REASON_COUNT)
		return (struct teller){ "malformed", NULL, packet_reason(pkt->reason, NULL),
					EVENT_DROP };
	teller.rule = find_rule(m, slot, rule_by_slot);
	if (!teller.rule)
		return teller;
	teller.name = rule_reference(m->arena, teller.rule);
	if (teller.rule->over_slot == slot)
		teller.what = EVENT_OVER;
	return teller;
}

static struct teller teller_of(struct monitor *m, const struct event *event, const struct pkt *pkt)
{
	struct teller teller = { .name = "default", .what = event->note.what };

	if (event->note.source == EVENT_SLOT)
		return teller_of_slot(m, event->note.rule, pkt);
	if (event->note.source == EVENT_DEFAULT)
		return teller;
	teller.rule = find_rule(m, event->note.rule, rule_by_id);
	teller.name = teller.rule ? rule_reference(m->arena, teller.rule)
				  : arena_printf(m->arena, "r%u", event->note.rule);
	return teller;
}

static bool read_address(const struct sockaddr *from, struct pkt *own)
{
	uint64_t halves[2];

	*own = (struct pkt){ 0 };
	if (from && from->sa_family == AF_INET) {
		own->family = FAMILY_IPV4;
		own->dst[1] = ntohl(((const struct sockaddr_in *)from)->sin_addr.s_addr);
		return true;
	}
	if (!from || from->sa_family != AF_INET6)
		return false;
	own->family = FAMILY_IPV6;
	memcpy(halves, &((const struct sockaddr_in6 *)from)->sin6_addr, sizeof(halves));
	own->dst[0] = be64toh(halves[0]);
	own->dst[1] = be64toh(halves[1]);
	return true;
}

/* Without them the lines are longer, that is all. */
static void read_own_addresses(struct monitor *m)
{
	struct ifaddrs *all = NULL;
	size_t n = 0;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *at = all; at; at = at->ifa_next)
		n++;
	m->own = calloc(n, sizeof(*m->own));
	for (const struct ifaddrs *at = all; at && m->own; at = at->ifa_next)
		m->n_own += read_address(at->ifa_addr, &m->own[m->n_own]);
	freeifaddrs(all);
}

static bool is_own(const struct monitor *m, const struct pkt *pkt)
{
	for (size_t i = 0; i < m->n_own; i++)
		if (m->own[i].family == pkt->family && m->own[i].dst[0] == pkt->dst[0] &&
		    m->own[i].dst[1] == pkt->dst[1])
			return true;
	return false;
}

/* ---- a line ---- */

static const struct {
	const char *word, *json;
	enum tint tint;
} told[] = {
	[EVENT_ALLOW] = { "ALLOW", "allow", TINT_GREEN },
	[EVENT_DROP] = { "DROP", "drop", TINT_RED },
	[EVENT_MATCH] = { "LOG", "match", TINT_NONE },
	[EVENT_OVER] = { "OVER", "over", TINT_YELLOW },
	[EVENT_BAN] = { "BAN", "ban", TINT_RED },
};

static void put_time(struct buf *out, const struct monitor *m, const struct event *event)
{
	time_t seconds = (time_t)(((int64_t)event->time + m->epoch) / (int64_t)EVENT_NS);
	char text[16] = "";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(text, sizeof(text), "%T", &local);
	buf_puts(out, text);
}

static void put_ban(struct buf *out, const struct event *event, const struct pkt *pkt,
		    const struct rule *rule)
{
	net_print_ip(out, pkt->family, (u128)pkt->src[0] << 64 | pkt->src[1]);
	buf_puts(out, " for ");
	print_duration(out, event->note.ban_seconds);
	if (!rule || !rule->limit.present)
		return;
	buf_puts(out, ", over ");
	print_limit(out, &rule->limit);
}

static void put_line(struct monitor *m, const struct event *event, const struct pkt *pkt,
		     const struct teller *teller)
{
	struct buf out = { .arena = m->arena };
	unsigned int len = (unsigned int)strlen(told[teller->what].word);

	put_time(&out, m, event);
	buf_puts(&out, " ");
	text_tinted(&out, m->color, told[teller->what].tint, told[teller->what].word);
	buf_printf(&out, "%*s", len < 6 ? (int)(6 - len) : 1, "");
	buf_printf(&out, "%-10s ", teller->name);
	if (teller->what == EVENT_BAN) {
		put_ban(&out, event, pkt, teller->rule);
	} else {
		text_escape(&out, follow_interface(&m->gen, pkt->ifnum));
		buf_puts(&out, " ");
		packet_line_short(&out, pkt, is_own(m, pkt));
	}
	if (teller->reason)
		buf_printf(&out, "  %s", teller->reason);
	if (teller->what == EVENT_OVER)
		buf_puts(&out, event->note.dropped ? "  dropped" : "  passed");
	if (event->left_out)
		buf_printf(&out, "  (%" PRIu64 " more in %u s)", (uint64_t)event->left_out,
			   event->span_ms / 1000);
	buf_puts(&out, "\n");
	put_data(&out);
}

static void put_json(struct monitor *m, const struct event *event, const struct pkt *pkt,
		     const struct teller *teller)
{
	uint32_t rule = teller->rule                       ? teller->rule->id
			: event->note.source == EVENT_RULE ? event->note.rule
							   : 0;
	struct buf text = { .arena = m->arena };
	json_t *object = json_schema("event");

	json_object_set_new(object, "time",
			    json_time(((int64_t)event->time + m->epoch) / (int64_t)EVENT_NS));
	json_object_set_new(object, "event", json_string(told[teller->what].json));
	json_object_set_new(object, "by", json_string(teller->name));
	json_object_set_new(object, "rule", rule ? json_sprintf("r%u", rule) : json_null());
	if (teller->reason)
		json_object_set_new(object, "reason", json_string(teller->reason));
	json_object_set_new(object, "interface", json_str(follow_interface(&m->gen, pkt->ifnum)));
	if (teller->what == EVENT_BAN) {
		net_print_ip(&text, pkt->family, (u128)pkt->src[0] << 64 | pkt->src[1]);
		json_object_set_new(object, "banned", json_str(str_of(buf_text(&text))));
		json_object_set_new(object, "seconds", json_integer(event->note.ban_seconds));
		text.len = 0;
	}
	packet_line(&text, pkt);
	json_object_set_new(object, "packet", json_str(str_of(buf_text(&text))));
	json_object_set_new(object, "dropped",
			    json_boolean(teller->what == EVENT_DROP || event->note.dropped));
	json_object_set_new(object, "left_out", json_integer((json_int_t)event->left_out));
	json_line(stdout, object);
}

static void show(void *ctx, const struct event *event)
{
	struct monitor *m = ctx;
	struct teller teller;
	struct pkt pkt = { 0 };

	if (m->done || event->note.what > EVENT_BAN || !(m->wanted & 1u << event->note.what))
		return;
	memcpy(&pkt, event->pkt, EVENT_PKT);
	m->arena = arena_new();
	teller = teller_of(m, event, &pkt);
	if (!m->done && m->s.in->json)
		put_json(m, event, &pkt, &teller);
	else if (!m->done)
		put_line(m, event, &pkt, &teller);
	arena_free(m->arena);
	m->done |= m->left == 1;
	m->left -= m->left > 0;
}

static void tell_lost(struct monitor *m)
{
	uint64_t lost = events_lost(m->events);
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };
	json_t *object;

	if (lost == m->lost)
		return;
	if (m->s.in->json) {
		object = json_schema("event");
		json_object_set_new(object, "event", json_string("lost"));
		json_object_set_new(object, "count", json_integer((json_int_t)(lost - m->lost)));
		json_line(stdout, object);
	} else {
		text_count(&out, lost - m->lost, "event");
		buf_puts(&out, " lost: more came than can be told\n");
		put_data(&out);
	}
	m->lost = lost;
}

/* ---- the loop ---- */

static enum exit_code follow(struct monitor *m)
{
	int ret = 0;

	follow_begin();
	while (!m->done && !follow_interrupted() && !ferror(stdout) && ret == 0) {
		ret = events_poll(m->events, FOLLOW_POLL_MS, show, m, &m->s.f);
		catch_up(m);
		tell_lost(m);
		fflush(stdout);
	}
	follow_end();
	return ret == 0 || ret == -EINTR ? EXIT_DONE : session_failed(&m->s);
}

static bool read_arguments(struct monitor *m)
{
	static const struct {
		const char *word;
		unsigned int wanted;
	} kinds[] = {
		{ "drops", 1u << EVENT_DROP | 1u << EVENT_OVER | 1u << EVENT_BAN },
		{ "bans", 1u << EVENT_BAN },
		{ "log", ~0u },
	};
	const struct invocation *in = m->s.in;
	const char *count = opt_value(in, "count");

	m->wanted = in->argc ? 0 : ~0u;
	m->drops = in->argc && strcmp(in->argv[0], "drops") == 0;
	for (size_t i = 0; in->argc && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].word, in->argv[0]) == 0)
			m->wanted = kinds[i].wanted;
	if (!m->wanted) {
		report_error(in, EXIT_USAGE, "drops, bans or log", "'%s' is nothing to monitor",
			     in->argv[0]);
		return false;
	}
	if (count && (!num_parse(str_of(count), UINT32_MAX, &m->left) || !m->left)) {
		report_error(in, EXIT_USAGE, NULL, "'%s' is not a number of events", count);
		return false;
	}
	return true;
}

static bool tells(const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		enum verb exceed = rule->exceed.row ? rule->exceed.row->verb : VERB_DROP;

		if (rule->log || rule->verb.row->verb == VERB_LOG ||
		    rule->verb.row->verb == VERB_BLACKLIST || exceed == VERB_BLACKLIST)
			return true;
	}
	return rs->default_log;
}

static enum exit_code monitor(struct monitor *m)
{
	struct session *s = &m->s;
	enum exit_code code;
	int ret;

	if (!read_arguments(m))
		return EXIT_USAGE;
	code = session_store(s, STORE_READ);
	if (!code)
		code = session_running(s, &m->gen);
	if (code)
		return code;
	index_rules(m);
	ret = m->drops || tells(m->gen.rs) ? events_open(s->store, m->drops, &m->events, &s->f)
					   : -ENOENT;
	if (ret == -ENOENT)
		return report_error(s->in, EXIT_ABSENT,
				    "'bpffw monitor drops' tells what is dropped; for more add "
				    "'log' to a rule, or 'default drop log every 1s'",
				    "nothing is logged by the running rules");
	if (ret < 0)
		return session_failed(s);
	read_own_addresses(m);
	m->epoch = follow_epoch();
	m->color = report_color(s->in, STDOUT_FILENO);
	code = follow(m);
	events_close(m->events);
	free(m->own);
	return code;
}

static enum exit_code run(const struct invocation *in)
{
	struct monitor m = { 0 };
	enum exit_code code;

	session_start(&m.s, in);
	code = monitor(&m);
	session_end(&m.s);
	return code;
}

/* clang-format off */
static const struct option_row opts[] = {
	{ .name = "count", .value = "N", .help = "end after so many events" },
	{ 0 },
};
/* clang-format on */

const struct command cmd_monitor = {
	.name = "monitor",
	.args = "[drops|bans|log]",
	.help = "events as they come: matches of rules with 'log', bans, drops",
	.details =
		"'drops' tells every kind of drop and bans, also where no rule says 'log'; 'bans' "
		"those of rules; 'log' (and nothing) what rules with 'log' tell, and bans. Rules "
		"without 'every' tell at most 10 matches a second, and so does whatever drops; "
		"what is left out is told with the next one, events that are lost are counted. "
		"Ends with Ctrl-C. With --json each line is an object.",
	.example = "bpffw monitor drops",
	.opts = opts,
	.min_args = 0,
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
