/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is refused, and how it is told: code that the verifier does not take, code that it takes
 * but that is not the rules (witness packets find it), a user who may not load programs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/counters.h"
#include "bpffw/runtime/object.h"
#include "bpffw/runtime/unit.h"
#include "compiler/compile.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

#define NOBODY    65534
#define WITNESSES 2000u

static const char rules[] = "interface eth0\n"
			    "default drop\n"
			    "set s addr { 192.0.2.1, 192.0.2.3, 192.0.2.5, 192.0.2.7, 192.0.2.9 }\n"
			    "drop tcp dport 22-25\n"
			    "chain c { return udp dport 53\nallow udp src 198.51.100.0/24 }\n"
			    "jump c\n"
			    "count icmp type 8\n"
			    "allow src @s,2001:db8::/32\n"
			    "allow proto tcp,udp dport 80,443 vlan 7\n";

struct ground {
	struct arena *arena;
	struct diags *ds;
	struct ruleset *rs;
	struct compiled compiled;
	struct state state;
	struct unit unit;
	struct counters counters;
};

static uint32_t passed, failed;

static void check(bool fine, const char *name, const char *detail)
{
	passed += fine;
	failed += !fine;
	if (!fine)
		printf("not ok: %s: %s\n", name, detail);
}

static bool prepare(struct ground *g)
{
	/* A line for each rule. */
	const struct compile_options straight = { .wanted = CLASSIFIER_STRAIGHT };
	struct env env = { .io = &io_none };
	struct failure f = { 0 };
	struct ast *ast;

	g->arena = arena_new();
	g->ds = diags_new(g->arena);
	ast = parse_file(g->ds, &io_none,
			 diag_source(g->ds, STR("rules.fw"), str_of(rules), (struct span){ 0 }));
	g->rs = sema_ruleset(g->ds, ast, &env);
	if (g->ds->n_errors || !compile_with(g->ds, g->rs, straight, &g->compiled))
		return false;
	if (unit_load(&g->unit, &f) || counters_create(COUNTERS_MIN, &g->counters, &f)) {
		printf("%s\n", f.what);
		return false;
	}
	g->unit.counters = g->counters.fd;
	return true;
}

static uint32_t first_of_line(const struct ground *g, uint32_t line)
{
	vec_for_each(l, &g->compiled.lines)
		if (l->span.source && diag_position(g->ds, l->span).line == line)
			return l->insn;
	return 0;
}

/* The second rule reads a register that holds nothing. */
static void test_verifier(struct ground *g)
{
	struct bpf_insn *insn = &g->compiled.insns[first_of_line(g, 6)], kept = *insn;
	struct failure f = { 0 };
	struct loaded loaded;
	int err;

	insn->code = BPF_ALU64 | BPF_X | BPF_MOV;
	insn->src_reg = 9;
	insn->off = 0;
	insn->imm = 0;
	err = load_generation(&g->unit, &g->state, g->ds, &g->compiled, &loaded, &f);
	*insn = kept;
	check(err < 0, "verifier refuses", "it was loaded");
	check(strstr(f.what, "bpffw_classify"), "verifier names the program", f.what);
	check(strstr(f.what, "allow udp src 198.51.100.0/24"), "verifier names the rule", f.what);
	check(strstr(f.what, "R9 !read_ok"), "verifier's reason", f.what);
	check(f.log && strstr(f.log, "R9 !read_ok"), "verifier's log is kept", "no log");
	failure_clear(&f);
}

/* The verifier refuses with the same numbers as the system call without the privilege. */
static void test_refusals(void)
{
	static const struct {
		const char *name;
		int err;
		const char *log, *what, *help;
	} cases[] = {
		{ "not asked", EPERM, "", "cannot load program 'bpffw_p'", "run as root" },
		{ "refused", EACCES, "0: (bf) r1 = r9\nR9 !read_ok\nprocessed 1 insns\n",
		  "refuses program 'bpffw_p': R9 !read_ok", "bug of bpffw" },
		{ "refused as if forbidden", EPERM, "cannot write\nprocessed 1 insns\n",
		  "refuses program 'bpffw_p': cannot write", "bug of bpffw" },
		{ "an older kernel", EINVAL,
		  "2: (85) call bpf_new#9\nunknown func bpf_new#9\nprocessed 3 insns\n",
		  "has no helper bpf_new#9", "Linux 6.1" },
		{ "too much", E2BIG, "BPF program is too large. Processed 1000001 insn\n",
		  "cannot follow program 'bpffw_p'", "too large for this classifier" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct failure f = { 0 };
		int err = refused(&f, cases[i].err, "bpffw_p", cases[i].log);

		check(err == -cases[i].err, cases[i].name, "another number");
		check(strstr(f.what, cases[i].what), cases[i].name, f.what);
		check(strstr(f.help, cases[i].help), cases[i].name, f.help);
		failure_clear(&f);
	}
}

/* What bpftool shows says whose it is. */
static void check_name(int fd, const char *wanted)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	bpf_obj_get_info_by_fd(fd, &info, &size);
	check(strcmp(info.name, wanted) == 0, "a program's name", info.name);
}

