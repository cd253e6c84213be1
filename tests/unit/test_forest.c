/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The forest answers as eval does: named rulesets, random ones, and a large one that stays small.
 */
#include <inttypes.h>

#include "compiler/ir/eval.h"
#include "compiler/ir/forest.h"
#include "compiler/ir/prove.h"
#include "tests/random.h"
#include "tests/unit/ruleset.h"

#define CUBES_MAX 2000000u

static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

struct planted {
	struct places places;
	struct cubes cubes[3];
	struct forest forest;
	const char *why;
};

static struct planted plant(struct arena *arena, struct diags *ds, const struct ruleset *rs,
			    bool simplify)
{
	struct planted p = { 0 };

	assert_true(places_flatten(arena, rs, PLACES_MAX, &p.places));
	for (uint32_t i = 0; i < 3; i++) {
		assert_true(
			cubes_normalise(arena, ds, &p.places, families[i], CUBES_MAX, &p.cubes[i]));
		if (simplify)
			cubes_simplify(&p.cubes[i], &p.places, NULL);
	}
	p.why = forest_build(arena, &p.places, p.cubes, &p.forest);
	if (!p.why) {
		struct proof proof = forest_prove(arena, &p.places, &p.forest);

		if (!proof.holds)
			fail_msg("not proven: %s", proof.why);
	}
	return p;
}

static const struct forest_action *action_at(const struct forest *forest, uint32_t place)
{
	return (const struct forest_action *)(forest->blob + forest->actions.offset) + place;
}

/* The forest's next answer from @from on, returns followed. PLACE_NONE: the default. */
static uint32_t next_answer(const struct planted *p, const struct pkt *pkt, uint32_t from)
{
	uint32_t place;

	for (uint32_t met = 0;; met++) {
		place = forest_lookup(&p->forest, pkt, from);
		if (place == PLACE_NONE || p->places.list.data[place].kind != PLACE_RETURN)
			return place;
		from = action_at(&p->forest, place)->next;
		assert_true(from > place);
	}
}

/* Every answer for one packet, counts included. Return: how many there were; -1 on a difference. */
static int compare(const struct planted *p, const struct pkt *wanted)
{
	struct pkt pkt = *wanted;
	int answers = 0;

	for (;; answers++) {
		struct eval_result result = eval_packet(p->places.rs, &pkt, true);
		uint32_t place = next_answer(p, &pkt, pkt.from);
		uint32_t want = result.stage == ANSWER_RULE ? result.place : PLACE_NONE;
		const struct forest_action *action;

		if (place != want) {
			print_message("    eval %u, forest %u, from %u: family %u proto %u frag %u "
				      "%" PRIx64 " %" PRIx64 " > %" PRIx64 " %" PRIx64 " %u > %u\n",
				      want, place, pkt.from, pkt.family, pkt.proto, pkt.frag,
				      (uint64_t)pkt.src[0], (uint64_t)pkt.src[1],
				      (uint64_t)pkt.dst[0], (uint64_t)pkt.dst[1], pkt.sport,
				      pkt.dport);
			return -1;
		}
		if (place == PLACE_NONE)
			return answers;
		action = action_at(&p->forest, place);
		assert_int_equal(action->slot,
				 p->places.rs->rules.data[p->places.list.data[place].rule].slot);
		if (action->next == FOREST_ALLOW || action->next == FOREST_DROP) {
			assert_int_equal(action->next == FOREST_ALLOW, result.allow);
			return answers + 1;
		}
		pkt.from = action->next;
	}
}

