/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The checker: what each rule becomes, and for a rejected text code and columns of every error. */
#include "tests/unit/ruleset.h"

#include "compiler/lang/type.h"

#define HEAD "interface eth0\ndefault drop\n"

static const char *read_file(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	static const struct {
		const char *path, *text;
	} files[] = {
		{ "/good",
		  "192.0.2.1 # office\r\n\n; remark\n  198.51.100.0/24 ; net\n2001:db8::1" },
		{ "/bad", "192.0.2.1\nfoo\n  192.0.2.2 192.0.2.3\n192.0.2.300\n" },
		{ "/one-bad", "192.0.2.1 192.0.2.2\n" },
		{ "/binary", "\x01\x02\n" },
		{ "/empty", "" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (strcmp(files[i].path, path) != 0)
			continue;
		*ret_text = str_of(files[i].text);
		return NULL;
	}
	return "no such file";
}

static struct loaded check_text(const char *text, const struct env *env)
{
	static struct io io;
	struct loaded loaded = { .arena = arena_new() };
	struct ast *ast;

	if (env)
		loaded.env = *env;
	io = io_none;
	io.read = read_file;
	loaded.env.io = &io;
	loaded.ds = diags_new(loaded.arena);
	ast = parse_file(loaded.ds, &io,
			 diag_source(loaded.ds, STR("t.fw"), str_of(text), (struct span){ 0 }));
	loaded.rs = sema_ruleset(loaded.ds, ast, &loaded.env);
	diag_sort(loaded.ds);
	return loaded;
}

/* "E101 3:17-19, ...", in the order of the text. */
static const char *said(struct diags *ds)
{
	struct buf out = { .arena = ds->arena };

	vec_for_each(diag, &ds->list) {
		struct position at = diag_position(ds, diag->span);

		buf_printf(&out, "%s%s %u:%u-%u", out.len ? ", " : "", diag_code_name(diag->code),
			   at.line, at.col, at.end_col);
	}
	return out.len ? buf_text(&out) : "";
}

struct wrong {
	const char *text; /* behind HEAD: starts in line 3 */
	const char *want;
	const char *message; /* part of the first one; NULL: any */
};

static const struct wrong wrong_rules[] = {
	/* clang-format off */
	{ "allow dport 22", "E106 3:7-11", "a port needs a protocol" },
	{ "allow not tcp dport 22", "E106 3:15-19", NULL },
	{ "allow proto not tcp dport 22", "E106 3:21-25", NULL },
	{ "allow proto tcp,gre sport 22", "E106 3:21-25", "gre has no ports" },
	{ "allow sport 1 dport 2", "E106 3:7-11", NULL },
	{ "allow icmp dport 80", "E107 3:12-16", "icmp has no ports" },
	{ "allow proto 47 dport 80", "E107 3:16-20", "gre has no ports" },
	{ "allow tcp udp dport 53", "E108 3:11-13", "two protocols in one rule" },
	{ "allow proto tcp,esp udp", "E108 3:21-23", NULL },
	{ "allow tpc2,x", "E001 3:7-10", NULL },
	{ "drop udp flags syn", "E109 3:10-14", "'flags' needs tcp" },
	{ "drop proto tcp,udp syn", "E109 3:20-22", "'syn' needs tcp" },
	{ "drop tcp syn flags ack", "E109 3:14-22", NULL },
	{ "drop tcp dport 22 frag later", "E109 3:10-17", "a later fragment has no 'dport'" },
	{ "drop frag later established", "E109 3:17-27", NULL },
	{ "drop not icmp type 8", "E109 3:15-18", "'type' cannot follow 'not icmp'" },
	{ "drop ip4 ip6", "E109 3:10-12", NULL },
	{ "drop icmp ip6", "E109 3:11-13", NULL },
	{ "drop ip4 src 2001:db8::1", "E114 3:14-24", "IPv6 address in an IPv4-only rule" },
	{ "drop not ip6 src 2001:db8::1", "E114 3:18-28", NULL },
	{ "drop icmp6 dst 192.0.2.1", "E114 3:16-24", "IPv4 address in an IPv6-only rule" },
	{ "drop src 192.0.2.1 dst 2001:db8::1", "E115 3:24-34",
	  "source and destination have no family in common" },
	{ "drop src 192.0.2.1 not src ::1", "E115 3:28-30", NULL },
	{ "drop src @bda", "E121 3:10-13", "no set 'bda'" },
	{ "drop src $bda", "E121 3:10-13", "no define '$bda'" },
	{ "drop src $a\ndefine a = 192.0.2.1", "E121 3:10-11", NULL },
	{ "define a = $a", "E121 3:12-13", NULL },
	{ "define a = $b\ndrop src $a", "E121 3:12-13", NULL },
	{ "define a = { }\ndrop src $a", "E007 3:8-8", "'$a' has no value" },
	{ "set s addr { 192.0.2.1 }\ndrop tcp dport @s", "E122 4:16-17",
	  "'@s' holds addresses, dport needs ports" },
	{ "set s port { 22 }\ndrop vlan @s", "E122 4:11-12", "'vlan' takes no set" },
	{ "set s addr { @s }", "E122 3:14-15", NULL },
	{ "drop src { }", "E007 3:6-12", NULL },
	{ "drop src foo,bar dst baz", "E007 3:10-12, E007 3:14-16, E007 3:22-24", NULL },
	{ "rate-limit 10/s per source", "E131 3:21-26", "unknown key 'source'" },
	{ "rate-limit 10/s per dst/24", "E131 3:21-26", NULL },
	{ "rate-limit 10/s per src,src", "E006 3:25-27", NULL },
	{ "allow tcp rate 10mb/s", "E132 3:16-21", "unknown unit 'mb'" },
	{ "allow tcp rate 10", "E132 3:16-17", NULL },
	{ "allow tcp rate 0/s", "E132 3:16-18", "zero" },
	{ "allow tcp rate 10/y", "E132 3:16-19", NULL },
	{ "allow tcp rate 10mbit", "E132 3:16-21", NULL },
	{ "rate-limit 99999999999999999999/s", "E132 3:12-33", NULL },
	{ "rate-limit 10/s per src/64", "E133 3:21-26", "IPv4 prefix length is 0 to 32" },
	{ "rate-limit 10/s per src/24/129", "E133 3:21-30", "IPv6 prefix length is 0 to 128" },
	{ "rate-limit 10/s per src/", "E133 3:21-24", NULL },
	{ "syn-limit 10/s udp", "E134 3:1-9", "syn-limit needs tcp" },
	{ "conn-limit 10 udp", "E134 3:1-10", NULL },
	{ "syn-limit 10/s tcp flags syn", "E135 3:20-24", "syn-limit already means syn" },
	{ "syn-limit 10/s syn", "E135 3:16-18", NULL },
	{ "rate-limit 10/s burst 64kB", "E136 3:23-26", NULL },
	{ "rate-limit 10mbit/s burst 20", "E136 3:27-28", NULL },
	{ "rate-limit 10/s burst 0", "E136 3:23-23", NULL },
	{ "rate-limit 10/s exceed blacklist for 1m", "E137 3:24-32", "nobody to ban" },
	{ "rate-limit 10/s per dst exceed blacklist for 1m", "E137 3:32-40", NULL },
	{ "rate-limit 10/s udp exceed syncookie", "E138 3:28-36", NULL },
	{ "rate-limit 10/s per src exceed blacklist verified for 1m", "E138 3:32-40", NULL },
	{ "syncookie udp", "E138 3:1-9", NULL },
	{ "set p port { 1 }\nrate-limit 1/s per src exceed blacklist @p for 1m", "E122 4:41-42", NULL },
	{ "blacklist @x for 1m", "E121 3:11-12", NULL },
	{ "blacklist for 0s", "E171 3:15-16", NULL },
	{ "drop exceed drop", "E142 3:6-11", "'exceed' needs a rate" },
	{ "allow tcp burst 5", "E142 3:11-15", NULL },
	{ "count tcp rate 5/s", "E142 3:11-14", NULL },
	{ "rate-limit 5/s rate 6/s", "E142 3:16-19", NULL },
	{ "conn-limit 5 burst 6", "E142 3:14-18", NULL },
	{ "conn-limit 0", "E007 3:12-12", NULL },
	{ "scan-limit 9999999 within 1s", "E103 3:12-18", NULL },
	{ "jump wna\nchain wan { drop }", "E141 3:6-8", "no chain 'wna'" },
	{ "chain a { jump a }", "E141 3:16-16", "chain loop a -> a" },
	{ "chain a { jump b }\nchain b { jump c }\nchain c { jump b }", "E141 5:16-16",
	  "chain loop b -> c -> b" },
	{ "return", "E143 3:1-6", "return belongs in a chain" },
	{ "log tcp log", "E144 3:1-3", NULL },
	{ "drop on eth1", "E152 3:9-12", "eth1 is on no 'interface' line" },
	{ "drop on \"eth1*\"", "E152 3:9-15", NULL },
	{ "drop name web\ndrop name web", "E161 4:11-13", "name 'web' already used at t.fw:3" },
	{ "chain c { drop name web }\ndrop name web", "E161 4:11-13", NULL },
	{ "chain c { drop }\nchain c { drop }", "E161 4:7-7", "already defined at t.fw:3" },
	{ "set s addr { }\nset s port { }", "E161 4:5-5", NULL },
	{ "define d = 1\ndefine d = 2", "E161 4:8-8", NULL },
	{ "default allow", "E161 3:1-7", NULL },
	{ "essential on\nessential on", "E161 4:1-9", NULL },
	{ "option fail open\noption fail open", "E161 4:1-6", NULL },
	{ "interface eth0", "E161 3:11-14", NULL },
	{ "version 1\nversion 1", "E161 4:1-7", NULL },
	{ "drop name r7", "E164 3:11-12", NULL },
	{ "drop name 7", "E164 3:11-11", NULL },
	{ "drop name essential", "E164 3:11-19", NULL },
	{ "chain before { drop }", "E164 3:7-12", NULL },
	{ "set in addr { }", "E164 3:5-6", NULL },
	{ "interface abcdefghijklmnop", "E164 3:11-26", NULL },
	{ "version 2", "E165 3:9-9", NULL },
	{ "option foo bar", "E165 3:8-10", "unknown option 'foo'" },
	{ "option fragments no", "E165 3:18-19", NULL },
	{ "option flows 12", "E165 3:14-15", NULL },
	{ "option learn never", "E165 3:14-18", NULL },
	{ "interface eth1 mode fast", "E165 3:21-24", NULL },
	{ "drop until soon", "E171 3:12-15", NULL },
	{ "drop until 2036-02-30", "E171 3:12-21", NULL },
	{ "drop until 2100-02-29", "E171 3:12-21", NULL },
	{ "drop until 2036-12-31T24:00", "E171 3:12-27", NULL },
	{ "drop log every 5", "E171 3:16-16", "'5' is not a time" },
	{ "set s addr timeout 0s { }", "E171 3:20-21", NULL },
	{ "drop when mon-fry", "E172 3:11-17", NULL },
	{ "drop when \"mon 25:00-26:00\"", "E172 3:11-27", NULL },
	{ "drop when \"10:00-10:00\"", "E172 3:11-23", NULL },
	{ "drop when \"mon,\"", "E172 3:11-16", NULL },
	{ "set s addr size 1 { 192.0.2.1, 192.0.2.2 }", "E181 3:17-17", "set full at t.fw:3" },
	{ "set s addr size 2 file /good", "E181 3:17-17", "set full at /good:5" },
	{ "set s addr file /none", "E182 3:17-21", "/none: no such file" },
	{ "set s addr file /bad", "E182 2:1-3", "'foo' is not an address (and 2 more; list not loaded)" },
	{ "set s addr file /one-bad", "E182 1:1-9",
	  "unexpected text behind '192.0.2.1' (list not loaded)" },
	{ "set s addr file /binary", "E182 1:1-2", NULL },
	{ "allowlist { foo }", "E007 3:13-15", NULL },
	{ "blacklist 192.0.2.1 for 0s", "E171 3:25-26", NULL },
	{ "test { expect drop tcp udp\nexpect maybe }", "E108 3:24-26, E001 4:8-12", NULL },
	/* clang-format on */
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_rules) / sizeof(*wrong_rules); i++) {
		const struct wrong *test = &wrong_rules[i];
		char text[512];
		struct loaded loaded;

		snprintf(text, sizeof(text), "%s%s\n", HEAD, test->text);
		loaded = check_text(text, NULL);
		if (strcmp(said(loaded.ds), test->want) != 0)
			fail_msg("%s: %s", test->text, said(loaded.ds));
		if (test->message && !strstr(loaded.ds->list.data[0].message, test->message))
			fail_msg("%s: %s", test->text, loaded.ds->list.data[0].message);
		arena_free(loaded.arena);
	}
}

