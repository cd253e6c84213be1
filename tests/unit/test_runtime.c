/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of the runtime needs no kernel: files, records, patterns, sizes, the ssh session. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpffw/runtime/counters.h"
#include "bpffw/runtime/host.h"
#include "bpffw/runtime/netdev.h"
#include "bpffw/runtime/pin.h"
#include "bpffw/runtime/record.h"

/* Behind our headers: it takes the name `fail` for a macro. */
#include <cmocka.h>

static char dir[] = "/tmp/bpffw-runtime-XXXXXX";

static int make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	pin_remove(dir);
	return 0;
}

static const char *path_of(struct arena *arena, const char *leaf)
{
	return leaf[0] == '/' ? leaf : arena_printf(arena, "%s/%s", dir, leaf);
}

static void test_read(void **state)
{
	static const struct {
		const char *name, *leaf, *why, *text;
	} cases[] = {
		{ "a file", "file", NULL, "one\ntwo" },
		{ "an empty file", "empty", NULL, "" },
		{ "nothing there", "absent", "no such file", NULL },
		{ "a directory", "/tmp", "is a directory", NULL },
		{ "a FIFO without a writer", "fifo", "is a FIFO", NULL },
		{ "a device", "/dev/zero", "is a device", NULL },
		{ "64 MB and a byte", "large", "is larger than 64 MB", NULL },
		{ "of no size that is known", "/proc/self/comm", NULL, "test_runtime\n" },
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	struct failure f = { 0 };
	struct str text;

	assert_int_equal(file_replace(path_of(arena, "file"), "one\ntwo", 7, &f), 0);
	assert_int_equal(file_replace(path_of(arena, "empty"), "", 0, &f), 0);
	assert_int_equal(file_replace(path_of(arena, "large"), "", 0, &f), 0);
	assert_int_equal(truncate(path_of(arena, "large"), HOST_FILE_MAX + 1), 0);
	assert_int_equal(mkfifo(path_of(arena, "fifo"), 0600), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why;

		text = (struct str){ NULL, 0 };
		why = host_io.read(NULL, arena, path_of(arena, cases[i].leaf), &text);
		if (cases[i].why ? !why || strcmp(why, cases[i].why) != 0
				 : why || !str_is(text, cases[i].text))
			fail_msg("%s: %s, '" STR_FMT "'", cases[i].name, why ? why : "read",
				 STR_ARG(text));
	}
}

static void test_replace(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct failure f = { 0 };
	struct str text;

	assert_int_equal(file_replace(path_of(arena, "twice"), "old", 3, &f), 0);
	assert_int_equal(file_replace(path_of(arena, "twice"), "new", 3, &f), 0);
	assert_null(host_io.read(NULL, arena, path_of(arena, "twice"), &text));
	assert_true(str_is(text, "new"));
	assert_int_equal(access(path_of(arena, "twice.tmp"), F_OK), -1);
	assert_int_equal(file_replace(path_of(arena, "no/such"), "x", 1, &f), -ENOENT);
	assert_non_null(strstr(f.what, "no/such: No such file or directory"));
	failure_clear(&f);
}

static void test_glob(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct failure f = { 0 };
	strs found;

	assert_int_equal(file_replace(path_of(arena, "b.part"), "", 0, &f), 0);
	assert_int_equal(file_replace(path_of(arena, "a.part"), "", 0, &f), 0);
	assert_int_equal(file_replace(path_of(arena, "B.part"), "", 0, &f), 0);
	found = host_io.glob(NULL, arena, path_of(arena, "*.part"));
	assert_int_equal(found.len, 3);
	assert_true(str_is(found.data[0], path_of(arena, "B.part")));
	assert_true(str_is(found.data[1], path_of(arena, "a.part")));
	assert_int_equal(host_io.glob(NULL, arena, path_of(arena, "*.none")).len, 0);
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} cases[] = {
		{ "eth0", "eth0", true },     { "eth0", "eth00", false },
		{ "eth*", "eth0", true },     { "eth*", "veth0", false },
		{ "eth?", "eth12", false },   { "eth[01]", "eth1", true },
		{ "eth[01]", "eth2", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (netdev_glob(str_of(cases[i].pattern), str_of(cases[i].name)) != cases[i].fits)
			fail_msg("%s and %s", cases[i].pattern, cases[i].name);
	}
}

static void test_sizes(void **state)
{
	assert_int_equal(counters_size(0), COUNTERS_MIN);
	/* 3277 counters and a quarter more are 4096. */
	assert_int_equal(counters_size(3277 - SLOT_RULES), COUNTERS_MIN);
	assert_int_equal(counters_size(3278 - SLOT_RULES), COUNTERS_MIN + COUNTERS_STEP);
	assert_int_equal(counters_size(100000) % COUNTERS_STEP, 0);
	assert_in_range(counters_size(100000), 125000, 127000);
	assert_int_equal(counters_size(UINT32_MAX), COUNTERS_MAX);
}

static struct record sample(struct arena *arena)
{
	struct record record = {
		.info = { .number = 12,
			  .when = 1795000000,
			  .by = STR("root"),
			  .how = STR("apply \"a b\".fw \xff"),
			  .saved = true,
			  .same_as = 9,
			  .next_id = 77,
			  .n_insns = 282,
			  .blob_size = 843680 },
		.enter_id = 4711,
		.boot = STR("boot"),
	};

	vec_push(arena, &record.info.iface_names, STR("eth0"));
	vec_push(arena, &record.listed, STR("eth*"));
	vec_push(arena, &record.info.files,
		 ((struct gen_file){ STR("/etc/bpffw/rules.fw"), 0xfedcba9876543210, STR("") }));
	vec_push(arena, &record.rules,
		 ((struct record_rule){
			 7, 64, { STR("/etc/bpffw/rules.fw"), 3, 20, 44, false }, 66, 19 }));
	vec_push(arena, &record.rules, ((struct record_rule){ 8, 65, { .changed = true }, 0, 0 }));
	return record;
}

static void test_record(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct record in = sample(arena), out;
	const char *path = path_of(arena, "12.json");
	struct failure f = { 0 };
	struct gen_info info;

	assert_int_equal(record_write(path, &in, &f), 0);
	assert_int_equal(record_read(path, arena, &out, &f), 0);
	assert_int_equal(out.info.number, 12);
	assert_int_equal(out.info.when, 1795000000);
	/* JSON holds no byte that is not UTF-8. */
	assert_true(str_is(out.info.how, "apply \"a b\".fw ?"));
	assert_true(out.info.saved);
	assert_int_equal(out.info.same_as, 9);
	assert_int_equal(out.info.next_id, 77);
	assert_int_equal(out.enter_id, 4711);
	assert_true(str_is(out.listed.data[0], "eth*"));
	assert_true(str_is(out.info.iface_names.data[0], "eth0"));
	assert_true(out.info.files.data[0].hash == 0xfedcba9876543210);
	assert_int_equal(out.rules.len, 2);
	assert_int_equal(out.rules.data[0].id, 7);
	assert_int_equal(out.rules.data[0].slot, 64);
	assert_int_equal(out.rules.data[0].origin.end, 44);
	assert_int_equal(out.rules.data[0].over_slot, 66);
	assert_int_equal(out.rules.data[0].clock, 19);
	assert_int_equal(out.rules.data[1].over_slot, 0);
	assert_true(str_is(out.rules.data[0].origin.file, "/etc/bpffw/rules.fw"));
	assert_int_equal(out.rules.data[1].origin.file.len, 0);
	assert_true(out.rules.data[1].origin.changed);
	assert_int_equal(record_read_info(path, arena, &info, &f), 0);
	assert_int_equal(info.n_insns, 282);
	assert_int_equal(info.blob_size, 843680);
	assert_true(str_is(info.files.data[0].path, "/etc/bpffw/rules.fw"));
}

#define HEAD "{\"schema\":\"bpffw.generation/1\""

static void test_record_broken(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{}",
		"{\"schema\":7}",
		"{\"schema\":\"bpffw.generation/2\"}",
		HEAD "}",
		HEAD ",\"rules\":[]",
		HEAD ",\"rules\":[]}}",
		HEAD ",\"rules\":[[1,64,-1,0,0,0,false]",
		HEAD ",\"rules\":[[1,64,-1,0,0,0]]}",
		HEAD ",\"rules\":[[1,64,-1,0,0,0,false][2,65,-1,0,0,0,false]]}",
		HEAD ",\"rules\":[[1,64,0,0,0,0,false]]}",
		HEAD ",\"rules\":[[4294967297,64,-1,0,0,0,false]]}",
		HEAD ",\"rules\":[[1,-64,-1,0,0,0,false]]}",
		HEAD ",\"rules\":[[1,64,-1,0,0,0,false,66]]}",
	};
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *path = path_of(arena, "13.json");
	struct failure f = { 0 };
	struct record out;

	assert_int_equal(record_read(path, arena, &out, &f), -ENOENT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(file_replace(path, texts[i], strlen(texts[i]), &f), 0);
		if (record_read(path, arena, &out, &f) != -EINVAL)
			fail_msg("'%s' is read", texts[i]);
	}
	failure_clear(&f);
}

static void test_session(void **state)
{
	static const struct {
		const char *text;
		unsigned int family;
		uint64_t low;
		uint16_t port, local_port;
	} cases[] = {
		{ "192.0.2.7 50122 203.0.113.10 22", 4, 0xc0000207, 50122, 22 },
		{ "::ffff:192.0.2.7 1 ::ffff:203.0.113.10 2222", 4, 0xc0000207, 1, 2222 },
		{ "2001:db8::5 50122 2001:db8::1 22", 6, 5, 50122, 22 },
		{ "fe80::5%eth0 50122 fe80::1%eth0 22", 6, 5, 50122, 22 },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct env env;

		setenv("SSH_CONNECTION", cases[i].text, 1);
		env = host_env(arena);
		if (env.session.family != cases[i].family ||
		    (uint64_t)env.session.addr != cases[i].low ||
		    env.session.port != cases[i].port ||
		    env.session.local_port != cases[i].local_port)
			fail_msg("%s", cases[i].text);
	}
	unsetenv("SSH_CONNECTION");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),    cmocka_unit_test(test_replace),
		cmocka_unit_test(test_glob),    cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_sizes),   cmocka_unit_test(test_record),
		cmocka_unit_test(test_session), cmocka_unit_test(test_record_broken),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
