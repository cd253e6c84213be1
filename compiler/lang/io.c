/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The io of text that stands alone. */
#include "compiler/lang/io.h"

static const char *read_nothing(void *ctx, struct arena *arena, const char *path,
				struct str *ret_text)
{
	return "no files can be read here";
}

static strs glob_nothing(void *ctx, struct arena *arena, const char *pattern)
{
	return (strs){ 0 };
}

static bool service_nothing(void *ctx, const char *name, const char *proto, uint16_t *ret_port)
{
	return false;
}

const struct io io_none = {
	.read = read_nothing,
	.glob = glob_nothing,
	.service = service_nothing,
};
