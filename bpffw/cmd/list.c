/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The running rules in the order in which a packet meets them, with their counters. */
#include <time.h>
#include <unistd.h>

#include "bpf/abi.h"
#include "bpffw/cmd/entries.h"
#include "bpffw/cmd/list_json.h"
#include "bpffw/runtime/clock.h"
#include "bpffw/runtime/confirm.h"
#include "bpffw/runtime/flows.h"
#include "bpffw/ui/table.h"
#include "bpffw/ui/text.h"
#include "compiler/compile.h"
#include "compiler/ir/acts.h"
#include "compiler/lang/print.h"

enum column { COL_ID, COL_NAME, COL_RULE, COL_PACKETS, COL_BYTES, COLS };

static const struct table_column columns[COLS] = {
	[COL_ID] = { .title = "ID", .min = 3 },
	[COL_NAME] = { .title = "NAME", .min = 4 },
	[COL_RULE] = { .title = "RULE", .wrap = true },
	[COL_PACKETS] = { .title = "PACKETS", .right = true },
	[COL_BYTES] = { .title = "BYTES", .min = 7, .right = true },
};

struct listing {
	struct session *s;
	const struct ruleset *rs;
	const struct totals *totals;
	struct lists *lists; /* NULL: none in use */
	struct clock_config clock;
	uint64_t now;
	struct table table;
	bool exact;
};

enum verdict { VERDICT_NONE, VERDICT_DROP };

/* Behind the number of packets. */
static const struct excess_word {
	const char *word;
	enum tint tint;
} excess_words[] = {
	[OVER_DROP] = { "drop", TINT_RED },      [OVER_COUNT] = { "counted", TINT_NONE },
	[OVER_BAN] = { "banned", TINT_RED },     [OVER_COOKIE] = { "cookies", TINT_YELLOW },
	[OVER_ALLOW] = { "allowed", TINT_NONE },
};

static void add_texts(struct listing *l, const char *id, const char *name, const char *text)
{
	table_cell(&l->table, id);
	table_cell(&l->table, name);
	table_cell(&l->table, text);
}

static void add_counted(struct listing *l, const char *id, const char *name, const char *text,
			struct counter counter, struct excess_word word)
{
	struct buf packets = { .arena = l->s->arena }, bytes = { .arena = l->s->arena };
	struct table_cell *cell;

	if (l->exact) {
		buf_printf(&packets, "%llu", (unsigned long long)counter.packets);
		buf_printf(&bytes, "%llu", (unsigned long long)counter.bytes);
	} else {
		text_scaled(&packets, counter.packets, 'k');
		text_scaled(&bytes, counter.bytes, 'K');
	}
	add_texts(l, id, name, text);
	cell = table_cell(&l->table, buf_text(&packets));
	cell->word = word.word;
	cell->tint = word.tint;
	table_cell(&l->table, buf_text(&bytes));
}

static void add_row(struct listing *l, const char *id, const char *name, const char *text,
		    struct counter counter, enum verdict verdict)
{
	add_counted(l, id, name, text, counter,
		    verdict == VERDICT_DROP ? excess_words[OVER_DROP]
					    : (struct excess_word){ NULL, TINT_NONE });
}

/* A row that counts nothing; @none stands where the numbers would. */
static void add_note(struct listing *l, const char *id, const char *name, const char *text,
		     const char *none)
{
	add_texts(l, id, name, text);
	table_cell(&l->table, none);
	table_cell(&l->table, none);
}

static void add_list(struct listing *l, enum builtin_list which)
{
	const struct set *list = &l->rs->builtin[which];
	bool allow = which == BUILTIN_ALLOW;
	struct buf text = { .arena = l->s->arena };
	struct list_size size;

	if (!list->runtime)
		return;
	size = list_size(l->s->arena, l->lists, list);
	entries_count(&text, size.entries);
	if (size.timed) {
		buf_puts(&text, " (");
		text_grouped(&text, size.timed);
		buf_puts(&text, " timed)");
	}
	add_row(l, "-", list->name.s, buf_text(&text),
		totals_of(l->totals, allow ? SLOT_ALLOWLIST : SLOT_BLACKLIST),
		allow ? VERDICT_NONE : VERDICT_DROP);
}

