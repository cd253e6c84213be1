/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The proof accepts what the builder makes and refuses damage: named damages one by one, and
 * random bytes of random forests, where whatever is accepted must still answer as eval does.
 */
#include <inttypes.h>

#include "compiler/ir/eval.h"
#include "compiler/ir/prove.h"
#include "tests/random.h"
#include "tests/unit/ruleset.h"

#define CUBES_MAX        2000000u
#define PACKETS          400u
#define RANDOM_RULESETS  600u
#define DAMAGED_RULESETS 150u
#define DAMAGES          50u

static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

struct planted {
	struct places places;
	struct forest forest;
	const char *why;
};

static struct planted plant(struct arena *arena, struct diags *ds, const struct ruleset *rs,
			    const char *passes)
{
	struct planted p = { 0 };
	struct cubes cubes[3];

	assert_true(places_flatten(arena, rs, PLACES_MAX, &p.places));
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(
			cubes_normalise(arena, ds, &p.places, families[i], CUBES_MAX, &cubes[i]));
		cubes_simplify(&cubes[i], &p.places, passes);
	}
	p.why = forest_build(arena, &p.places, cubes, &p.forest);
	return p;
}

/* What follows the place, by its action or its act. Return: false when there is no such act. */
static bool next_of(const struct forest *forest, const struct forest_action *action,
		    struct forest_action *ret_action)
{
	uint32_t number = action->next - FOREST_ACT;

	*ret_action = *action;
	if (action->next < FOREST_ACT || action->next >= FOREST_DROP)
		return true;
	if (number >= forest->n_acts)
		return false;
	*ret_action =
		(struct forest_action){ forest->acts[number].slot, forest->acts[number].next };
	return true;
}

/* Whether the forest and eval part ways over a packet, at any answer on its way. */
static bool differs(const struct planted *p, const struct pkt *packet)
{
	const struct forest_action *actions_at =
		(const void *)(p->forest.blob + p->forest.actions.offset);
	uint32_t from = 0, n = p->places.list.len;
	struct pkt pkt = *packet;

	for (;;) {
		uint32_t place = forest_lookup(&p->forest, &pkt, from), slot;
		struct eval_result result;
		struct forest_action action;
		enum place_kind kind;

		kind = place < n ? p->places.list.data[place].kind : PLACE_JUMP;
		if (kind == PLACE_RETURN) {
			from = actions_at[place].next;
			if (from <= place || from > n)
				return true;
			continue;
		}
		result = eval_packet(p->places.rs, &pkt, true);
		if (place != (result.stage == ANSWER_RULE ? result.place : PLACE_NONE))
			return true;
		if (place == PLACE_NONE)
			return false;
		slot = p->places.rs->rules.data[p->places.list.data[place].rule].slot;
		if (!next_of(&p->forest, &actions_at[place], &action) || action.slot != slot)
			return true;
		if (kind == PLACE_ALLOW || kind == PLACE_DROP)
			return action.next != (result.allow ? FOREST_ALLOW : FOREST_DROP);
		if (action.next != place + 1)
			return true;
		pkt.from = from = place + 1;
	}
}

/* Named damages. */

#define CHAIN "chain c {\nreturn src 192.0.2.1\ndrop tcp dport 22\n}\njump c tcp\n"
#define OVER  "chain c {\nreturn src 192.0.2.1\ndrop tcp\n}\njump c\n"
#define PORTS                                                                  \
	"allow ip4 tcp dport 1\ndrop ip4 tcp dport 3\nallow ip4 tcp dport 5\n" \
	"drop ip4 tcp dport 7\nallow ip4 tcp dport 9\ndrop ip4 tcp dport 11\n"
#define LISTS                                                \
	"drop ip4 udp sport 1,3,5,7,9 dport 2,4,6,8,10,12\n" \
	"drop ip4 tcp ttl 1,3,5 dport 2,4,6,8,10,12\n"