/* What the walker relies on: bounds of nodes, leaves and depth, `first`, the order of groups. */
static uint32_t check_node(const struct forest *forest, const struct forest_group *group,
			   uint32_t index, uint32_t depth)
{
	const struct forest_node *node;
	uint32_t first = PLACE_NONE, last = 0;

	assert_true(index < forest->nodes.n);
	node = (const struct forest_node *)(forest->blob + forest->nodes.offset) + index;
	assert_true(depth <= group->depth && depth <= FOREST_DEPTH_MAX);
	if (node->dim != FOREST_LEAF) {
		assert_true(forest->dims_used[forest_family(group->family)] >> node->dim & 1);
		for (uint32_t i = 0; i <= node->mask; i++) {
			uint32_t below = check_node(forest, group, node->base + i, depth + 1);

			first = below < first ? below : first;
		}
		assert_int_equal(node->first, first);
		return first;
	}
	assert_true(node->mask <= group->leaf_max);
	assert_true(group->leaf_max <= (group->bits.n_sides ? BITS_RECORDS_MAX : FOREST_LEAF_MAX));
	for (uint32_t i = 0; i < node->mask; i++) {
		const unsigned char *blob = forest->blob;
		uint32_t at = node->add + i, place;

		assert_true(at < (group->family == FAMILY_IPV6 ? forest->records6.n
							       : forest->records4.n));
		if (group->family == FAMILY_IPV6)
			place = ((const struct forest_record6 *)(blob +
								 forest->records6.offset))[at]
					.place;
		else
			place = ((const struct forest_record4 *)(blob +
								 forest->records4.offset))[at]
					.place;
		assert_true(place >= last);
		last = place;
		first = place < first ? place : first;
	}
	assert_int_equal(node->first, first);
	return first;
}

static void check_shape(const struct forest *forest)
{
	uint32_t n_groups[3] = { 0 }, last = 0;

	vec_for_each(group, &forest->groups) {
		uint32_t family = forest_family(group->family);

		if (n_groups[family]++ == 0)
			last = 0;
		assert_true(n_groups[family] <= FOREST_GROUPS_MAX);
		assert_true(group->first >= last);
		last = group->first;
		assert_int_equal(check_node(forest, group, group->root, 0), group->first);
	}
}

/* Random rules x random packets. */

static void one_random(uint64_t seed, uint32_t *n_built, uint64_t *n_answers)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct random random = { seed * 0x9e3779b97f4a7c15u + 1 };
	struct random_rules made = random_rules(arena, &random);
	struct planted p;
	pools all = { 0 };

	if (!made.rs)
		return;
	made.rs->fragments = FRAGMENTS_L3;
	p = plant(arena, made.ds, made.rs, seed % 2);
	if (p.why)
		return;
	++*n_built;
	check_shape(&p.forest);
	pool_fill(arena, made.rs, &all);
	for (uint32_t i = 0; i < 400; i++) {
		struct pkt pkt;
		int answers;

		random_packet(&random, made.rs, &all, &pkt);
		pkt.reason = REASON_NONE;
		pkt.essential = 0;
		answers = compare(&p, &pkt);
		if (answers < 0)
			fail_msg("seed %" PRIu64 ":\n" STR_FMT, seed, STR_ARG(made.text));
		*n_answers += (uint64_t)answers;
	}
}

static void test_random(void **state)
{
	uint32_t n_built = 0;
	uint64_t n_answers = 0;

	for (uint64_t seed = 1; seed <= 150; seed++)
		one_random(seed, &n_built, &n_answers);
	assert_true(n_built > 120);
	assert_true(n_answers > 10000);
}

/* Named cases. */

struct named {
	const char *name;
	const char *rules;
	const char *packet;
	int place; /* -1: none */
};

