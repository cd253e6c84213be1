/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cubes against the reference: named rules, then random rules and packets, passes on and off. */
#include "tests/unit/ruleset.h"

#include "compiler/ir/cube.h"
#include "compiler/ir/eval.h"
#include "tests/random.h"

#define ROUNDS    600u
#define PACKETS   300u
#define CUBES_MAX 100000u

static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

struct made {
	struct places places;
	struct cubes cubes[3];
};

static struct made make(struct arena *arena, struct diags *ds, const struct ruleset *rs)
{
	struct made made;

	assert_true(places_flatten(arena, rs, PLACES_MAX - 1, &made.places));
	for (int i = 0; i < 3; i++) {
		assert_true(cubes_normalise(arena, ds, &made.places, families[i], CUBES_MAX,
					    &made.cubes[i]));
		assert_ptr_equal(cubes_check(&made.cubes[i], &made.places), NULL);
	}
	return made;
}

static const struct cubes *cubes_for(const struct made *made, const struct pkt *pkt)
{
	return &made->cubes[pkt->family == FAMILY_IPV4 ? 1 : pkt->family == FAMILY_IPV6 ? 2 : 0];
}

/* The lowest place from @from on with a cube that has the packet. */
static uint32_t lookup(const struct made *made, const struct pkt *pkt, uint32_t from)
{
	const struct cubes *cubes = cubes_for(made, pkt);

	vec_for_each(cube, &cubes->list)
		if (cube->place >= from && cube_has(cubes, cube, pkt))
			return cube->place;
	return PLACE_NONE;
}

/* As a probed chain: a count answers, a return does not. */
static uint32_t classify(const struct made *made, const struct pkt *pkt)
{
	uint32_t place = lookup(made, pkt, pkt->from);

	while (place != PLACE_NONE && made->places.list.data[place].kind == PLACE_RETURN)
		place = lookup(made, pkt, made->places.list.data[place].resume);
	return place == PLACE_NONE ? ANSWER(ANSWER_DEFAULT, 0) : ANSWER(ANSWER_RULE, place);
}

/* Return: how many answers of rules; UINT32_MAX when one is wrong. */
static uint32_t compare(const struct made *made, struct pkt *pkt)
{
	for (uint32_t n = 0;; n++) {
		struct eval_result wanted = eval_packet(made->places.rs, pkt, true);
		bool prologue = wanted.stage < ANSWER_RULE;

		if (!prologue && classify(made, pkt) != eval_answer(&wanted)) {
			print_message("from %u: %#x, eval says %#x\n", pkt->from,
				      classify(made, pkt), eval_answer(&wanted));
			return UINT32_MAX;
		}
		if (wanted.stage != ANSWER_RULE ||
		    made->places.rs->rules.data[wanted.rule].verb.row->terminal)
			return n + (wanted.stage == ANSWER_RULE);
		pkt->from = wanted.place + 1;
	}
}

#define OPEN "interface eth0,eth1\ndefault allow\n"
#define BOTH "set s addr { 192.0.2.1, 192.0.2.9, 2001:db8::1, 2001:db8::9 }\n"

struct shape_case {
	const char *name;
	const char *rules;
	uint32_t n[3];    /* cubes of FAMILY_NONE, IPv4, IPv6 */
	uint32_t tests;   /* distinct, all families */
	uint32_t left[3]; /* cubes after all passes */
};

