/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * swap BPFFS STATE RUN A.fw B.fw CLIENT-NETNS SWAPS CHANGES: two rulesets under continuous traffic,
 * SWAPS times by a write to the slot, then CHANGES times by whole changes.
 *
 * Each ruleset counts every packet twice, by a `count` rule and by the `allow` rule behind it; both
 * hold the rules of either, for another port, so that the counters outlive every change. A packet
 * that met parts of both would make the two counters of a ruleset differ (torn); one that met
 * neither is missing from their sum, which is compared with what the driver gave to XDP (lost).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/runtime/change.h"
#include "bpffw/runtime/host.h"
#include "bpffw/runtime/inside.h"
#include "compiler/lang/parse.h"

#define BURST 32

static atomic_bool stop;
static atomic_ulong sent;

struct side {
	const char *file, *names[2];
	uint32_t counted, allowed; /* slots of its two rules */
	int enter;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void __attribute__((noreturn)) die(const char *what, const struct failure *f)
{
	fprintf(stderr, "swap: %s: %s\n", what, f ? f->what : strerror(errno));
	exit(1);
}

static size_t make_frame(unsigned char *frame)
{
	struct ethhdr_bytes {
		unsigned char dst[6], src[6], type[2];
	} eth = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, { 2, 0, 0, 0, 0, 2 }, { 8, 0 } };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_UDP,
			    .tot_len = htons(46),
			    .saddr = inet_addr("198.51.100.2"),
			    .daddr = inet_addr("198.51.100.1") };
	struct udphdr udp = { .source = htons(4000), .dest = htons(5000), .len = htons(26) };

	memset(frame, 0, 60);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + 14, &ip, sizeof(ip));
	memcpy(frame + 34, &udp, sizeof(udp));
	return 60;
}

/* A socket keeps the namespace it was made in. */
static int client_socket(const char *netns)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int other = open(netns, O_RDONLY | O_CLOEXEC);
	int fd;

	if (own < 0 || other < 0 || setns(other, CLONE_NEWNET) < 0)
		die(netns, NULL);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	to.sll_ifindex = (int)if_nametoindex("c0");
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("c0", NULL);
	if (setns(own, CLONE_NEWNET) < 0)
		die("setns", NULL);
	close(own);
	close(other);
	return fd;
}

