/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Compiled code against the rules, for every packet: the packets are halved until the code has
 * one answer for all of them; the first rule that has any of them must then have all, and be it.
 */
#include "compiler/ir/prove_rule.h"
#include "tests/unit/ruleset.h"
#include "tests/unit/symbolic.h"

#define REGIONS_MAX 2000000u

/* Packets that agree in the high bits of each field. */
struct packets {
	u128 low[FIELDS_MAX];
	uint8_t bits[FIELDS_MAX]; /* how many low ones are free */
};

struct checked {
	const char *name;
	struct compiled compiled;
	struct reference ref;
	struct set_pool pool;
	struct product *places;
	uint32_t n_regions;
	VEC(struct packets) todo;
};

/* The field in struct pkt, as the code sees it. */
static void put_field(struct symbolic *s, const struct checked *c, uint32_t field,
		      const struct packets *packets)
{
	const struct prove_field *of = &c->ref.fields[field];
	u128 free_bits = packets->bits[field] ? ~(u128)0 >> (128 - packets->bits[field]) : 0;

	for (uint32_t i = 0; i < of->width; i++) {
		/* The high half of an address lies first. */
		uint32_t at = of->offset + (of->width == 16 ? i ^ 8 : i);

		s->value[at] = (uint8_t)(packets->low[field] >> 8 * i);
		s->mask[at] = (uint8_t)(free_bits >> 8 * i);
		s->from[at] = 1u << field;
	}
}

static struct bits run(struct checked *c, const struct packets *packets, struct symbolic *s)
{
	struct bits arguments[11] = { 0 };

	*s = (struct symbolic){ .compiled = &c->compiled };
	s->value[offsetof(struct pkt, family)] = (uint8_t)c->ref.family;
	s->value[offsetof(struct pkt, probe)] = 1;
	for (uint32_t i = 0; i < c->ref.n_fields; i++)
		put_field(s, c, i, packets);
	return symbolic_call(s, 0, arguments);
}

/* As a product; empty where no packet can be (frag 3). */
static struct product product_of_packets(struct checked *c, const struct packets *packets)
{
	struct product product = { 0 };

	for (uint32_t i = 0; i < c->ref.n_fields; i++) {
		u128 more = packets->bits[i] ? ~(u128)0 >> (128 - packets->bits[i]) : 0;

		product.of[i] = c->ref.universe.all[i];
		product.used |= 1u << i;
		product_narrow(&c->pool, &product, i,
			       set_range(&c->pool, packets->low[i], packets->low[i] | more));
	}
	return product;
}

static bool meets(struct checked *c, const struct product *a, const struct product *b)
{
	if (a->empty || b->empty)
		return false;
	for (uint32_t i = 0; i < c->ref.n_fields; i++)
		if (b->used >> i & 1 && !set_and(&c->pool, a->of[i], b->of[i]).n)
			return false;
	return true;
}

static void check_answer(struct checked *c, const struct product *packets, uint32_t answer)
{
	uint32_t place = 0, n = c->ref.places.len;

	/* A jump answers nothing; what its chain asks for is part of the chain's places. */
	while (place < n && (c->ref.places.data[place].is.kind == PLACE_JUMP ||
			     !meets(c, packets, &c->places[place])))
		place++;
	if (place < n && !product_within(&c->ref.universe, packets, &c->places[place]))
		fail_msg("%s: one answer %#x for packets in and out of place %u", c->name, answer,
			 place);
	if (answer != (place < n ? ANSWER(ANSWER_RULE, place) : ANSWER(ANSWER_DEFAULT, 0)))
		fail_msg("%s: answer %#x where place %u is first", c->name, answer, place);
}

/* In the field with the fewest free bits: protocols before addresses. */
static void halve(struct checked *c, const struct packets *packets, uint32_t fields)
{
	uint32_t best = FIELDS_MAX;
	struct packets half = *packets;

	for (uint32_t i = 0; i < c->ref.n_fields; i++)
		if (fields >> i & 1 && packets->bits[i] &&
		    (best == FIELDS_MAX || packets->bits[i] < packets->bits[best]))
			best = i;
	if (best == FIELDS_MAX)
		fail_msg("%s: a branch depends on what is no field", c->name);
	half.bits[best]--;
	vec_push(c->ref.arena, &c->todo, half);
	half.low[best] |= (u128)1 << half.bits[best];
	vec_push(c->ref.arena, &c->todo, half);
}

