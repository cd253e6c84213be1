/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rules conflict by order, and which do not. */
#include "compiler/ir/conflict.h"
#include "tests/unit/ruleset.h"

/* clang-format off */
static const struct {
	const char *name;
	const char *rules;
	uint32_t n, first, second; /* conflicts; the rules of the first one */
} cases[] = {
	{ "no rule", "", 0, 0, 0 },
	{ "two that cross", "allow tcp dport 22\ndrop src 10.0.0.0/8", 1, 0, 1 },
	{ "of one verdict", "allow tcp dport 22\nallow src 10.0.0.0/8", 0, 0, 0 },
	{ "an exception", "allow tcp dport 22 src 10.0.0.1\ndrop tcp dport 22", 0, 0, 0 },
	{ "never reached", "drop tcp\nallow tcp dport 22", 0, 0, 0 },
	{ "apart", "allow tcp dport 22\ndrop udp src 10.0.0.0/8", 0, 0, 0 },
	{ "ranges", "drop tcp dport 1-10\nallow udp\nallow tcp dport 5-15", 1, 0, 2 },
	{ "IPv6", "drop src 2001:db8::/32\nallow ip6 tcp dport 80", 1, 0, 1 },
	{ "of both families, said once", "allow tcp dport 22\ndrop tcp sport 1-1023", 1, 0, 1 },
	{ "decided before", "drop tcp\nallow dport 22 proto tcp,udp\ndrop sport 53 proto tcp,udp", 2, 0, 1 },
	{ "disabled", "allow tcp dport 22 disabled\ndrop src 10.0.0.0/8", 0, 0, 0 },
	{ "in a chain", "chain c {\nallow tcp dport 22\n}\njump c src 10.0.0.0/8\ndrop dst 10.0.0.0/8", 1, 0, 2 },
	{ "counts decide nothing", "count tcp dport 22\ndrop src 10.0.0.0/8", 0, 0, 0 },
	{ "frames", "allow vlan 5\ndrop smac 02:00:00:00:00:01", 1, 0, 1 },
};
/* clang-format on */

static void test_cases(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct loaded loaded = load_text(
			arena_printf(arena, "interface eth0\ndefault drop\n%s\n", cases[i].rules),
			NULL);
		struct conflicts found = conflicts_find(loaded.arena, loaded.rs, 10);

		if (found.list.len != cases[i].n || found.partial)
			fail_msg("%s: %u conflicts", cases[i].name, found.list.len);
		if (found.list.len && (found.list.data[0].first != cases[i].first ||
				       found.list.data[0].second != cases[i].second))
			fail_msg("%s: rules %u and %u", cases[i].name, found.list.data[0].first,
				 found.list.data[0].second);
		arena_free(loaded.arena);
	}
}

/* Work and answers are bounded. */
static void test_bounds(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };
	struct conflicts found;
	struct loaded loaded;

	buf_puts(&text, "interface eth0\ndefault drop\n");
	for (uint32_t i = 0; i < 2000; i++)
		buf_printf(&text, "%s tcp %s %u-%u\n", i % 2 ? "allow" : "drop",
			   i % 2 ? "dport" : "sport", i, i + 10);
	loaded = load_text(buf_text(&text), NULL);
	found = conflicts_find(loaded.arena, loaded.rs, 10);
	assert_int_equal(found.list.len, 10);
	assert_true(found.partial);
	arena_free(loaded.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
