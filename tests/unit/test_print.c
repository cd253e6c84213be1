/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The canonical text: how rules and files are listed, and that it parses back to the same. */
#include "tests/unit/ruleset.h"

#include "compiler/lang/print.h"

#define HEAD                                                                                    \
	"interface eth0,\"vlan*\"\ndefault drop\nset s addr { 192.0.2.1 }\nset p port { 22 }\n" \
	"set m mac { 02:00:00:00:00:01 }\nchain c { return }\ndefine d = 192.0.2.1, @s\n"

static const struct {
	const char *rule, *want; /* NULL: listed as written */
} rules[] = {
	/* clang-format off */
	{ "allow", NULL },
	{ "accept from 192.0.2.1 to 192.0.2.2", "allow src 192.0.2.1 dst 192.0.2.2" },
	{ "deny saddr 192.0.2.1 daddr 192.0.2.2", "drop src 192.0.2.1 dst 192.0.2.2" },
	{ "pass icmpv6", "allow icmp6" },
	{ "block tcp dport ssh,https", "drop tcp dport 22,443" },
	{ "drop src $d", "drop src 192.0.2.1,@s" },
	{ "drop src { 192.0.2.1, 10.0.0.0/8 }", "drop src 192.0.2.1,10.0.0.0/8" },
	{ "drop src not 192.0.2.1", "drop not src 192.0.2.1" },
	{ "drop src != 192.0.2.1", "drop not src 192.0.2.1" },
	{ "drop not src 192.0.2.1,192.0.2.2 src 192.0.2.0/24", NULL },
	{ "drop src 2001:DB8:0:0::1-2001:db8::ff", "drop src 2001:db8::1-2001:db8::ff" },
	{ "drop src 192.0.2.0-192.0.2.255", "drop src 192.0.2.0/24" },
	{ "drop tcp dport 1024-", "drop tcp dport 1024-65535" },
	{ "drop proto tcp,udp dport @p,80", NULL },
	{ "drop not proto esp,47,255", "drop not proto esp,gre,255" },
	{ "drop proto udp", "drop udp" },
	{ "drop not proto 6", "drop not tcp" },
	{ "drop icmp type 8 code 0,3", "drop icmp type echo-request code 0,3" },
	{ "drop icmp type not echo-request,9-10", NULL },
	{ "drop icmp6 type 200-255 code not 1", NULL },
	{ "drop tcp flags syn", "drop tcp flags syn/syn" },
	{ "drop flags fin,syn/rst,syn,fin", "drop flags syn,fin/syn,fin,rst" },
	{ "drop not flags none/all", NULL },
	{ "drop syn not dport 22", NULL },
	{ "drop frag any", NULL },
	{ "drop not frag no", NULL },
	{ "drop len 0x10-64,1500-", "drop len 16-64,1500-65575" },
	{ "drop ttl 0-1,0xff", "drop ttl 0-1,255" },
	{ "drop dscp 46,cs1,11,0", "drop dscp ef,cs1,11,cs0" },
	{ "drop vlan 0,20-30", NULL },
	{ "drop smac 02:00:00:AA:BB:CC not dmac @m", "drop smac 02:00:00:aa:bb:cc not dmac @m" },
	{ "drop ether 0x88CC,arp,1-5", "drop ether 0x88cc,0x0806,0x0001-0x0005" },
	{ "drop ip4 on eth0,\"vlan*\"", "drop ip4 on eth0,vlan*" },
	{ "drop not ip6", NULL },
	{ "jump c src 192.0.2.1 comment \"x\"", NULL },
	{ "count udp dport 53 name c.o-u_n", NULL },
	{ "drop comment word", "drop comment \"word\"" },
	{ "drop comment \"a \\\"b\\\" \\\\ c\"", NULL },
	{ "drop comment \"\"", NULL },
	{ "drop disabled until 2036-01-01 when sat comment \"c\" name n log every 90s tcp",
	  "drop tcp log every 1m30s name n comment \"c\" when sat until 2036-01-01 disabled" },
	{ "drop when \"mon-fri 22:00-06:00\"", NULL },
	{ "log every 1h tcp dport 23", NULL },
	{ "allow established", NULL },
	{ "allow udp rate 5/m burst 2k per dport,src/24 exceed count",
	  "allow udp rate 5/min burst 2000 per src/24,dport exceed count" },
	{ "allow udp rate 1m/sec", "allow udp rate 1000000/s" },
	{ "rate-limit 10/hour udp exceed drop per src/32/56 burst 7",
	  "rate-limit 10/h burst 7 per src/32/56 udp exceed drop" },
	{ "rate-limit 1500kbit/s burst 64kB per src,dst,sport,dport", NULL },
	{ "rate-limit 1000000kbit/day", "rate-limit 1gbit/d" },
	{ "rate-limit 5MB/s burst 1500B per src exceed blacklist @s for 36h",
	  "rate-limit 5MB/s burst 1500B per src exceed blacklist @s for 1d12h" },
	{ "syn-limit 6/m per src dport 22 exceed blacklist verified for 10m",
	  "syn-limit 6/min per src dport 22 exceed blacklist verified for 10m" },
	{ "syn-limit 20k/s tcp exceed syncookie", "syn-limit 20000/s tcp exceed syncookie" },
	{ "conn-limit 20 per src tcp dport 22", NULL },
	{ "scan-limit 20 within 90s per src", "scan-limit 20 within 1m30s per src" },
	{ "blacklist @s for 1w tcp dport 23", NULL },
	{ "blacklist for 2d", NULL },
	{ "syncookie dport 443", NULL },
	/* clang-format on */
};

