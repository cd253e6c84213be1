/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/follow.h"

#include <signal.h>
#include <time.h>

#define SECOND_NS 1000000000

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	interrupted = number;
}

void follow_begin(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	interrupted = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void follow_end(void)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

bool follow_interrupted(void)
{
	return interrupted;
}

int64_t follow_epoch(void)
{
	struct timespec wall, now;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (wall.tv_sec - now.tv_sec) * (int64_t)SECOND_NS + wall.tv_nsec - now.tv_nsec;
}

uint64_t follow_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

bool follow_generation(struct session *s, struct generation *gen)
{
	const struct invocation *in = s->in;

	session_end(s);
	session_start(s, in);
	return !session_store(s, STORE_READ) && !session_running(s, gen);
}

struct str follow_interface(const struct generation *gen, uint32_t number)
{
	if (!number || number > gen->info.iface_names.len)
		return STR("?");
	return gen->info.iface_names.data[number - 1];
}
