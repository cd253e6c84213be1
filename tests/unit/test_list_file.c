/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prefixes of ranges, and the file that keeps entries over a reboot. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/list_maps.h"

/* cmocka's fail() is a macro, failure.h declares a function of that name: it comes last. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

struct split_case {
	const char *name;
	enum value_type type;
	uint8_t family;
	u128 lo, hi;
	const char *prefixes;
};

#define WIDE ((u128)0x20010db800000000 << 64)

static const struct split_case splits[] = {
	{ "one address", TYPE_ADDR, 4, 0xc0000201, 0xc0000201, "192.0.2.1 " },
	{ "one prefix", TYPE_ADDR, 4, 0xc0000200, 0xc00002ff, "192.0.2.0/24 " },
	{ "around a prefix", TYPE_ADDR, 4, 0xc0000207, 0xc0000211,
	  "192.0.2.7 192.0.2.8/29 192.0.2.16/31 " },
	{ "all of IPv4", TYPE_ADDR, 4, 0, 0xffffffff, "0.0.0.0/0 " },
	{ "to the end", TYPE_ADDR, 4, 0xfffffffe, 0xffffffff, "255.255.255.254/31 " },
	{ "all of IPv6", TYPE_ADDR, 6, 0, ~(u128)0, "::/0 " },
	{ "IPv6", TYPE_ADDR, 6, WIDE, WIDE | 4, "2001:db8::/126 2001:db8::4 " },
	{ "ports", TYPE_PORT, 0, 28000, 28010, "28000-28007 28008-28009 28010 " },
	{ "all ports", TYPE_PORT, 0, 0, 65535, "0-65535 " },
	{ "MAC", TYPE_MAC, 0, 0x0200000000ff, 0x0200000000ff, "02:00:00:00:00:ff " },
};

static void test_split(void **state)
{
	for (size_t i = 0; i < sizeof(splits) / sizeof(*splits); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf text = { .arena = arena };
		list_prefixes prefixes = { 0 };

		list_split(arena, splits[i].type, splits[i].family,
			   (struct range){ splits[i].lo, splits[i].hi }, &prefixes);
		vec_for_each(prefix, &prefixes) {
			list_print(&text, prefix);
			buf_puts(&text, " ");
		}
		if (!str_is(str_of(buf_text(&text)), splits[i].prefixes)) {
			print_error("%s: %s\n", splits[i].name, buf_text(&text));
			fail();
		}
	}
}

static void test_clock(void **state)
{
	uint64_t in_an_hour = list_now() + 3600000000000ull;
	int64_t wall = list_wall(in_an_hour);
	int64_t off = (int64_t)(list_ktime(wall) - in_an_hour);

	assert_int_equal(list_wall(LIST_FOREVER), 0);
	assert_int_equal(list_ktime(1000), 1);
	assert_true(off > -1100000000 && off < 1100000000);
	/* Again and again through the file: it must not shrink. */
	for (int i = 0; i < 50; i++)
		assert_int_equal(list_wall(list_ktime(wall)), wall);
}

static struct store store_in(char *dir)
{
	struct store store = { .arena = arena_new(), .lock = -1 };

	assert_non_null(mkdtemp(dir));
	store.paths.state_dir = dir;
	return store;
}

static void store_end(struct store *store, const char *dir)
{
	unlink(arena_printf(store->arena, "%s/bans", dir));
	rmdir(dir);
	arena_free(store->arena);
}

static struct ban ban_of(const char *name, enum list_kind kind, uint8_t length, u128 value,
			 int64_t until)
{
	return (struct ban){ .name = str_of(name),
			     .prefix = { kind, length, value },
			     .until = until };
}

static void check_ban(const struct ban *is, const struct ban *wanted)
{
	assert_true(str_eq(is->name, wanted->name));
	assert_int_equal(is->prefix.kind, wanted->prefix.kind);
	assert_int_equal(is->prefix.length, wanted->prefix.length);
	assert_true(is->prefix.value == wanted->prefix.value);
	assert_int_equal(is->until, wanted->until);
	assert_int_equal(is->from_file, wanted->from_file);
	assert_true(str_eq(is->comment, wanted->comment));
}

