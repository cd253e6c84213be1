// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The bound is a sweep: the boxes that have a value in common are swept again in the next dim,
 * until few enough places are left. Tests (what no box says) are taken to hold.
 */
#include "compiler/ir/acts.h"

#include <stdlib.h>

#include "compiler/ir/limit.h"

/* Boxes looked at; more is taken to be too many places. */
#define WORK_MAX (1u << 24)

enum act_over acts_over(const struct rule *rule)
{
	enum verb verb = rule->exceed.row ? rule->exceed.row->verb : VERB_DROP;

	/* A ban of a conn-limit is on evidence without a cookie. */
	if (verb == VERB_SYNCOOKIE ||
	    (rule->exceed.verified && rule->verb.row->verb != VERB_CONN_LIMIT))
		return OVER_COOKIE;
	if (verb == VERB_COUNT)
		return OVER_COUNT;
	if (verb == VERB_ALLOW)
		return OVER_ALLOW;
	return verb == VERB_BLACKLIST ? OVER_BAN : OVER_DROP;
}

static uint32_t next_of(const struct place *place)
{
	if (place->kind == PLACE_ALLOW)
		return NEXT_ALLOW;
	return place->kind == PLACE_DROP ? NEXT_DROP : place->resume;
}

static uint32_t log_every(uint64_t seconds)
{
	return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static struct act_ban ban_of(const struct ruleset *rs, const struct rule *rule,
			     const struct act *act)
{
	return (struct act_ban){
		.list = act->set < 0 ? LIST_BLACK : rs->sets.data[act->set].number,
		.seconds = act->seconds < UINT32_MAX ? (uint32_t)act->seconds : UINT32_MAX,
		.prefix4 = rule->limit.src4,
		.prefix6 = rule->limit.src6,
	};
}

static struct act_entry make(const struct places *places, const uint16_t *numbers, uint32_t index)
{
	const struct place *place = &places->list.data[index];
	const struct rule *rule = &places->rs->rules.data[place->rule];
	struct act_entry act = {
		.place = index,
		.next = next_of(place),
		.slot = rule->slot,
		.over_slot = rule->over_slot,
		.rule = rule->id,
	};

	if (rule->log || rule->verb.row->verb == VERB_LOG) {
		act.does |= ACT_LOG;
		act.log_every = log_every(rule->log_every);
	}
	if (rule->limit.present) {
		act.does |= rule->limit.number ? ACT_CONNECTIONS : ACT_LIMIT;
		act.over = (uint8_t)acts_over(rule);
		if (rule->verb.row->verb == VERB_SYN_LIMIT)
			act.does |= ACT_SYN;
		if (rule->exceed.verified && !rule->limit.number)
			act.does |= ACT_VERIFIED;
		if (rule->exceed.row && rule->exceed.row->verb == VERB_BLACKLIST)
			act.ban = ban_of(places->rs, rule, &rule->exceed);
		act.limit = limit_act(rule, numbers[place->rule]);
	}
	if (rule->verb.row->verb == VERB_SYNCOOKIE)
		act.does |= ACT_COOKIE;
	if (rule->verb.row->verb == VERB_BLACKLIST) {
		act.does |= ACT_BAN;
		act.ban = ban_of(places->rs, rule, &rule->verb);
	}
	return act;
}

static struct act_entry make_default(const struct ruleset *rs)
{
	uint32_t slot = rs->default_allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP;

	return (struct act_entry){
		.place = ACT_DEFAULT,
		.next = rs->default_allow ? NEXT_ALLOW : NEXT_DROP,
		.slot = slot,
		.over_slot = slot,
		.does = ACT_LOG,
		.log_every = log_every(rs->default_log_every),
	};
}

struct act_entry *acts_make(struct arena *arena, const struct places *places)
{
	struct act_entry *acts = arena_new_array(arena, struct act_entry, places->n_acts + 1);
	const uint16_t *numbers = limit_numbers(arena, places->rs);

	for (uint32_t i = 0; i < places->list.len; i++)
		if (places->list.data[i].act)
			acts[places->list.data[i].act - 1] = make(places, numbers, i);
	if (places->default_act)
		acts[places->default_act - 1] = make_default(places->rs);
	return acts;
}

static uint8_t bits_of(uint64_t value)
{
	return (uint8_t)(64 - __builtin_clzll(value | 1));
}

void acts_units(const struct act_entry *acts, uint32_t n, struct limit_unit *ret_units)
{
	memset(ret_units, 0, sizeof(*ret_units) * LIMIT_NUMBERS);
	for (uint32_t i = 0; i < n; i++)
		if (acts[i].does & ACT_LIMIT)
			ret_units[acts[i].limit.number] = (struct limit_unit){
				.shift = (uint8_t)(acts[i].limit.shift + 1),
				.depth_bits = bits_of(acts[i].limit.depth),
			};
}

struct sweep {
	struct arena *arena;
	const struct places *places;
	const struct cubes *cubes;
	uint64_t work;
	VEC(uint32_t) found; /* cubes that meet */
};

/* The cubes lie in the order of their places. */
static uint32_t count_places(const struct sweep *s, const uint32_t *list, uint32_t n)
{
	uint32_t places = 0, last = PLACE_NONE;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t place = s->cubes->list.data[list[i]].place;

		places += place != last;
		last = place;
	}
	return places;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool few_meet(struct sweep *s, const uint32_t *list, uint32_t n, uint32_t dim);

/* The boxes that have the value, in what is left of the dims. */
static bool few_at(struct sweep *s, const uint32_t *list, uint32_t n, uint32_t dim, uint64_t value)
{
	uint32_t *met = arena_new_array(s->arena, uint32_t, n), n_met = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct interval *box = &s->cubes->list.data[list[i]].box[dim];

		if (box->lo <= value && value <= box->hi)
			met[n_met++] = list[i];
	}
	s->work += n;
	return few_meet(s, met, n_met, dim + 1);
}

