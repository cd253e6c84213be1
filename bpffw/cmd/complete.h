/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What could stand at the end of a command line: from the rows of the commands, from what the
 * parser expects there, and from the names that are in use on this host.
 */
#ifndef BPFFW_COMPLETE_H
#define BPFFW_COMPLETE_H

#include "bpffw/command.h"
#include "compiler/base/str.h"
#include "compiler/base/vec.h"

struct candidate {
	const char *text; /* of the whole last argument; NULL: a value that only help describes */
	const char *help; /* one line, or NULL */
	bool open;        /* more belongs to the same word: no blank behind it */
};

struct completion {
	struct arena *arena;
	uint32_t kept;              /* bytes that each text begins with and that no longer change */
	VEC(struct candidate) list; /* each text once, sorted; hints last */
};

/*
 * complete_words() - never reports anything; what cannot be read offers nothing.
 * @outer: whose options hold; with a batch it is the shell, which takes bare rules
 * @argv: argv[0] the program, argv[argc - 1] the word that is being typed, "" at its beginning
 */
void complete_words(struct arena *arena, const struct invocation *outer, int argc,
		    char *const argv[], struct completion *ret_completion);

/* A line of the shell begins a rule: "add" is understood. */
bool words_are_rule(int argc, char *const argv[]);

#endif
