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

	snprintf(path, sizeof(path), "%s/abi%d/%s", store, ABI_VERSION, name);
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

int pinned_dispatcher(const char *store)
{
	number_loopback(pinned_open(store, "ifaces"));
	return pinned_open(store, "dispatcher");
}