#define HOSTS                                                                             \
	"count udp\nallow tcp src 10.0.0.1 dport 22\ndrop tcp src 10.0.0.2 dport 23-24\n" \
	"allow tcp src 10.0.0.3 dport 25\ndrop tcp src 10.0.0.4 dport 26\n"               \
	"allow tcp src 10.0.0.5 dport 27\ndrop tcp src 10.0.0.6 dport 28\n"               \
	"allow ip6 src 2001:db8::/48 dst 2001:db8:1::1-2001:db8:2::9\ndrop ip4 src 10.0.0.0/8\n"

struct target {
	struct forest *forest;
	struct forest_node *nodes;
	struct forest_record4 *r4;
	struct forest_record6 *r6;
	struct forest_test *tests;
	struct forest_action *actions;
	unsigned char *blob;
};

typedef void damage(struct target *t);

static struct forest_test *test_of(struct target *t, enum forest_test_kind kind)
{
	for (uint32_t i = 1; i < t->forest->tests.n; i++)
		if (t->tests[i].kind == kind)
			return &t->tests[i];
	fail_msg("the ruleset has no test of kind %d", kind);
	return NULL;
}

static struct forest_node *node_of(struct target *t, bool leaf)
{
	for (uint32_t i = 0; i < t->forest->nodes.n; i++)
		if ((t->nodes[i].dim == FOREST_LEAF) == leaf && t->nodes[i].mask)
			return &t->nodes[i];
	fail_msg("the ruleset has no such node");
	return NULL;
}

static struct forest_record4 *of_place(struct target *t, uint32_t place)
{
	for (uint32_t i = 0; i < t->forest->records4.n; i++)
		if (t->r4[i].place == place)
			return &t->r4[i];
	fail_msg("place %u has no record", place);
	return NULL;
}

static void each_of_place(struct target *t, uint32_t place, struct forest_record4 value)
{
	for (uint32_t i = 0; i < t->forest->records4.n; i++)
		if (t->r4[i].place == place)
			t->r4[i] = value;
}

static void one_source_more(struct target *t)
{
	of_place(t, 1)->src_span++;
}

static void one_source_less(struct target *t)
{
	struct forest_record4 r = *of_place(t, 2);

	r.dport_span--;
	each_of_place(t, 2, r);
}

static void any_protocol(struct target *t)
{
	struct forest_record4 r = *of_place(t, 1);

	r.has_proto = 0;
	each_of_place(t, 1, r);
}

static void odd_order(struct target *t)
{
	of_place(t, 1)->spare = 1;
}

static void other_verdict(struct target *t)
{
	struct forest_record4 r = *of_place(t, 1);

	r.drop = 1;
	r.allow = 0;
	each_of_place(t, 1, r);
}

static void no_verdict(struct target *t)
{
	struct forest_record4 r = *of_place(t, 1);

	r.allow = 0;
	each_of_place(t, 1, r);
}

static void later_fragments(struct target *t)
{
	of_place(t, 1)->not_later = 0;
}

static void other_place(struct target *t)
{
	struct forest_record4 r = *of_place(t, 2);

	r.place = 4;
	each_of_place(t, 2, r);
}

static void no_place(struct target *t)
{
	of_place(t, 1)->place = t->forest->n_places;
}

static void of_the_jump(struct target *t)
{
	of_place(t, 1)->place = 0;
}

static void wrap(struct target *t)
{
	of_place(t, 1)->dport_span = UINT16_MAX;
}

static void test_index(struct target *t)
{
	of_place(t, 1)->test = t->forest->tests.n;
}

static void six_shorter(struct target *t)
{
	for (uint32_t i = 0; i < t->forest->records6.n; i++)
		if (t->r6[i].dst_hi_span == 0 && t->r6[i].dst_lo_span == 9)
			t->r6[i].dst_lo_span = 8;
}

static void six_longer(struct target *t)
{
	for (uint32_t i = 0; i < t->forest->records6.n; i++)
		if (t->r6[i].dst_hi_span == 0 && t->r6[i].dst_lo_span == 9)
			t->r6[i].dst_lo_span = 10;
}

static void leaf_first(struct target *t)
{
	node_of(t, true)->first++;
}

