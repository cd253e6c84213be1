/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Column widths, alignment, wrapping. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "bpffw/ui/table.h"

static const struct table_column columns[] = {
	{ .title = "ID", .min = 3 },
	{ .title = "RULE", .wrap = true },
	{ .title = "PACKETS", .right = true },
	{ .title = "BYTES", .min = 7, .right = true },
};

static struct table table_new(void)
{
	return (struct table){ .arena = arena_new(), .columns = columns, .n_columns = 4 };
}

static void add_row(struct table *t, const char *id, const char *rule, const char *packets,
		    const char *word, const char *bytes)
{
	struct table_cell *cell;

	table_cell(t, id);
	table_cell(t, rule);
	cell = table_cell(t, packets);
	cell->word = word;
	cell->tint = TINT_RED;
	table_cell(t, bytes);
}

static void expect(const struct table *t, unsigned int width, bool color, const char *want)
{
	struct buf out = { .arena = t->arena };

	table_print(&out, t, width, color);
	assert_string_equal(buf_text(&out), want);
	arena_free(t->arena);
}

static void test_layout(void **state)
{
	struct table t = table_new();

	add_row(&t, "-", "default", "7.7k", "drop", "462.0K");
	add_row(&t, "r10", "allow tcp", "1", NULL, "60");
	expect(&t, 0, false,
	       "ID   RULE         PACKETS    BYTES\n"
	       "-    default    7.7k drop   462.0K\n"
	       "r10  allow tcp          1       60\n");
}

static void test_no_blanks_at_the_end(void **state)
{
	struct table t = table_new();

	add_row(&t, "-", "chain a:", "", NULL, "");
	expect(&t, 0, false,
	       "ID   RULE      PACKETS    BYTES\n"
	       "-    chain a:\n");
}

static void test_color_takes_no_room(void **state)
{
	struct table t = table_new();

	add_row(&t, "-", "default", "7", "drop", "462");
	expect(&t, 0, true,
	       "ID   RULE     PACKETS    BYTES\n"
	       "-    default   7 \033[31mdrop\033[0m      462\n");
}

static void test_wrap(void **state)
{
	struct table t = table_new();

	add_row(&t, "r1", "allow tcp dport 22 src 192.0.2.0/24,198.51.100.0/24", "1", NULL, "60");
	expect(&t, 60, false,
	       "ID   RULE                                   PACKETS    BYTES\n"
	       "r1   allow tcp dport 22 src                       1       60\n"
	       "       192.0.2.0/24,198.51.100.0/24\n");
}

/* A word longer than the column is cut hard; nothing is lost. */
static void test_wrap_long_word(void **state)
{
	struct table t = table_new();

	add_row(&t, "r1", "src 192.0.2.0,192.0.2.2,192.0.2.4,192.0.2.6", "1", NULL, "60");
	expect(&t, 47, false,
	       "ID   RULE                      PACKETS    BYTES\n"
	       "r1   src                             1       60\n"
	       "       192.0.2.0,192.0.2.2,19\n"
	       "       2.0.2.4,192.0.2.6\n");
}

static void test_escapes(void **state)
{
	struct table t = table_new();

	add_row(&t, "r1", "a\033b", "1", NULL, "60");
	expect(&t, 0, false,
	       "ID   RULE    PACKETS    BYTES\n"
	       "r1   a\\x1bb        1       60\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_no_blanks_at_the_end),
		cmocka_unit_test(test_color_takes_no_room),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_long_word),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
