/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Descriptions: what is certain, what it depends on, the words of `explain` and E183; and that
 * no answer is wrongly certain, on random rules, descriptions and packets. The same packets
 * hold W201 to its word: a rule that is said to be hidden never decides one.
 */
#include "tests/unit/ruleset.h"

#include "compiler/ir/cover.h"
#include "compiler/ir/eval.h"

#define HEAD         "interface eth0\ndefault drop\n"
#define OPEN         "interface eth0\ndefault allow\n"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct describe_case {
	const char *name;
	const char *rules;
	const char *packet;
	enum truth allow;
	const char *depends; /* NULL: none */
};

/* clang-format off */
static const struct describe_case cases[] = {
	{ "default", HEAD, "udp dport 161", TRUTH_NO, NULL },
	{ "inside a rule", HEAD "allow tcp dport 22", "tcp dport 22", TRUTH_YES, NULL },
	{ "outside", HEAD "allow tcp dport 22", "tcp dport 23", TRUTH_NO, NULL },
	{ "wider than a rule", HEAD "allow tcp dport 22", "tcp", TRUTH_DEPENDS, "dport" },
	{ "half of a range", HEAD "allow tcp dport 22-25", "tcp dport 25-26", TRUTH_DEPENDS, "dport" },
	{ "a list inside a list", HEAD "allow tcp dport 22,80,443", "tcp dport 80,22", TRUTH_YES, NULL },
	{ "adjacent ranges", HEAD "allow tcp dport 20-22,23-25", "tcp dport 21-24", TRUTH_YES, NULL },
	{ "both ways to one verdict", HEAD "drop tcp dport 22", "tcp", TRUTH_NO, NULL },
	{ "a source not said", HEAD "allow tcp dport 22 src 192.0.2.0/24", "tcp dport 22", TRUTH_DEPENDS, "src" },
	{ "a source inside", HEAD "allow tcp dport 22 src 192.0.2.0/24", "tcp dport 22 src 192.0.2.7", TRUTH_YES, NULL },
	{ "the other family", HEAD "allow tcp dport 22 src 192.0.2.0/24", "tcp dport 22 src 2001:db8::1", TRUTH_NO, NULL },
	{ "any protocol", HEAD "allow tcp", "src 192.0.2.7", TRUTH_DEPENDS, "tcp" },
	{ "all protocols, rule by rule", HEAD "allow tcp\nallow not tcp", "src 192.0.2.7", TRUTH_YES, NULL },
	{ "not", HEAD "allow tcp not dport 22", "tcp dport 23-25", TRUTH_YES, NULL },
	{ "inside a not", HEAD "allow tcp not dport 22", "tcp dport 22", TRUTH_NO, NULL },
	{ "in a set", HEAD "set s addr { 192.0.2.0/24 }\nallow src @s", "src 192.0.2.7", TRUTH_YES, NULL },
	{ "described by a set", HEAD "set s addr { 192.0.2.0/24 }\nallow src 192.0.0.0/16", "src @s", TRUTH_YES, NULL },
	{ "unfragmented", HEAD "drop frag any\nallow udp", "udp dport 53", TRUTH_YES, NULL },
	{ "unless said", HEAD "drop frag any\nallow udp", "udp frag later", TRUTH_NO, NULL },
	{ "a later fragment has no port", HEAD "allow udp dport 53", "udp frag later", TRUTH_NO, NULL },
	{ "not established", HEAD "allow established", "tcp dport 22", TRUTH_NO, NULL },
	{ "established, when said", HEAD "allow established", "established tcp dport 22", TRUTH_YES, NULL },
	{ "not for a rule without it", HEAD "allow udp", "established tcp dport 22", TRUTH_NO, NULL },
	{ "the only interface", HEAD "allow on eth0", "udp", TRUTH_YES, NULL },
	{ "one of two", "interface eth0,eth1\ndefault drop\nallow on eth0", "tcp", TRUTH_DEPENDS, "on" },
	{ "a glob may be more", "interface eth0,\"vlan*\"\ndefault drop\nallow on eth0", "tcp", TRUTH_DEPENDS, "on" },
	{ "when may hold or not", HEAD "allow tcp when \"mon 00:00-12:00\"", "tcp", TRUTH_DEPENDS, "when" },
	{ "when, both ways", HEAD "drop tcp when \"mon 00:00-12:00\"", "tcp", TRUTH_NO, NULL },
	{ "until has not passed", HEAD "allow tcp until 2036-12-31", "tcp", TRUTH_YES, NULL },
	{ "disabled is absent", HEAD "allow tcp disabled", "tcp", TRUTH_NO, NULL },
	{ "a limit is not exceeded", HEAD "rate-limit 10/s tcp\nallow tcp", "tcp", TRUTH_YES, NULL },
	{ "an allow with a rate", HEAD "allow tcp rate 10/s", "tcp", TRUTH_YES, NULL },
	{ "into a chain", HEAD "chain c { allow tcp }\njump c", "tcp", TRUTH_YES, NULL },
	{ "perhaps into a chain", HEAD "chain c { allow tcp }\njump c src 192.0.2.1", "tcp", TRUTH_DEPENDS, "src" },
	{ "a return before", HEAD "chain c { return tcp; allow tcp }\njump c", "tcp", TRUTH_NO, NULL },
	{ "perhaps a return before", HEAD "chain c { return src 192.0.2.1; allow tcp }\njump c", "tcp", TRUTH_DEPENDS, "src" },
	{ "a return that changes nothing", HEAD "chain c { return src 192.0.2.1; allow tcp }\njump c\nallow tcp", "tcp", TRUTH_YES, NULL },
	{ "a DHCP reply is essential", HEAD, "udp sport 67 dport 68 ip4", TRUTH_YES, NULL },
	{ "a part may be essential", HEAD, "udp", TRUTH_DEPENDS, "essential" },
	{ "essential off", HEAD "essential off", "udp", TRUTH_NO, NULL },
	{ "packet too big", HEAD "drop icmp6", "icmp6 type packet-too-big", TRUTH_YES, NULL },
	{ "discovery may come from afar", HEAD, "icmp6 type neighbor-solicitation", TRUTH_DEPENDS, "essential" },
	{ "the ethertype of IPv4 is IPv4", HEAD "essential off\nallow ip4", "ether 0x0800", TRUTH_YES, NULL },
	{ "ARP", HEAD, "ether 0x0806", TRUTH_YES, NULL },
	{ "option fragments", OPEN "option fragments drop", "udp frag any", TRUTH_NO, NULL },
	{ "option fragments, perhaps", OPEN "option fragments pass\ndrop", "udp dport 53 frag any", TRUTH_NO, NULL },
	{ "flags", HEAD "allow tcp flags syn/syn,ack", "tcp syn", TRUTH_YES, NULL },
	{ "flags, perhaps", HEAD "allow tcp syn", "tcp flags syn/syn,ack", TRUTH_DEPENDS, "syn" },
};
/* clang-format on */

