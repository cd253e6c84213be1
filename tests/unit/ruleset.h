/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules and packets from text, for unit tests behind the front end. */
#ifndef UNIT_RULESET_H
#define UNIT_RULESET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"
#include "tests/golden/packet.h"

struct loaded {
	struct arena *arena;
	struct diags *ds;
	struct env env;
	struct ruleset *rs;
};

static inline void print_diags(struct diags *ds)
{
	vec_for_each(diag, &ds->list)
		print_message("    line %u: %s [%s]\n", diag_position(ds, diag->span).line,
			      diag->message, diag_code_name(diag->code));
}

/* Fails the test when the text has an error. The caller frees ->arena. */
static inline struct loaded load_text(const char *text, const struct env *env)
{
	struct loaded loaded = { .arena = arena_new(), .env = { .io = &io_none } };
	struct ast *ast;

	if (env)
		loaded.env = *env;
	loaded.ds = diags_new(loaded.arena);
	text = arena_printf(loaded.arena, "%s", text);
	ast = parse_file(loaded.ds, &io_none,
			 diag_source(loaded.ds, STR("rules.fw"), str_of(text), (struct span){ 0 }));
	loaded.rs = sema_ruleset(loaded.ds, ast, &loaded.env);
	if (loaded.ds->n_errors) {
		print_message("%s\n", text);
		print_diags(loaded.ds);
		fail();
	}
	return loaded;
}

/* A packet in the words of tests/golden/packet.h. */
static inline struct pkt read_packet(const struct loaded *loaded, const char *text)
{
	strs said = { 0 };
	struct pkt pkt;
	const char *fault;

	for (const char *at = text; *at;) {
		size_t len = strcspn(at, " ");

		if (len)
			vec_push(loaded->arena, &said, ((struct str){ at, (uint32_t)len }));
		at += len + (at[len] == ' ');
	}
	fault = packet_read(loaded->rs, said.data, said.len, &pkt);
	if (fault)
		fail_msg("%s: %s is not understood", text, fault);
	return pkt;
}

/* The clauses of `explain`, resolved. */
static inline struct expect read_description(struct loaded *loaded, const char *text)
{
	char *typed[] = { arena_printf(loaded->arena, "%s", text) };
	struct arguments args = lex_arguments(loaded->ds, 1, typed);
	struct ast_command command = { 0 };
	struct expect packet = { 0 };

	if (!parse_command(loaded->ds, "explain", &args, &command) ||
	    !sema_packet(loaded->ds, loaded->rs, &loaded->env, command.packet.data,
			 command.packet.len, &packet)) {
		print_diags(loaded->ds);
		fail_msg("%s: not understood", text);
	}
	return packet;
}

#endif
