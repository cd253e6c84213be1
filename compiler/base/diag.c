/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Collecting diagnostics, finding their lines, and putting them into the reader's order. */
#include "compiler/base/diag.h"

#include <stdlib.h>

/* Of each severity; a file that is no rule file must not fill the memory with complaints. */
#define DIAGS_MAX 1000

struct diags *diags_new(struct arena *arena)
{
	struct diags *ds = arena_alloc(arena, sizeof(*ds));

	ds->arena = arena;
	(void)vec_add(arena, &ds->sources);
	return ds;
}

uint32_t diag_source(struct diags *ds, struct str name, struct str text, struct span included)
{
	struct source *source = vec_add(ds->arena, &ds->sources);

	source->name = name;
	source->text = text;
	source->included = included;
	return ds->sources.len - 1;
}

static void add(struct diags *ds, enum severity severity, struct span span, enum diag_code code,
		const char *format, va_list args)
{
	uint32_t *count = severity == SEVERITY_ERROR ? &ds->n_errors : &ds->n_warnings;

	ds->dropped = (*count)++ >= DIAGS_MAX;
	if (ds->dropped)
		return;
	*vec_add(ds->arena, &ds->list) = (struct diag){
		.code = code,
		.severity = severity,
		.span = span,
		.message = arena_vprintf(ds->arena, format, args),
	};
}

void diag_error(struct diags *ds, struct span span, enum diag_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(ds, SEVERITY_ERROR, span, code, format, args);
	va_end(args);
}

void diag_warning(struct diags *ds, struct span span, enum diag_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(ds, SEVERITY_WARNING, span, code, format, args);
	va_end(args);
}

void diag_help(struct diags *ds, const char *format, ...)
{
	va_list args;

	if (ds->dropped || !ds->list.len)
		return;
	va_start(args, format);
	ds->list.data[ds->list.len - 1].help = arena_vprintf(ds->arena, format, args);
	va_end(args);
}

static uint32_t depth_of(const struct diags *ds, struct span span)
{
	uint32_t depth = 0;

	while ((span = ds->sources.data[span.source].included).source)
		depth++;
	return depth;
}

static struct span parent_of(const struct diags *ds, struct span span)
{
	return ds->sources.data[span.source].included;
}

/* Where two places meet: in one source, or in two that nobody includes. */
static int span_cmp(const struct diags *ds, struct span a, struct span b)
{
	uint32_t depth_a = depth_of(ds, a), depth_b = depth_of(ds, b);
	int deeper = (depth_a > depth_b) - (depth_a < depth_b);

	for (; depth_a > depth_b; depth_a--)
		a = parent_of(ds, a);
	for (; depth_b > depth_a; depth_b--)
		b = parent_of(ds, b);
	while (a.source != b.source && depth_a-- > 0) {
		struct span up_a = parent_of(ds, a), up_b = parent_of(ds, b);

		/* One include line with a pattern brings in several files. */
		if (up_a.source == up_b.source && up_a.start == up_b.start)
			break;
		a = up_a;
		b = up_b;
	}
	if (a.source != b.source)
		return a.source < b.source ? -1 : 1;
	if (a.start != b.start)
		return a.start < b.start ? -1 : 1;
	return deeper;
}

static int index_cmp(const void *left, const void *right, void *context)
{
	const struct diags *ds = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int order = span_cmp(ds, ds->list.data[a].span, ds->list.data[b].span);

	return order ? order : (a > b) - (a < b);
}

static bool same_diag(const struct diag *a, const struct diag *b)
{
	return a->code == b->code && a->span.source == b->span.source &&
	       a->span.start == b->span.start && a->span.end == b->span.end && a->span.source;
}

/* Whether the sorted list already ends in such a diag, at the same place. */
static bool is_repeated(const struct diag *list, uint32_t len, const struct diag *diag)
{
	while (len > 0 && list[len - 1].span.source == diag->span.source &&
	       list[len - 1].span.start == diag->span.start)
		if (same_diag(&list[--len], diag))
			return true;
	return false;
}

void diag_sort(struct diags *ds)
{
	uint32_t n = ds->list.len, kept = 0;
	uint32_t *order = arena_new_array(ds->arena, uint32_t, n);
	struct diag *sorted = arena_new_array(ds->arena, struct diag, n);

	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), index_cmp, ds);
	for (uint32_t i = 0; i < n; i++) {
		const struct diag *diag = &ds->list.data[order[i]];

		if (!is_repeated(sorted, kept, diag))
			sorted[kept++] = *diag;
		else if (diag->severity == SEVERITY_ERROR)
			ds->n_errors--;
		else
			ds->n_warnings--;
	}
	if (kept)
		memcpy(ds->list.data, sorted, kept * sizeof(*sorted));
	ds->list.len = kept;
}

static void find_lines(struct diags *ds, struct source *source)
{
	struct str text = source->text;
	uint32_t n = 1;

	for (uint32_t i = 0; i < text.len; i++)
		n += text.s[i] == '\n';
	source->lines = arena_new_array(ds->arena, uint32_t, n);
	source->n_lines = 1;
	for (uint32_t i = 0; i < text.len; i++)
		if (text.s[i] == '\n')
			source->lines[source->n_lines++] = i + 1;
}

struct position diag_position(struct diags *ds, struct span span)
{
	struct source *source = &ds->sources.data[span.source];
	uint32_t low = 0, high, start, end;

	if (!span.source)
		return (struct position){ 0 };
	if (!source->lines)
		find_lines(ds, source);
	for (high = source->n_lines; high - low > 1;) {
		uint32_t middle = low + (high - low) / 2;

		if (source->lines[middle] <= span.start)
			low = middle;
		else
			high = middle;
	}
	start = source->lines[low];
	end = low + 1 < source->n_lines ? source->lines[low + 1] - 1 : source->text.len;
	if (end > start && source->text.s[end - 1] == '\r')
		end--;
	if (span.end > end)
		span.end = end;
	return (struct position){
		.line = low + 1,
		.col = span.start - start + 1,
		.end_col = span.end > span.start ? span.end - start : span.start - start + 1,
		.text = { source->text.s + start, end - start },
	};
}

static const char *const names[] = {
#define X(code, help) #code,
#include "compiler/base/codes.def"
#undef X
};

static const char *const helps[] = {
#define X(code, help) help,
#include "compiler/base/codes.def"
#undef X
};

const char *diag_code_name(enum diag_code code)
{
	return names[code];
}

const char *diag_code_help(enum diag_code code)
{
	return helps[code];
}