/* clang-format off */
static const struct shape_case shapes[] = {
	{ "no rule", OPEN, { 0, 0, 0 }, 0, { 0, 0, 0 } },
	{ "any packet of IP", OPEN "drop", { 0, 1, 1 }, 0, { 0, 1, 1 } },
	{ "ether", OPEN "drop ether 0x88cc", { 1, 0, 0 }, 0, { 1, 0, 0 } },
	{ "two ethertypes", OPEN "drop ether 0x88cc,0x88b5", { 2, 0, 0 }, 0, { 2, 0, 0 } },
	{ "that of IPv4", OPEN "drop ether 0x0800", { 1, 1, 0 }, 0, { 1, 1, 0 } },
	{ "not that of IPv4", OPEN "drop not ether 0x0800", { 2, 0, 1 }, 0, { 2, 0, 1 } },
	{ "disabled", OPEN "drop disabled", { 0, 0, 0 }, 0, { 0, 0, 0 } },
	{ "an IPv4 address", OPEN "drop src 192.0.2.1", { 0, 1, 0 }, 0, { 0, 1, 0 } },
	{ "an IPv4 range", OPEN "drop src 192.0.2.1-192.0.2.6", { 0, 1, 0 }, 0, { 0, 1, 0 } },
	{ "an IPv6 prefix", OPEN "drop src 2001:db8::/33", { 0, 0, 1 }, 0, { 0, 0, 1 } },
	{ "in the low half", OPEN "drop src 2001:db8::/65", { 0, 0, 1 }, 0, { 0, 0, 1 } },
	{ "from the middle of a subnet", OPEN "drop src 2001:db8::1-2001:db8:0:2:ffff:ffff:ffff:ffff", { 0, 0, 2 }, 0, { 0, 0, 2 } },
	{ "into the middle of another", OPEN "drop src 2001:db8::-2001:db8:0:2::1", { 0, 0, 2 }, 0, { 0, 0, 2 } },
	{ "of neighbours", OPEN "drop src 2001:db8::1-2001:db8:0:1::1", { 0, 0, 2 }, 0, { 0, 0, 2 } },
	{ "a range of three boxes", OPEN "drop src 2001:db8::1-2001:db8:0:2::1", { 0, 0, 3 }, 0, { 0, 0, 3 } },
	{ "two such ranges", OPEN "drop src 2001:db8::1-2001:db8:0:2::1 dst 2001:db8::1-2001:db8:0:2::1", { 0, 0, 3 }, 1, { 0, 0, 3 } },
	{ "one host in neighbour subnets", OPEN "drop src 2001:db8:0:1::1,2001:db8:0:2::1", { 0, 0, 2 }, 0, { 0, 0, 1 } },
	{ "not an address", OPEN "drop not src 192.0.2.1", { 0, 2, 0 }, 0, { 0, 2, 0 } },
	{ "a set", OPEN BOTH "drop src @s", { 0, 2, 2 }, 0, { 0, 2, 2 } },
	{ "not a set", OPEN BOTH "drop not src @s", { 0, 3, 5 }, 0, { 0, 3, 5 } },
	{ "no product", OPEN BOTH "drop tcp dport 1,3,5 src @s", { 0, 3, 3 }, 2, { 0, 3, 3 } },
	{ "addresses win a tie", OPEN BOTH "drop tcp dport 1,3 src @s", { 0, 2, 2 }, 2, { 0, 2, 2 } },
	{ "a set twice is one test", OPEN BOTH "drop tcp dport 1,3,5 src @s\ndrop udp dport 1,3,5 src @s", { 0, 6, 6 }, 2, { 0, 6, 6 } },
	{ "ports of two protocols", OPEN "drop proto tcp,udp dport 53", { 0, 2, 2 }, 0, { 0, 2, 2 } },
	{ "flags are a bitmap", OPEN "drop tcp syn", { 0, 1, 1 }, 2, { 0, 1, 1 } },
	{ "icmp has one family", OPEN "drop icmp type 8", { 0, 1, 0 }, 0, { 0, 1, 0 } },
	{ "a field that is no dim of IPv6", OPEN "drop ttl 1", { 0, 1, 1 }, 1, { 0, 1, 1 } },
	{ "any value of it", OPEN "drop ttl 0-255", { 0, 1, 1 }, 0, { 0, 1, 1 } },
	{ "nothing can match", OPEN "drop src 10.0.0.1 not src 10.0.0.0/8", { 0, 0, 0 }, 0, { 0, 0, 0 } },
	{ "plain and negated", OPEN "drop src 10.0.0.0/8 not src 10.0.0.0/9", { 0, 1, 0 }, 0, { 0, 1, 0 } },
	{ "a jump's match", OPEN "chain c {\n drop src 192.0.2.1\n drop src 10.0.0.1\n}\njump c src 10.0.0.0/8", { 0, 1, 0 }, 0, { 0, 1, 0 } },
	{ "a jump that nothing takes", OPEN "chain c {\n drop ip4\n}\njump c ip6", { 0, 0, 0 }, 0, { 0, 0, 0 } },
	{ "shadowed", OPEN "drop src 10.0.0.0/8\nallow src 10.1.0.0/16", { 0, 2, 0 }, 0, { 0, 1, 0 } },
	{ "in part", OPEN "drop src 10.0.0.0/8 tcp\nallow src 10.1.0.0/16", { 0, 2, 0 }, 0, { 0, 2, 0 } },
	{ "by a range", OPEN "drop tcp dport 1000-2000\nallow tcp dport 1500-1501", { 0, 2, 2 }, 0, { 0, 1, 1 } },
	{ "by the same test", OPEN "drop tcp syn\nallow tcp syn dport 22", { 0, 2, 2 }, 2, { 0, 1, 1 } },
	{ "by a test that the box passes", OPEN "drop tcp dport 1,3 src 10.0.0.0-10.0.0.3,10.0.0.8-10.0.0.9,10.0.1.0\nallow tcp dport 3 src 10.0.0.1", { 0, 4, 0 }, 1, { 0, 3, 0 } },
	{ "not by another value of it", OPEN "drop tcp dport 1,3 src 10.0.0.0-10.0.0.3,10.0.0.8-10.0.0.9,10.0.1.0\nallow tcp dport 2 src 10.0.0.1", { 0, 4, 0 }, 1, { 0, 4, 0 } },
	{ "count hides nothing", OPEN "count\ndrop", { 0, 2, 2 }, 0, { 0, 2, 2 } },
	{ "but is hidden", OPEN "drop\ncount", { 0, 2, 2 }, 0, { 0, 1, 1 } },
	{ "behind a chain", OPEN "chain c {\n drop tcp\n}\njump c\nallow tcp", { 0, 2, 2 }, 0, { 0, 1, 1 } },
	{ "a return can jump over it", OPEN "chain c {\n return src 10.0.0.1\n drop tcp\n}\njump c\nallow tcp", { 0, 3, 2 }, 0, { 0, 3, 2 } },
	{ "in the same instance", OPEN "chain c {\n return src 10.0.0.1\n drop tcp\n allow tcp dport 22\n}\njump c", { 0, 3, 2 }, 0, { 0, 2, 1 } },
	{ "a return behind it", OPEN "chain c {\n drop tcp\n return src 10.0.0.1\n}\njump c\nallow tcp", { 0, 3, 2 }, 0, { 0, 2, 1 } },
};
/* clang-format on */

