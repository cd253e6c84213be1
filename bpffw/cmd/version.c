/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpf/abi.h"
#include "bpffw/command.h"
#include "bpffw/ui/json.h"

static enum exit_code run(const struct invocation *in)
{
	if (in->json) {
		json_t *object = json_schema("version");

		json_object_set_new(object, "version", json_string(BPFFW_VERSION));
		json_object_set_new(object, "abi", json_integer(ABI_VERSION));
		json_line(stdout, object);
	} else {
		printf("bpffw %s\n", BPFFW_VERSION);
	}
	return EXIT_DONE;
}

const struct command cmd_version = {
	.name = "version",
	.help = "print the version",
	.example = "bpffw version",
	.run = run,
};
