/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The driver program with one trace, and the entry point. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "tests/bench/measure/measure.h"

/* 8-byte words behind the Ethernet header, as in drive.bpf.c. */
enum { WORDS_IPV4 = 5, WORDS_IPV6 = 8 };

void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(1);
}

void pin_to_cpu(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	must(!sched_setaffinity(0, sizeof(cpus), &cpus), "pin to a CPU");
}

static void on_alarm(int number)
{
}

void alarm_after(double seconds)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = {
		.it_value = { (time_t)seconds,
			      (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6) },
	};

	must(!sigaction(SIGALRM, &action, NULL), "signal");
	must(!setitimer(ITIMER_REAL, &timer, NULL), "timer");
}

/* libbpf maps these maps only for a skeleton. */
static void *map_memory(const struct bpf_object *object, const char *name, size_t bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	void *value;

	must(map != NULL, name);
	value = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	must(value != MAP_FAILED, name);
	return value;
}

static void read_trace(const char *path, struct driver *driver, struct trace_head *ret_head,
		       uint8_t *slots)
{
	FILE *from = fopen(path, "r");

	must(from != NULL, path);
	must(fread(ret_head, sizeof(*ret_head), 1, from) == 1 && ret_head->magic == TRACE_MAGIC &&
		     ret_head->packets == TRACE_PACKETS && ret_head->checked == TRACE_CHECKED,
	     path);
	must(fread(slots, SLOT_BYTES, TRACE_PACKETS, from) == TRACE_PACKETS, path);
	driver->checked = ret_head->checked;
	must(fread(driver->verdicts, 1, driver->checked, from) == driver->checked, path);
	fclose(from);
}

void driver_load(const char *object, const char *trace, uint32_t ifindex, bool frags,
		 struct driver *ret_driver)
{
	uint8_t *slots = malloc((size_t)SLOT_BYTES * TRACE_PACKETS);
	struct driver driver = { .object = bpf_object__open(object) };
	struct bpf_program *program;
	struct trace_head head;
	uint32_t constants[2] = { WORDS_IPV6, ifindex };

	must(driver.object && slots, object);
	read_trace(trace, &driver, &head, slots);
	if (head.layer3_bytes <= WORDS_IPV4 * 8)
		constants[0] = WORDS_IPV4;
	must(!bpf_map__set_initial_value(bpf_object__find_map_by_name(driver.object, ".rodata"),
					 constants, sizeof(constants)),
	     "constants");
	driver.ipv6 = slots[0] >> 4 == 6;
	driver.frame_bytes = ETHERNET + constants[0] * 8;
	bpf_object__for_each_program(program, driver.object) if (frags)
		bpf_program__set_flags(program, BPF_F_XDP_HAS_FRAGS);
	must(!bpf_object__load(driver.object), "load the driver");
	memcpy(map_memory(driver.object, ".bss.trace", (size_t)SLOT_BYTES * TRACE_PACKETS), slots,
	       (size_t)SLOT_BYTES * TRACE_PACKETS);
	driver.control =
		map_memory(driver.object, ".data.control", CONTROL_WORDS * sizeof(uint64_t));
	free(slots);
	*ret_driver = driver;
}

int driver_program(const struct driver *driver, const char *name)
{
	struct bpf_program *program = bpf_object__find_program_by_name(driver->object, name);

	must(program != NULL, name);
	return bpf_program__fd(program);
}

int driver_aim(const struct driver *driver, int program)
{
	struct bpf_map *target = bpf_object__find_map_by_name(driver->object, "target");
	uint32_t slot = 0;

	return bpf_map_update_elem(bpf_map__fd(target), &slot, &program, BPF_ANY);
}

void driver_load_before(const char *object, const char *trace, int program,
			struct driver *ret_driver)
{
	driver_load(object, trace, 0, true, ret_driver);
	if (driver_aim(ret_driver, program) == 0)
		return;
	/* A kernel without multi-buffer frames. */
	bpf_object__close(ret_driver->object);
	driver_load(object, trace, 0, false, ret_driver);
	must(!driver_aim(ret_driver, program), "the driver's jump");
}

uint32_t driver_run(const struct driver *driver, uint32_t repeat)
{
	uint8_t frame[ETHERNET + SLOT_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = (int)repeat,
		    .data_size_in = driver->frame_bytes);

	frame[12] = driver->ipv6 ? 0x86 : 0x08;
	frame[13] = driver->ipv6 ? 0xdd : 0x00;
	must(!bpf_prog_test_run_opts(driver_program(driver, "drive"), &opts), "run the driver");
	return opts.retval;
}

double driver_time(const struct driver *driver)
{
	volatile uint64_t *control = driver->control;

	control[CONTROL_NEXT] = 0;
	control[CONTROL_LAST] = TRACE_PACKETS;
	driver_run(driver, TRACE_PACKETS + 1);
	must(control[CONTROL_NEXT] == TRACE_PACKETS + 1, "every packet once");
	return (double)(control[CONTROL_END] - control[CONTROL_START]);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "run"))
		return run_main(argv[2], (unsigned int)atoi(argv[3]));
	if (argc == 7 && !strcmp(argv[1], "live"))
		return live_main(argv[2], argv[3], (unsigned int)atoi(argv[4]), atof(argv[5]),
				 argv[6]);
	if (argc == 3 && !strcmp(argv[1], "memory"))
		return memory_main(argv[2]);
	if (argc >= 4 && !strcmp(argv[1], "spawn"))
		return spawn_main(argv[2], argv + 3);
	if (argc == 3 && !strcmp(argv[1], "drop"))
		return answer_main(argv[2], XDP_DROP);
	if (argc == 3 && !strcmp(argv[1], "pass"))
		return answer_main(argv[2], XDP_PASS);
	if (argc == 5 && !strcmp(argv[1], "lists"))
		return lists_main(argv[2], argv[3], (unsigned int)atoi(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "flows"))
		return flows_main(argv[2], (unsigned int)atoi(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "established"))
		return established_main(argv[2], argv[3], (unsigned int)atoi(argv[4]));
	if (argc == 5 && !strcmp(argv[1], "pace"))
		return pace_main(argv[2], atof(argv[3]), (unsigned int)atoi(argv[4]));
	fprintf(stderr,
		"usage: measure run OBJECT ROUNDS | live OBJECT SOFTIRQ ROUNDS SECONDS NETNS | "
		"memory STORE | spawn RESULT COMMAND... | drop|pass DEVICE | "
		"flows OBJECT ROUNDS | established OBJECT FLOWS ROUNDS | lists OBJECT LIST ROUNDS "
		"| pace OBJECT SECONDS CPUS\n");
	return 2;
}