static void test_shapes(void **state)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		const struct shape_case *c = &shapes[i];
		struct loaded loaded = load_text(c->rules, NULL);
		struct made made = make(loaded.arena, loaded.ds, loaded.rs);
		uint32_t tests = 0;

		for (int f = 0; f < 3; f++) {
			uint32_t before = made.cubes[f].list.len, after;

			tests += made.cubes[f].tests.len;
			cubes_simplify(&made.cubes[f], &made.places, NULL);
			after = made.cubes[f].list.len;
			if (before != c->n[f] || after != c->left[f])
				fail_msg("%s: family %u: %u cubes, %u left", c->name, families[f],
					 before, after);
		}
		if (tests != c->tests)
			fail_msg("%s: %u tests", c->name, tests);
		arena_free(loaded.arena);
	}
}

/* Return: false when a packet is answered differently. */
static bool compare_packets(struct random *r, struct arena *arena, const struct made *made,
			    uint64_t *answers)
{
	pools near = { 0 };

	pool_fill(arena, made->places.rs, &near);
	for (uint32_t k = 0; k < PACKETS; k++) {
		struct pkt pkt;
		uint32_t n;

		random_packet(r, made->places.rs, &near, &pkt);
		n = compare(made, &pkt);
		if (n == UINT32_MAX)
			return false;
		*answers += n;
	}
	return true;
}

