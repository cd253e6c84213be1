/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long lists of single addresses: hashed, found by the walker, and proven. */
#include "compiler/ir/prove.h"
#include "tests/unit/interpret.h"
#include "tests/unit/ruleset.h"

#define HOSTS 1500u

/* The list has every third address, and two in a row. */
static const char *rules(struct arena *arena)
{
	struct buf text = { .arena = arena };

	buf_puts(&text, "interface eth0\ndefault drop\nset s addr {\n");
	for (uint32_t i = 0; i < HOSTS; i++)
		buf_printf(&text, "10.%u.%u.%u\n2001:db8:%x::%x\n", i % 7, 3 * i >> 8, 3 * i & 255,
			   i % 5, 3 * i);
	buf_puts(&text, "10.200.0.1\n10.200.0.2\n}\ndrop tcp src @s dport 1-9\n"
			"allow src @s not dst @s\nallow udp dport 53\n");
	return text.data;
}

static void prepare(struct loaded *loaded, struct compiled *compiled)
{
	const struct compile_options forest_only = { .wanted = CLASSIFIER_FOREST };
	_cleanup_arena_ struct arena *arena = arena_new();

	*loaded = load_text(rules(arena), NULL);
	for (uint32_t i = 0; i < loaded->rs->rules.len; i++)
		loaded->rs->rules.data[i].slot = SLOT_RULES + i;
	assert_true(compile_with(loaded->ds, loaded->rs, forest_only, compiled));
}

static struct forest_test *test_of(const struct forest *forest, uint8_t width)
{
	struct forest_test *tests = (void *)(forest->blob + forest->tests.offset);

	for (uint32_t i = 1; i < forest->tests.n; i++)
		if (tests[i].kind == FOREST_TEST_HASH && tests[i].width == width)
			return &tests[i];
	fail_msg("no hash of %u bytes", width);
	return NULL;
}

static void test_answers(void **state)
{
	struct compiled compiled;
	struct loaded loaded;
	struct machine m = { .compiled = &compiled };

	prepare(&loaded, &compiled);
	test_of(compiled.forest, 4);
	test_of(compiled.forest, 16);
	for (uint32_t i = 0; i < 4 * HOSTS; i++) {
		struct pkt pkt = { .family = FAMILY_IPV4, .proto = i & 1 ? 6 : 17, .dport = 53 };

		pkt.src[1] = 0x0a000000 + ((i / 3 % 7) << 16) + i;
		pkt.dst[1] = 0x0ac80000 + i % 4;
		assert_true(same_answers(loaded.rs, &m, &pkt));
		pkt.family = FAMILY_IPV6;
		pkt.src[0] = 0x20010db800000000 + ((uint64_t)(i / 3 % 5) << 16);
		pkt.src[1] = i;
		pkt.dst[0] = i % 3 ? pkt.src[0] : UINT64_MAX;
		pkt.dst[1] = i + 1;
		assert_true(same_answers(loaded.rs, &m, &pkt));
	}
	arena_free(loaded.arena);
}

typedef void damage(struct forest_test *test, unsigned char *keys, size_t first);

static void other_key(struct forest_test *test, unsigned char *keys, size_t first)
{
	keys[first * test->key_size] ^= 1;
}

static void no_key(struct forest_test *test, unsigned char *keys, size_t first)
{
	memset(keys + first * test->key_size, 0xff, test->key_size);
}

static void far_key(struct forest_test *test, unsigned char *keys, size_t first)
{
	size_t last = (1u << test->steps) + FOREST_PROBES - 1;

	memcpy(keys + last * test->key_size, keys + first * test->key_size, test->key_size);
}

static void fewer_steps(struct forest_test *test, unsigned char *keys, size_t first)
{
	test->steps--;
}

static void other_size(struct forest_test *test, unsigned char *keys, size_t first)
{
	test->key_size = 8;
}

static void other_table(struct forest_test *test, unsigned char *keys, size_t first)
{
	test->table += 4u << test->steps;
}

static void test_damage(void **state)
{
	static damage *const damages[] = { other_key,   no_key,     far_key,
					   fewer_steps, other_size, other_table };

	for (size_t i = 0; i < sizeof(damages) / sizeof(*damages); i++) {
		struct places places = { 0 };
		struct compiled compiled;
		struct forest_test *test;
		struct loaded loaded;
		struct proof proof;
		unsigned char *keys;
		size_t first = 0;

		prepare(&loaded, &compiled);
		assert_true(places_flatten(loaded.arena, compiled.lowered, 100, &places));
		proof = forest_prove(loaded.arena, &places, compiled.forest);
		assert_true(proof.holds);
		test = test_of(compiled.forest, i % 2 ? 4 : 16);
		keys = compiled.forest->blob + test->table;
		while (keys[first * test->key_size] == 0xff &&
		       keys[first * test->key_size + 3] == 0xff)
			first++;
		damages[i](test, keys, first);
		proof = forest_prove(loaded.arena, &places, compiled.forest);
		if (proof.holds)
			fail_msg("damage %zu is proven", i);
		arena_free(loaded.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