static void leaf_count(struct target *t)
{
	struct forest_node *leaf = node_of(t, true);

	for (; leaf < t->nodes + t->forest->nodes.n; leaf++)
		if (leaf->dim == FOREST_LEAF && leaf->mask > 1)
			break;
	leaf->mask--;
}

static void leaf_child(struct target *t)
{
	node_of(t, true)->base = (uint32_t)(node_of(t, false) - t->nodes);
}

static void leaf_shift(struct target *t)
{
	node_of(t, true)->shift = 62;
}

static void leaf_base(struct target *t)
{
	node_of(t, true)->add = t->forest->records4.n;
}

static void leaf_order(struct target *t)
{
	struct forest_node *leaf = t->nodes;
	struct forest_record4 first;

	while (leaf->dim != FOREST_LEAF || leaf->mask < 2)
		leaf++;
	first = t->r4[leaf->add];
	t->r4[leaf->add] = t->r4[leaf->add + leaf->mask - 1];
	t->r4[leaf->add + leaf->mask - 1] = first;
}

/* What a return of a chain leads to, taken out of one leaf. */
static void last_place_gone(struct target *t)
{
	uint32_t last = t->forest->n_places - 1;

	for (uint32_t i = 0; i < t->forest->nodes.n; i++) {
		struct forest_node *leaf = &t->nodes[i];

		if (leaf->dim != FOREST_LEAF || leaf->mask < 2 ||
		    t->r4[leaf->add + leaf->mask - 1].place != last)
			continue;
		leaf->mask--;
		return;
	}
	fail_msg("no leaf has the last place");
}

/* A leaf as a group of its own, before one with smaller places. */
static void group_order(struct target *t)
{
	struct forest_group groups[2] = { t->forest->groups.data[0], t->forest->groups.data[0] };
	struct forest_node *leaf = t->nodes;

	while (leaf->dim != FOREST_LEAF || leaf->first == groups[1].first || !leaf->mask)
		leaf++;
	groups[0].root = (uint32_t)(leaf - t->nodes);
	groups[0].first = leaf->first;
	t->forest->groups.data[0] = groups[0];
	t->forest->groups.data[1] = groups[1];
	t->forest->groups.len = 2;
}

static void inner_first(struct target *t)
{
	node_of(t, false)->first++;
}

static void inner_base(struct target *t)
{
	node_of(t, false)->base++;
}

static void inner_shift(struct target *t)
{
	struct forest_node *node = node_of(t, false);

	node->shift = node->shift == 1 ? 2 : 1;
}

static void inner_self(struct target *t)
{
	struct forest_node *node = node_of(t, false);

	node->base = (uint32_t)(node - t->nodes);
}

static void inner_dim(struct target *t)
{
	node_of(t, false)->dim = DIMS_MAX;
}

static void inner_add(struct target *t)
{
	node_of(t, false)->add += 3;
}

static void key_moved(struct target *t)
{
	t->blob[test_of(t, FOREST_TEST_BOUNDS)->table]++;
}

static void keys_swapped(struct target *t)
{
	unsigned char *keys = t->blob + test_of(t, FOREST_TEST_BOUNDS)->table, key[4];

	memcpy(key, keys, 4);
	memcpy(keys, keys + 4, 4);
	memcpy(keys + 4, key, 4);
}

static void key_padding(struct target *t)
{
	struct forest_test *test = test_of(t, FOREST_TEST_BOUNDS);

	t->blob[test->table + ((uint32_t)test->key_size << test->steps) - 3] = 1;
}

static void key_size(struct target *t)
{
	test_of(t, FOREST_TEST_BOUNDS)->key_size = 8;
}

static void starts_inside(struct target *t)
{
	test_of(t, FOREST_TEST_BOUNDS)->starts_inside ^= 1;
}

static void table_offset(struct target *t)
{
	test_of(t, FOREST_TEST_BOUNDS)->table = t->forest->blob_size - 4;
}

static void bitmap_bit(struct target *t)
{
	t->blob[test_of(t, FOREST_TEST_BITMAP)->table] ^= 4;
}

