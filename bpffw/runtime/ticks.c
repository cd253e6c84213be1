// SPDX-License-Identifier: GPL-3.0-or-later
#include "bpffw/runtime/ticks.h"

#include <errno.h>
#include <time.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/pin.h"

/* Until no tick comes between two readings. */
#define TRIES 100
/* Ticks in which one load and run of a program is done. */
#define JUST_NOW 10000u

static uint64_t coarse_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t ticks_length(void)
{
	struct timespec tick;

	/* The coarse clocks move by one. */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) < 0 || tick.tv_sec)
		return 0;
	return (uint64_t)tick.tv_nsec;
}

/* A program returns 32 bits: those above @shift. */
static int read_word(int32_t shift, uint32_t *ret_word)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_jiffies64 },
		{ .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = BPF_REG_0, .imm = shift },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char frame[64] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame));
	_cleanup_fd_ int program =
		bpf_prog_load(BPF_PROG_TYPE_XDP, "bpffw_clock", "GPL", insns, 3, NULL);

	if (program < 0 || bpf_prog_test_run_opts(program, &run) < 0)
		return -errno;
	*ret_word = run.retval;
	return 0;
}

int ticks_read(uint64_t *ret_jiffies, struct failure *f)
{
	uint32_t high = 0, low = 0;
	int ret = read_word(32, &high);

	if (ret == 0)
		ret = read_word(0, &low);
	/* It wrapped just now, maybe between the two. */
	if (ret == 0 && low < JUST_NOW)
		ret = read_word(32, &high);
	if (ret < 0)
		return fail_bpf(f, -ret, "cannot read the kernel's clock of ticks");
	*ret_jiffies = (uint64_t)high << 32 | low;
	return 0;
}

int ticks_read_pair(uint64_t *ret_jiffies, uint64_t *ret_ns, struct failure *f)
{
	uint64_t jiffies = 0, before = 0;

	for (uint32_t i = 0; i < TRIES; i++) {
		int ret;

		before = coarse_now();
		ret = ticks_read(&jiffies, f);
		if (ret < 0)
			return ret;
		if (coarse_now() == before)
			break;
	}
	*ret_jiffies = jiffies;
	*ret_ns = before;
	return 0;
}
