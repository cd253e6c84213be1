/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/cookies.h"

#include <stdio.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/state.h"

#define SYSCTL "/proc/sys/net/ipv4/tcp_syncookies"

uint32_t cookies_wanted(const struct compiled *compiled)
{
	return compiled->enter.cookies;
}

static bool sends(const struct rule *rule)
{
	enum verb verb = rule->exceed.row ? rule->exceed.row->verb : rule->verb.row->verb;

	return !rule->disabled && (verb == VERB_SYNCOOKIE || rule->exceed.verified);
}

/* Of this network namespace. What cannot be read is not taken to be off. */
static bool turned_off(void)
{
	FILE *file = fopen(SYSCTL, "re");
	int value = 1;

	if (!file)
		return false;
	if (fscanf(file, "%d", &value) != 1)
		value = 1;
	fclose(file);
	return value == 0;
}

void cookies_check(struct diags *ds, const struct ruleset *rs)
{
	bool off = turned_off(), asked = false, missing = false;

	vec_for_each(rule, &rs->rules) {
		if (!sends(rule))
			continue;
		if (!asked)
			missing = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP,
							  BPF_FUNC_tcp_gen_syncookie, NULL) == 0;
		asked = true;
		if (missing) {
			diag_error(ds, rule->span, E193,
				   "this kernel has no SYN cookies for XDP programs");
			diag_help(ds, "write 'exceed drop' or 'exceed count'");
		} else if (off) {
			diag_error(ds, rule->span, E193,
				   "SYN cookies are turned off: net.ipv4.tcp_syncookies is 0");
			diag_help(ds, "sysctl -w net.ipv4.tcp_syncookies=1");
		}
	}
}

int cookies_read(struct store *store, struct cookie_state *ret_state)
{
	_cleanup_fd_ int fd = -1;
	uint32_t zero = 0;
	int ret = state_get(store, "cookies", &fd);

	if (ret < 0)
		return ret;
	return bpf_map_lookup_elem(fd, &zero, ret_state);
}
