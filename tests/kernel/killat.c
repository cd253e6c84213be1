/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * killat N [-e ERRNO | -r SCRIPT] COMMAND...: run the command and kill it (SIGKILL) as it is about
 * to make its N-th system call that changes something, or let that call fail with ERRNO instead
 * (x86-64), or run the shell script before it.
 * Counted are bpf (but not its test runs, of which there are thousands), rename, mkdir, unlink,
 * rmdir, fsync, mount, and write to anything but the standard streams.
 * Exit code: 137 killed, 99 the command made fewer calls, else the command's own.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/ptrace.h>

#define FEWER_CALLS 99

struct fault {
	long left;          /* calls until it strikes */
	long error;         /* errno to answer with; 0: kill */
	const char *script; /* or what to run in between */
	bool struck;
	bool failed; /* the script did */
};

static bool changes_something(const struct ptrace_syscall_info *info)
{
	switch (info->entry.nr) {
	case SYS_bpf:
		return info->entry.args[0] != BPF_PROG_TEST_RUN;
	case SYS_write:
		return info->entry.args[0] > STDERR_FILENO;
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
	case SYS_fsync:
	case SYS_mount:
		return true;
	default:
		return false;
	}
}

/* Skip the call that is about to be made, and let it return the error. */
static void answer(pid_t child, long error)
{
#ifdef __x86_64__
	struct user_regs_struct regs;
	int status;

	ptrace(PTRACE_GETREGS, child, 0, &regs);
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, child, 0, &regs);
	ptrace(PTRACE_SYSCALL, child, 0, 0);
	waitpid(child, &status, 0);
	ptrace(PTRACE_GETREGS, child, 0, &regs);
	regs.rax = (unsigned long long)-error;
	ptrace(PTRACE_SETREGS, child, 0, &regs);
#else
	(void)error;
	kill(child, SIGKILL);
#endif
}

static void at_stop(pid_t child, int status, struct fault *fault)
{
	struct ptrace_syscall_info info;

	if (WSTOPSIG(status) != (SIGTRAP | 0x80) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0)
		return;
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || !changes_something(&info) || --fault->left != 0)
		return;
	fault->struck = true;
	if (fault->script)
		fault->failed = system(fault->script) != 0;
	else if (fault->error)
		answer(child, fault->error);
	else
		kill(child, SIGKILL);
}

static int supervise(pid_t child, struct fault *fault)
{
	int status, signal = 0;

	if (waitpid(child, &status, 0) < 0)
		return 1;
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		ptrace(PTRACE_SYSCALL, child, 0, signal);
		if (waitpid(child, &status, 0) < 0)
			return 1;
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (WIFEXITED(status))
			return fault->failed   ? 1
			       : fault->struck ? WEXITSTATUS(status)
					       : FEWER_CALLS;
		at_stop(child, status, fault);
		signal = WSTOPSIG(status);
		if (signal & 0x80 || signal == SIGTRAP)
			signal = 0;
	}
}

int main(int argc, char *argv[])
{
	struct fault fault = { 0 };
	char **command = argv + 2;
	pid_t child;

	if (argc > 4 && strcmp(argv[2], "-e") == 0) {
		fault.error = strtol(argv[3], NULL, 10);
		command = argv + 4;
	} else if (argc > 4 && strcmp(argv[2], "-r") == 0) {
		fault.script = argv[3];
		command = argv + 4;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: killat N [-e ERRNO | -r SCRIPT] COMMAND...\n");
		return 2;
	}
	fault.left = strtol(argv[1], NULL, 10);
	child = fork();
	if (child < 0)
		return 1;
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execvp(command[0], command);
		fprintf(stderr, "killat: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	return supervise(child, &fault);
}
