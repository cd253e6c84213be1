/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel lacks is found by trying, once a program has been refused: a kernel may be called
 * older than what it can do.
 */
#include "bpffw/runtime/object.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/privilege.h"
#include "compiler/base/str.h"

/* Kernels before 6.3 refuse more. */
#define LOG_SIZE (((uint32_t)16 << 20) - 1)
/* What of the log is kept: its end says what is wrong. */
#define LOG_KEPT ((size_t)64 << 10)

int object_open(const struct embedded *from, struct object *ret_object, struct failure *f)
{
	/* The pages that nobody writes cost nothing. */
	struct object object = { .from = from, .log = calloc(1, LOG_SIZE + 1) };
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "bpffw",
		    .kernel_log_buf = object.log, .kernel_log_size = object.log ? LOG_SIZE : 0);

	libbpf_set_print(NULL); /* we tell ourselves what went wrong */
	object.bpf = bpf_object__open_mem(from->start, (size_t)(from->end - from->start), &opts);
	if (!object.bpf || !object_program(&object)) {
		int err = object.bpf ? ENOENT : errno;

		object_close(&object);
		return fail(f, err, "cannot read the built-in program '%s'", from->program);
	}
	*ret_object = object;
	return 0;
}

void object_close(struct object *object)
{
	bpf_object__close(object->bpf);
	free(object->log);
	*object = (struct object){ 0 };
}

struct bpf_program *object_program(const struct object *object)
{
	return bpf_object__find_program_by_name(object->bpf, object->from->program);
}

int object_set(const struct object *object, const char *section, const void *values, size_t size,
	       struct failure *f)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object->bpf, section);
	int err = map ? bpf_map__set_initial_value(map, values, size) : -ENOENT;

	return err ? fail(f, -err, "cannot configure program '%s'", object->from->program) : 0;
}

int object_load(const struct object *object, struct failure *f)
{
	const char *name = object->from->program;
	int err = bpf_object__load(object->bpf), fd;

	if (err)
		return refused(f, -err, name, object->log ? object->log : "");
	fd = fcntl(bpf_program__fd(object_program(object)), F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? fail(f, errno, "cannot keep program '%s'", name) : fd;
}

/* The last line of @log before @end that begins with @prefix (without it), else empty. */
static struct str last_line(const char *log, const char *end, const char *prefix)
{
	while (end > log) {
		const char *start;

		while (end > log && end[-1] == '\n')
			end--;
		start = end;
		while (start > log && start[-1] != '\n')
			start--;
		if ((size_t)(end - start) > strlen(prefix) &&
		    strncmp(start, prefix, strlen(prefix)) == 0)
			return (struct str){ start + strlen(prefix),
					     (uint32_t)(end - start - strlen(prefix)) };
		end = start;
	}
	return (struct str){ 0 };
}

/* Compare and swap, of Linux 5.12, which the flow table and the limits need. */
static bool lacks_atomics(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8 },
		{ .code = BPF_STX | BPF_ATOMIC | BPF_DW,
		  .dst_reg = BPF_REG_10,
		  .off = -8,
		  .imm = BPF_CMPXCHG },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	_cleanup_fd_ int fd =
		bpf_prog_load(BPF_PROG_TYPE_XDP, "bpffw_atomics", "GPL", insns, 4, NULL);

	return fd < 0;
}

static int fail_old(struct failure *f, int err, const char *program, const char *lacks)
{
	struct utsname host = { .release = "?" };

	uname(&host);
	return fail_help(
		f,
		fail_plain(f, err, EXIT_SYSTEM, "the kernel %s has no %s, which program '%s' needs",
			   host.release, lacks, program),
		"bpffw is tested on Linux 6.1 and newer; 5.12 is the least it can do with");
}

static int explain(struct failure *f, int err, const char *program, const char *log)
{
	const char *end = log + strlen(log);
	struct str stats = last_line(log, end, "processed ");
	const char *reason_end = stats.len ? stats.s - strlen("processed ") : end;
	struct str reason = last_line(log, reason_end, "");
	struct str rule = last_line(log, end, "; ");
	struct str helper = last_line(log, end, "unknown func ");
	char text[64];

	snprintf(text, sizeof(text), "helper " STR_FMT, STR_ARG(helper));
	if (helper.len)
		return fail_old(f, err, program, text);
	if (lacks_atomics())
		return fail_old(f, err, program, "atomic operations for BPF programs");
	return fail_help(f,
			 fail_plain(f, err, EXIT_SYSTEM,
				    "the kernel's verifier refuses program '%s'%s%.*s%s: %.*s",
				    program, rule.len ? " at '" : "",
				    rule.len > 200 ? 200 : (int)rule.len, rule.len ? rule.s : "",
				    rule.len ? "'" : "", reason.len > 200 ? 200 : (int)reason.len,
				    reason.s),
			 "this is a bug of bpffw; the running ruleset is unchanged "
			 "('-v' prints the verifier's log)");
}

int refused(struct failure *f, int err, const char *program, const char *log)
{
	size_t len = strlen(log), kept = len > LOG_KEPT ? LOG_KEPT : len;
	int ret;

	/* Of a program that loads but for its privileges the verifier says what it may not do. */
	if (!len || ((err == EPERM || err == EACCES) && !may(CAP_PERFMON)))
		ret = fail_bpf(f, err, "cannot load program '%s'", program);
	else if (err == E2BIG || strstr(log, "too large") || strstr(log, "too complex"))
		ret = fail_help(f, fail(f, err, "the verifier cannot follow program '%s'", program),
				"the ruleset is too large for this classifier: put addresses and "
				"ports that share a verdict into one rule with a set");
	else
		ret = explain(f, err, program, log);
	f->log = len ? strdup(log + len - kept) : NULL;
	return ret;
}