static bool case_holds(const struct describe_case *c)
{
	struct loaded loaded = load_text(c->rules, NULL);
	struct expect packet = read_description(&loaded, c->packet);
	struct eval_trace trace = eval_description(loaded.arena, loaded.rs, &packet);
	struct str depends = trace.depends_on.len ? trace.depends_on.data[0] : STR("");
	bool good = trace.allow == c->allow && str_is(depends, c->depends ? c->depends : "");

	if (!good)
		print_message("%s: truth %d depends on '" STR_FMT "'\n", c->name, trace.allow,
			      STR_ARG(depends));
	arena_free(loaded.arena);
	return good;
}

static void test_cases(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(cases); i++)
		failed += !case_holds(&cases[i]);
	assert_int_equal(failed, 0);
}

struct why_case {
	const char *rule;
	const char *packet;
	const char *why;
};

/* clang-format off */
static const struct why_case whys[] = {
	{ "allow established", "tcp dport 22", "not established" },
	{ "allow icmp", "tcp dport 22", "not icmp" },
	{ "allow udp dport 53", "tcp dport 22", "not udp" },
	{ "allow tcp dport 80,443", "tcp dport 22", "dport 22 is not in 80,443" },
	{ "allow tcp not dport 22", "tcp dport 22", "dport 22 is in 22" },
	{ "allow src 192.0.2.0/24,2001:db8:10::/48", "src 203.0.113.9", "src 203.0.113.9 is not in 192.0.2.0/24,2001:db8:10::/48" },
	{ "allow not tcp", "tcp", "is tcp" },
	{ "allow ip6", "src 192.0.2.1", "not ip6" },
	{ "allow tcp syn", "tcp flags ack/all", "not syn" },
	{ "allow udp dport 53", "udp frag later", "a later fragment has no dport" },
	{ "allow tcp dport 22", "tcp", "depends on 'dport'" },
	{ "allow tcp", "tcp", NULL },
};
/* clang-format on */

