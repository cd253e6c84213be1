/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `save` does to a file's text. The edits name the rule they are about by its words. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "bpffw/ui/patch.h"

enum edit_kind { END, DELETE, REPLACE, BEFORE, BEHIND, BLOCK, APPEND };

struct edit {
	enum edit_kind kind;
	const char *rule; /* found in the text; BLOCK: up to the '}' behind it */
	const char *text;
};

struct patch_case {
	const char *name;
	const char *text;
	struct edit edits[4];
	const char *want;
};

/* clang-format off */
static const struct patch_case cases[] = {
	{ "nothing", "a\nb\n", { { END, NULL, NULL } }, "a\nb\n" },
	{ "delete a line", "a\nbb\nc\n", { { DELETE, "bb", NULL } }, "a\nc\n" },
	{ "delete with its comment", "a\n  bb  # why\nc\n", { { DELETE, "bb", NULL } }, "a\nc\n" },
	{ "a comment above stays", "a\n# about\nbb\n", { { DELETE, "bb", NULL } }, "a\n# about\n" },
	{ "delete the last line without newline", "a\nbb", { { DELETE, "bb", NULL } }, "a\n" },
	{ "delete the only rule", "a", { { DELETE, "a", NULL } }, "" },
	{ "delete before ';'", "a; bb; c\n", { { DELETE, "bb", NULL } }, "a; c\n" },
	{ "delete first of ';'", "aa; b\n", { { DELETE, "aa", NULL } }, "b\n" },
	{ "delete last of ';'", "a; bb # x\n", { { DELETE, "bb", NULL } }, "a # x\n" },
	{ "delete both of ';'", "aa; bb\nc\n", { { DELETE, "aa", NULL }, { DELETE, "bb", NULL } }, "\nc\n" },
	{ "delete a line that ends in ';'", "aa;\nb\n", { { DELETE, "aa", NULL } }, "b\n" },
	{ "delete in a one-line chain", "chain x { bb }\n", { { DELETE, "bb", NULL } }, "chain x { }\n" },
	{ "delete in a chain", "chain x {\n\tbb\n\tc\n}\n", { { DELETE, "bb", NULL } },
	  "chain x {\n\tc\n}\n" },
	{ "delete over a continued line", "a\nbb \\\n cc\nd\n", { { DELETE, "bb \\\n cc", NULL } },
	  "a\nd\n" },
	{ "replace keeps the comment", "a\n\tbb # why\n", { { REPLACE, "bb", "new" } },
	  "a\n\tnew # why\n" },
	{ "insert before", "a\n  bb\n", { { BEFORE, "bb", "new" } }, "a\n  new\n  bb\n" },
	{ "insert behind a comment", "bb # x\nc\n", { { BEHIND, "bb", "new" } }, "bb # x\nnew\nc\n" },
	{ "insert behind, no newline", "a\n bb", { { BEHIND, "bb", "new" } }, "a\n bb\n new" },
	{ "insert two behind, in order", "bb\nc\n",
	  { { BEHIND, "bb", "n1" }, { BEHIND, "bb", "n2" } }, "bb\nn1\nn2\nc\n" },
	{ "insert between ';'", "a; bb; c\n", { { BEHIND, "bb", "new" } }, "a; bb; new; c\n" },
	{ "insert before of ';'", "aa; b\n", { { BEFORE, "aa", "new" } }, "new; aa; b\n" },
	{ "insert in a one-line chain", "chain x { bb }\n", { { BEHIND, "bb", "new" } },
	  "chain x { bb; new }\n" },
	{ "insert behind what is followed by a deleted one", "a; bb\n",
	  { { DELETE, "bb", NULL }, { BEHIND, "a", "new" } }, "a; new\n" },
	{ "into an empty block", "chain x {\n}\n", { { BLOCK, "{", "new" } },
	  "chain x {\n\tnew\n}\n" },
	{ "into an empty one-line block", "chain x { }\n", { { BLOCK, "{", "new" } },
	  "chain x { new }\n" },
	{ "two into an empty one-line block", "chain x { }\n",
	  { { BLOCK, "{", "n1" }, { BLOCK, "{", "n2" } }, "chain x { n1; n2 }\n" },
	{ "two into an empty block", "chain x {\n}\n",
	  { { BLOCK, "{", "n1" }, { BLOCK, "{", "n2" } }, "chain x {\n\tn1\n\tn2\n}\n" },
	{ "into a block without a blank", "chain x {}\n", { { BLOCK, "{", "new" } },
	  "chain x { new }\n" },
	{ "append", "a\n", { { APPEND, NULL, "new" } }, "a\nnew\n" },
	{ "append, no newline", "a", { { APPEND, NULL, "new" } }, "a\nnew" },
	{ "append to nothing", "", { { APPEND, NULL, "new" } }, "new\n" },
	{ "CRLF: insert", "a\r\nbb\r\n", { { BEHIND, "bb", "new" } }, "a\r\nbb\r\nnew\r\n" },
	{ "CRLF: delete", "a\r\nbb\r\nc\r\n", { { DELETE, "bb", NULL } }, "a\r\nc\r\n" },
	{ "several", "aa\n\n# keep\nbb # x\ncc\n",
	  { { DELETE, "aa", NULL }, { REPLACE, "bb", "B" }, { BEHIND, "cc", "D" } },
	  "\n# keep\nB # x\ncc\nD\n" },
};
/* clang-format on */

static void edit(struct patch *patch, const struct edit *e)
{
	const char *at = e->rule ? strstr(patch->old.s, e->rule) : patch->old.s;
	uint32_t start = (uint32_t)(at - patch->old.s);
	uint32_t end = start + (uint32_t)(e->rule ? strlen(e->rule) : 0);

	switch (e->kind) {
	case DELETE:
		patch_delete(patch, start, end);
		break;
	case REPLACE:
		patch_replace(patch, start, end, str_of(e->text));
		break;
	case BEFORE:
	case BEHIND:
		patch_insert(patch, start, end, e->kind == BEHIND, str_of(e->text));
		break;
	case BLOCK:
		patch_insert_block(patch, (uint32_t)(strchr(at, '}') - patch->old.s),
				   str_of(e->text));
		break;
	default:
		patch_append(patch, str_of(e->text));
	}
}

static void test_patch(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct patch_case *c = &cases[i];
		struct arena *arena = arena_new();
		struct patch patch = { .arena = arena, .old = str_of(c->text) };

		for (const struct edit *e = c->edits; e->kind; e++)
			edit(&patch, e);
		if (!str_is(patch_apply(&patch), c->want))
			fail_msg("%s:\n'" STR_FMT "'", c->name, STR_ARG(patch_apply(&patch)));
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
