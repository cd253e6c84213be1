/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/list_json.h"

#include <time.h>

#include "bpf/abi.h"
#include "bpffw/runtime/clock.h"
#include "bpffw/ui/json.h"
#include "compiler/ir/acts.h"
#include "compiler/lang/print.h"

static void set_counter(json_t *object, struct counter counter)
{
	json_object_set_new(object, "packets", json_integer((json_int_t)counter.packets));
	json_object_set_new(object, "bytes", json_integer((json_int_t)counter.bytes));
}

static json_t *counter_json(struct counter counter)
{
	json_t *object = json_object();

	set_counter(object, counter);
	return object;
}

/* Of one kind, plain or negated. Return: whether there were any. */
static bool put_matches(struct buf *out, const struct ruleset *rs, const struct rule *rule,
			bool negated)
{
	bool any = false;

	vec_for_each(match, &rule->matches) {
		struct buf value = { .arena = rs->arena };

		if (match->implied || match->negated != negated)
			continue;
		buf_puts(out, !any ? (negated ? "\"not\":{\"" : "\"") : ",\"");
		buf_puts(out, match->row->name);
		buf_puts(out, "\":");
		if (match->row->syntax != SYNTAX_NONE && match->row->syntax != SYNTAX_ICMP)
			print_value(&value, rs, match);
		if (value.len)
			json_put_str(out, (struct str){ value.data, value.len });
		else
			buf_puts(out, "true");
		any = true;
	}
	return any;
}

static bool any_match(const struct rule *rule, bool negated)
{
	vec_for_each(match, &rule->matches)
		if (!match->implied && match->negated == negated)
			return true;
	return false;
}

/* { "dport": "80,443", "tcp": true, "not": { "src": "10.1.0.0/16" } } */
static void put_match(struct buf *out, const struct ruleset *rs, const struct rule *rule)
{
	bool negated = any_match(rule, true);

	buf_puts(out, "{");
	if (put_matches(out, rs, rule, false) && negated)
		buf_puts(out, ",");
	put_matches(out, rs, rule, true);
	buf_puts(out, negated ? "}}" : "}");
}

static void put_origin(struct buf *out, const struct origin *origin)
{
	if (!origin->file.len) {
		buf_puts(out, "null");
		return;
	}
	buf_puts(out, "{\"file\":");
	json_put_str(out, origin->file);
	buf_printf(out, ",\"line\":%u}", origin->line);
}

/* What `when` and `until` say at present; null without them. */
static json_t *active_json(const struct rule *rule, const struct clock_config *clock)
{
	if (!rule->schedule && !rule->has_until)
		return json_null();
	return json_boolean(clock_allows(clock, rule, (uint64_t)time(NULL)));
}

const char *excess_outcome(enum act_over over)
{
	static const char *const outcomes[] = {
		[OVER_DROP] = "dropped",   [OVER_COUNT] = "counted", [OVER_BAN] = "banned",
		[OVER_COOKIE] = "cookies", [OVER_ALLOW] = "allowed",
	};

	return outcomes[over];
}

enum act_over excess_of(const struct rule *rule)
{
	return rule->verb.row->verb == VERB_SYNCOOKIE ? OVER_COOKIE : acts_over(rule);
}

/* What a limit caught, and what became of it. */
static json_t *exceed_json(const struct rule *rule, const struct totals *totals)
{
	json_t *object;

	if (!rule->limit.present)
		return json_null();
	object =
		json_pack("{s:s,s:s}", "action", rule->exceed.row ? rule->exceed.row->name : "drop",
			  "outcome", excess_outcome(acts_over(rule)));
	set_counter(object, totals_of(totals, rule->over_slot));
	return object;
}

static void put_or_null(struct buf *out, const char *key, struct str text)
{
	buf_puts(out, key);
	if (text.len)
		json_put_str(out, text);
	else
		buf_puts(out, "null");
}

static void put_value(struct buf *out, const char *key, json_t *value)
{
	buf_puts(out, key);
	json_into(out, value);
}

static void put_counts(struct buf *out, const struct rule *rule, const struct totals *totals)
{
	struct counter counter = totals_of(totals, rule->slot);

	if (rule->verb.row->uncounted)
		buf_puts(out, ",\"packets\":null,\"bytes\":null");
	else
		buf_printf(out, ",\"packets\":%llu,\"bytes\":%llu",
			   (unsigned long long)counter.packets, (unsigned long long)counter.bytes);
}