/* clang-format off */
static const struct named cases[] = {
	{ "no rules", "", "tcp 192.0.2.1:4000 > 198.51.100.1:22", -1 },
	{ "one rule, met", "allow tcp dport 22", "tcp 192.0.2.1:4000 > 198.51.100.1:22", 0 },
	{ "one rule, not met", "allow tcp dport 22", "tcp 192.0.2.1:4000 > 198.51.100.1:23", -1 },
	{ "one rule, other protocol", "allow tcp dport 22",
	  "udp 192.0.2.1:4000 > 198.51.100.1:22", -1 },
	{ "wide open", "allow\ndrop\ncount\nallow tcp",
	  "tcp 192.0.2.1:4000 > 198.51.100.1:22", 0 },
	{ "nested prefixes, innermost",
	  "drop src 10.1.1.1\nallow src 10.1.1.0/24\ndrop src 10.1.0.0/16\nallow src 10.0.0.0/8\ndrop src 0.0.0.0/0",
	  "tcp 10.1.1.1:4000 > 198.51.100.1:22", 0 },
	{ "nested prefixes, middle",
	  "drop src 10.1.1.1\nallow src 10.1.1.0/24\ndrop src 10.1.0.0/16\nallow src 10.0.0.0/8\ndrop src 0.0.0.0/0",
	  "tcp 10.1.2.1:4000 > 198.51.100.1:22", 2 },
	{ "nested prefixes, outermost",
	  "drop src 10.1.1.1\nallow src 10.1.1.0/24\ndrop src 10.1.0.0/16\nallow src 10.0.0.0/8\ndrop src 0.0.0.0/0",
	  "tcp 11.1.2.1:4000 > 198.51.100.1:22", 4 },
	{ "port 0", "allow udp dport 1-65535\ndrop udp dport 0",
	  "udp 192.0.2.1:1 > 198.51.100.1:0", 1 },
	{ "port 65535", "allow udp dport 0-65534\ndrop udp dport 65535",
	  "udp 192.0.2.1:1 > 198.51.100.1:65535", 1 },
	{ "address 255.255.255.255", "allow dst 0.0.0.0-255.255.255.254\ndrop dst 255.255.255.255",
	  "udp 192.0.2.1:1 > 255.255.255.255:9", 1 },
	{ "range over the halves, below", "drop src 2001:db8::1-2001:db8:0:2::5",
	  "tcp [2001:db8::]:1 > [2001:db8::9]:2", -1 },
	{ "range over the halves, first", "drop src 2001:db8::1-2001:db8:0:2::5",
	  "tcp [2001:db8::1]:1 > [2001:db8::9]:2", 0 },
	{ "range over the halves, between", "drop src 2001:db8::1-2001:db8:0:2::5",
	  "tcp [2001:db8:0:1::]:1 > [2001:db8::9]:2", 0 },
	{ "range over the halves, last", "drop src 2001:db8::1-2001:db8:0:2::5",
	  "tcp [2001:db8:0:2::5]:1 > [2001:db8::9]:2", 0 },
	{ "range over the halves, above", "drop src 2001:db8::1-2001:db8:0:2::5",
	  "tcp [2001:db8:0:2::6]:1 > [2001:db8::9]:2", -1 },
	{ "largest address of a list", "drop src 10.0.0.1,10.0.0.3,10.0.0.5,10.0.0.7,10.0.0.9,255.255.255.255 dst 10.0.0.0/8,10.1.0.0/8,192.0.2.1,192.0.2.3,192.0.2.5,192.0.2.7,255.255.255.255",
	  "udp 255.255.255.255:1 > 255.255.255.255:2", 0 },
	{ "largest ports of lists", "drop udp sport 1,3,5,7,9,65535 dport 1,3,5,7,9,11,65535",
	  "udp 192.0.2.1:65535 > 198.51.100.1:65535", 0 },
	{ "below the largest ports", "drop udp sport 1,3,5,7,9,65535 dport 1,3,5,7,9,11,65535",
	  "udp 192.0.2.1:65535 > 198.51.100.1:65534", -1 },
	{ "return jumps over a drop",
	  "chain c {\nreturn src 192.0.2.1\ndrop tcp\n}\njump c\nallow tcp",
	  "tcp 192.0.2.1:4000 > 198.51.100.1:22", 3 },
	{ "no return for others",
	  "chain c {\nreturn src 192.0.2.1\ndrop tcp\n}\njump c\nallow tcp",
	  "tcp 192.0.2.2:4000 > 198.51.100.1:22", 2 },
};
/* clang-format on */

