/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The measuring program: reads candidates from standard input, prints one JSON object a line. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/libbpf.h>

#include "tests/bench/rulegen/rulegen.h"

#define ETHERNET 14u

/* drive.bpf.o with a trace in it. */
struct driver {
	struct bpf_object *object;
	uint32_t frame_bytes;
	bool ipv6;
	uint32_t checked;
	uint8_t verdicts[TRACE_CHECKED]; /* 1: allowed */
	volatile uint64_t *control;      /* as in drive.bpf.c */
};

enum {
	CONTROL_NEXT,
	CONTROL_LAST,
	CONTROL_START,
	CONTROL_END,
	CONTROL_SOURCES,
	CONTROL_KNOWN,
	CONTROL_INTERVAL,
	CONTROL_SLACK,
	CONTROL_PAUSED,
	CONTROL_BEFORE,
	CONTROL_DUE,
	CONTROL_WORDS
};

#define CANDIDATES_MAX 256
#define ROUNDS_MAX     64

void must(bool ok, const char *what);

/* @ifindex: where `send` lets frames leave; @frags: as the programs that `drive` jumps to. */
void driver_load(const char *object, const char *trace, uint32_t ifindex, bool frags,
		 struct driver *ret_driver);
int driver_program(const struct driver *driver, const char *name);
/* -errno, 0 */
int driver_aim(const struct driver *driver, int program);
/* Both at once, before a program that may or may not be one for several buffers. */
void driver_load_before(const char *object, const char *trace, int program,
			struct driver *ret_driver);

/* `drive` over the next packets; the last verdict. */
uint32_t driver_run(const struct driver *driver, uint32_t repeat);
/* Over all packets of the trace: ns of them all. */
double driver_time(const struct driver *driver);

/* Pinned below the bpffs directory of a store. */
int pinned_open(const char *store, const char *name);
/* Its dispatcher, to which lo is a known interface. */
int pinned_dispatcher(const char *store);
/* @ifaces: the map, so that a lookup of lo is the one of a known interface. */
void number_loopback(int ifaces);

void pin_to_cpu(int cpu);
/* SIGALRM then ends a test run. */
void alarm_after(double seconds);

/* The commands: measure run OBJECT ROUNDS, measure live OBJECT SOFTIRQ ROUNDS SECONDS NETNS,
 * measure memory STORE, measure spawn RESULT COMMAND..., measure drop DEVICE,
 * measure flows OBJECT ROUNDS, measure established OBJECT FLOWS ROUNDS, measure pace OBJECT SECONDS
 * CPUS. */
int run_main(const char *object, unsigned int rounds);
int live_main(const char *object, const char *softirq, unsigned int rounds, double seconds,
	      const char *netns);
int memory_main(const char *store);
int spawn_main(const char *result, char **command);
/* A program that answers only that, by `measure drop|pass DEVICE`. */
int answer_main(const char *device, int verdict);
int lists_main(const char *object, const char *list, unsigned int rounds);
int flows_main(const char *object, unsigned int rounds);
int established_main(const char *object, const char *flows, unsigned int rounds);
int pace_main(const char *object, double seconds, unsigned int cpus);

#endif
