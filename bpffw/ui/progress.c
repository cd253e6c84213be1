/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/ui/progress.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	const char *what;
	bool runs, ends;
} line = { .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER };

static void *run(void *unused)
{
	struct timespec until;
	bool shown = false;

	clock_gettime(CLOCK_REALTIME, &until);
	pthread_mutex_lock(&line.lock);
	for (unsigned int seconds = 1; !line.ends; seconds++) {
		until.tv_sec++;
		while (!line.ends && pthread_cond_timedwait(&line.ended, &line.lock, &until) == 0)
			continue;
		if (line.ends)
			break;
		fprintf(stderr, "\r%s: %u s\033[K", line.what, seconds);
		shown = true;
	}
	if (shown)
		fputs("\r\033[K", stderr);
	pthread_mutex_unlock(&line.lock);
	return unused;
}

static bool is_wanted(const struct invocation *in)
{
	const char *term = getenv("TERM");

	return !in->json && !in->quiet && !in->silent && isatty(STDERR_FILENO) && term &&
	       strcmp(term, "dumb") != 0;
}

void progress_begin(const struct invocation *in, const char *what)
{
	if (line.runs || !is_wanted(in))
		return;
	line.what = what;
	line.ends = false;
	line.runs = pthread_create(&line.thread, NULL, run, NULL) == 0;
}

void progress_end(void)
{
	if (!line.runs)
		return;
	pthread_mutex_lock(&line.lock);
	line.ends = true;
	pthread_cond_signal(&line.ended);
	pthread_mutex_unlock(&line.lock);
	pthread_join(line.thread, NULL);
	line.runs = false;
}
