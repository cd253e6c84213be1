/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pairs, ids and slots, and the text of a difference. */
#include "tests/unit/ruleset.h"

#include <time.h>

#include "compiler/ir/diff.h"

#define HEAD         "interface eth0\ndefault drop\n"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct diff_case {
	const char *name;
	const char *old, *new;
	const char *pairs;  /* for each new rule the old one's letter, '-' none */
	const char *counts; /* added removed changed unchanged moved */
	const char *text;
};

/* clang-format off */
static const struct diff_case cases[] = {
	{ "nothing", "allow tcp dport 22", "allow tcp dport 22", "a", "00010", "" },
	{ "written otherwise", "allow tcp dport 22", "accept tcp dport ssh", "a", "00010", "" },
	{ "added last", "allow tcp", "allow tcp\nallow udp", "a-", "10010",
	  "@@ after allow tcp @@\n+allow udp\n" },
	{ "added first", "allow tcp", "allow udp\nallow tcp", "-a", "10010",
	  "@@ at the top @@\n+allow udp\n" },
	{ "removed", "allow tcp name t\nallow udp", "allow tcp name t", "a", "01010",
	  "@@ after t @@\n-allow udp\n" },
	{ "changed by name", "allow tcp dport 22 name t", "allow tcp dport 23 name t", "a", "00100",
	  "@@ at the top @@\n-allow tcp dport 22 name t\n+allow tcp dport 23 name t\n" },
	{ "named", "allow tcp", "allow tcp name t", "a", "00100",
	  "@@ at the top @@\n-allow tcp\n+allow tcp name t\n" },
	{ "comment", "allow tcp comment \"a\"", "allow tcp comment \"b\"", "a", "00100",
	  "@@ at the top @@\n-allow tcp comment \"a\"\n+allow tcp comment \"b\"\n" },
	{ "a name beats the text", "allow tcp name t\nallow udp name u",
	  "allow udp name t\nallow tcp name u", "ab", "00200",
	  "@@ at the top @@\n-allow tcp name t\n+allow udp name t\n-allow udp name u\n+allow tcp name u\n" },
	{ "twins", "allow tcp\nallow udp\nallow tcp", "allow tcp\nallow tcp", "ac", "01020",
	  "@@ after allow tcp @@\n-allow udp\n" },
	{ "one twin less", "allow tcp\nallow tcp\nallow tcp", "allow tcp\nallow tcp", "ab", "01020",
	  "@@ after allow tcp @@\n-allow tcp\n" },
	{ "moved", "allow tcp\nallow udp\nallow icmp", "allow udp\nallow icmp\nallow tcp", "bca", "00021",
	  "@@ at the top @@\n-allow tcp\n@@ after allow icmp @@\n+allow tcp\n" },
	{ "moved past one", "allow tcp\nallow udp\nallow icmp", "allow icmp\nallow tcp\nallow udp", "cab", "00021",
	  "@@ at the top @@\n+allow icmp\n@@ after allow udp @@\n-allow icmp\n" },
	{ "moved into a chain", "chain c { drop udp }\njump c\nallow tcp", "chain c { drop udp; allow tcp }\njump c", "acb", "00021",
	  "@@ chain c, after drop udp @@\n+allow tcp\n@@ after jump c @@\n-allow tcp\n" },
	{ "twins keep to their chain", "drop udp\nchain c { drop udp }\njump c", "chain c { drop udp }\njump c", "bc", "01020",
	  "@@ at the top @@\n-drop udp\n" },
	{ "a chain more", "allow tcp", "chain c { drop udp }\nallow tcp\njump c", "-a-", "20010",
	  "+chain c\n@@ chain c, at the top @@\n+drop udp\n@@ after allow tcp @@\n+jump c\n" },
	{ "a chain less", "chain c { drop udp }\njump c", "allow tcp", "-", "12000",
	  "-chain c\n@@ chain c, at the top @@\n-drop udp\n@@ at the top @@\n-jump c\n+allow tcp\n" },
	{ "option", "option fragments drop\nallow tcp", "allow tcp", "a", "00010",
	  "-option fragments drop\n" },
	{ "essential", "allow tcp", "essential off\nallow tcp", "a", "00010", "+essential off\n" },
	{ "set", "set s addr { 192.0.2.1, 192.0.2.9 }\ndrop src @s", "set s addr { 192.0.2.9, 192.0.2.16/28, 2001:db8::/32 }\ndrop src @s", "a", "00010",
	  "@@ set s @@\n-192.0.2.1\n+192.0.2.16/28\n+2001:db8::/32\n" },
	{ "set in another order", "set s port { 53, 80-90 }", "set s port { 80-90, 53 }", "", "00000", "" },
	{ "a set more", "drop udp", "set s port { 53 }\ndrop udp", "a", "00010",
	  "+set s port\n@@ set s @@\n+53\n" },
	{ "a set of another type", "set s port { 53 }\ndrop udp", "set s addr { 192.0.2.1 }\ndrop udp", "a", "00010",
	  "-set s port\n+set s addr\n@@ set s @@\n-53\n@@ set s @@\n+192.0.2.1\n" },
	{ "test", "test { expect drop tcp; expect drop icmp }\ndrop udp", "test { expect drop icmp; expect drop tcp dport 22 }\ndrop udp", "a", "00010",
	  "-expect drop tcp\n+expect drop tcp dport 22\n" },
	{ "disabled", "drop udp name u", "drop udp name u disabled", "a", "00100",
	  "@@ at the top @@\n-drop udp name u\n+drop udp name u disabled\n" },
};
/* clang-format on */