static void test_whole_file(void **state)
{
	static const struct {
		const char *name, *text, *want;
	} cases[] = {
		{ "empty", "", "E162 1:1-1" },
		{ "no default", "interface eth0\n", "E162 2:1-1" },
		{ "no interface", "default drop\n", "" },
		{ "a set just full", HEAD "set s addr size 2 { 192.0.2.1, 192.0.2.2 }\n", "" },
		{ "host bits", HEAD "drop src 10.1.2.3/8\n", "W112 3:10-19" },
		{ "ten mistakes", HEAD "drop src x\ndrop dst y\ndrop vlan z\njump q\nreturn\n",
		  "E007 3:10-10, E007 4:10-10, E007 5:11-11, E141 6:6-6, E143 7:1-6" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded loaded = check_text(cases[i].text, NULL);

		if (strcmp(said(loaded.ds), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, said(loaded.ds));
		arena_free(loaded.arena);
	}
}

static void test_families(void **state)
{
	static const struct {
		const char *rule;
		uint8_t want;
	} cases[] = {
		{ "drop", FAM_IP },
		{ "drop tcp dport 22", FAM_IP },
		{ "drop src 192.0.2.1", FAM_IPV4 },
		{ "drop src ::1", FAM_IPV6 },
		{ "drop src 192.0.2.1,::1", FAM_IP },
		{ "drop src 192.0.2.1,::1 dst ::2", FAM_IPV6 },
		{ "drop src @s", FAM_IP },
		{ "drop src @s dst 192.0.2.1", FAM_IPV4 },
		{ "drop src @s,192.0.2.1", FAM_IP },
		{ "drop not src 192.0.2.0/24", FAM_IPV4 },
		{ "drop not src @s", FAM_IP },
		{ "drop not src 192.0.2.1,::1", FAM_IP },
		{ "drop ip4", FAM_IPV4 },
		{ "drop not ip4", FAM_IPV6 },
		{ "drop ip6 src 192.0.2.1,::1", FAM_IPV6 },
		{ "drop icmp", FAM_IPV4 },
		{ "drop not icmp", FAM_IPV4 },
		{ "drop icmp6", FAM_IPV6 },
		{ "drop proto icmp", FAM_IPV4 },
		{ "drop proto icmp,icmp6", FAM_IP },
		{ "drop ether 0x88cc", FAM_ALL },
		{ "drop not ether 0x88cc", FAM_ALL },
		{ "drop ether 0x800 src 192.0.2.1", FAM_IPV4 },
		{ "drop ether 0x800 len 100", FAM_IP },
		{ "drop vlan 5", FAM_IP },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[256];
		struct loaded loaded;

		snprintf(text, sizeof(text), HEAD "set s addr { 192.0.2.1 }\n%s\n", cases[i].rule);
		loaded = check_text(text, NULL);
		if (loaded.ds->n_errors || loaded.rs->rules.data[0].families != cases[i].want)
			fail_msg("%s: %s, families %u", cases[i].rule, said(loaded.ds),
				 loaded.rs->rules.data[0].families);
		arena_free(loaded.arena);
	}
}

/* What a rule is made of: its matches by name, implied ones in brackets. */
static void test_matches(void **state)
{
	static const struct {
		const char *rule, *want;
	} cases[] = {
		{ "drop src 192.0.2.1 tcp dport 22", "src tcp dport" },
		{ "drop syn", "[tcp] syn" },
		{ "drop flags ack dport 22", "[tcp] flags dport" },
		{ "drop syn tcp", "syn tcp" },
		{ "drop proto tcp", "tcp" },
		{ "drop proto 58", "icmp6" },
		{ "drop proto tcp,udp", "proto" },
		{ "drop proto 6-7", "proto" },
		{ "drop icmp type 3 code 4", "icmp type code" },
		{ "syn-limit 5/s dport 22", "[tcp] dport [syn]" },
		{ "syncookie dport 22", "[tcp] dport" },
		{ "rate-limit 5/s src 192.0.2.1", "src" },
		{ "drop name n src 192.0.2.1 comment c", "src" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded loaded;
		struct buf got = { 0 };
		char text[256];

		snprintf(text, sizeof(text), HEAD "%s\n", cases[i].rule);
		loaded = check_text(text, NULL);
		got.arena = loaded.arena;
		assert_int_equal(loaded.ds->n_errors, 0);
		vec_for_each(match, &loaded.rs->rules.data[0].matches)
			buf_printf(&got, match->implied ? "%s[%s]" : "%s%s", got.len ? " " : "",
				   match->row->name);
		if (strcmp(buf_text(&got), cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].rule, buf_text(&got));
		arena_free(loaded.arena);
	}
}

static void test_limits(void **state)
{
	static const struct {
		const char *rule;
		enum rate_unit unit;
		uint64_t count, period, burst;
		uint8_t keys, src4, src6;
	} cases[] = {
		{ "rate-limit 100/s", RATE_PACKETS, 100, 1, 0, 0, 32, 64 },
		{ "rate-limit 5/m per src", RATE_PACKETS, 5, 60, 0, KEY_SRC, 32, 64 },
		{ "rate-limit 10/h per src/24", RATE_PACKETS, 10, 3600, 0, KEY_SRC, 24, 64 },
		{ "rate-limit 2k/s per src/0/128", RATE_PACKETS, 2000, 1, 0, KEY_SRC, 0, 128 },
		{ "rate-limit 1m/s burst 2k", RATE_PACKETS, 1000000, 1, 2000, 0, 32, 64 },
		{ "rate-limit 10mbit/s burst 64kB", RATE_BITS, 10000000, 1, 64000, 0, 32, 64 },
		{ "rate-limit 500kBIT/s", RATE_BITS, 500000, 1, 0, 0, 32, 64 },
		{ "rate-limit 1gbit/s", RATE_BITS, 1000000000, 1, 0, 0, 32, 64 },
		{ "rate-limit 5MB/s", RATE_BYTES, 5000000, 1, 0, 0, 32, 64 },
		{ "allow udp rate 7/d per dst,dport,sport", RATE_PACKETS, 7, 86400, 0,
		  KEY_DST | KEY_DPORT | KEY_SPORT, 32, 64 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded loaded;
		const struct limit *limit;
		char text[256];

		snprintf(text, sizeof(text), HEAD "%s\n", cases[i].rule);
		loaded = check_text(text, NULL);
		limit = &loaded.rs->rules.data[0].limit;
		if (loaded.ds->n_errors || !limit->present || limit->unit != cases[i].unit ||
		    limit->count != cases[i].count || limit->period != cases[i].period ||
		    limit->burst != cases[i].burst || limit->keys != cases[i].keys ||
		    limit->src4 != cases[i].src4 || limit->src6 != cases[i].src6)
			fail_msg("%s: %s %lu in %lu, burst %lu", cases[i].rule, said(loaded.ds),
				 limit->count, limit->period, limit->burst);
		arena_free(loaded.arena);
	}
}

static void test_until(void **state)
{
	static const struct {
		const char *text;
		int32_t offset;
		uint64_t want;
	} cases[] = {
		{ "1970-01-01T00:00Z", 0, 0 },
		{ "1970-01-01T00:00:01Z", 0, 1 },
		{ "2000-02-29T00:00Z", 0, 951782400 },
		{ "2000-03-01T00:00Z", 3600, 951868800 },
		{ "2036-12-31T18:00Z", 3600, 2114359200 },
		{ "2036-12-31T18:00", 3600, 2114355600 },
		{ "2036-12-31", 0, 2114294400 },
		{ "2036-12-31", -3600, 2114298000 },
		{ "2100-03-01T00:00Z", 0, 4107542400 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct env env = { .utc_offset = cases[i].offset };
		struct loaded loaded;
		char text[256];

		snprintf(text, sizeof(text), HEAD "drop until %s\n", cases[i].text);
		loaded = check_text(text, &env);
		if (loaded.ds->n_errors || !loaded.rs->rules.data[0].has_until ||
		    loaded.rs->rules.data[0].until != cases[i].want)
			fail_msg("%s: %lu", cases[i].text, loaded.rs->rules.data[0].until);
		arena_free(loaded.arena);
	}
}

/* Past its date, a typed rule is refused; a rule of a file is not. */
static void test_past(void **state)
{
	static const char *const names[] = { "command", "t.fw" };

	for (int typed = 0; typed < 2; typed++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct env env = { .io = &io_none, .now = 1577836800, .command = true };
		struct str text = STR("default drop\ndrop until 2020-01-01\n");
		uint32_t source = diag_source(ds, str_of(names[typed]), text, (struct span){ 0 });

		sema_ruleset(ds, parse_file(ds, &io_none, source), &env);
		assert_string_equal(said(ds), typed ? "" : "E171 2:12-21");
	}
}

static void test_sets(void **state)
{
	struct loaded loaded = check_text(
		HEAD "drop src @later\n"
		     "define d = 192.0.2.0/25, 192.0.2.64/26\n"
		     "set later addr { $d comment \"two\", 192.0.2.128-192.0.2.130, ::1 }\n"
		     "set ports port { 22, 20-25, http, 1024- }\n"
		     "set macs mac { 02:00:00:00:00:02, 02:00:00:00:00:01 }\n"
		     "set listed addr file /good { 192.0.2.2 }\n"
		     "set none addr file /empty\n",
		NULL);
	const struct set *sets = loaded.rs->sets.data;

	assert_string_equal(said(loaded.ds), "");
	assert_int_equal(loaded.rs->sets.len, 5);
	assert_int_equal(loaded.rs->rules.data[0].matches.data[0].atoms.data[0].set, 0);
	assert_int_equal(sets[0].n_uses, 1);
	assert_int_equal(sets[0].entries.len, 4);
	assert_int_equal(sets[0].members[0].len, 1);
	assert_true(sets[0].members[0].data[0].lo == 0xc0000200);
	assert_true(sets[0].members[0].data[0].hi == 0xc0000282);
	assert_int_equal(sets[0].members[1].len, 1);
	assert_int_equal(sets[1].members[0].len, 3);
	assert_true(sets[1].members[0].data[2].hi == 65535);
	assert_int_equal(sets[2].members[0].len, 1);
	assert_int_equal(sets[3].n_block, 1);
	assert_int_equal(sets[3].entries.len, 4);
	assert_true(str_is(sets[3].entries.data[1].comment, "office"));
	assert_true(str_is(sets[3].entries.data[2].comment, "net"));
	assert_int_equal(sets[3].members[0].len, 2);
	assert_int_equal(sets[3].members[1].len, 1);
	assert_int_equal(sets[4].entries.len, 0);
	arena_free(loaded.arena);
}

/* A relative path starts at the file that names it, and is kept so that it works from anywhere. */
static void test_list_paths(void **state)
{
	static const struct {
		const char *source, *cwd, *written, *file, *says;
	} cases[] = {
		{ "t.fw", "", "bad", "bad", "bad: no such file" },
		{ "t.fw", "/etc", "bad", "/etc/bad", "bad: no such file" },
		{ "d/t.fw", "/etc", "bad", "/etc/d/bad", "d/bad: no such file" },
		{ "/x/t.fw", "/etc", "y/bad", "/x/y/bad", "/x/y/bad: no such file" },
		{ "/x/t.fw", "/etc", "/z", "/z", "/z: no such file" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct io io = io_none;
		struct env env = { .io = &io, .cwd = str_of(cases[i].cwd) };
		struct str text = str_of(arena_printf(arena, "default drop\nset s addr file %s\n",
						      cases[i].written));
		struct ruleset *rs;

		io.read = read_file;
		rs = sema_ruleset(ds,
				  parse_file(ds, &io,
					     diag_source(ds, str_of(cases[i].source), text,
							 (struct span){ 0 })),
				  &env);
		assert_int_equal(ds->n_errors, 1);
		assert_string_equal(ds->list.data[0].message, cases[i].says);
		if (!str_is(rs->sets.data[0].file, cases[i].file))
			fail_msg("%s: %s", cases[i].written, rs->sets.data[0].file.s);
	}
}

static void test_interfaces(void **state)
{
	struct str known[] = { STR("eth0"), STR("vlan1"), STR("vlan2") };
	struct env env = { .interfaces = { known, 3, 3 }, .n_present = 2, .check_present = true };
	struct loaded loaded = check_text("interface eth0,\"vlan*\"\ninterface wan0,\"x*\"\n"
					  "default drop\n"
					  "drop on eth0\ndrop on wan0\ndrop on \"vlan*\",eth0\n"
					  "drop on \"x*\"\ndrop on vlan7\n",
					  &env);
	const struct rule *rules = loaded.rs->rules.data;

	assert_string_equal(said(loaded.ds), "W151 2:11-14, W151 2:16-19, W151 8:9-13");
	assert_int_equal(loaded.rs->iface_names.len, 5);
	assert_int_equal(rules[0].matches.data[0].atoms.data[0].lo, 1);
	assert_int_equal(rules[1].matches.data[0].atoms.data[0].lo, 4);
	/* vlan1, vlan2, vlan7 of the last line, then eth0. */
	assert_int_equal(rules[2].matches.data[0].atoms.len, 4);
	assert_int_equal(rules[2].matches.data[0].atoms.data[2].lo, 5);
	assert_int_equal(rules[2].matches.data[0].atoms.data[3].lo, 1);
	assert_int_equal(rules[3].matches.data[0].atoms.len, 1);
	assert_int_equal(rules[3].matches.data[0].atoms.data[0].lo, 0);
	arena_free(loaded.arena);
}

static void test_later(void **state)
{
	struct loaded loaded = check_text(HEAD "allow established\n"
					       "scan-limit 20 within 10s per src log\n"
					       "allow udp rate 5/s burst 5\n"
					       "\n"
					       "set s addr timeout 5m { 192.0.2.1 timeout 1m }\n"
					       "allowlist 192.0.2.1\n"
					       "option flows 2048\n",
					  NULL);
	struct buf got = { .arena = loaded.arena };

	assert_string_equal(said(loaded.ds), "");
	vec_for_each(word, &loaded.rs->unsupported) {
		struct position at = diag_position(loaded.ds, word->span);

		buf_printf(&got, STR_FMT " %u:%u-%u, ", STR_ARG(word->text), at.line, at.col,
			   at.end_col);
	}
	assert_string_equal(buf_text(&got), "scan-limit 4:1-10, ");
	arena_free(loaded.arena);
}

/* 25 chains that each jump twice to the next: 2^25 places. */
static void test_growth(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };
	struct loaded loaded;

	buf_puts(&text, HEAD "chain c0 { drop tcp }\n");
	for (int i = 1; i <= 25; i++)
		buf_printf(&text, "chain c%d { jump c%d; jump c%d }\n", i, i - 1, i - 1);
	buf_puts(&text, "jump c25\n");
	loaded = check_text(buf_text(&text), NULL);
	assert_int_equal(loaded.ds->n_errors, 1);
	assert_int_equal(loaded.ds->list.data[0].code, E191);
	assert_string_equal(loaded.ds->list.data[0].message,
			    "chain 'c23' grows to more than 16777215 rules");
	arena_free(loaded.arena);
}

/* 40 defines, each twice the one before. */
static void test_bomb(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };
	struct loaded loaded;

	buf_puts(&text, HEAD "define d0 = 192.0.2.1, 192.0.2.2\n");
	for (int i = 1; i <= 40; i++)
		buf_printf(&text, "define d%d = $d%d, $d%d\n", i, i - 1, i - 1);
	buf_puts(&text, "drop src $d40\n");
	loaded = check_text(buf_text(&text), NULL);
	assert_string_equal(said(loaded.ds), "E191 24:14-17");
	arena_free(loaded.arena);
}

/* A stack frame for each chain would end here. */
static void test_depth(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };
	struct loaded loaded;

	buf_puts(&text, HEAD);
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "chain c%d { jump c%d }\n", i, i + 1);
	buf_puts(&text, "chain c20000 { drop tcp }\njump c0\n");
	loaded = check_text(buf_text(&text), NULL);
	assert_string_equal(said(loaded.ds), "");
	arena_free(loaded.arena);
}

static void test_origin(void **state)
{
	struct loaded loaded = check_text(HEAD "chain c { drop tcp }\n  jump c\n", NULL);
	const struct rule *rules = loaded.rs->rules.data;

	assert_true(str_is(rules[0].origin.file, "t.fw"));
	assert_int_equal(rules[0].origin.line, 3);
	assert_int_equal(rules[1].origin.line, 4);
	assert_int_equal(rules[1].origin.end - rules[1].origin.start, 6);
	assert_int_equal(rules[0].chain, 1);
	assert_int_equal(rules[1].verb.chain, 1);
	arena_free(loaded.arena);
}

/* The store gives the rules of the running set their id and origin; they stay. */
static void test_preset(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct env env = { .io = &io_none };
	struct str text = STR("default drop\ndrop tcp\ndrop udp\n");
	struct ast *ast = parse_file(ds, &io_none,
				     diag_source(ds, STR("gen/7.fw"), text, (struct span){ 0 }));
	struct ruleset *rs;

	ast->stmts.data[1].rules.data[0].id = 7;
	ast->stmts.data[2].rules.data[0].id = 8;
	ast->stmts.data[2].rules.data[0].origin = (struct origin){ .file = STR("a.fw"), .line = 5 };
	rs = sema_ruleset(ds, ast, &env);
	assert_int_equal(rs->rules.data[0].id, 7);
	assert_int_equal(rs->rules.data[0].origin.file.len, 0);
	assert_int_equal(rs->rules.data[1].id, 8);
	assert_true(str_is(rs->rules.data[1].origin.file, "a.fw"));
	assert_int_equal(rs->rules.data[1].origin.line, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong),      cmocka_unit_test(test_whole_file),
		cmocka_unit_test(test_families),   cmocka_unit_test(test_matches),
		cmocka_unit_test(test_limits),     cmocka_unit_test(test_until),
		cmocka_unit_test(test_past),       cmocka_unit_test(test_sets),
		cmocka_unit_test(test_interfaces), cmocka_unit_test(test_later),
		cmocka_unit_test(test_growth),     cmocka_unit_test(test_depth),
		cmocka_unit_test(test_origin),     cmocka_unit_test(test_preset),
		cmocka_unit_test(test_list_paths), cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