static void add_malformed(struct listing *l)
{
	static const char *const texts[] = {
#define X(name, word, text) word ": " text,
		PKT_REASONS(X)
#undef X
	};
	enum verdict verdict = l->rs->malformed_pass ? VERDICT_NONE : VERDICT_DROP;
	struct counter sum = { 0 };

	for (unsigned int reason = 1; reason < REASON_COUNT; reason++) {
		struct counter c = totals_of(l->totals, SLOT_MALFORMED + reason);

		sum.packets += c.packets;
		sum.bytes += c.bytes;
		if (l->s->in->verbose && c.packets)
			add_row(l, "-", "malformed", texts[reason - 1], c, verdict);
	}
	if (sum.packets && !l->s->in->verbose)
		add_row(l, "-", "malformed", "not well formed (-v shows the reasons)", sum,
			verdict);
}

/* Failures of the machinery itself: there only when they happened. */
static void add_faults(struct listing *l)
{
	struct counter fall = totals_of(l->totals, SLOT_FALLTHROUGH);
	struct counter empty = totals_of(l->totals, SLOT_NO_RULESET);
	struct counter many = totals_of(l->totals, SLOT_TOO_MANY_TAILS);
	enum verdict verdict = l->rs->fail_open ? VERDICT_NONE : VERDICT_DROP;

	if (fall.packets)
		add_row(l, "-", "fault", "a stage of the ruleset was missing", fall, verdict);
	if (empty.packets)
		add_row(l, "-", "fault", "no ruleset was in place", empty, verdict);
	if (many.packets)
		add_row(l, "-", "fault", "a packet met too many limits", many, VERDICT_DROP);
}

/* The family that follows from addresses alone is told; a rule that says it needs no note. */
static const char *family_note(const struct rule *rule)
{
	bool by_address = false;

	if (rule->families != FAM_IPV4 && rule->families != FAM_IPV6)
		return "";
	vec_for_each(match, &rule->matches) {
		if (match->row->families == rule->families)
			return "";
		by_address |= match->row->type == TYPE_ADDR;
	}
	if (!by_address)
		return "";
	return rule->families == FAM_IPV4 ? "  (IPv4 only)" : "  (IPv6 only)";
}

/* A rule with `when` or `until`: what the clock says of it at present. */
static const char *time_note(const struct listing *l, const struct rule *rule)
{
	if (rule->disabled || (!rule->schedule && !rule->has_until))
		return "";
	if (rule->has_until && l->now >= rule->until)
		return "  (past)";
	return clock_allows(&l->clock, rule, l->now) ? "  (active now)" : "  (not active now)";
}

static void add_rule(struct listing *l, const struct rule *rule, const char *indent)
{
	struct arena *arena = l->s->arena;
	const char *name =
		rule->name.len ? arena_strndup(arena, rule->name.s, rule->name.len) : "-";
	struct buf text = { .arena = arena };
	const char *id;

	buf_puts(&text, indent);
	if (l->s->in->verbose)
		print_rule(&text, l->rs, rule, PRINT_COMMENT);
	else
		buf_puts(&text, rule->text);
	buf_puts(&text, family_note(rule));
	buf_puts(&text, time_note(l, rule));
	id = arena_printf(arena, "r%u", rule->id);
	if (rule->verb.row->uncounted)
		add_note(l, id, name, buf_text(&text), "-");
	else
		add_row(l, id, name, buf_text(&text), totals_of(l->totals, rule->slot),
			rule->verb.row->verb == VERB_DROP ? VERDICT_DROP : VERDICT_NONE);
}

/* What a limit caught. */
static void add_excess(struct listing *l, const struct rule *rule, const char *indent)
{
	if (!rule->limit.present)
		return;
	add_counted(l, "", "", arena_printf(l->s->arena, "%s  over the limit", indent),
		    totals_of(l->totals, rule->over_slot), excess_words[acts_over(rule)]);
}