static void test_field(struct target *t)
{
	test_of(t, FOREST_TEST_BITMAP)->offset++;
}

static void test_endless(struct target *t)
{
	for (uint32_t i = 0; i < t->forest->tests.n; i++)
		t->tests[i].last = 0;
}

static void test_kind(struct target *t)
{
	test_of(t, FOREST_TEST_BITMAP)->kind = FOREST_TEST_HASH + 1;
}

static void action_slot(struct target *t)
{
	t->actions[1].slot++;
}

static void action_verdict(struct target *t)
{
	t->actions[1].next = t->actions[1].next == FOREST_DROP ? FOREST_ALLOW : FOREST_DROP;
}

static void return_lands(struct target *t)
{
	t->actions[1].next--;
}

static void count_skips(struct target *t)
{
	t->actions[0].next++;
}

static void stated_depth(struct target *t)
{
	vec_for_each(group, &t->forest->groups)
		group->depth = 0;
}

static void stated_leaf(struct target *t)
{
	vec_for_each(group, &t->forest->groups)
		group->leaf_max = 0;
}

static void stated_first(struct target *t)
{
	t->forest->groups.data[0].first++;
}

static void stated_dims(struct target *t)
{
	t->forest->dims_used[1] = 0;
}

static void stated_resumes(struct target *t)
{
	t->forest->resumes_max = 0;
}

static void stated_steps(struct target *t)
{
	t->forest->steps_max = 1;
}

static void stated_family(struct target *t)
{
	t->forest->groups.len = 0;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *rules;
	damage *damage;
	const char *why; /* must be part of the message */
} damages[] = {
	{ "one source more", HOSTS, one_source_more, "rule" },
	{ "one port less", HOSTS, one_source_less, "lacks a rule" },
	{ "any protocol", HOSTS, any_protocol, "not its rule's" },
	{ "an odd order", HOSTS, odd_order, "odd order" },
	{ "another verdict", HOSTS, other_verdict, "says another verdict" },
	{ "no verdict", HOSTS, no_verdict, "says another verdict" },
	{ "later fragments as well", HOSTS, later_fragments, "not its rule's" },
	{ "a record of another rule", HOSTS, other_place, "" },
	{ "a record of no place", HOSTS, no_place, "no place" },
	{ "a record of the jump", CHAIN, of_the_jump, "jump" },
	{ "bounds that wrap", HOSTS, wrap, "wrap" },
	{ "tests out of bounds", HOSTS, test_index, "without an end" },
	{ "IPv6, one address less", HOSTS, six_shorter, "lacks a rule" },
	{ "IPv6, one address more", HOSTS, six_longer, "not its rule's" },
	{ "a leaf's first place", HOSTS, leaf_first, "wrong first place" },
	{ "a leaf with a record less", HOSTS, leaf_count, "" },
	{ "a leaf out of bounds", HOSTS, leaf_base, "out of bounds" },
	{ "a leaf that is an inner node's child", HOSTS, leaf_child, "can be left" },
	{ "a leaf with a shift", HOSTS, leaf_shift, "can be left" },
	{ "a leaf in another order", HOSTS, leaf_order, "not in order" },
	{ "a node's first place", HOSTS, inner_first, "node" },
	{ "a node with its neighbour's children", HOSTS, inner_base, "" },
	{ "a node with another window", HOSTS, inner_shift, "lacks a rule" },
	{ "a node that is its own child", HOSTS, inner_self, "" },
	{ "a node with no such dim", HOSTS, inner_dim, "dim" },
	{ "a node with another threshold", HOSTS, inner_add, "lacks a rule" },
	{ "what a return leads to, one leaf", OVER "allow tcp", last_place_gone, "lacks a rule" },
	{ "what a return leads to, of many", OVER PORTS "allow ip4 tcp dport 1-1000", last_place_gone,
	  "lacks a rule" },
	{ "groups in another order", "drop ip4 udp dport 2\n" PORTS, group_order, "not in order" },
	{ "a bound moved", LISTS, key_moved, "" },
	{ "bounds swapped", LISTS, keys_swapped, "not sorted" },
	{ "bounds without padding", LISTS, key_padding, "" },
	{ "bounds of another size", LISTS, key_size, "shape" },
	{ "bounds inside out", LISTS, starts_inside, "" },
	{ "a table out of bounds", LISTS, table_offset, "outside" },
	{ "a bit of a bitmap", LISTS, bitmap_bit, "" },
	{ "a test of no field", LISTS, test_field, "" },
	{ "a run of tests without an end", LISTS, test_endless, "without an end" },
	{ "a test of no kind", LISTS, test_kind, "no known kind" },
	{ "another counter", HOSTS, action_slot, "action" },
	{ "another verdict", HOSTS, action_verdict, "action" },
	{ "a return that lands early", CHAIN "allow tcp", return_lands, "action" },
	{ "a count that skips a rule", HOSTS, count_skips, "action" },
	{ "deeper than stated", HOSTS, stated_depth, "deeper" },
	{ "a leaf larger than stated", HOSTS, stated_leaf, "larger" },
	{ "a group's first place", HOSTS, stated_first, "first place" },
	{ "a dim not in use", HOSTS, stated_dims, "not in use" },
	{ "more resumes than stated", HOSTS, stated_resumes, "resume" },
	{ "more steps than stated", LISTS, stated_steps, "shape" },
	{ "no trees", HOSTS, stated_family, "lacks a rule" },
};
/* clang-format on */

