/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Warnings over a whole ruleset: which code on which line, the words of some, and the time. */
#include "tests/unit/ruleset.h"

#include <time.h>

#include "compiler/ir/lint.h"

#define HEAD         "version 1\ninterface eth0\n"
#define DROP         HEAD "default drop\n"
#define OPEN         HEAD "default allow\n"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct lint_case {
	const char *name;
	const char *code; /* only warnings of this code count */
	const char *rules;
	const char *lines; /* of the warnings, in order: "5 7"; "": none */
};

/* clang-format off */
static const struct lint_case cases[] = {
	{ "inside a range", "W201", DROP "allow udp dport 400-500\nallow udp dport 443", "5" },
	{ "on its edges", "W201", DROP "allow udp dport 400-500\nallow udp dport 400,500", "5" },
	{ "beyond it", "W201", DROP "allow udp dport 400-500\nallow udp dport 500-501", "" },
	{ "no address is left", "W201", DROP "allow src 192.0.2.1 not src 192.0.2.0/24", "4" },
	{ "one address is left", "W201", DROP "allow src 192.0.2.0-192.0.3.0 not src 192.0.2.0/24", "" },
	{ "no port is left", "W201", DROP "allow tcp not dport 0-65535", "4" },
	{ "an ethertype without the protocol", "W201", DROP "allow ether 0x86dd src 192.0.2.1", "4" },
	{ "an empty set may be filled", "W201", DROP "set s addr\nallow src @s", "" },
	{ "an interface may appear", "W201", DROP "interface \"zz*\"\nallow on \"zz*\"", "" },
	{ "not on one that may appear", "W201", DROP "interface \"*\"\nallow tcp not on \"zz*\"\nallow tcp dport 80", "" },
	{ "others of the glob may appear", "W201", DROP "interface \"*\"\nallow tcp on \"et*0\"\nallow tcp on \"e*\"", "" },
	{ "a union that is all for now", "W201", DROP "interface \"*\"\nallow ip4 not on \"zz*\"\nallow ip6 not on \"zz*\"\nallow tcp", "" },
	{ "a glob in what is hidden", "W201", DROP "interface \"*\"\nallow tcp\nallow tcp dport 80 on \"zz*\"", "6" },
	{ "the same with a negated glob", "W201", DROP "interface \"*\"\nallow tcp\nallow tcp dport 80 not on \"eth*\"", "6" },
	{ "the next one may not see it", "W202", DROP "interface \"*\"\nallow tcp dport 80\nallow tcp not on \"zz*\"", "" },
	{ "another protocol", "W201", DROP "allow udp dport 443\nallow tcp dport 443", "" },
	{ "a prefix in a prefix", "W201", DROP "drop src 192.0.2.0/24\nallow tcp dport 22 src 192.0.2.7", "5" },
	{ "the wider one second", "W201", DROP "allow tcp dport 22 src 192.0.2.7\ndrop src 192.0.2.0/24", "" },
	{ "an IPv6 prefix", "W201", DROP "drop src 2001:db8::/32\nallow src 2001:db8:1::/48,2001:db8:2::1", "5" },
	{ "one of two sources only", "W201", DROP "drop src 192.0.2.0/24\nallow src 192.0.2.1,198.51.100.1", "" },
	{ "one family only", "W201", DROP "drop ip4 tcp dport 22\nallow tcp dport 22", "" },
	{ "every address of one family", "W201", DROP "drop src 0.0.0.0/0\nallow ip4 tcp dport 22", "5" },
	{ "a union", "W201", DROP "drop tcp dport 0-1023\ndrop tcp dport 1024-65535\nallow tcp syn", "6" },
	{ "a union without the later fragments", "W201", DROP "drop tcp dport 0-1023\ndrop tcp dport 1024-65535\nallow tcp", "" },
	{ "and with them", "W201", DROP "drop tcp dport 0-1023\ndrop frag later\ndrop tcp dport 1024-65535\nallow tcp", "7" },
	{ "a union but for one port", "W201", DROP "drop tcp dport 0-1022\ndrop tcp dport 1024-65535\nallow tcp syn", "" },
	{ "a union of two families", "W201", DROP "drop ip4 udp dport 53\nallow ip6 udp dport 53\ndrop udp dport 53", "6" },
	{ "a union of prefixes", "W201", DROP "drop src 10.0.0.0/9\nallow src 10.128.0.0/9\ndrop tcp src 10.0.0.0/8", "6" },
	{ "a union with a set", "W201", DROP "set s addr { 10.128.0.0/9 }\ndrop src 10.0.0.0/9\nallow src @s\ndrop tcp src 10.0.0.0/8", "" },
	{ "a union around a set", "W201", DROP "set s addr { 10.1.1.1 }\ndrop tcp dport 0-1023\ndrop tcp dport 1024-65535\nallow tcp syn src @s", "7" },
	{ "a union with essential", "W201", DROP "drop udp sport 67 dport 68 frag first\nallow ip4 udp sport 67 dport 68", "5" },
	{ "a union in a chain", "W201", DROP "chain c { allow tcp dport 0-99; allow tcp dport 100-65535 }\njump c\ndrop tcp syn", "6" },
	{ "a union that a return leaves", "W201", DROP "chain c { return src 10.0.0.1; allow tcp dport 0-99; allow tcp dport 100-65535 }\njump c\ndrop tcp syn", "" },
	{ "a union that a return may leave", "W201", DROP "set s addr { 10.0.0.1 }\nchain c { return src @s; allow tcp dport 0-99; allow tcp dport 100-65535 }\njump c\ndrop tcp syn", "" },
	{ "a union behind a jump that may be taken", "W201", DROP "set s addr { 10.0.0.1 }\nchain c { drop tcp syn }\ndrop tcp dport 0-99\njump c src @s\ndrop tcp dport 100-65535", "" },
	{ "a jump that no packet takes", "W201", DROP "chain c { allow tcp dport 22; allow udp }\njump c tcp", "" },
	{ "a list that joins", "W201", DROP "drop tcp dport 0-1023,1024-2047\nallow tcp dport 1000-1100", "5" },
	{ "ranges of many blocks", "W201", DROP "drop src 10.0.0.1-10.255.255.254\nallow src 10.0.0.1", "5" },
	{ "in a block of the middle", "W201", DROP "drop src 10.0.0.1-10.255.255.254\nallow src 10.200.0.0/16", "5" },
	{ "and just outside", "W201", DROP "drop src 10.0.0.1-10.255.255.254\nallow src 10.0.0.0", "" },
	{ "by destination", "W201", DROP "drop dst 10.0.0.0/8\nallow dst 10.1.1.1 tcp", "5" },
	{ "by source port", "W201", DROP "drop udp sport 53\nallow udp sport 53 dport 1000", "5" },
	{ "by not", "W201", DROP "drop not tcp\nallow udp dport 53", "5" },
	{ "not inside not", "W201", DROP "drop not src 10.0.0.0/8\nallow not src 10.0.0.0/7", "5" },
	{ "not outside not", "W201", DROP "drop not src 10.0.0.0/7\nallow not src 10.0.0.0/8", "" },
	{ "everything", "W201", DROP "drop\nallow tcp\ncount udp", "5 6" },
	{ "an identical rule", "W201", DROP "allow tcp dport 22\nallow tcp dport 22", "5" },
	{ "a later fragment has no port", "W201", DROP "drop tcp dport 0-65535\nallow tcp", "" },
	{ "flags", "W201", DROP "drop tcp flags syn/syn,ack\nallow tcp syn", "5" },
	{ "a set may change", "W201", DROP "set s addr { 192.0.2.0/24 }\ndrop src @s\nallow src 192.0.2.1", "" },
	{ "also behind a not", "W201", DROP "set s addr { 192.0.2.1 }\ndrop not src @s\nallow src 198.51.100.1", "" },
	{ "so may what it holds", "W201", DROP "set s addr { 192.0.2.1 }\ndrop src 192.0.2.0/24\nallow src @s", "" },
	{ "a set in a covered rule", "W201", DROP "set s addr { 192.0.2.1 }\ndrop tcp\nallow tcp src @s", "6" },
	{ "when may not hold", "W201", DROP "drop tcp when \"mon 00:00-12:00\"\nallow tcp dport 22", "" },
	{ "until may pass", "W201", DROP "drop tcp until 2036-12-31\nallow tcp dport 22", "" },
	{ "a limit lets through", "W201", DROP "rate-limit 5/s tcp\nallow tcp dport 22", "" },
	{ "a rate decides", "W201", DROP "allow tcp rate 5/s\nallow tcp dport 22", "5" },
	{ "disabled covers nothing", "W201", DROP "drop tcp disabled\nallow tcp dport 22", "" },
	{ "and is not blamed", "W201", DROP "drop tcp\nallow tcp dport 22 disabled", "" },
	{ "count covers nothing", "W201", DROP "count tcp\nallow tcp dport 22", "" },
	{ "the same chain", "W201", DROP "chain c { drop tcp\nallow tcp dport 22 }\njump c", "5" },
	{ "before the only jump", "W201", DROP "chain c { allow tcp dport 22 }\ndrop tcp\njump c", "4" },
	{ "behind the jump", "W201", DROP "chain c { allow tcp dport 22 }\njump c\ndrop tcp", "" },
	{ "a second jump", "W201", DROP "chain c { allow tcp dport 22 }\njump c src 192.0.2.1\ndrop tcp\njump c", "" },
	{ "the jump itself", "W201", DROP "chain c { allow tcp dport 22 }\ndrop tcp\njump c tcp dport 22", "4 6" },
	{ "a return goes round", "W201", DROP "chain c { return src 192.0.2.1; drop tcp }\njump c\nallow tcp", "" },
	{ "a chain inside a chain", "W201", DROP "chain b { allow tcp dport 22 }\nchain a { jump b }\ndrop tcp\njump a", "4" },
	{ "essential", "W201", DROP "drop icmp6 type packet-too-big", "" },
	{ "essential, whole packets only", "W201", DROP "drop icmp6 type packet-too-big frag no", "4" },
	{ "essential off", "W201", DROP "essential off\ndrop icmp6 type packet-too-big frag no", "" },
	{ "option fragments", "W201", DROP "option fragments drop\nallow udp frag later", "5" },
	{ "option fragments pass", "W201", DROP "option fragments pass\nallow udp frag first", "" },
	{ "on the only interface", "W201", DROP "drop tcp on eth0\nallow tcp dport 22", "5" },

	{ "inside the next", "W202", DROP "allow tcp dport 22\nallow tcp dport 20-30", "4" },
	{ "not inside", "W202", DROP "allow tcp dport 22\nallow tcp dport 23-30", "" },
	{ "another verdict", "W202", DROP "drop tcp dport 22\nallow tcp dport 20-30", "" },
	{ "another rule between", "W202", DROP "allow tcp dport 22\ndrop udp\nallow tcp dport 20-30", "" },
	{ "a disabled one between", "W202", DROP "allow tcp dport 22\ndrop tcp disabled\nallow tcp dport 20-30", "4" },
	{ "it reports", "W202", DROP "drop tcp dport 22 log\ndrop tcp dport 20-30", "" },
	{ "said once", "W202", DROP "allow tcp dport 22\nallow tcp dport 22", "" },
	{ "the next may not hold", "W202", DROP "allow tcp dport 22\nallow tcp until 2036-12-31", "" },

	{ "default drop", "W203", DROP "allow tcp dport 22", "3" },
	{ "default allow", "W203", OPEN "drop tcp dport 22", "" },
	{ "established in a chain", "W203", DROP "chain c { allow established }\njump c", "" },
	{ "not established", "W203", DROP "allow not established", "3" },

	{ "allow under drop", "W205", DROP "allow tcp\nallow udp dport 53\nallow udp dport 99", "5" },
	{ "drop under allow", "W205", OPEN "drop udp sport 53", "4" },
	{ "several protocols", "W205", DROP "allow proto tcp,udp dport 53", "4" },
	{ "tcp only", "W205", DROP "allow tcp dport 53", "" },
	{ "no port", "W205", DROP "allow udp", "" },
	{ "the option", "W205", DROP "option fragments l3\nallow udp dport 53", "" },
	{ "a frag rule", "W205", DROP "drop frag later\nallow udp dport 53", "" },
	{ "a tunnel", "W205", DROP "allow udp dport 500,4500", "" },
	{ "a tunnel and more", "W205", DROP "allow udp dport 53,500", "4" },

	{ "ssh for all", "W206", DROP "allow tcp dport 22", "4" },
	{ "in a range", "W206", DROP "allow tcp dport 1-1024", "4" },
	{ "all of tcp", "W206", DROP "allow tcp", "4" },
	{ "every address said", "W206", DROP "allow tcp dport 22 src 0.0.0.0/0", "4" },
	{ "from somewhere", "W206", DROP "allow tcp dport 22 src 192.0.2.0/24", "" },
	{ "on an interface", "W206", DROP "allow tcp dport 22 on eth0", "" },
	{ "web", "W206", DROP "allow tcp dport 80,443", "" },
	{ "snmp", "W206", DROP "allow udp dport 161", "4" },
	{ "established", "W206", DROP "allow established\nallow tcp established", "" },
	{ "default allow", "W206", OPEN "allow tcp dport 22", "" },
	{ "behind a limit", "W206", DROP "syn-limit 6/m per src tcp dport 22\nallow tcp dport 22", "" },
	{ "before the limit", "W206", DROP "allow tcp dport 22\nsyn-limit 6/m per src tcp dport 22", "4" },
	{ "behind a limit that only counts", "W206", DROP "syn-limit 6/m per src tcp dport 22 exceed count\nallow tcp dport 22", "5" },
	{ "allow with a rate", "W206", DROP "allow tcp dport 22 rate 6/m", "" },
	{ "a rate that only counts", "W206", DROP "allow tcp dport 22 rate 6/m exceed count", "4" },
	{ "the excess of a limit", "W206", DROP "syn-limit 6/m per src tcp dport 22 exceed allow", "4" },
	{ "behind a limit for all", "W206", DROP "syn-limit 6/m tcp dport 22\nallow tcp dport 22", "5" },
	{ "in a chain for some", "W206", DROP "chain c { allow tcp dport 22 }\njump c src 192.0.2.1", "" },
	{ "in a chain of that chain", "W206", DROP "chain b { allow tcp dport 22 }\nchain a { jump b }\njump a src 192.0.2.1", "" },
	{ "behind a limit per target", "W206", DROP "syn-limit 6/m per dst tcp dport 22\nallow tcp dport 22", "5" },
	{ "IPv6 alone", "W206", DROP "allow ip6 tcp dport 22", "4" },
	{ "disabled", "W206", DROP "allow tcp dport 22 disabled", "" },
	{ "in a chain for all", "W206", DROP "chain c { allow tcp dport 22 }\njump c tcp", "4" },

	{ "a limit behind a CDN", "W207", DROP "set cdn addr { 192.0.2.1 }\nrate-limit 5/s per src tcp src @cdn", "5" },
	{ "told by the comment", "W207", DROP "set x addr comment \"our proxies\" { 192.0.2.1 }\nrate-limit 5/s per src tcp src @x", "5" },
	{ "no key", "W207", DROP "set cdn addr { 192.0.2.1 }\nrate-limit 5/s tcp src @cdn", "" },

	{ "on both lists", "W208", DROP "allowlist { 192.0.2.0/24 }\nblacklist { 192.0.2.7, 198.51.100.1 }", "5" },
	{ "wider on the blacklist", "W208", DROP "allowlist { 192.0.2.7 }\nblacklist { 192.0.2.0/24 }", "" },
	{ "its first address only", "W208", DROP "allowlist { 192.0.2.0 }\nblacklist { 192.0.2.0/24 }", "" },
	{ "IPv6", "W208", DROP "blacklist { 2001:db8::1 }\nallowlist { 2001:db8::/32 }", "4" },

	{ "past", "W209", DROP "allow tcp until 2020-01-01T00:00Z\nallow udp until 2036-01-01T00:00Z", "4" },

	{ "a drop for IPv4", "W211", OPEN "drop src 192.0.2.0/24\ndrop src 198.51.100.0/24", "4" },
	{ "and its counterpart", "W211", OPEN "drop src 192.0.2.0/24\ndrop src 2001:db8::/32", "" },
	{ "of another port", "W211", OPEN "drop tcp dport 22 src 192.0.2.0/24\ndrop tcp dport 23 src 2001:db8::/32", "4" },
	{ "of other ports", "W211", OPEN "drop tcp dport 20-30 src 192.0.2.0/24\ndrop tcp dport 21-30 src 2001:db8::/32", "4" },
	{ "ip4 not is meant", "W211", OPEN "drop ip4 not src 192.0.2.0/24", "" },
	{ "a mixed list", "W211", OPEN "drop src 192.0.2.0/24,2001:db8::/32", "" },
	{ "ip4 is meant", "W211", OPEN "drop ip4 src 192.0.2.0/24", "" },
	{ "an allow is no surprise", "W211", DROP "allow tcp src 192.0.2.0/24", "" },
	{ "but for icmp", "W211", DROP "allow icmp type echo-request", "4" },
	{ "both icmps", "W211", DROP "allow icmp type echo-request\nallow icmp6", "" },
	{ "not, always", "W211", OPEN "drop not src 192.0.2.0/24\ndrop not src 2001:db8::/32", "4 5" },
	{ "not multicast", "W211", OPEN "drop len 0-20 not dst 224.0.0.0/4", "" },
	{ "not IPv6 multicast", "W211", OPEN "drop len 0-20 not dst ff02::/16", "" },
	{ "not class E", "W211", OPEN "drop len 0-20 not dst 240.0.0.0/4", "4" },
	{ "disabled", "W211", OPEN "drop src 192.0.2.0/24 disabled", "" },

	{ "a ban that can be forged", "W212", DROP "syn-limit 5/s per src tcp exceed blacklist for 1m", "4" },
	{ "verified", "W212", DROP "syn-limit 5/s per src tcp exceed blacklist verified for 1m", "" },
	{ "connections are real", "W212", DROP "conn-limit 5 per src tcp exceed blacklist for 1m", "" },
	{ "drop", "W212", DROP "syn-limit 5/s per src tcp exceed drop", "" },
};
/* clang-format on */