static const char *file_of(struct arena *arena, const char *rules)
{
	return arena_printf(arena, "version 1\ninterface eth0\ndefault drop\nessential off\n%s\n",
			    rules);
}

static void test_named(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *text = arena_new();
		struct loaded loaded = load_text(file_of(text, cases[i].rules), NULL);
		struct planted p = plant(loaded.arena, loaded.ds, loaded.rs, false);
		struct pkt pkt = read_packet(&loaded, cases[i].packet);
		uint32_t place;

		if (p.why)
			fail_msg("%s: %s", cases[i].name, p.why);
		check_shape(&p.forest);
		pkt.reason = REASON_NONE;
		place = next_answer(&p, &pkt, 0);
		if ((int)place != cases[i].place)
			fail_msg("%s: place %d, not %d", cases[i].name, (int)place, cases[i].place);
		if (compare(&p, &pkt) < 0)
			fail_msg("%s", cases[i].name);
		arena_free(loaded.arena);
	}
}

/* Rulesets written by a loop, and packets at their bounds. */

typedef void write_rules(struct buf *out, struct random *r);

static void hosts_in_one_net(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 200; i++)
		buf_printf(out, "%s src 192.0.2.%u\n", i % 3 ? "allow" : "drop", i * 7 % 256);
	buf_puts(out, "drop src 192.0.2.0/24\n");
}

static void overlapping_ranges(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t low = random_below(r, 60000);

		buf_printf(out, "%s udp dport %u-%u\n", i % 2 ? "allow" : "drop", low,
			   low + 1 + random_below(r, 65535 - low));
	}
}

static void overlapping_boxes(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 150; i++) {
		uint32_t low = random_below(r, 60000), a = random_below(r, 200);

		buf_printf(out, "%s tcp src 10.%u.0.9-10.%u.3.1 dport %u-%u\n",
			   i % 2 ? "allow" : "drop", a, a + random_below(r, 50), low,
			   low + 1 + random_below(r, 5000));
	}
}

/* Around one another in every field: bit vectors. */
static void nested_boxes(struct buf *out, struct random *r)
{
	for (uint32_t i = 300; i > 0; i--)
		buf_printf(out, "%s tcp src 10.1.%u.%u-10.1.9.%u dport %u-%u\n",
			   i % 2 ? "allow" : "drop", i >> 8, i & 255, random_below(r, 256), i,
			   65535 - i - random_below(r, 3));
}

/* The same with counts, tests beside the boxes and a tree that answers first or last. */
static void nested_six(struct buf *out, struct random *r)
{
	for (uint32_t i = 300; i > 0; i--)
		buf_printf(out, "%s tcp src 2001:db8:8::%x-2001:db8:8:%x::9 dport %u-%u%s\n",
			   i % 50 == 0 ? "count"
			   : i % 2     ? "allow"
				       : "drop",
			   i, 400 - i + random_below(r, 9), i, 65535 - i,
			   i % 3 ? "" : " ttl 1,5,64");
	for (uint32_t i = 0; i < 100; i++)
		buf_printf(out, "allow src 2001:db8:%x:%x::/64 udp\n", i % 7, i);
}

static void many_counts(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 300; i++)
		buf_printf(out, "count src 10.0.%u.%u\nallow src 10.0.%u.0/24 tcp dport %u\n",
			   i % 40, i / 2, i % 40, random_below(r, 100));
}

static void six_prefixes(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 300; i++)
		buf_printf(out, "%s src 2001:db8:%x:%x::/64 dst 2001:db8::%x-2001:db8:0:%x::%x\n",
			   i % 2 ? "allow" : "drop", i % 7, random_below(r, 300), i,
			   random_below(r, 4), i + random_below(r, 9));
}

