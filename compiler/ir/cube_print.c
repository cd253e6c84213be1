// SPDX-License-Identifier: GPL-3.0-or-later
#include "compiler/ir/cube.h"

#define RANGES_SHOWN 4u

static const char *const place_words[] = {
	[PLACE_ALLOW] = "allow",   [PLACE_DROP] = "drop", [PLACE_COUNT] = "count",
	[PLACE_RETURN] = "return", [PLACE_JUMP] = "jump", [PLACE_ACT] = "act",
};

/* The row that is named after the field comes behind those that stand for a value of it. */
static const struct clause *row_at(uint16_t offset)
{
	const struct clause *found = NULL;

	for (const struct clause *row = clause_matches; row->name; row++)
		if (row->offset <= offset && offset < row->offset + row->width)
			found = row;
	return found;
}

static void print_values(struct buf *out, const struct clause *row, unsigned int width,
			 struct range range)
{
	if (row->type == TYPE_ADDR) {
		net_print_range(out, width == 16 ? FAMILY_IPV6 : FAMILY_IPV4, range);
		return;
	}
	if (row->type == TYPE_MAC)
		net_print_mac(out, (uint64_t)range.lo);
	else
		buf_printf(out, "%llu", (unsigned long long)range.lo);
	if (range.lo == range.hi)
		return;
	buf_puts(out, "-");
	if (row->type == TYPE_MAC)
		net_print_mac(out, (uint64_t)range.hi);
	else
		buf_printf(out, "%llu", (unsigned long long)range.hi);
}

static bool is_all(const struct dim *dim, const struct interval *side)
{
	return side->lo == 0 &&
	       side->hi == (dim->bits == 64 ? UINT64_MAX : ((uint64_t)1 << dim->bits) - 1);
}

static void print_half(struct buf *out, const char *name, const struct interval *side)
{
	buf_printf(out, " %s %llx", name, (unsigned long long)side->lo);
	if (side->lo != side->hi)
		buf_printf(out, "-%llx", (unsigned long long)side->hi);
}

/* As an address where the two sides are one range. */
static void print_pair(struct buf *out, const struct clause *row, const struct dim *dim,
		       const struct interval side[2])
{
	struct range range = { (u128)side[0].lo << 64 | side[1].lo,
			       (u128)side[0].hi << 64 | side[1].hi };

	if (is_all(&dim[0], &side[0]) && is_all(&dim[1], &side[1]))
		return;
	buf_printf(out, " %s", row->name);
	if (side[0].lo == side[0].hi || is_all(&dim[1], &side[1])) {
		buf_puts(out, " ");
		net_print_range(out, FAMILY_IPV6, range);
		return;
	}
	print_half(out, "high", &side[0]);
	print_half(out, "low", &side[1]);
}

static void print_box(struct buf *out, const struct dims *dims, const struct interval *box)
{
	for (uint32_t i = 0; i < dims->n; i++) {
		const struct dim *dim = &dims->dim[i];
		const struct clause *row = row_at(dim->offset);

		if (dim->pair) {
			print_pair(out, row, dim, &box[i]);
			i++;
		} else if (!is_all(dim, &box[i])) {
			buf_printf(out, " %s ", row->name);
			print_values(out, row, dim->width, (struct range){ box[i].lo, box[i].hi });
		}
	}
}

static void print_test(struct buf *out, const struct test *test)
{
	const struct clause *row = row_at(test->offset);

	buf_printf(out, " & %s ", row->name);
	for (uint32_t i = 0; i < test->values.len && i < RANGES_SHOWN; i++) {
		if (i)
			buf_puts(out, ",");
		print_values(out, row, test->width, test->values.data[i]);
	}
	if (test->values.len > RANGES_SHOWN)
		buf_printf(out, ",... (%u ranges)", test->values.len);
}

static const char *family_name(unsigned int family)
{
	return family == FAMILY_IPV4 ? "IPv4" : family == FAMILY_IPV6 ? "IPv6" : "not IP";
}

/* `3 drop line 12: src 10.0.0.0/8 dport 1-9 & dport 1,3,9`: place, box, tests. */
void cubes_print(struct buf *out, const struct cubes *cubes, const struct places *places)
{
	buf_printf(out, "%s: %u cube%s\n", family_name(cubes->family), cubes->list.len,
		   cubes->list.len == 1 ? "" : "s");
	vec_for_each(cube, &cubes->list) {
		const struct place *place = &places->list.data[cube->place];
		uint32_t start;

		buf_printf(out, "  %u %s line %u:", cube->place, place_words[place->kind],
			   places->rs->rules.data[place->rule].origin.line);
		start = out->len;
		print_box(out, &cubes->dims, cube->box);
		for (uint32_t i = 0; i < cube->n_tests; i++)
			print_test(
				out,
				&cubes->tests.data[cubes->test_lists.data[cube->first_test + i]]);
		buf_puts(out, out->len == start ? " any\n" : "\n");
	}
}