static const struct env env_2026 = { .io = &io_none, .now = 1795000000 };

static bool case_holds(const struct lint_case *c)
{
	struct loaded loaded = load_text(c->rules, &env_2026);
	struct buf lines = { .arena = loaded.arena };
	bool good;

	loaded.ds->list.len = 0;
	lint_ruleset(loaded.ds, loaded.rs, &loaded.env);
	diag_sort(loaded.ds);
	vec_for_each(diag, &loaded.ds->list)
		if (strcmp(diag_code_name(diag->code), c->code) == 0)
			buf_printf(&lines, "%s%u", lines.len ? " " : "",
				   diag_position(loaded.ds, diag->span).line);
	good = strcmp(lines.len ? buf_text(&lines) : "", c->lines) == 0;
	if (!good) {
		print_message("%s %s: '%s'\n", c->code, c->name, lines.len ? buf_text(&lines) : "");
		print_diags(loaded.ds);
	}
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

struct text_case {
	const char *code;
	const char *rules;
	const char *message, *help;
};

/* clang-format off */
static const struct text_case texts[] = {
	{ "W201", DROP "allow udp dport 400-500 name udp-low\nallow udp dport 443 name quic",
	  "rule 'quic' can never match: 'udp-low' (line 4) already allows udp dport 400-500",
	  "example: udp src 192.0.2.1 dport 443 is decided by 'udp-low'" },
	{ "W201", DROP "drop src 192.0.2.0/24\nallow tcp syn dport 22 src 192.0.2.0/25",
	  "this rule can never match: the rule at line 4 already drops src 192.0.2.0/24",
	  "example: tcp syn dport 22 src 192.0.2.1 is decided by the rule at line 4" },
	{ "W201", DROP "drop ip6\nallow icmp6 type echo-request",
	  "this rule can never match: the rule at line 4 already drops ip6",
	  "example: icmp6 src 2001:db8::1 type echo-request is decided by the rule at line 4" },
	{ "W201", DROP "drop\nallow not tcp not src 0.0.0.0-9.255.255.255 frag later",
	  "this rule can never match: the rule at line 4 already drops everything",
	  "example: proto udp src 10.0.0.1 frag later is decided by the rule at line 4" },
	{ "W201", DROP "drop tcp name first\ndrop tcp dport 22 name second\nallow tcp dport 22 name third",
	  "rule 'third' can never match: 'first' (line 4) already drops tcp",
	  "example: tcp src 192.0.2.1 dport 22 is decided by 'first'" },
	{ "W211", OPEN "drop src 192.0.2.0/24\ndrop src 198.51.100.0/24",
	  "IPv4 only: 2 rules have no IPv6 counterpart",
	  "add the same for IPv6, or write 'ip4' where IPv4 alone is meant" },
	{ "W206", DROP "allow tcp dport 22 name ssh",
	  "rule 'ssh' opens port 22 (ssh) to every address",
	  "name who may: 'src ADDRESS', or put a limit 'per src' before it" },
	{ "W208", DROP "allowlist { 192.0.2.0/24 comment \"office\" }\nblacklist { 192.0.2.0/24 }",
	  "192.0.2.0/24 is on the allowlist (office): the allowlist wins, the entry has no effect",
	  NULL },
};
/* clang-format on */

static bool same_warnings(const struct diags *a, const struct diags *b)
{
	bool same = a->list.len == b->list.len;

	for (uint32_t i = 0; i < a->list.len && same; i++)
		same = strcmp(a->list.data[i].message, b->list.data[i].message) == 0;
	return same;
}

static uint32_t count_hidden(const struct diags *ds)
{
	uint32_t n = 0;

	vec_for_each(diag, &ds->list)
		n += diag->code == W201 || diag->code == W202;
	return n;
}

/* Asked about its own warnings it says the same again; about none, nothing of W201 and W202. */
static void test_again(void **state)
{
	unsigned int failed = 0, hidden = 0;

	for (unsigned int i = 0; i < COUNT(cases); i++) {
		struct loaded loaded = load_text(cases[i].rules, &env_2026);
		struct diags *all = diags_new(loaded.arena), *again = diags_new(loaded.arena);
		struct diags *none = diags_new(loaded.arena), *other = diags_new(loaded.arena);

		/* Spans of both are read in their sources. */
		memcpy(&all->sources, &loaded.ds->sources, sizeof(all->sources));
		memcpy(&again->sources, &loaded.ds->sources, sizeof(all->sources));
		memcpy(&other->sources, &loaded.ds->sources, sizeof(all->sources));
		for (uint32_t k = 0; k < loaded.rs->rules.len; k++)
			loaded.rs->rules.data[k].id = k + 1;
		lint_ruleset(all, loaded.rs, &loaded.env);
		lint_again(again, loaded.rs, &loaded.env, all);
		lint_again(other, loaded.rs, &loaded.env, none);
		hidden += count_hidden(all);
		if (!same_warnings(all, again) || count_hidden(other)) {
			print_message("%s: %u warnings, then %u, and %u of none\n", cases[i].name,
				      all->list.len, again->list.len, count_hidden(other));
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
	assert_true(hidden > 20);
}

static void test_texts(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(texts); i++) {
		const struct text_case *c = &texts[i];
		struct loaded loaded = load_text(c->rules, &env_2026);
		const struct diag *found = NULL;

		loaded.ds->list.len = 0;
		lint_ruleset(loaded.ds, loaded.rs, &loaded.env);
		vec_for_each(diag, &loaded.ds->list)
			if (strcmp(diag_code_name(diag->code), c->code) == 0)
				found = diag;
		if (!found || strcmp(found->message, c->message) != 0 ||
		    strcmp(found->help ? found->help : "", c->help ? c->help : "") != 0) {
			print_message("%s\n%s: %s\n%s\n", c->rules, c->code,
				      found ? found->message : "nothing",
				      found && found->help ? found->help : "");
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
}

struct session_case {
	const char *name;
	const char *rules;
	const char *message; /* NULL: none */
};

/* clang-format off */
static const struct session_case sessions[] = {
	{ "let in", DROP "allow tcp dport 22 src 192.0.2.0/24", NULL },
	{ "not let in", DROP "allow tcp dport 22 src 198.51.100.0/24",
	  "this ssh session (192.0.2.7:50122 -> 203.0.113.10:22) would be dropped by 'default drop'" },
	{ "dropped by a rule", OPEN "drop src 192.0.2.7 name mine",
	  "this ssh session (192.0.2.7:50122 -> 203.0.113.10:22) would be dropped by 'mine'" },
	{ "established is not enough", DROP "allow established",
	  "this ssh session (192.0.2.7:50122 -> 203.0.113.10:22) would be dropped by 'default drop'" },
	{ "at some hours", DROP "allow tcp dport 22 when \"mon 00:00-12:00\" name early",
	  "this ssh session (192.0.2.7:50122 -> 203.0.113.10:22) might be dropped by 'early'" },
};
/* clang-format on */

static void test_sessions(void **state)
{
	struct env env = { .io = &io_none };
	unsigned int failed = 0;

	env.session.family = 4;
	env.session.addr = 0xc0000207;
	env.session.local = 0xcb00710a;
	env.session.port = 50122;
	env.session.local_port = 22;
	for (unsigned int i = 0; i < COUNT(sessions); i++) {
		struct loaded loaded = load_text(sessions[i].rules, &env);
		const char *got = NULL;

		lint_ruleset(loaded.ds, loaded.rs, &loaded.env);
		vec_for_each(diag, &loaded.ds->list)
			if (strcmp(diag_code_name(diag->code), "W204") == 0)
				got = diag->message;
		if (strcmp(got ? got : "", sessions[i].message ? sessions[i].message : "") != 0) {
			print_message("%s: %s\n", sessions[i].name, got ? got : "nothing");
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
}

static void test_advice(void **state)
{
	struct loaded loaded = load_text(DROP "allow tcp dport 22", NULL);
	const char *help = NULL;

	lint_ruleset(loaded.ds, loaded.rs, &loaded.env);
	vec_for_each(diag, &loaded.ds->list)
		if (diag->code == W203)
			help = diag->help;
	assert_non_null(help);
	assert_non_null(strstr(help, "add 'allow established'"));
	arena_free(loaded.arena);
}

/* Rules that share a source, a port or nothing: the work stays bounded. */
static void test_time(void **state)
{
	static const char *const shapes[] = {
		"allow tcp dport %u src 10.0.0.0/8\n",
		"drop src 10.%u.0.0/16 len 0-100\n",
		"drop udp len %u\n",
		"drop not src 10.0.0.%u tcp dport 1000-2000,3000-4000\n",
	};

	for (unsigned int shape = 0; shape < COUNT(shapes); shape++) {
		struct arena *arena = arena_new();
		struct buf text = { .arena = arena };
		struct loaded loaded;
		clock_t start;

		buf_puts(&text, DROP);
		for (unsigned int i = 0; i < 10000; i++)
			buf_printf(&text, shapes[shape],
				   i % (shape == 1 || shape == 3 ? 250 : 9000));
		loaded = load_text(buf_text(&text), NULL);
		start = clock();
		lint_ruleset(loaded.ds, loaded.rs, &loaded.env);
		print_message("shape %u: %.0f ms, %u warnings\n", shape,
			      (double)(clock() - start) * 1000 / CLOCKS_PER_SEC,
			      loaded.ds->n_warnings);
		assert_true((double)(clock() - start) / CLOCKS_PER_SEC < 2);
		arena_free(loaded.arena);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),  cmocka_unit_test(test_again),
		cmocka_unit_test(test_texts),  cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_advice), cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