static void mac_and_vlan(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 200; i++)
		buf_printf(out, "%s ether 0x88b5 smac 02:00:00:%02x:00:%02x vlan %u-%u\n",
			   i % 2 ? "allow" : "drop", i % 5, random_below(r, 256), i, i + 20);
}

/* Of every width, so that every kind has a tree of its own. */
static void both_families(struct buf *out, struct random *r)
{
	static const uint32_t lengths[] = { 32, 32, 32, 32, 32, 24, 30, 16, 8, 0 };

	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t src = RANDOM_OF(r, lengths), dst = RANDOM_OF(r, lengths);
		uint32_t a = (uint32_t)random_next(r) % 0x3fffff, b = (uint32_t)random_next(r);

		buf_puts(out, i % 3 ? "allow" : "drop");
		if (i % 2) {
			a = src ? (a | 10u << 24) >> (32 - src) << (32 - src) : 0;
			b = dst ? (b & 0xffff) >> (32 - dst) << (32 - dst) : 0;
			buf_printf(out, " tcp src %u.%u.%u.%u/%u dst 0.0.%u.%u/%u", a >> 24,
				   a >> 16 & 255, a >> 8 & 255, a & 255, src, b >> 8 & 255, b & 255,
				   dst);
		} else {
			buf_printf(out, " udp src 2001:db8:%x::%s/%u dst 2001:db8:%x:%x::/%u",
				   a % 256, src == 32 ? "1" : "", src == 32 ? 128 : 48, b % 16, 0,
				   dst == 32 ? 128 : 48);
		}
		if (random_chance(r, 70))
			buf_printf(out, " dport %u", random_below(r, 1000));
		buf_puts(out, "\n");
	}
}

/* Wide and narrow in every field, so that children are alike. */
static void like_a_firewall(struct buf *out, struct random *r)
{
	static const uint32_t lengths[] = { 32, 32, 32, 28, 24, 20 };

	for (uint32_t i = 0; i < 500; i++) {
		uint32_t len = RANDOM_OF(r, lengths);
		uint32_t at =
			(10u << 24 | 1u << 16 | random_below(r, 65536)) >> (32 - len) << (32 - len);

		buf_puts(out, i % 3 ? "allow" : "drop");
		buf_puts(out, random_chance(r, 70) ? " tcp" : " udp");
		if (random_chance(r, 30))
			buf_printf(out, " src 192.0.2.%u", random_below(r, 256));
		buf_printf(out, " dst %u.%u.%u.%u/%u", at >> 24, at >> 16 & 255, at >> 8 & 255,
			   at & 255, len);
		if (random_chance(r, 10))
			buf_printf(out, " sport %u", random_below(r, 60));
		if (random_chance(r, 50))
			buf_printf(out, " dport %u", 20 + random_below(r, 20));
		else if (random_chance(r, 40))
			buf_puts(out, " dport 1024-65535");
		buf_puts(out, "\n");
	}
}

/* 10 000 rules as routers have them: hosts to hosts, few networks, one port. */
static void like_an_acl(struct buf *out, struct random *r)
{
	for (uint32_t i = 0; i < 10000; i++) {
		uint32_t src = random_below(r, 3000) * 2654435761u;
		uint32_t dst = random_below(r, 6000) * 2246822519u;
		uint32_t len = random_chance(r, 85) ? 32 : random_chance(r, 90) ? 24 : 12;

		src = (src & 0x7fffffff) >> (32 - len) << (32 - len);
		buf_printf(out, "%s tcp src %u.%u.%u.%u/%u dst %u.%u.%u.%u dport %u\n",
			   i % 3 ? "allow" : "drop", src >> 24, src >> 16 & 255, src >> 8 & 255,
			   src & 255, len, dst >> 24, dst >> 16 & 255, dst >> 8 & 255, dst & 255,
			   random_below(r, 60));
	}
}