static void add_chains(struct listing *l)
{
	for (uint32_t i = 1; i < l->rs->chains.len; i++) {
		const struct chain *chain = &l->rs->chains.data[i];

		add_note(l, "-", "-",
			 arena_printf(l->s->arena, "chain " STR_FMT ":", STR_ARG(chain->name)), "");
		vec_for_each(index, &chain->rules) {
			add_rule(l, &l->rs->rules.data[*index], "  ");
			add_excess(l, &l->rs->rules.data[*index], "  ");
		}
	}
	if (l->rs->chains.len > 1)
		add_note(l, "-", "-", "rules:", "");
}

static void add_default(struct listing *l)
{
	bool allow = l->rs->default_allow;
	const char *log = l->rs->default_log ? " log" : "";

	add_row(l, "-", "default", arena_printf(l->s->arena, "%s%s", allow ? "allow" : "drop", log),
		totals_of(l->totals, allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP),
		allow ? VERDICT_NONE : VERDICT_DROP);
}

/* What cannot be counted is left out here; `status` says why. */
static void put_flows(struct session *s, const struct ruleset *rs, struct buf *out)
{
	struct flows_count count = { 0 };
	struct failure unread = { 0 };

	if (!compile_asks_for_flows(rs))
		return;
	if (flows_count(s->store, &count, &unread) == 0) {
		buf_puts(out, "    established: ");
		text_count(out, count.confirmed, "flow");
	}
	failure_clear(&unread);
}

static void print_text(struct session *s, const struct generation *gen, const struct totals *totals,
		       const struct attached *attached, uint32_t n, struct lists *lists)
{
	unsigned int width = s->in->verbose ? 0 : report_width(STDOUT_FILENO);
	struct listing l = {
		.s = s,
		.rs = gen->rs,
		.totals = totals,
		.lists = lists,
		.clock = clock_read(),
		.now = (uint64_t)time(NULL),
		.table = { .arena = s->arena, .columns = columns, .n_columns = COLS },
		.exact = s->in->verbose || isatty(STDOUT_FILENO) != 1,
	};
	struct buf out = { .arena = s->arena };
	struct pending pending;

	buf_printf(&out, "generation %u, %s", gen->info.number,
		   gen->info.saved ? "saved" : "not saved");
	if (confirm_waits(s->store, &pending))
		buf_printf(&out, ", NOT CONFIRMED (%d s left)", confirm_left(&s->in->paths));
	buf_puts(&out, "    interfaces: ");
	attached_print(&out, attached, n);
	put_flows(s, gen->rs, &out);
	buf_puts(&out, "\n");
	if (gen->rs->essential)
		add_row(&l, "-", "essential", "ARP, IPv6 neighbours and routers, DHCP replies",
			totals_of(totals, SLOT_ESSENTIAL), VERDICT_NONE);
	else
		add_note(&l, "-", "essential", "off: ARP and neighbour discovery need rules", "");
	add_list(&l, BUILTIN_ALLOW);
	add_list(&l, BUILTIN_BLACK);
	add_malformed(&l);
	add_faults(&l);
	add_chains(&l);
	vec_for_each(index, &gen->rs->chains.data[0].rules) {
		add_rule(&l, &gen->rs->rules.data[*index], "");
		add_excess(&l, &gen->rs->rules.data[*index], "");
	}
	add_default(&l);
	table_print(&out, &l.table, width, report_color(s->in, STDOUT_FILENO));
	put_data(&out);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_session_ struct session s;
	struct generation gen = { 0 };
	_cleanup_lists_ struct lists *lists = NULL;
	struct totals totals = { 0 };
	struct attached *attached;
	enum exit_code code;
	uint32_t n;

	session_start(&s, in);
	code = session_totals(&s, &gen, &totals);
	if (code)
		return code;
	if (attached_read(&s, gen.rs, &attached, &n) < 0)
		return session_failed(&s);
	code = session_lists(&s, &lists);
	if (code)
		return code;
	if (in->json)
		list_print_json(&gen, &totals, attached, n, lists);
	else
		print_text(&s, &gen, &totals, attached, n, lists);
	return EXIT_DONE;
}

const struct command cmd_list = {
	.name = "list",
	.help = "the running rules with their counters",
	.details = "On a terminal numbers are scaled; piped or with -v they are exact, and -v adds "
		   "comments and the reasons of malformed packets.",
	.example = "bpffw list",
	.flags = CMD_ROOT,
	.run = run,
};