static void test_rules(void **state)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const char *want = rules[i].want ? rules[i].want : rules[i].rule;
		struct buf got = { 0 };
		struct loaded loaded;
		char text[512];

		snprintf(text, sizeof(text), HEAD "%s\n", rules[i].rule);
		loaded = load_text(text, NULL);
		got.arena = loaded.arena;
		print_rule(&got, loaded.rs, &loaded.rs->rules.data[1], PRINT_ALL);
		if (strcmp(buf_text(&got), want) != 0)
			fail_msg("%s: %s", rules[i].rule, buf_text(&got));
		arena_free(loaded.arena);
	}
}

/* Everything a rule holds but its spans. */
static bool same_rule(const struct rule *a, const struct rule *b)
{
	if (a->matches.len != b->matches.len || strcmp(a->text, b->text) != 0)
		return false;
	for (uint32_t i = 0; i < a->matches.len; i++) {
		const struct match *x = &a->matches.data[i], *y = &b->matches.data[i];

		if (x->row != y->row || x->negated != y->negated || x->implied != y->implied ||
		    x->atoms.len != y->atoms.len)
			return false;
		for (uint32_t j = 0; j < x->atoms.len; j++) {
			const struct atom *p = &x->atoms.data[j], *q = &y->atoms.data[j];

			if (p->kind != q->kind || p->family != q->family || p->mask != q->mask ||
			    p->lo != q->lo || p->hi != q->hi || p->set != q->set ||
			    !str_eq(p->text, q->text))
				return false;
		}
	}
	return a->verb.row == b->verb.row && a->verb.chain == b->verb.chain &&
	       a->verb.set == b->verb.set && a->verb.seconds == b->verb.seconds &&
	       memcmp(&a->limit, &b->limit, sizeof(a->limit)) == 0 &&
	       a->exceed.row == b->exceed.row && a->exceed.set == b->exceed.set &&
	       a->exceed.seconds == b->exceed.seconds && a->exceed.verified == b->exceed.verified &&
	       a->families == b->families && a->chain == b->chain && str_eq(a->name, b->name) &&
	       str_eq(a->comment, b->comment) && str_eq(a->when, b->when) && a->until == b->until &&
	       a->has_until == b->has_until && a->log == b->log && a->log_every == b->log_every &&
	       a->disabled == b->disabled;
}