static void test_intact(struct ground *g)
{
	struct failure f = { 0 };
	struct loaded loaded;
	uint32_t n = 0;
	int err = load_generation(&g->unit, &g->state, g->ds, &g->compiled, &loaded, &f);

	check(!err, "intact code loads", f.what);
	if (err)
		return;
	err = witness_run(&loaded, g->compiled.lowered, &g->compiled, WITNESSES, &n, &f);
	check(!err, "intact code agrees with the rules", f.what);
	check(n >= 100, "enough witnesses", "too few");
	check_name(g->unit.dispatcher, "bpffw_dispatch");
	check_name(loaded.enter, "bpffw_enter");
	check_name(loaded.probe, "bpffw_probe");
	check_name(loaded.classify, "bpffw_classify");
	loaded_close(&loaded);
}

enum damage { DAMAGE_NONE, DAMAGE_REFUSED, DAMAGE_FOUND, DAMAGE_MISSED };

/* The instruction compares a field with its number, or gives an answer. */
static bool is_value(const struct bpf_insn *insn)
{
	uint8_t op = BPF_OP(insn->code);

	if ((BPF_CLASS(insn->code) != BPF_ALU && BPF_CLASS(insn->code) != BPF_ALU64) ||
	    BPF_SRC(insn->code) == BPF_X)
		return false;
	return op == BPF_XOR || op == BPF_SUB || (op == BPF_MOV && insn->dst_reg == BPF_REG_1);
}

/* Return: whether the witnesses tell @insn with another number from the intact one. */
static bool damage_is_found(struct ground *g, struct bpf_insn *insn)
{
	struct failure f = { 0 };
	struct loaded loaded;
	bool found = false;
	uint32_t n;

	insn->imm ^= 1;
	if (!load_generation(&g->unit, &g->state, g->ds, &g->compiled, &loaded, &f)) {
		found = witness_run(&loaded, g->compiled.lowered, &g->compiled, WITNESSES, &n,
				    &f) == -EBADE;
		loaded_close(&loaded);
	}
	insn->imm ^= 1;
	failure_clear(&f);
	return found;
}

/*
 * Some changes change no answer: the low bit of a prefix is shifted out, and who has neither of
 * two protocols has no port either. There are three such here.
 */
static void test_witnesses_find_damage(struct ground *g)
{
	uint32_t n_found = 0, n_missed = 0;
	char detail[64];

	for (uint32_t i = first_of_line(g, 4); i < g->compiled.n_insns; i++) {
		struct bpf_insn *insn = &g->compiled.insns[i];

		if (BPF_CLASS(insn->code) == BPF_LD)
			i++;
		else if (is_value(insn) && damage_is_found(g, insn))
			n_found++;
		else if (is_value(insn))
			n_missed++;
	}
	snprintf(detail, sizeof(detail), "%u found, %u missed", n_found, n_missed);
	printf("damage: %s\n", detail);
	check(n_found >= 14 && n_missed <= 3, "witnesses find damaged code", detail);
}

static int load_as_nobody(struct ground *g)
{
	struct failure f = { 0 };
	struct loaded loaded;

	if (setgid(NOBODY) || setuid(NOBODY))
		return 1;
	if (load_generation(&g->unit, &g->state, g->ds, &g->compiled, &loaded, &f) != -EPERM)
		return 2;
	return f.help[0] ? 0 : 3;
}

static void test_permission(struct ground *g)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(load_as_nobody(g));
	if (child > 0)
		waitpid(child, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "no permission is told, with advice",
	      WIFEXITED(status) && WEXITSTATUS(status) == 2 ? "another error" : "no advice");
}

int main(void)
{
	struct ground g = { .unit = UNIT_NONE, .counters = COUNTERS_NONE };

	if (!prepare(&g))
		return 1;
	test_verifier(&g);
	test_refusals();
	test_intact(&g);
	test_witnesses_find_damage(&g);
	test_permission(&g);
	arena_free(g.arena);
	printf("%u passed, %u failed\n", passed, failed);
	return failed != 0;
}