static struct loaded load_rules(const char *rules)
{
	char text[1024];

	snprintf(text, sizeof(text), HEAD "%s\n", rules);
	return load_text(text, NULL);
}

static bool same_pairs(const struct diff *diff, const struct ruleset *rs, const char *wanted)
{
	for (uint32_t i = 0; i < rs->rules.len; i++) {
		uint32_t old = diff->old_of_new[i];

		if (wanted[i] != (old == DIFF_NONE ? '-' : (char)('a' + old)) ||
		    (old != DIFF_NONE && diff->new_of_old[old] != i))
			return false;
	}
	return wanted[rs->rules.len] == '\0';
}

static bool case_holds(const struct diff_case *c)
{
	struct loaded old = load_rules(c->old), new = load_rules(c->new);
	struct diff diff = diff_rules(new.arena, old.rs, new.rs);
	struct buf text = { .arena = new.arena };
	char counts[64];
	bool good;

	diff_print(&text, old.rs, new.rs, &diff);
	snprintf(counts, sizeof(counts), "%u%u%u%u%u", diff.n_added, diff.n_removed, diff.n_changed,
		 diff.n_unchanged, diff.n_moved);
	good = same_pairs(&diff, new.rs, c->pairs) && strcmp(counts, c->counts) == 0 &&
	       strcmp(text.len ? buf_text(&text) : "", c->text) == 0;
	if (!good)
		print_message("%s: %s\n%s", c->name, counts, text.len ? buf_text(&text) : "");
	arena_free(old.arena);
	arena_free(new.arena);
	return good;
}

static void test_cases(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(cases); i++)
		failed += !case_holds(&cases[i]);
	assert_int_equal(failed, 0);
}

#define SLOTS 256

static void assert_rule(const struct ruleset *rs, uint32_t rule, uint32_t id, uint32_t slot)
{
	assert_int_equal(rs->rules.data[rule].id, id);
	assert_int_equal(rs->rules.data[rule].slot, slot);
}