static void test_file(void **state)
{
	char dir[] = "/tmp/bpffw-bans-XXXXXX";
	struct store store = store_in(dir);
	struct failure f = { 0 };
	bans all = { 0 }, back = { 0 };

	assert_int_equal(bans_read(&store, store.arena, &back, NULL, &f), 0);
	assert_int_equal(back.len, 0);
	vec_push(store.arena, &all, ban_of("blacklist", LIST_ADDR4, 32, 0xcb007109, 2000000000));
	vec_push(store.arena, &all, ban_of("blacklist", LIST_ADDR4, 24, 0xcb007100, 0));
	vec_push(store.arena, &all, ban_of("a", LIST_ADDR6, 64, WIDE, 0));
	vec_push(store.arena, &all, ban_of("a", LIST_ADDR6, 128, 1, 2000000001));
	vec_push(store.arena, &all, ban_of("a", LIST_ADDR6, 0, 0, 2000000001));
	vec_push(store.arena, &all, ban_of("p", LIST_PORT, 13, 28000, 0));
	vec_push(store.arena, &all, ban_of("p", LIST_PORT, 16, 22, 0));
	vec_push(store.arena, &all, ban_of("m", LIST_MAC, 48, 0x020000aabbcc, 0));
	vec_push(store.arena, &all, ban_of("m", LIST_MAC, 40, 0x020000aabb00, 0));
	all.data[0].comment = STR("a scanner, + = - !");
	all.data[1].from_file = true;
	assert_int_equal(bans_write(&store, &all, &f), 0);
	assert_int_equal(bans_read(&store, store.arena, &back, NULL, &f), 0);
	assert_int_equal(back.len, all.len);
	for (uint32_t i = 0; i < all.len; i++)
		check_ban(&back.data[i], &all.data[i]);
	store_end(&store, dir);
}

static void test_append(void **state)
{
	char dir[] = "/tmp/bpffw-bans-XXXXXX";
	struct store store = store_in(dir);
	struct ban one = ban_of("x", LIST_ADDR4, 32, 1, 2000000000);
	struct ban two = ban_of("x", LIST_ADDR4, 32, 2, 0);
	struct ban other = ban_of("y", LIST_ADDR4, 32, 2, 0);
	bans added = { 0 }, back = { 0 };
	struct failure f = { 0 };

	one.comment = STR("two\nlines");
	vec_push(store.arena, &added, one);
	vec_push(store.arena, &added, two);
	vec_push(store.arena, &added, other);
	assert_int_equal(bans_append(&store, &added, &f), 0);
	/* Again, longer; then one is removed; then all of a list. */
	added.len = 1;
	added.data[0].until = 2000000009;
	assert_int_equal(bans_append(&store, &added, &f), 0);
	assert_int_equal(bans_append_removed(&store, STR("x"), &two.prefix, &f), 0);
	assert_int_equal(bans_read(&store, store.arena, &back, NULL, &f), 0);
	assert_int_equal(back.len, 2);
	one.until = 2000000009;
	one.comment = STR("two lines");
	check_ban(&back.data[0], &one);
	check_ban(&back.data[1], &other);
	assert_int_equal(bans_append_flushed(&store, STR("x"), &f), 0);
	assert_int_equal(bans_read(&store, store.arena, &back, NULL, &f), 0);
	assert_int_equal(back.len, 1);
	check_ban(&back.data[0], &other);
	store_end(&store, dir);
}

/* What cannot be read is left out and counted, the rest is there. The last line is torn. */
static void test_damaged(void **state)
{
	static const char *const lines =
		"+\n+ x\n+ x 1.2.3.4\n+ x 1.2.3.4 soon\n+ x 1.2.3.4 0\n+ x 1.2.3.4 -5\n"
		"+ x 1.2.3.4/33 forever\n+ x 1.2.3.4/24 forever\n+ x 70000 forever\n"
		"+ x 5-3 forever\n+ x 5-6 forever\n+ x 1.2.3.4-::1 forever\n"
		"+ x 1.2.3.4 99999999999999999999\n? x 1.2.3.4 forever\n\n"
		"+ 0123456789012345678901234567890123456789012345678901234567890123 ::1 forever\n"
		"- x\n! \n+ x 1.2.3.5 forever\n+ x 1.2.3.6 forever";
	char dir[] = "/tmp/bpffw-bans-XXXXXX";
	struct store store = store_in(dir);
	struct ban wanted = ban_of("x", LIST_ADDR4, 32, 0x01020305, 0);
	struct bans_damage damage = { 0 };
	struct failure f = { 0 };
	bans back = { 0 };
	FILE *file = fopen(arena_printf(store.arena, "%s/bans", dir), "w");

	assert_non_null(file);
	fputs(lines, file);
	fclose(file);
	assert_int_equal(bans_read(&store, store.arena, &back, &damage, &f), 0);
	assert_int_equal(back.len, 1);
	assert_int_equal(damage.n_lines, 17);
	assert_int_equal(damage.first, 1);
	check_ban(&back.data[0], &wanted);
	store_end(&store, dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),   cmocka_unit_test(test_clock),
		cmocka_unit_test(test_file),    cmocka_unit_test(test_append),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