static void test_why(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(whys); i++) {
		char text[256];
		struct loaded loaded;
		struct expect packet;
		struct eval_trace trace;
		const char *why;

		snprintf(text, sizeof(text), HEAD "%s\n", whys[i].rule);
		loaded = load_text(text, NULL);
		packet = read_description(&loaded, whys[i].packet);
		trace = eval_description(loaded.arena, loaded.rs, &packet);
		assert_int_equal(trace.steps.len, 1);
		why = trace.steps.data[0].why;
		if (strcmp(why ? why : "", whys[i].why ? whys[i].why : "") != 0) {
			print_message("%s: %s\n", whys[i].rule, why ? why : "(matches)");
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
}

struct test_case {
	const char *rules;
	const char *expect;
	const char *message; /* behind the " - "; NULL: it holds */
};

/* clang-format off */
static const struct test_case tests_of[] = {
	{ "allow tcp dport 22 name ssh", "expect allow tcp dport 22 syn", NULL },
	{ "drop tcp name no-tcp", "expect allow tcp dport 22", "now dropped by 'no-tcp'" },
	{ "drop tcp", "expect allow tcp dport 22", "now dropped by the rule at line 3" },
	{ "allow tcp name all", "expect drop tcp dport 22", "now allowed by 'all'" },
	{ "count tcp", "expect allow tcp", "now dropped by the default" },
	{ "allow tcp dport 22 name ssh", "expect allow tcp", "it depends on 'dport' (destination port) in 'ssh'" },
	{ "allow tcp dport 22 name ssh", "expect drop tcp", "it depends on 'dport' (destination port) in 'ssh'" },
	{ "drop src 192.0.2.1 name bad\nallow tcp", "expect allow tcp", "it depends on 'src' (source address) in 'bad'" },
	{ "allow on eth0 name x", "expect allow tcp on eth0", NULL },
	{ "interface eth1; allow on eth0 name x", "expect allow tcp", "it depends on 'on' (interface the packet came in by) in 'x'" },
	{ "allow tcp name x", "expect drop proto tcp,udp dport 9", "it depends on 'tcp' (protocol TCP) in 'x'" },
	{ "allow ip6 tcp name x", "expect allow tcp", "it depends on 'ip6' (IPv6 only) in 'x'" },
	{ "allow src 192.0.2.0/24 name x", "expect allow tcp dport 1", "it depends on 'src' (source address) in 'x'" },
	{ "allow tcp when \"mon 00:00-12:00\" name x", "expect allow tcp", "it depends on 'when' (days and hours) in 'x'" },
	{ "option fragments pass; allow udp dport 53", "expect allow ip4 udp frag any", "it depends on 'frag': 'option fragments' decides fragments first" },
	{ "drop udp", "expect drop udp", "a part of it passes as essential traffic" },
	{ "drop udp", "expect drop udp dport 68 sport 67", "a part of it passes as essential traffic" },
	{ "drop udp", "expect drop udp dport 68 sport 67 ip4", "now allowed by essential traffic" },
	{ "drop udp name no-udp", "expect allow udp", "now dropped by 'no-udp', but for essential traffic" },
	{ "count udp", "expect allow udp", "now dropped by the default, but for essential traffic" },
	{ "rate-limit 5/s tcp dport 22", "expect exceed tcp dport 22", NULL },
	{ "rate-limit 5/s tcp dport 22", "expect exceed tcp dport 23", "no limit meets every such packet" },
	{ "rate-limit 5/s tcp dport 22", "expect exceed tcp", "no limit meets every such packet" },
	{ "allow src 192.0.2.1\nrate-limit 5/s tcp", "expect exceed tcp", "no limit meets every such packet" },
	{ "allow src 192.0.2.1\nrate-limit 5/s tcp", "expect exceed tcp src 192.0.2.2", NULL },
	{ "allow tcp rate 5/s", "expect exceed tcp", NULL },
	{ "chain c { rate-limit 5/s tcp }; jump c", "expect exceed tcp", NULL },
	{ "chain c { rate-limit 5/s tcp }; jump c src 192.0.2.1", "expect exceed tcp ip4", "no limit meets every such packet" },
	{ "chain c { return src 192.0.2.1; rate-limit 5/s tcp }; jump c", "expect exceed tcp", "no limit meets every such packet" },
	{ "blacklist for 1m tcp dport 23", "expect blacklist tcp dport 23", NULL },
	{ "blacklist for 1m tcp dport 23", "expect drop tcp dport 23", NULL },
	{ "drop tcp dport 23 name telnet", "expect blacklist tcp dport 23", "now dropped by 'telnet'" },
};
/* clang-format on */

static void test_tests(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(tests_of); i++) {
		const struct test_case *c = &tests_of[i];
		char text[512], wanted[512] = "";
		struct loaded loaded;
		const char *got;

		snprintf(text, sizeof(text), HEAD "%s\ntest {\n    %s\n}\n", c->rules, c->expect);
		loaded = load_text(text, NULL);
		assert_int_equal(eval_tests(loaded.ds, loaded.rs), 1);
		if (c->message)
			snprintf(wanted, sizeof(wanted), "test at rules.fw:%u fails: %s - %s",
				 strchr(c->rules, '\n') ? 6 : 5, c->expect, c->message);
		got = loaded.ds->n_errors ? loaded.ds->list.data[0].message : "";
		if (strcmp(got, wanted) != 0) {
			print_message("%s; %s: '%s'\n", c->rules, c->expect, got);
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
}

/* Steps come in the order of the rules, also where only a later cell reaches one. */
static void test_steps(void **state)
{
	struct loaded loaded = load_text(HEAD "allow tcp name a\nchain c { count; allow udp }\n"
					      "jump c name j\nallow icmp name z\n",
					 NULL);
	struct expect packet = read_description(&loaded, "src 192.0.2.1");
	struct eval_trace trace = eval_description(loaded.arena, loaded.rs, &packet);
	static const enum truth truths[] = { TRUTH_DEPENDS, TRUTH_YES, TRUTH_YES, TRUTH_DEPENDS,
					     TRUTH_DEPENDS };

	assert_int_equal(trace.steps.len, COUNT(truths));
	for (unsigned int i = 0; i < COUNT(truths); i++)
		assert_int_equal(trace.steps.data[i].truth, truths[i]);
	assert_int_equal(trace.stage, ANSWER_RULE);
	assert_true(str_is(loaded.rs->rules.data[trace.rule].name, "a"));
	arena_free(loaded.arena);
}

/* xorshift: the same rules in every run. */
static uint64_t seed = 0x9e3779b97f4a7c15;

static unsigned int pick(unsigned int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned int)(seed >> 33) % n;
}

#define ONE_OF(table) ((table)[pick(COUNT(table))])

static const char *const heads[] = { "",
				     "",
				     "tcp",
				     "udp",
				     "icmp",
				     "icmp6",
				     "ip4",
				     "ip6",
				     "not tcp",
				     "proto gre",
				     "proto tcp,udp",
				     "tcp syn",
				     "tcp dport 22",
				     "tcp dport 22-80",
				     "tcp not dport 22",
				     "udp sport 67",
				     "udp sport 67 dport 68",
				     "udp dport 53",
				     "udp dport @p",
				     "tcp flags syn/syn,ack",
				     "tcp not flags none/all",
				     "icmp type 8",
				     "icmp type 3 code 4",
				     "icmp6 type 2",
				     "icmp6 not type 128",
				     "established",
				     "ether 0x0806",
				     "ether 0x88cc" };
static const char *const sources[] = { "",
				       "",
				       "",
				       "src 192.0.2.0/24",
				       "src 192.0.2.1",
				       "src 192.0.2.1-192.0.2.8,2001:db8::/32",
				       "not src 192.0.2.1",
				       "src @s",
				       "not src @s",
				       "src 192.0.0.0/16 not src 192.0.2.0/29" };
static const char *const others[] = { "",
				      "",
				      "",
				      "",
				      "dst 203.0.113.1",
				      "dst 2001:db8::/32",
				      "frag any",
				      "frag later",
				      "frag no",
				      "len 0-100",
				      "on eth1",
				      "not on eth0",
				      "vlan 20",
				      "not vlan 20",
				      "dscp ef" };

static void random_clauses(char *out, size_t size)
{
	snprintf(out, size, "%s %s %s", ONE_OF(heads), ONE_OF(sources), ONE_OF(others));
}

#define PROLOGUE                                                                                   \
	"interface eth0,eth1\nset s addr { 192.0.2.4/30, 2001:db8::/48 }\nset p port { 53, 67-68 " \
	"}\n"

/* Clauses that go together, as sema sees it. */
static bool clauses_valid(const char *clauses)
{
	struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct env env = { .io = &io_none };
	char text[512];
	struct ast *ast;
	bool valid;

	snprintf(text, sizeof(text), PROLOGUE "default drop\ndrop %s\n", clauses);
	ast = parse_file(ds, &io_none, diag_source(ds, STR("r"), str_of(text), (struct span){ 0 }));
	sema_ruleset(ds, ast, &env);
	valid = !ds->n_errors;
	arena_free(arena);
	return valid;
}

#define POOL 300
static char pool[POOL][128];

static void random_ruleset(char *out, size_t size)
{
	static const char *const verbs[] = { "allow", "drop", "drop", "count", "jump c" };
	static const char *const inner[] = { "allow", "drop", "count", "return" };
	static const char *const options[] = {
		"", "", "", "option fragments drop\n", "option fragments pass\n", "essential off\n"
	};
	size_t len;

	len = snprintf(out, size, PROLOGUE "default %s\n%schain c {\n", pick(2) ? "drop" : "allow",
		       ONE_OF(options));
	for (unsigned int n = pick(4); n; n--)
		len += snprintf(out + len, size - len, "%s %s\n", ONE_OF(inner), pool[pick(POOL)]);
	len += snprintf(out + len, size - len, "}\n");
	for (unsigned int n = 1 + pick(5); n; n--)
		len += snprintf(out + len, size - len, "%s %s%s\n", ONE_OF(verbs), pool[pick(POOL)],
				pick(12) ? "" : " when \"mon 00:00-12:00\"");
}

/* Essential traffic, told from the fields once more and apart from the code under test. */
static bool is_essential(const struct pkt *p)
{
	if (!p->family)
		return p->ethertype == 0x0806;
	if (p->frag != FRAG_NO)
		return false;
	if (p->family == FAMILY_IPV4)
		return (p->proto == 17 && p->sport == 67 && p->dport == 68) ||
		       (p->proto == 1 && p->icmp_type == 3 && p->icmp_code == 4);
	return (p->proto == 17 && p->sport == 547 && p->dport == 546) ||
	       (p->proto == 58 && (p->icmp_type == 2 || (p->icmp_type == 130 && p->ttl == 1) ||
				   (p->icmp_type >= 133 && p->icmp_type <= 137 && p->ttl == 255)));
}

static struct pkt random_packet(void)
{
	static const uint8_t protos[] = { 1, 6, 6, 17, 17, 47, 58 };
	static const uint16_t ports[] = { 21, 22, 23, 53, 67, 68, 80, 81, 546, 547 };
	static const uint8_t types[] = { 0, 2, 3, 8, 128, 130, 133, 135 };
	static const uint8_t flags[] = { 0, 2, 0x12, 0x10, 3, 0x14 };
	static const uint8_t ttls[] = { 1, 64, 255 };
	static const uint64_t hosts[] = { 0, 1, 2, 4, 5, 7, 8, 9, 0x100 };
	struct pkt p = { .ifnum = 1 + pick(2), .vlan = pick(2) ? 20 : 0 };
	unsigned int family = pick(9);

	if (!family) {
		p.ethertype = pick(2) ? 0x0806 : 0x88cc;
		p.essential = is_essential(&p);
		return p;
	}
	p.family = family % 2 ? FAMILY_IPV4 : FAMILY_IPV6;
	p.ethertype = p.family == FAMILY_IPV4 ? 0x0800 : 0x86dd;
	p.src[0] = p.family == FAMILY_IPV4 ? 0 : pick(4) ? 0x20010db800000000 : 0x20010db900000000;
	p.dst[0] = p.family == FAMILY_IPV4 ? 0 : pick(2) ? 0x20010db800000000 : 0x20010db900000000;
	p.src[1] = p.family == FAMILY_IPV4 ? 0xc0000200 + ONE_OF(hosts) : ONE_OF(hosts);
	p.dst[1] = p.family == FAMILY_IPV4 ? 0xcb007100 + ONE_OF(hosts) : ONE_OF(hosts);
	p.proto = ONE_OF(protos);
	p.frag = pick(3) ? FRAG_NO : pick(3);
	p.ttl = ONE_OF(ttls);
	p.dscp = pick(2) ? 46 : 0;
	p.ip_len = pick(2) ? 60 : 1500;
	if (p.frag != FRAG_LATER && (p.proto == 6 || p.proto == 17)) {
		p.sport = ONE_OF(ports);
		p.dport = ONE_OF(ports);
		p.flags = p.proto == 6 ? ONE_OF(flags) : 0;
	} else if (p.frag != FRAG_LATER && p.proto == (p.family == FAMILY_IPV4 ? 1 : 58)) {
		p.icmp_type = ONE_OF(types);
		p.icmp_code = pick(2) ? 4 : 0;
	}
	p.established = p.frag != FRAG_LATER && p.proto != 47 && !pick(4);
	p.essential = is_essential(&p);
	return p;
}

/* The packet is one of those described, taken match by match. */
static bool fits(const struct ruleset *rs, const struct expect *packet, const struct pkt *p)
{
	uint8_t bit = p->family == FAMILY_IPV4   ? FAM_IPV4
		      : p->family == FAMILY_IPV6 ? FAM_IPV6
						 : FAM_OTHER;
	bool fragments = false, established = false;

	vec_for_each(match, &packet->matches) {
		if (!eval_match(rs, match, p))
			return false;
		fragments |= str_is(str_of(match->row->name), "frag");
		established |= str_is(str_of(match->row->name), "established");
	}
	return packet->families & bit && (fragments || p->frag == FRAG_NO) &&
	       (established || !p->established);
}

struct tally {
	unsigned int certain, unsure, fitted, hidden, wrong;
};

static bool has_doubt(const struct eval_trace *trace)
{
	vec_for_each(step, &trace->steps)
		if (step->truth == TRUTH_DEPENDS)
			return true;
	return trace->essential == TRUTH_DEPENDS;
}

static void check_hidden(struct tally *tally, const struct loaded *loaded, const char *text)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	const struct ruleset *rs = loaded->rs;
	struct cover *cover = cover_new(loaded->arena, scratch, rs);
	bool *hidden = arena_new_array(loaded->arena, bool, rs->rules.len);

	for (uint32_t i = 0; i < rs->rules.len; i++) {
		hidden[i] = cover_find(cover, i) != COVER_NONE;
		tally->hidden += hidden[i];
	}
	for (unsigned int n = 0; n < 200; n++) {
		struct pkt p = random_packet();
		struct eval_result result = eval_packet(rs, &p, n % 2);

		if (result.stage == ANSWER_RULE && hidden[result.rule] && !tally->wrong++)
			print_message("%shidden, but decides: %s\n", text,
				      rs->rules.data[result.rule].text);
	}
}