/* One ruleset after the other: ids only grow, slots of rules that went are used again. */
static void test_inherit(void **state)
{
	struct loaded a = load_rules("allow tcp\nallow udp name u\nallow icmp");
	struct loaded b = load_rules("allow icmp\nallow udp dport 53 name u\nallow tcp dport 1");
	struct loaded c = load_rules("allow tcp dport 2\nallow icmp");
	uint64_t used[SLOTS / 64] = { ~0ull };

	assert_true(diff_inherit(a.arena, NULL, a.rs, used, SLOTS));
	assert_rule(a.rs, 0, 1, SLOT_RULES);
	assert_rule(a.rs, 2, 3, SLOT_RULES + 2);
	assert_int_equal(a.rs->next_id, 4);
	assert_int_equal(used[1], 7);
	assert_true(diff_inherit(b.arena, a.rs, b.rs, used, SLOTS));
	assert_rule(b.rs, 0, 3, SLOT_RULES + 2);
	assert_rule(b.rs, 1, 2, SLOT_RULES + 1);
	assert_rule(b.rs, 2, 4, SLOT_RULES + 3);
	used[1] = 0;
	/* A preset id is that rule, whatever its text; the id that went is not given again. */
	c.rs->rules.data[0].id = 4;
	assert_true(diff_inherit(c.arena, b.rs, c.rs, used, SLOTS));
	assert_rule(c.rs, 0, 4, SLOT_RULES + 3);
	assert_rule(c.rs, 1, 3, SLOT_RULES + 2);
	assert_int_equal(c.rs->next_id, 5);
	assert_int_equal(used[1], 12);
	arena_free(a.arena);
	arena_free(b.arena);
	arena_free(c.arena);
}

/* An id that is given by hand and not known counts as used. */
static void test_preset_id(void **state)
{
	struct loaded a = load_rules("allow tcp\nallow udp");
	uint64_t used[SLOTS / 64] = { 0 };

	a.rs->rules.data[0].id = 9;
	assert_true(diff_inherit(a.arena, NULL, a.rs, used, SLOTS));
	assert_rule(a.rs, 0, 9, SLOT_RULES);
	assert_rule(a.rs, 1, 10, SLOT_RULES + 1);
	arena_free(a.arena);
}

static void test_slots_run_out(void **state)
{
	struct loaded a = load_rules("allow tcp\nallow udp\nallow icmp");
	uint64_t used[2] = { 0 };

	assert_false(diff_inherit(a.arena, NULL, a.rs, used, SLOT_RULES + 2));
	used[1] = 0;
	assert_true(diff_inherit(a.arena, NULL, a.rs, used, SLOT_RULES + 3));
	/* Never one below SLOT_RULES, though they are free. */
	assert_int_equal(used[0], 0);
	arena_free(a.arena);
}

/* Twins and a reversed order are the worst that hashing and moves can meet. */
static void test_large(void **state)
{
	enum { RULES = 30000 };
	struct arena *arena = arena_new();
	struct buf text[2] = { { .arena = arena }, { .arena = arena } };
	struct loaded old, new;
	struct diff diff;
	clock_t start;

	for (int side = 0; side < 2; side++) {
		buf_puts(&text[side], HEAD);
		for (int i = 0; i < RULES; i++) {
			int n = side ? RULES - 1 - i : i;

			if (i % 2)
				buf_puts(&text[side], "drop udp dport 53\n");
			else
				buf_printf(&text[side], "drop tcp src 10.0.%d.%d\n", n >> 8 & 255,
					   n & 255);
		}
	}
	old = load_text(buf_text(&text[0]), NULL);
	new = load_text(buf_text(&text[1]), NULL);
	start = clock();
	diff = diff_rules(arena, old.rs, new.rs);
	assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 1);
	assert_int_equal(diff.n_added + diff.n_unchanged + diff.n_moved, RULES);
	assert_true(diff.n_unchanged >= RULES / 2);
	arena_free(new.arena);
	arena_free(old.arena);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),     cmocka_unit_test(test_inherit),
		cmocka_unit_test(test_preset_id), cmocka_unit_test(test_slots_run_out),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