/* Wherever most boxes meet, one of them begins. */
static bool few_meet(struct sweep *s, const uint32_t *list, uint32_t n, uint32_t dim)
{
	uint64_t *starts;
	bool few = true;

	if (count_places(s, list, n) <= ACTS_ON_A_WAY)
		return true;
	if (dim == s->cubes->dims.n || s->work > WORK_MAX) {
		for (uint32_t i = 0; i < n; i++)
			vec_push(s->arena, &s->found, list[i]);
		return false;
	}
	starts = arena_new_array(s->arena, uint64_t, n);
	for (uint32_t i = 0; i < n; i++)
		starts[i] = s->cubes->list.data[list[i]].box[dim].lo;
	qsort(starts, n, sizeof(*starts), by_number);
	for (uint32_t i = 0; i < n && few; i++)
		if (!i || starts[i] != starts[i - 1])
			few = few_at(s, list, n, dim, starts[i]);
	return few;
}

static const char *name_of(struct arena *arena, const struct rule *rule)
{
	if (rule->name.len)
		return arena_printf(arena, STR_FMT, STR_ARG(rule->name));
	return rule->text;
}

/* The first two rules and how many more. */
static const char *tell(struct arena *arena, const struct sweep *s)
{
	uint32_t places[2] = { PLACE_NONE, PLACE_NONE }, n = 0;
	const struct rule *rules = s->places->rs->rules.data;

	vec_for_each(cube, &s->found) {
		uint32_t place = s->cubes->list.data[*cube].place;

		if (n && places[n > 1] == place)
			continue;
		if (n < 2)
			places[n] = place;
		n++;
	}
	n = count_places(s, s->found.data, s->found.len);
	return arena_printf(arena, "'%s', '%s' and %u more",
			    name_of(arena, &rules[s->places->list.data[places[0]].rule]),
			    name_of(arena, &rules[s->places->list.data[places[1]].rule]), n - 2);
}

const char *acts_bound(struct arena *arena, const struct places *places, const struct cubes *cubes)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct sweep s = { .arena = scratch, .places = places, .cubes = cubes };
	uint32_t *list = arena_new_array(scratch, uint32_t, cubes->list.len + 1), n = 0;

	for (uint32_t i = 0; i < cubes->list.len; i++)
		if (places->list.data[cubes->list.data[i].place].kind == PLACE_ACT)
			list[n++] = i;
	return few_meet(&s, list, n, 0) ? NULL : tell(arena, &s);
}