/* clang-format off */
static const struct {
	const char *name;
	write_rules *write;
	uint32_t leaf_max; /* what the trees must reach at least */
	uint32_t blob_max; /* KB */
	uint32_t packets;
} written[] = {
	{ "hosts in one /24", hosts_in_one_net, 4, 500, 1000 },
	{ "200 overlapping ranges", overlapping_ranges, 64, 500, 1000 },
	{ "overlapping boxes", overlapping_boxes, 40, 500, 1000 },
	{ "nested boxes", nested_boxes, 300, 500, 4000 },
	{ "nested boxes of IPv6", nested_six, 700, 800, 4000 },
	{ "counts between rules", many_counts, 30, 500, 1000 },
	{ "IPv6 prefixes", six_prefixes, 16, 500, 1000 },
	{ "MAC addresses and VLANs", mac_and_vlan, 16, 500, 1000 },
	{ "both families", both_families, 32, 500, 1000 },
	{ "like a firewall", like_a_firewall, 20, 500, 1000 },
	{ "like an ACL", like_an_acl, 12, 1000, 100 },
};
/* clang-format on */

static void test_written(void **state)
{
	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct random random = { 77 };
		struct buf out = { .arena = arena };
		struct loaded loaded;
		struct planted p;
		pools all = { 0 };
		bool has_bits;

		written[i].write(&out, &random);
		loaded = load_text(file_of(arena, buf_text(&out)), NULL);
		p = plant(loaded.arena, loaded.ds, loaded.rs, false);
		if (p.why)
			fail_msg("%s: %s", written[i].name, p.why);
		check_shape(&p.forest);
		has_bits = false;
		vec_for_each(group, &p.forest.groups) {
			has_bits |= group->bits.n_sides > 0;
			if (group->leaf_max > written[i].leaf_max)
				fail_msg("%s: a leaf of %u", written[i].name, group->leaf_max);
		}
		if (has_bits != (strncmp(written[i].name, "nested", 6) == 0))
			fail_msg("%s: bit vectors or none", written[i].name);
		pool_fill(arena, loaded.rs, &all);
		if (p.forest.blob_size >> 10 > written[i].blob_max)
			fail_msg("%s: a blob of %u KB", written[i].name, p.forest.blob_size >> 10);
		for (uint32_t k = 0; k < written[i].packets; k++) {
			struct pkt pkt;

			random_packet(&random, loaded.rs, &all, &pkt);
			pkt.reason = REASON_NONE;
			pkt.essential = 0;
			if (compare(&p, &pkt) < 0)
				fail_msg("%s", written[i].name);
		}
		arena_free(loaded.arena);
	}
}

static void test_too_many_counts(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };
	struct loaded loaded;
	struct planted p;

	for (uint32_t i = 0; i < 70; i++)
		buf_printf(&out, "count src 10.0.0.0/8 ttl %u-255\n", i);
	loaded = load_text(file_of(arena, buf_text(&out)), NULL);
	p = plant(loaded.arena, loaded.ds, loaded.rs, false);
	assert_non_null(p.why);
	assert_non_null(strstr(p.why, "70 count"));
	arena_free(loaded.arena);
}

static void test_print(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct loaded loaded = load_text(
		file_of(arena, "allow tcp dport 22\ndrop src 192.0.2.1\nallow src 192.0.2.2\n"
			       "drop src 192.0.2.3\nallow src 192.0.2.4\ndrop src 192.0.2.5"),
		NULL);
	struct planted p = plant(loaded.arena, loaded.ds, loaded.rs, false);
	struct buf out = { .arena = arena };

	assert_null(p.why);
	forest_print(&out, &p.forest);
	assert_non_null(strstr(buf_text(&out), "group 0: ipv4, first place 0"));
	assert_non_null(strstr(buf_text(&out), "leaf 0"));
	forest_print_stats(&out, &p.forest);
	assert_non_null(strstr(buf_text(&out), "6 places"));
	arena_free(loaded.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),  cmocka_unit_test(test_written),
		cmocka_unit_test(test_random), cmocka_unit_test(test_too_many_counts),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
