/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is pinned in a store, for programs that run it without a device. */
#include <stdio.h>

#include <bpf/bpf.h>

#include "bpf/abi.h"
#include "bpffw/runtime/unit.h"
#include "tests/bench/measure/measure.h"

/* lo: what a test run without a context seems to come from. */
#define LOOPBACK 1

int pinned_open(const char *store, const char *name)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", store, name);
	fd = bpf_obj_get(path);
	must(fd >= 0, path);
	return fd;
}

void number_loopback(int ifaces)
{
	struct unit unit = UNIT_NONE;
	struct failure f = { 0 };

	unit.ifaces = ifaces;
	must(!unit_number(&unit, LOOPBACK, 1, &f), "number lo");
}

static int open_unit(const char *store, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "abi%d/%s", ABI_VERSION, name);
	return pinned_open(store, path);
}

int pinned_dispatcher(const char *store)
{
	number_loopback(open_unit(store, "ifaces"));
	return open_unit(store, "dispatcher");
}
