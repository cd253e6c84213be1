/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * killat N COMMAND...: run the command and kill it (SIGKILL) as it is about to make its N-th system
 * call that changes something: bpf (but not its test runs, of which there are thousands), rename,
 * mkdir, unlink, rmdir, write, fsync, mount. Exit code: 137 killed, else the command's own.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/ptrace.h>

static int changes_something(const struct ptrace_syscall_info *info)
{
	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return 0;
	switch (info->entry.nr) {
	case SYS_bpf:
		return info->entry.args[0] != BPF_PROG_TEST_RUN;
#ifdef SYS_rename
	case SYS_rename:
	case SYS_mkdir:
	case SYS_unlink:
	case SYS_rmdir:
#endif
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_mkdirat:
	case SYS_unlinkat:
	case SYS_write:
	case SYS_fsync:
	case SYS_mount:
		return 1;
	default:
		return 0;
	}
}

/* One stop of the child. Return: 1 when the N-th call is about to be made. */
static int count_stop(pid_t child, int status, long *left)
{
	struct ptrace_syscall_info info;

	if (WSTOPSIG(status) != (SIGTRAP | 0x80))
		return 0;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0)
		return 0;
	return changes_something(&info) && --*left == 0;
}

static int supervise(pid_t child, long left)
{
	int status, deliver = 0;

	if (waitpid(child, &status, 0) < 0)
		return 1;
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		if (ptrace(PTRACE_SYSCALL, child, 0, deliver) < 0)
			return 1;
		if (waitpid(child, &status, 0) < 0)
			return 1;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (count_stop(child, status, &left))
			break;
		deliver = WSTOPSIG(status) & 0x80 || WSTOPSIG(status) == SIGTRAP ? 0
										 : WSTOPSIG(status);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return 137;
}

int main(int argc, char *argv[])
{
	pid_t child;

	if (argc < 3) {
		fprintf(stderr, "usage: killat N COMMAND...\n");
		return 2;
	}
	child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "killat: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	return supervise(child, strtol(argv[1], NULL, 10));
}