static void *send_frames(void *arg)
{
	unsigned char frame[60];
	struct iovec iov = { frame, make_frame(frame) };
	struct mmsghdr burst[BURST] = { 0 };
	const struct timespec pause = { .tv_nsec = 20000 };
	int fd = *(int *)arg, n;

	for (int i = 0; i < BURST; i++)
		burst[i].msg_hdr = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
	while (!atomic_load(&stop)) {
		n = sendmmsg(fd, burst, BURST, 0);
		if (n > 0)
			atomic_fetch_add(&sent, (unsigned long)n);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* Packets that XDP on eth0 was given, by the driver's own count. */
static unsigned long seen_by_xdp(void)
{
	FILE *pipe = popen("ethtool -S eth0", "r");
	unsigned long total = 0, n;
	char line[128];

	if (!pipe)
		die("ethtool", NULL);
	while (fgets(line, sizeof(line), pipe)) {
		if (strstr(line, "_xdp_packets:") && strstr(line, "rx_queue_") &&
		    sscanf(strchr(line, ':'), ": %lu", &n) == 1)
			total += n;
	}
	pclose(pipe);
	return total;
}

static uint32_t slot_of(const struct ruleset *rs, const char *name)
{
	vec_for_each(rule, &rs->rules) {
		if (str_is(rule->name, name))
			return rule->slot;
	}
	die(name, NULL);
}

/* A whole change to the file's ruleset, as `apply` makes it. */
static void change_to(struct store *store, struct side *side)
{
	struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct env env = host_env(arena);
	struct change change = { .how = "swap test", .force = true };
	struct change_result result;
	struct generation old;
	struct failure f = { 0 };
	struct str text;

	if (store_running(store)) {
		if (store_generation(store, ds, &env, store_running(store), &old, &f) < 0)
			die("read back", &f);
		change.old = &old.info;
		change.old_rs = old.rs;
	}
	if (host_io.read(NULL, arena, side->file, &text))
		die(side->file, NULL);
	change.ast = parse_file(ds, &host_io,
				diag_source(ds, str_of(side->file), text, (struct span){ 0 }));
	if (change_commit(store, ds, &env, &change, &result, &f) < 0)
		die(ds->n_errors ? ds->list.data[0].message : "change", &f);
	side->counted = slot_of(result.rs, side->names[0]);
	side->allowed = slot_of(result.rs, side->names[1]);
	arena_free(arena);
}

static int compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void swap_slots(struct store *store, struct side sides[2], unsigned int swaps)
{
	uint64_t *times = calloc(swaps, sizeof(*times)), start;
	struct failure f = { 0 };

	for (unsigned int i = 0; i < swaps; i++) {
		start = now_ns();
		if (unit_commit(&store->unit, sides[i % 2].enter, &f) < 0)
			die("swap", &f);
		times[i] = now_ns() - start;
		/* Let packets in between, or most swaps would meet none. */
		usleep(200);
	}
	qsort(times, swaps, sizeof(*times), compare_times);
	printf("%u swaps: p50 %.1f us, p99 %.1f us\n", swaps, (double)times[swaps / 2] / 1e3,
	       (double)times[swaps * 99 / 100] / 1e3);
	free(times);
}

static int check(const char *what, unsigned long is, unsigned long wanted)
{
	if (is == wanted)
		return 0;
	printf("FAILED: %s: %lu, not %lu\n", what, is, wanted);
	return 1;
}

static int judge(struct store *store, const struct side sides[2], unsigned long seen)
{
	struct arena *arena = arena_new();
	struct failure f = { 0 };
	struct totals t;
	unsigned long a, b, torn;
	int failed;

	if (store_totals(store, arena, &t, &f) < 0)
		die("counters", &f);
	a = t.slot[sides[0].allowed].packets;
	b = t.slot[sides[1].allowed].packets;
	torn = (unsigned long)labs((long)(t.slot[sides[0].counted].packets - a)) +
	       (unsigned long)labs((long)(t.slot[sides[1].counted].packets - b));
	printf("%lu packets sent, %lu seen, %lu by A, %lu by B, %ld lost, %lu torn\n",
	       atomic_load(&sent), seen, a, b, (long)(seen - a - b), torn);
	failed = check("lost", seen - a - b, 0);
	failed += check("torn", torn, 0);
	failed += check("packets that met no ruleset",
			t.slot[SLOT_NO_RULESET].packets + t.slot[SLOT_FALLTHROUGH].packets, 0);
	failed += check("packets that met the default", t.slot[SLOT_DEFAULT_DROP].packets, 0);
	failed += check("each ruleset met traffic", a > 1000 && b > 1000, 1);
	arena_free(arena);
	return failed;
}

int main(int argc, char *argv[])
{
	struct side sides[2] = { { .names = { "a-seen", "a-passed" } },
				 { .names = { "b-seen", "b-passed" } } };
	struct store *store;
	struct failure f = { 0 };
	unsigned long before;
	pthread_t thread;
	int fd, failed;

	if (argc != 9)
		return 2;
	if (store_open(&(struct paths){ argv[2], argv[1], argv[3], NULL }, STORE_WRITE, &store,
		       &f) < 0)
		die("open", &f);
	for (int i = 0; i < 2; i++) {
		sides[i].file = argv[4 + i];
		change_to(store, &sides[i]);
		sides[i].enter = pin_get(store_pin(store, "gen/%u/enter", store_running(store)));
		if (sides[i].enter < 0)
			die("pin", NULL);
	}
	if (store_reset(store, UINT32_MAX, &f) < 0)
		die("reset", &f);
	fd = client_socket(argv[6]);
	before = seen_by_xdp();
	if (pthread_create(&thread, NULL, send_frames, &fd) != 0)
		die("thread", NULL);
	swap_slots(store, sides, (unsigned int)atoi(argv[7]));
	for (int i = 0; i < atoi(argv[8]); i++)
		change_to(store, &sides[i % 2]);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	usleep(200000);
	failed = judge(store, sides, seen_by_xdp() - before);
	store_close(store);
	return failed ? 1 : 0;
}
