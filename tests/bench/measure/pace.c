/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets at a steady rate for a time, by BPF_PROG_TEST_RUN on several CPUs at once: what a ruleset
 * made of them, its own counters say. Standard input has "NAME TRACE STORE INTERVAL SOURCES KNOWN
 * SLACK" lines, INTERVAL in ns on each CPU; SOURCES and KNOWN as for `run`. Each line has the CPUs
 * to itself. seconds: from before the first packet of any to behind the last; both: of these, how
 * long all CPUs were at it; paused: the sender's own pauses, what of each exceeded SLACK ns, of the
 * CPU that paused least.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "tests/bench/measure/measure.h"

#define CPUS_MAX 64
/* No test run lasts as long. */
#define RUNS 0x7fffffff
/* For the set-up of a test run, which the kernel makes all others wait for. */
#define SPARE 1.0

struct sender {
	struct driver driver;
	pid_t child;
};

static void send_from(const struct sender *sender, int cpu, double seconds)
{
	uint8_t frame[ETHERNET + SLOT_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = RUNS,
		    .data_size_in = sender->driver.frame_bytes);
	int err;

	pin_to_cpu(cpu);
	setpriority(PRIO_PROCESS, 0, -20);
	frame[12] = sender->driver.ipv6 ? 0x86 : 0x08;
	frame[13] = sender->driver.ipv6 ? 0xdd : 0x00;
	alarm_after(seconds + SPARE);
	err = bpf_prog_test_run_opts(driver_program(&sender->driver, "pace"), &opts);
	must(err == -EINTR || errno == EINTR, "send at a pace");
	_exit(0);
}

static void start(struct sender *sender, int cpu, double seconds)
{
	sender->child = fork();
	must(sender->child >= 0, "fork");
	if (!sender->child)
		send_from(sender, cpu, seconds);
}

static void print(const char *name, const struct sender *senders, unsigned int cpus)
{
	uint64_t first = UINT64_MAX, last = 0, from = 0, to = UINT64_MAX, paused = UINT64_MAX;

	printf("{\"name\":\"%s\",\"packets\":[", name);
	for (unsigned int i = 0; i < cpus; i++) {
		const volatile uint64_t *control = senders[i].driver.control;
		uint64_t begun = control[CONTROL_START], ended = control[CONTROL_END];

		errno = ETIME;
		must(begun && ended, "send to the end");
		first = begun < first ? begun : first;
		from = begun > from ? begun : from;
		last = ended > last ? ended : last;
		to = ended < to ? ended : to;
		paused = control[CONTROL_PAUSED] < paused ? control[CONTROL_PAUSED] : paused;
		printf("%s%" PRIu64, i ? "," : "", control[CONTROL_NEXT]);
	}
	printf("],\"seconds\":%.9f,\"both\":%.3f,\"paused\":%.6f}\n", (double)(last - first) / 1e9,
	       to > from ? (double)(to - from) / 1e9 : 0, (double)paused / 1e9);
}

static void measure(const char *object, double seconds, unsigned int cpus, const char *line)
{
	static char name[128], trace[4096], store[4096];
	static struct sender senders[CPUS_MAX];
	unsigned long long interval = 0, sources = 0, known = 0, slack = 0;
	int program;

	errno = EINVAL;
	must(sscanf(line, "%127s %4095s %4095s %llu %llu %llu %llu", name, trace, store, &interval,
		    &sources, &known, &slack) >= 3,
	     "a candidate");
	program = pinned_dispatcher(store);
	for (unsigned int i = 0; i < cpus; i++) {
		volatile uint64_t *control;

		driver_load_before(object, trace, program, &senders[i].driver);
		control = senders[i].driver.control;
		control[CONTROL_LAST] = (uint64_t)(seconds * 1e9);
		control[CONTROL_INTERVAL] = interval;
		control[CONTROL_SOURCES] = sources;
		control[CONTROL_KNOWN] = known;
		control[CONTROL_SLACK] = slack;
	}
	for (unsigned int i = 0; i < cpus; i++)
		start(&senders[i], (int)i, seconds);
	for (unsigned int i = 0; i < cpus; i++) {
		int status = 0;

		must(waitpid(senders[i].child, &status, 0) == senders[i].child && !status,
		     "the sender on a CPU");
	}
	print(name, senders, cpus);
	for (unsigned int i = 0; i < cpus; i++)
		bpf_object__close(senders[i].driver.object);
	close(program);
}

int pace_main(const char *object, double seconds, unsigned int cpus)
{
	static char line[9000];

	errno = EINVAL;
	must(cpus > 0 && cpus <= CPUS_MAX, "that many CPUs");
	while (fgets(line, sizeof(line), stdin)) {
		fflush(stdout);
		measure(object, seconds, cpus, line);
	}
	return 0;
}