static void test_damages(void **state)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		_cleanup_arena_ struct arena *text = arena_new();
		struct loaded loaded = load_text(
			arena_printf(text, "interface eth0\ndefault drop\n%s\n", damages[i].rules),
			NULL);
		struct planted p = plant(loaded.arena, loaded.ds, loaded.rs, "");
		unsigned char *blob = p.forest.blob;
		struct target t = { .forest = &p.forest, .blob = blob };
		struct proof proof = forest_prove(loaded.arena, &p.places, &p.forest);

		if (!proof.holds)
			fail_msg("%s: refused undamaged: %s", damages[i].name, proof.why);
		t.nodes = (void *)(blob + p.forest.nodes.offset);
		t.r4 = (void *)(blob + p.forest.records4.offset);
		t.r6 = (void *)(blob + p.forest.records6.offset);
		t.tests = (void *)(blob + p.forest.tests.offset);
		t.actions = (void *)(blob + p.forest.actions.offset);
		damages[i].damage(&t);
		proof = forest_prove(loaded.arena, &p.places, &p.forest);
		if (proof.holds)
			fail_msg("%s: accepted", damages[i].name);
		if (!strstr(proof.why, damages[i].why))
			fail_msg("%s: refused because %s", damages[i].name, proof.why);
		arena_free(loaded.arena);
	}
}

/* What a failure says: the place, and a packet that shows it. */
static void test_message(void **state)
{
	struct loaded loaded = load_text("interface eth0\ndefault drop\nallow tcp\n"
					 "drop udp src 192.0.2.1 dport 53",
					 NULL);
	struct planted p = plant(loaded.arena, loaded.ds, loaded.rs, NULL);
	struct proof proof;

	p.forest.groups.len = 1;
	proof = forest_prove(loaded.arena, &p.places, &p.forest);
	assert_false(proof.holds);
	((struct forest_record4 *)(p.forest.blob + p.forest.records4.offset))[1].dport++;
	proof = forest_prove(loaded.arena, &p.places, &p.forest);
	assert_false(proof.holds);
	assert_int_equal(proof.place, 1);
	assert_non_null(strstr(proof.why, "proto 17 src 192.0.2.1 dport 54"));
	arena_free(loaded.arena);
}

/* Random rulesets. */