static void put_rule(struct buf *out, const struct ruleset *rs, const struct rule *rule,
		     const struct totals *totals, const struct clock_config *clock)
{
	struct chain *chain = &rs->chains.data[rule->chain];
	struct buf text = { .arena = rs->arena };

	print_rule(&text, rs, rule, PRINT_ALL);
	buf_printf(out, "{\"id\":\"r%u\"", rule->id);
	put_or_null(out, ",\"name\":", rule->name);
	put_or_null(out, ",\"text\":", (struct str){ text.data, text.len });
	put_or_null(out, ",\"verb\":", str_of(rule->verb.row->name));
	buf_puts(out, ",\"match\":");
	put_match(out, rs, rule);
	put_or_null(out, ",\"chain\":", chain->name);
	put_counts(out, rule, totals);
	put_value(out, ",\"exceed\":", exceed_json(rule, totals));
	buf_puts(out, rule->disabled ? ",\"disabled\":true" : ",\"disabled\":false");
	put_value(out,
		  ",\"until\":", rule->has_until ? json_time((int64_t)rule->until) : json_null());
	put_or_null(out, ",\"when\":", rule->when);
	put_value(out, ",\"active\":", active_json(rule, clock));
	put_or_null(out, ",\"comment\":", rule->comment);
	buf_puts(out, ",\"origin\":");
	put_origin(out, &rule->origin);
	buf_puts(out, "}");
}

/* As text: a tree of all rules takes several times as long as reading them. */
static void put_rules(struct buf *out, const struct ruleset *rs, const struct totals *totals)
{
	uint32_t *order = arena_new_array(rs->arena, uint32_t, rs->rules.len);
	struct clock_config clock = clock_read();

	print_order(rs, order);
	for (uint32_t i = 0; i < rs->rules.len; i++) {
		buf_puts(out, i ? "," : "");
		put_rule(out, rs, &rs->rules.data[order[i]], totals, &clock);
	}
}

/* null where the rules have no such list. */
static json_t *builtin_json(const struct set *list, struct lists *lists, struct arena *arena,
			    struct counter counter)
{
	struct list_size size = list_size(arena, lists, list);
	json_t *object;

	if (!list->runtime)
		return json_null();
	object = counter_json(counter);
	json_object_set_new(object, "entries", json_integer((json_int_t)size.entries));
	json_object_set_new(object, "timed", json_integer((json_int_t)size.timed));
	return object;
}

static json_t *sets_json(const struct ruleset *rs, struct lists *lists)
{
	json_t *list = json_array();

	vec_for_each(set, &rs->sets) {
		const char *type = set->type == TYPE_ADDR   ? "addr"
				   : set->type == TYPE_PORT ? "port"
							    : "mac";

		struct list_size size = list_size(rs->arena, lists, set);

		json_array_append_new(
			list, json_pack("{s:o,s:s,s:I,s:I,s:b,s:o}", "name", json_str(set->name),
					"type", type, "entries", (json_int_t)size.entries, "timed",
					(json_int_t)size.timed, "runtime", set->runtime, "comment",
					json_str_or_null(set->comment)));
	}
	return list;
}

static json_t *malformed_json(const struct totals *totals)
{
	static const char *const reasons[] = {
#define X(name, word, text) word,
		PKT_REASONS(X)
#undef X
	};
	json_t *object = json_object();

	for (unsigned int reason = 1; reason < REASON_COUNT; reason++) {
		struct counter c = totals_of(totals, SLOT_MALFORMED + reason);

		if (c.packets)
			json_object_set_new(object, reasons[reason - 1], counter_json(c));
	}
	return object;
}

static json_t *default_json(const struct ruleset *rs, const struct totals *totals)
{
	json_t *object = json_object();

	json_object_set_new(object, "verdict", json_string(rs->default_allow ? "allow" : "drop"));
	set_counter(object,
		    totals_of(totals, rs->default_allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP));
	return object;
}

void list_print_json(const struct generation *gen, const struct totals *totals,
		     const struct attached *attached, uint32_t n_attached, struct lists *lists)
{
	json_t *object = json_schema("ruleset"), *interfaces = json_array();
	const struct ruleset *rs = gen->rs;
	struct buf out = { .arena = rs->arena };

	for (uint32_t i = 0; i < n_attached; i++)
		json_array_append_new(interfaces,
				      json_pack("{s:o,s:s}", "name", json_str(attached[i].name),
						"mode", attached_mode(&attached[i])));
	json_object_set_new(object, "generation", json_integer(gen->info.number));
	json_object_set_new(object, "saved", json_boolean(gen->info.saved));
	json_object_set_new(object, "interfaces", interfaces);
	json_object_set_new(object, "default", default_json(rs, totals));
	json_object_set_new(object, "essential",
			    rs->essential ? counter_json(totals_of(totals, SLOT_ESSENTIAL))
					  : json_null());
	json_object_set_new(object, "allowlist",
			    builtin_json(&rs->builtin[BUILTIN_ALLOW], lists, rs->arena,
					 totals_of(totals, SLOT_ALLOWLIST)));
	json_object_set_new(object, "blacklist",
			    builtin_json(&rs->builtin[BUILTIN_BLACK], lists, rs->arena,
					 totals_of(totals, SLOT_BLACKLIST)));
	json_object_set_new(object, "malformed", malformed_json(totals));
	json_into(&out, object);
	out.len--; /* its closing brace comes last */
	buf_puts(&out, ",\"rules\":[");
	put_rules(&out, rs, totals);
	buf_puts(&out, "],\"sets\":");
	json_into(&out, sets_json(rs, lists));
	buf_puts(&out, "}\n");
	put_data(&out);
}
