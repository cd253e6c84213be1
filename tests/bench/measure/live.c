/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CPU time of the receive path. Frames made by a live-frame test run leave by one end of a veth
 * pair; after each batch the receive softirq polls them from the other end, in another network
 * namespace, on the same CPU: no frame is lost, and their headers are in the cache, as behind a
 * card that writes them there. Two tracepoints take the softirq's time: veth's poll, the skb, GRO
 * and the firewall, but not the sender. ns = that time / frames polled; poll_ns = what of it was
 * spent in polls outside the sender's network namespace / frames polled: without the way of
 * answers.
 *
 * Standard input has "NAME TRACE SENDER NETNS DEVICE [SOURCES]" lines: SENDER is the device here in
 * NETNS (of the command line), DEVICE the one in the candidate's NETNS.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "tests/bench/measure/measure.h"

#define BATCH     64
#define STATS_MAX 256

struct candidate {
	char name[128], device[IFNAMSIZ];
	struct driver driver;
	int socket; /* in the candidate's network namespace */
	unsigned int n;
	double ns[ROUNDS_MAX], poll_ns[ROUNDS_MAX];
	double seconds;
	uint64_t packets;
};

/* of softirq.bpf.c */
enum { RECEIVE_ENTERED, RECEIVE_SUM, RECEIVE_POLLED, RECEIVE_POLLS, RECEIVE_HOME, RECEIVE_WORDS };

static struct candidate candidates[CANDIDATES_MAX];

static void enter_netns(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && !setns(fd, CLONE_NEWNET), path);
	close(fd);
}

static void ethtool(const struct candidate *c, void *data)
{
	struct ifreq request = { .ifr_data = data };

	memcpy(request.ifr_name, c->device, IFNAMSIZ);
	must(!ioctl(c->socket, SIOCETHTOOL, &request), c->device);
}

/* Frames that came out of the ring, whatever became of them. */
static uint64_t polled(const struct candidate *c)
{
	static uint64_t names_buffer[STATS_MAX * ETH_GSTRING_LEN / 8 + 2];
	static uint64_t stats_buffer[STATS_MAX + 1];
	struct ethtool_gstrings *names = (void *)names_buffer;
	struct ethtool_stats *stats = (void *)stats_buffer;
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	uint64_t sum = 0;

	ethtool(c, &info);
	must(info.n_stats <= STATS_MAX, "statistics");
	*names = (struct ethtool_gstrings){ ETHTOOL_GSTRINGS, ETH_SS_STATS, info.n_stats };
	ethtool(c, names);
	*stats = (struct ethtool_stats){ ETHTOOL_GSTATS, info.n_stats };
	ethtool(c, stats);
	for (uint32_t i = 0; i < info.n_stats; i++) {
		const char *name = (const char *)names->data + (size_t)i * ETH_GSTRING_LEN;

		if (!strncmp(name, "rx_queue_", 9) && strstr(name, "_xdp_packets"))
			sum += stats->data[i];
	}
	return sum;
}

static volatile uint64_t *watch_softirq(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);
	struct bpf_program *program;
	volatile uint64_t *receive;

	must(object && !bpf_object__load(object), path);
	bpf_object__for_each_program(program, object)
		must(bpf_program__attach(program) != NULL, "tracepoint");
	receive = mmap(NULL, RECEIVE_WORDS * sizeof(*receive), PROT_READ | PROT_WRITE, MAP_SHARED,
		       bpf_object__find_map_fd_by_name(object, ".data.receive"), 0);
	must(receive != MAP_FAILED, "softirq time");
	return receive;
}

static void send_for(const struct candidate *c, double seconds)
{
	uint8_t frame[ETHERNET + SLOT_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = 1 << 30,
		    .data_size_in = c->driver.frame_bytes, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = BATCH);
	int err;

	frame[12] = c->driver.ipv6 ? 0x86 : 0x08;
	frame[13] = c->driver.ipv6 ? 0xdd : 0x00;
	alarm_after(seconds);
	err = bpf_prog_test_run_opts(driver_program(&c->driver, "send"), &opts);
	must(!err || err == -EINTR || errno == EINTR, c->name);
}

static void measure(struct candidate *c, const volatile uint64_t *receive, double seconds)
{
	uint64_t time = receive[RECEIVE_SUM], polls = receive[RECEIVE_POLLS], packets = polled(c);
	struct timespec begun, ended;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	send_for(c, seconds);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	c->seconds += (double)(ended.tv_sec - begun.tv_sec) +
		      (double)(ended.tv_nsec - begun.tv_nsec) / 1e9;
	usleep(20000); /* the ring is emptied */
	packets = polled(c) - packets;
	time = receive[RECEIVE_SUM] - time;
	polls = receive[RECEIVE_POLLS] - polls;
	errno = 0;
	must(packets > 0, "no frame arrived");
	c->packets += packets;
	c->poll_ns[c->n] = (double)polls / (double)packets;
	c->ns[c->n++] = (double)time / (double)packets;
}

static bool read_candidate(const char *object, const char *home, struct candidate *c)
{
	static char line[9000], trace[4096];
	char sender[IFNAMSIZ], netns[64];
	unsigned long long sources = 0;

	if (!fgets(line, sizeof(line), stdin) ||
	    sscanf(line, "%127s %4095s %15s %63s %15s %llu", c->name, trace, sender, netns,
		   c->device, &sources) < 5)
		return false;
	driver_load(object, trace, if_nametoindex(sender), false, &c->driver);
	c->driver.control[CONTROL_SOURCES] = sources;
	enter_netns(netns);
	c->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(c->socket >= 0, "socket");
	enter_netns(home);
	return true;
}

static void print_list(const char *name, const double *list, unsigned int n)
{
	printf(",\"%s\":[", name);
	for (unsigned int i = 0; i < n; i++)
		printf("%s%.1f", i ? "," : "", list[i]);
	printf("]");
}

static void print(const struct candidate *c)
{
	printf("{\"name\":\"%s\",\"packets\":%llu,\"seconds\":%.3f", c->name,
	       (unsigned long long)c->packets, c->seconds);
	print_list("ns", c->ns, c->n);
	print_list("poll_ns", c->poll_ns, c->n);
	printf("}\n");
}

int live_main(const char *object, const char *softirq, unsigned int rounds, double seconds,
	      const char *netns)
{
	volatile uint64_t *receive = watch_softirq(softirq);
	struct stat home;
	unsigned int n = 0;

	pin_to_cpu(0);
	enter_netns(netns);
	must(!stat("/proc/self/ns/net", &home), "network namespace");
	receive[RECEIVE_HOME] = home.st_ino;
	while (n < CANDIDATES_MAX && read_candidate(object, netns, &candidates[n]))
		n++;
	for (unsigned int round = 0; round < rounds && round < ROUNDS_MAX; round++)
		for (unsigned int i = 0; i < n; i++)
			measure(&candidates[i], receive, seconds);
	for (unsigned int i = 0; i < n; i++)
		print(&candidates[i]);
	return 0;
}