static void test_random(void **state)
{
	static const char *const passes[] = { "", "m", "s", NULL };
	uint64_t answers = 0, before = 0, after = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct random random = { .state = 1000003 + round };
		struct arena *arena = arena_new();
		struct random_rules rules = random_rules(arena, &random);
		struct made made;

		assert_non_null(rules.rs);
		made = make(arena, rules.ds, rules.rs);
		assert_int_equal(made.places.list.len, eval_places(rules.rs));
		for (int f = 0; f < 3; f++) {
			before += made.cubes[f].list.len;
			cubes_simplify(&made.cubes[f], &made.places, passes[round % 4]);
			after += made.cubes[f].list.len;
		}
		if (!compare_packets(&random, arena, &made, &answers))
			fail_msg("round %u\n" STR_FMT, round, STR_ARG(rules.text));
		arena_free(arena);
	}
	/* A test whose packets meet no rule, or whose passes find nothing, shows nothing. */
	assert_true(answers > (uint64_t)ROUNDS * PACKETS / 4);
	assert_true(after < before);
}

/* The text of a set of @n networks with gaps, and @n_rules rules with it. */
static const char *large_text(struct arena *arena, uint32_t n, const char *rules)
{
	struct buf out = { .arena = arena };

	buf_puts(&out, OPEN "set s addr {\n");
	for (uint32_t i = 0; i < n; i++)
		buf_printf(&out, "10.%u.%u.%u/30\n", i >> 13 & 255, i >> 5 & 255, i << 3 & 255);
	buf_puts(&out, "}\n");
	buf_puts(&out, rules);
	return buf_text(&out);
}

#define FIVE "drop src @s\ndrop src @s\ndrop src @s\ndrop src @s\ndrop src @s\n"

struct room_case {
	const char *name;
	const char *rules;
	uint32_t nets; /* in the set */
	uint32_t max;
	bool fits;
	uint32_t n;
};

/* clang-format off */
static const struct room_case rooms[] = {
	{ "room for all", "drop src @s", 1000, 1000, true, 1000 },
	{ "one too few: a test", "drop src @s", 1000, 999, true, 1 },
	{ "the next place needs one", "drop src @s\nallow tcp", 1000, 1000, true, 2 },
	{ "and has it", "drop src @s\nallow tcp", 1000, 1001, true, 1001 },
	{ "one for each place", "drop src @s\nallow tcp\ncount", 1000, 3, true, 3 },
	{ "not even that", "drop src @s\nallow tcp\ncount", 1000, 2, false, 0 },
	{ "one list for many rules", FIVE FIVE FIVE FIVE, 1000, 100000, true, 16 * 1000 + 4 },
	{ "short ones are cheap", FIVE FIVE FIVE FIVE, 4, 100000, true, 20 * 4 },
	{ "long lists share their room", "drop src @s\ndrop not src @s", 70000, 1000000, true, 70001 },
	{ "too long for it", "drop src @s", 140000, 1000000, true, 1 },
};
/* clang-format on */

static void test_room(void **state)
{
	for (size_t i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		const struct room_case *c = &rooms[i];
		_cleanup_arena_ struct arena *arena = arena_new();
		struct loaded loaded = load_text(large_text(arena, c->nets, c->rules), NULL);
		struct places places;
		struct cubes cubes = { 0 };
		bool fits;

		assert_true(places_flatten(loaded.arena, loaded.rs, 20, &places));
		fits = cubes_normalise(loaded.arena, loaded.ds, &places, FAMILY_IPV4, c->max,
				       &cubes);
		if (fits != c->fits || cubes.list.len != c->n)
			fail_msg("%s: %u cubes", c->name, cubes.list.len);
		if (!fits)
			assert_int_equal(loaded.ds->list.data[0].code, E191);
		arena_free(loaded.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