static void check_random(struct tally *tally)
{
	char text[4096];
	struct loaded loaded;

	random_ruleset(text, sizeof(text));
	loaded = load_text(text, NULL);
	check_hidden(tally, &loaded, text);
	for (unsigned int i = 0; i < 8; i++) {
		const char *clauses = pool[pick(POOL)];
		struct expect packet = read_description(&loaded, clauses);
		struct eval_trace trace = eval_description(loaded.arena, loaded.rs, &packet);
		bool doubt = has_doubt(&trace);

		tally->certain += trace.allow != TRUTH_DEPENDS;
		tally->unsure += trace.allow == TRUTH_DEPENDS;
		for (unsigned int n = 0; n < 100 && trace.allow != TRUTH_DEPENDS; n++) {
			struct pkt p = random_packet();
			struct eval_result result;

			if (!fits(loaded.rs, &packet, &p))
				continue;
			tally->fitted++;
			result = eval_packet(loaded.rs, &p, false);
			if (result.allow == (trace.allow == TRUTH_YES) &&
			    (doubt || trace.stage != ANSWER_RULE || result.stage != ANSWER_RULE ||
			     result.rule == trace.rule))
				continue;
			if (!tally->wrong++)
				print_message("%s%s: wrongly %s\n", text, clauses,
					      trace.allow == TRUTH_YES ? "allowed" : "dropped");
		}
	}
	arena_free(loaded.arena);
}

static void test_random(void **state)
{
	struct tally tally = { 0 };

	for (unsigned int i = 0; i < POOL;) {
		random_clauses(pool[i], sizeof(pool[i]));
		i += clauses_valid(pool[i]) && strspn(pool[i], " ") != strlen(pool[i]);
	}
	for (unsigned int i = 0; i < 4000; i++)
		check_random(&tally);
	print_message("%u certain, %u depend, %u packets, %u hidden rules\n", tally.certain,
		      tally.unsure, tally.fitted, tally.hidden);
	assert_int_equal(tally.wrong, 0);
	assert_true(tally.certain > 10000 && tally.fitted > 50000 && tally.hidden > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),  cmocka_unit_test(test_why),
		cmocka_unit_test(test_tests),  cmocka_unit_test(test_steps),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