static void check_family(struct checked *c, unsigned int family)
{
	struct packets all = { 0 };

	reference_family(&c->ref, family);
	/* What is no IP packet has none of its fields: they are 0. */
	for (uint32_t i = 0; i < c->ref.n_fields; i++)
		if (family != FAMILY_NONE || c->ref.fields[i].row->layer == LAYER_FRAME)
			for (u128 most = c->ref.universe.range[i].hi; most; most >>= 1)
				all.bits[i]++;
	for (uint32_t i = 0; i < c->ref.places.len; i++)
		reference_place(&c->ref, i, &c->places[i]);
	vec_push(c->ref.arena, &c->todo, all);
	while (c->todo.len) {
		struct packets packets = c->todo.data[--c->todo.len];
		uint32_t kept = c->pool.len;
		struct product product = product_of_packets(c, &packets);
		struct symbolic s;
		struct bits answer;

		if (++c->n_regions > REGIONS_MAX)
			fail_msg("%s: too many packets to tell apart", c->name);
		if (!product.empty) {
			answer = run(c, &packets, &s);
			if (s.fault)
				fail_msg("%s: %s", c->name, s.fault);
			if (s.split || answer.mask)
				halve(c, &packets, s.split | answer.from);
			else
				check_answer(c, &product, (uint32_t)answer.value);
		}
		c->pool.len = c->pool.len < kept ? c->pool.len : kept;
	}
}

static uint32_t check_rules(const char *name, const char *rules, enum classifier wanted)
{
	_cleanup_arena_ struct arena *text = arena_new();
	struct loaded loaded = load_text(
		arena_printf(text, "interface eth0\ndefault drop\nessential off\n%s\n", rules),
		NULL);
	struct compile_options options = { .wanted = wanted };
	struct checked c = { .name = name, .pool = { .arena = loaded.arena } };

	/* A slot of 0 stands for a rule that is not counted, a return. */
	for (uint32_t i = 0; i < loaded.rs->rules.len; i++)
		loaded.rs->rules.data[i].slot = SLOT_RULES + i;
	if (!compile_with(loaded.ds, loaded.rs, options, &c.compiled)) {
		print_diags(loaded.ds);
		fail_msg("%s: does not compile", name);
	}
	pool_take(&c.pool, 1 << 16);
	c.pool.len = 0;
	reference_init(&c.ref, loaded.arena, &c.pool, loaded.rs, PLACES_MAX >> 8);
	c.places = arena_new_array(loaded.arena, struct product, c.ref.places.len + 1);
	check_family(&c, FAMILY_NONE);
	check_family(&c, FAMILY_IPV4);
	check_family(&c, FAMILY_IPV6);
	arena_free(loaded.arena);
	return c.n_regions;
}

/* clang-format off */
static const struct {
	const char *name;
	const char *rules;
} cases[] = {
	{ "no rule", "" },
	{ "everything", "allow" },
	{ "a port", "allow tcp dport 22" },
	{ "a range of ports", "drop udp sport 1000-5000" },
	{ "up to the top", "allow tcp dport 1024-" },
	{ "not a port", "allow tcp not dport 22-25" },
	{ "a list of ports", "allow udp dport 1,3,5-9,100-200,65535" },
	{ "a prefix", "allow src 192.0.2.0/25" },
	{ "a range of addresses", "drop dst 10.0.0.3-10.0.1.9" },
	{ "an IPv6 range", "drop src 2001:db8::ffff-2001:db8:0:1::1" },
	{ "an IPv6 prefix", "drop dst 2001:db8::/33" },
	{ "flags", "drop tcp flags syn,fin/syn,fin\nallow tcp syn" },
	{ "ICMP types", "allow icmp type 8,13,15,17,30-40\ndrop icmp6 type 1-4" },
	{ "not IP", "allow ether 0x88cc\ndrop not vlan 20" },
	{ "fragments", "drop frag later\nallow frag first tcp\nallow udp dport 53" },
	{ "rules of small fields", "drop ip4 ttl 3\ncount tcp dport 22\nallow ip4 ttl 0-9 udp\ndrop ip4 proto tcp,gre" },
	{ "prefixes", "drop ip4 src 128.0.0.0/2 udp\nallow ip4 src 192.0.2.0/25\ndrop ip4 src 192.0.0.0/16" },
	{ "a chain", "chain c {\ndrop udp ttl 1\nallow proto gre\n}\njump c ip4 ttl 0-3\nallow ip4 tcp" },
	{ "a set", "set s addr { 192.0.2.1, 192.0.2.3, 198.51.100.0/24, 2001:db8::/32 }\nallow src @s tcp" },
	{ "ports in a row", "allow tcp dport 1\ndrop tcp dport 2-3\nallow tcp dport 4\ndrop tcp dport 5\nallow tcp dport 6\ndrop tcp dport 7\nallow tcp dport 5-9\ndrop udp dport 5" },
};
/* clang-format on */

static void check_cases(enum classifier wanted)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_true(check_rules(cases[i].name, cases[i].rules, wanted) >= 3);
}

static void test_straight(void **state)
{
	check_cases(CLASSIFIER_STRAIGHT);
}

static void test_walker(void **state)
{
	check_cases(CLASSIFIER_FOREST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_straight),
		cmocka_unit_test(test_walker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