static void test_accepts(void **state)
{
	uint32_t n_built = 0;

	for (uint64_t seed = 1; seed <= RANDOM_RULESETS; seed++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct random random = { seed * 0x9e3779b97f4a7c15u + 5 };
		struct random_rules made = random_rules(arena, &random);

		for (int i = 0; i < 2 && made.rs; i++) {
			struct planted p = plant(arena, made.ds, made.rs, i ? NULL : "");
			struct proof proof;

			if (p.why)
				continue;
			n_built++;
			proof = forest_prove(arena, &p.places, &p.forest);
			if (!proof.holds)
				fail_msg("seed %" PRIu64 ": place %u: %s\n" STR_FMT, seed,
					 proof.place, proof.why, STR_ARG(made.text));
		}
	}
	assert_true(n_built > RANDOM_RULESETS * 3 / 2);
}

/* A packet as the parser leaves it: no field has more than its bits. */
static void draw_packet(struct random *r, const struct ruleset *rs, const pools *all,
			struct pkt *ret_pkt)
{
	random_packet(r, rs, all, ret_pkt);
	ret_pkt->reason = REASON_NONE;
	ret_pkt->essential = 0;
	ret_pkt->dscp &= 63;
	ret_pkt->vlan &= 4095;
	ret_pkt->ip_len %= 65536 + 40;
}

static void damage_bytes(struct random *r, unsigned char *blob, uint32_t size, uint32_t at)
{
	switch (random_below(r, 5)) {
	case 0:
		blob[at] ^= (unsigned char)(1 << random_below(r, 8));
		break;
	case 1:
		blob[at] = (unsigned char)random_next(r);
		break;
	case 2:
		blob[at]++;
		break;
	case 3:
		blob[at]--;
		break;
	default:
		memmove(blob + at, blob + random_below(r, size - 8), random_chance(r, 50) ? 4 : 8);
	}
}

struct damage_tally {
	uint32_t accepted, refused, harmful;
};

/* Lookups in refused damage are only defined where no test and no shift has changed. */
static bool is_safe(const struct forest *forest, uint32_t at)
{
	const struct forest_node *nodes = (const void *)(forest->blob + forest->nodes.offset);

	for (uint32_t i = 0; i < forest->nodes.n; i++)
		if (nodes[i].shift > 63)
			return false;
	return at + 8 <= forest->tests.offset || at >= forest->tables.offset;
}

static void damage_one(struct random *r, const struct planted *p, const struct pkt *packets,
		       uint64_t seed, struct damage_tally *tally)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct forest *forest = &p->forest;
	uint32_t at = random_below(r, forest->blob_size - 8);
	unsigned char before[8];
	struct proof proof;
	bool harmful = false;

	memcpy(before, forest->blob + at, 8);
	damage_bytes(r, forest->blob, forest->blob_size, at);
	proof = forest_prove(arena, &p->places, forest);
	for (uint32_t i = 0; i < PACKETS && !harmful && (proof.holds || is_safe(forest, at)); i++)
		harmful = differs(p, &packets[i]);
	tally->harmful += harmful;
	tally->refused += !proof.holds;
	tally->accepted += proof.holds;
	memcpy(forest->blob + at, before, 8);
	if (harmful && proof.holds)
		fail_msg("seed %" PRIu64 ": harmful damage at %u is accepted", seed, at);
}

static void test_random_damage(void **state)
{
	struct damage_tally tally = { 0 };

	for (uint64_t seed = 1; seed <= DAMAGED_RULESETS; seed++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct random random = { seed * 0x9e3779b97f4a7c15u + 9 };
		struct random_rules made = random_rules(arena, &random);
		struct pkt *packets = arena_new_array(arena, struct pkt, PACKETS);
		struct planted p;
		pools all = { 0 };

		if (!made.rs)
			continue;
		made.rs->fragments = FRAGMENTS_L3;
		p = plant(arena, made.ds, made.rs, seed & 1 ? NULL : "");
		if (p.why || p.forest.blob_size < 64)
			continue;
		pool_fill(arena, made.rs, &all);
		for (uint32_t i = 0; i < PACKETS; i++)
			draw_packet(&random, made.rs, &all, &packets[i]);
		for (uint32_t i = 0; i < DAMAGES; i++)
			damage_one(&random, &p, packets, seed, &tally);
	}
	assert_true(tally.harmful > 1000);
	assert_true(tally.refused > tally.harmful);
	assert_true(tally.accepted > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damages),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_random_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
