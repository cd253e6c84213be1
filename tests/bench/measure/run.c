/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time in the chain by BPF_PROG_TEST_RUN. Standard input has "NAME TRACE WHAT" lines: WHAT is
 * `empty` (a program that drops at once, run without the driver),
 * `drop` (the same behind the driver), `parse` (the dispatcher in front of such a one) or the
 * bpffs directory of a store, or `bucket:OBJECT`, a program with a token bucket in an LRU map.
 * After WHAT may stand from how many random sources the packets come, and from how many others one
 * in 50. Each round runs every
 * candidate once over all packets of its trace; the driver takes the time of its first run and
 * after its last one. A candidate that is slow is run in the first rounds only. Before that its
 * verdicts are compared with the expected ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "tests/bench/measure/measure.h"
#include "tests/kernel/chain.h"

#define SLOW_NS     300e6
#define SLOW_ROUNDS 3

struct candidate {
	char name[128];
	struct driver driver;
	unsigned int wrong;
	int empty; /* run this, not the driver */
	bool has_verdicts;
	bool slow;
	unsigned int n;
	double ns[ROUNDS_MAX];
};

static struct candidate candidates[CANDIDATES_MAX];

static int parse_only(void)
{
	struct bpf_object *dispatcher = chain_dispatcher(true);

	chain_jump(dispatcher, "jmp", 0, chain_answer(XDP_DROP, true));
	number_loopback(chain_map(dispatcher, ".data.ifaces"));
	return chain_program(dispatcher);
}

#define BUCKET "bucket:"

static int load_bucket(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;

	must(object != NULL, path);
	program = bpf_object__next_program(object, NULL);
	bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	must(!bpf_object__load(object), path);
	return bpf_program__fd(program);
}

static void load(const char *object, const char *trace, const char *what, struct candidate *c)
{
	int program;

	if (!strcmp(what, "empty")) {
		c->empty = chain_answer(XDP_DROP, true);
		return;
	}
	if (!strcmp(what, "drop")) {
		program = chain_answer(XDP_DROP, true);
	} else if (!strncmp(what, BUCKET, strlen(BUCKET))) {
		program = load_bucket(what + strlen(BUCKET));
	} else if (!strcmp(what, "parse")) {
		program = parse_only();
	} else {
		program = pinned_dispatcher(what);
		c->has_verdicts = true;
	}
	driver_load_before(object, trace, program, &c->driver);
}

static void check_verdicts(struct candidate *c)
{
	c->driver.control[CONTROL_LAST] = UINT64_MAX;
	for (uint32_t i = 0; i < c->driver.checked; i++) {
		uint32_t want = c->driver.verdicts[i] ? XDP_PASS : XDP_DROP;

		c->driver.control[CONTROL_NEXT] = i;
		c->wrong += driver_run(&c->driver, 1) != want;
	}
}

/* The kernel's own average, in whole ns. */
static double run_empty(const struct candidate *c)
{
	uint8_t frame[ETHERNET + SLOT_BYTES] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .repeat = TRACE_PACKETS);

	must(!bpf_prog_test_run_opts(c->empty, &opts), c->name);
	return opts.duration;
}

static void measure(struct candidate *c)
{
	double ns;

	if (c->empty) {
		c->ns[c->n++] = run_empty(c);
		return;
	}
	ns = driver_time(&c->driver);
	c->slow = c->slow || ns > SLOW_NS;
	c->ns[c->n++] = ns / TRACE_PACKETS;
}

static void print(const struct candidate *c)
{
	printf("{\"name\":\"%s\",\"ns\":[", c->name);
	for (unsigned int i = 0; i < c->n; i++)
		printf("%s%.2f", i ? "," : "", c->ns[i]);
	printf("],\"checked\":%u,\"wrong\":%u}\n", c->has_verdicts ? c->driver.checked : 0,
	       c->wrong);
}

int run_main(const char *object, unsigned int rounds)
{
	static char line[9000], trace[4096], what[4096];
	unsigned int n = 0;

	pin_to_cpu(0);
	/* May be refused in a container; then it is measured without. */
	setpriority(PRIO_PROCESS, 0, -20);
	while (n < CANDIDATES_MAX && fgets(line, sizeof(line), stdin)) {
		struct candidate *c = &candidates[n];
		unsigned long long sources = 0, known = 0;

		if (sscanf(line, "%127s %4095s %4095s %llu %llu", c->name, trace, what, &sources,
			   &known) < 3)
			break;
		load(object, trace, what, c);
		if (c->has_verdicts && !sources)
			check_verdicts(c);
		if (!c->empty) {
			c->driver.control[CONTROL_SOURCES] = sources;
			c->driver.control[CONTROL_KNOWN] = known;
		}
		n++;
	}
	for (unsigned int round = 0; round < rounds && round < ROUNDS_MAX; round++)
		for (unsigned int i = 0; i < n; i++)
			if (!candidates[i].slow || round < SLOW_ROUNDS)
				measure(&candidates[i]);
	for (unsigned int i = 0; i < n; i++)
		print(&candidates[i]);
	return 0;
}
