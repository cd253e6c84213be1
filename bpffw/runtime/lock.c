/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flock, not fcntl: the lock belongs to the open file and ends with the holder. */
#include "bpffw/runtime/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/runtime/pin.h"

#define POLL_MS 20

/* This process's command line, arguments separated by blanks, control characters replaced. */
static void own_command(char *ret_text, size_t size)
{
	_cleanup_fd_ int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, ret_text, size - 1);

	if (n < 0)
		n = 0;
	ret_text[n] = 0;
	for (ssize_t i = 0; i < n; i++) {
		if ((unsigned char)ret_text[i] < ' ')
			ret_text[i] = ' ';
	}
	while (n > 0 && ret_text[n - 1] == ' ')
		ret_text[--n] = 0;
}

static void write_holder(int fd)
{
	char command[256], line[300];
	ssize_t done;
	int len;

	own_command(command, sizeof(command));
	len = snprintf(line, sizeof(line), "%d %s\n", getpid(), command);
	/* Only for the message of a waiter: a failure to write it is no reason to refuse. */
	done = ftruncate(fd, 0) < 0 ? 0 : pwrite(fd, line, (size_t)len, 0);
	(void)done;
}

static int refuse(int fd, struct failure *f)
{
	char text[300] = "", *command;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = 0;
	text[strcspn(text, "\n")] = 0;
	command = strchr(text, ' ');
	if (!command)
		return fail_plain(f, EBUSY, EXIT_SYSTEM,
				  "another bpffw is making a change (waited 5 s)");
	*command++ = 0;
	return fail_help(f,
			 fail_plain(f, EBUSY, EXIT_SYSTEM,
				    "process %s is making a change: %s (waited 5 s)", text,
				    command),
			 "try again when it has ended");
}

int lock_take(const char *run_dir, int wait_ms, int *ret_fd, struct failure *f)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	_cleanup_fd_ int fd = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/lock", run_dir) >= (int)sizeof(path))
		return fail(f, ENAMETOOLONG, "cannot lock %.100s...", run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fail(f, errno, "cannot open the lock %s", path);
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += POLL_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(f, errno, "cannot lock %s", path);
		if (waited >= wait_ms)
			return refuse(fd, f);
		nanosleep(&pause, NULL);
	}
	write_holder(fd);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int refuse_reader(const char *dir, const char *doing, const char *help, struct failure *f)
{
	char path[PATH_MAX], pid[16] = "?";
	FILE *file;

	snprintf(path, sizeof(path), "%s/lock", dir);
	file = fopen(path, "re");
	if (file && fscanf(file, "%15[0-9]", pid) != 1)
		pid[0] = '?';
	if (file)
		fclose(file);
	return fail_help(f,
			 fail_plain(f, EBUSY, EXIT_REFUSED, "process %s is %s already", pid, doing),
			 "%s", help);
}

int lock_reader(const char *dir, const char *doing, const char *help, int *ret_fd,
		struct failure *f)
{
	int ret = dir_make(dir, 0755, f);

	if (ret == 0)
		ret = lock_take(dir, 0, ret_fd, f);
	return ret == -EBUSY ? refuse_reader(dir, doing, help, f) : ret;
}