/* All of them in one file, printed, parsed and compared. */
static void test_round_trip(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena }, first = { .arena = arena },
		   again = { .arena = arena };
	struct str names[] = { STR("eth0"), STR("vlan1"), STR("vlan2") };
	struct env env = { .io = &io_none, .interfaces = { names, 3, 3 } };
	struct loaded a, b;
	uint32_t *order;

	buf_puts(&text, HEAD);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (!strstr(rules[i].rule, "name"))
			buf_printf(&text, "%s\n", rules[i].rule);
	a = load_text(buf_text(&text), &env);
	print_ruleset(&first, a.rs);
	b = load_text(buf_text(&first), &env);
	assert_non_null(strstr(buf_text(&first), "drop ip4 on eth0,vlan*\n"));
	print_ruleset(&again, b.rs);
	assert_string_equal(buf_text(&first), buf_text(&again));
	assert_int_equal(a.rs->rules.len, b.rs->rules.len);
	order = arena_new_array(arena, uint32_t, a.rs->rules.len);
	print_order(a.rs, order);
	for (uint32_t i = 0; i < a.rs->rules.len; i++)
		if (!same_rule(&a.rs->rules.data[order[i]], &b.rs->rules.data[i]))
			fail_msg("differs: %s", a.rs->rules.data[order[i]].text);
	arena_free(a.arena);
	arena_free(b.arena);
}

static void test_file(void **state)
{
	static const char text[] =
		"interface eth0 , eth1 mode native; interface \"vlan*\" mode generic\n"
		"default accept\n"
		"test { expect drop tcp dport ssh\nexpect exceed syn }\n"
		"jump a\n"
		"chain a { drop tcp; jump b }\n"
		"chain b { return src @s }\n"
		"set s addr timeout 1h size 9 comment x { 192.0.2.1 comment \"y z\",\n"
		"::1 timeout 5m, $d }\n"
		"set q port\n"
		"allowlist 192.0.2.1,192.0.2.2 for 1h comment z\n"
		"blacklist { 192.0.2.9 } for 2h\n"
		"option antispoof off; option fail open; option malformed pass\n"
		"option fragments l3; option flows 2048; option learn 3\n"
		"essential off\n";
	static const char want[] = "version 1\n"
				   "interface eth0 mode native\n"
				   "interface eth1 mode native\n"
				   "interface vlan* mode generic\n"
				   "default allow\n"
				   "essential off\n"
				   "option fragments l3\n"
				   "option malformed pass\n"
				   "option fail open\n"
				   "option antispoof off\n"
				   "option flows 2048\n"
				   "option learn 3s\n"
				   "set s addr timeout 1h size 9 comment \"x\" { 192.0.2.1 comment "
				   "\"y z\", ::1 timeout 5m, 10.0.0.0/8 }\n"
				   "set q port\n"
				   "allowlist { 192.0.2.1, 192.0.2.2 } for 1h comment \"z\"\n"
				   "blacklist { 192.0.2.9 } for 2h\n"
				   "chain a {\n"
				   "\tdrop tcp\n"
				   "\tjump b\n"
				   "}\n"
				   "chain b {\n"
				   "\treturn src @s\n"
				   "}\n"
				   "jump a\n"
				   "test {\n"
				   "\texpect drop tcp dport 22\n"
				   "\texpect exceed syn\n"
				   "}\n";
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf whole = { .arena = arena }, out = { .arena = arena }, again = { .arena = arena };
	struct loaded loaded, second;

	buf_printf(&whole, "define d = 10.0.0.0/8\n%s", text);
	loaded = load_text(buf_text(&whole), NULL);
	print_ruleset(&out, loaded.rs);
	assert_string_equal(buf_text(&out), want);
	second = load_text(want, NULL);
	print_ruleset(&again, second.rs);
	assert_string_equal(buf_text(&again), want);
	arena_free(loaded.arena);
	arena_free(second.arena);
}

/* Every row's example is a rule of this language and is listed as one. */
static void test_examples(void **state)
{
	const char *examples[128];
	uint32_t n = 0;

	for (const struct clause *row = clause_matches; row->name; row++)
		examples[n++] = row->example;
	for (const struct clause *row = clause_options; row->name; row++)
		examples[n++] = row->example;
	for (const struct action *row = actions; row->name; row++)
		if (row->verb != VERB_RETURN && row->verb != VERB_JUMP)
			examples[n++] = row->example;
	for (uint32_t i = 0; i < n; i++) {
		struct loaded loaded;
		char text[512];

		snprintf(text, sizeof(text), HEAD "%s\n", examples[i]);
		loaded = load_text(text, NULL);
		assert_int_equal(loaded.rs->rules.len, 2);
		arena_free(loaded.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_examples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
