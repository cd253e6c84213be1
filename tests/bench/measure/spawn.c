/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small helpers for the script: time and peak memory of a command, and the program that drops. */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_link.h>

#include "tests/bench/measure/measure.h"
#include "tests/kernel/chain.h"

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The peak of a forked child includes its parent's, and this parent is small. */
int spawn_main(const char *result, char **command)
{
	struct rusage usage;
	double start = now_ms(), took;
	int status = 0;
	pid_t child = fork();
	FILE *to;

	must(child >= 0, "fork");
	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	must(wait4(child, &status, 0, &usage) == child, "wait");
	took = now_ms() - start;
	to = fopen(result, "w");
	must(to != NULL, result);
	fprintf(to, "{\"ms\":%.2f,\"peak_kb\":%ld,\"exit\":%d}\n", took, usage.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128);
	fclose(to);
	return 0;
}

int answer_main(const char *device, int verdict)
{
	int err = bpf_xdp_attach((int)if_nametoindex(device), chain_answer(verdict, true),
				 XDP_FLAGS_DRV_MODE, NULL);

	errno = -err;
	must(!err, device);
	return 0;
}
