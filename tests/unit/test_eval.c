/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reference walk: presence of fields, families, prologue, places. */
#include "tests/unit/ruleset.h"

#include "compiler/ir/eval.h"

#define HEAD "interface eth0\ndefault drop\n"
#define OPEN "interface eth0\ndefault allow\n"

struct verdict_case {
	const char *name;
	const char *rules;
	const char *packet;
	bool allow;
};

/* clang-format off */
static const struct verdict_case verdicts[] = {
	{ "default drop", HEAD, "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "default allow", OPEN, "tcp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "first rule wins", OPEN "drop tcp dport 22\nallow tcp", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "below the range", OPEN "drop tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:21", true },
	{ "first of it", OPEN "drop tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "last of it", OPEN "drop tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:25", false },
	{ "above it", OPEN "drop tcp dport 22-25", "tcp 192.0.2.1:1 > 192.0.2.2:26", true },
	{ "same port, UDP", OPEN "drop tcp dport 22", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "prefix, first", OPEN "drop src 192.0.2.0/25", "tcp 192.0.2.0:1 > 192.0.3.2:22", false },
	{ "prefix, last", OPEN "drop src 192.0.2.0/25", "tcp 192.0.2.127:1 > 192.0.3.2:22", false },
	{ "prefix, behind", OPEN "drop src 192.0.2.0/25", "tcp 192.0.2.128:1 > 192.0.3.2:22", true },
	{ "high half of IPv6", OPEN "drop src 2001:db8::/33", "tcp [2001:db8:8000::1]:1 > [2001:db8::2]:22", true },
	{ "IPv6 prefix", OPEN "drop src 2001:db8::/33", "tcp [2001:db8:7fff::1]:1 > [2001:db8::2]:22", false },
	{ "an IPv4 rule and the same bits in IPv6", OPEN "drop src 192.0.2.1", "tcp [::c000:201]:1 > [2001:db8::2]:22", true },
	{ "not leaves the other family alone", OPEN "drop not src 192.0.2.1", "tcp [2001:db8::1]:1 > [2001:db8::2]:22", true },
	{ "not in its own family", OPEN "drop not src 192.0.2.1", "tcp 192.0.2.2:1 > 192.0.2.3:22", false },
	{ "not a set keeps both families", OPEN "set s addr { 192.0.2.1 }\ndrop not src @s", "tcp [2001:db8::1]:1 > [2001:db8::2]:22", false },
	{ "in a set", OPEN "set s addr { 192.0.2.0/24, 2001:db8::/32 }\ndrop src @s", "tcp [2001:db8::1]:1 > [2001:db9::2]:22", false },
	{ "not in a set", OPEN "set s addr { 192.0.2.0/24, 2001:db8::/32 }\ndrop src @s", "tcp 192.0.3.1:1 > 192.0.2.2:22", true },
	{ "mixed list pairs families", OPEN "drop src 192.0.2.1,2001:db8::1 dst 192.0.2.2", "tcp [2001:db8::1]:1 > [2001:db8::2]:22", true },
	{ "the other family's atom with the same bits", OPEN "drop src 192.0.2.1,2001:db8::1", "tcp [::c000:201]:1 > [2001:db8::2]:22", true },
	{ "plain and negated", OPEN "drop src 10.0.0.0/8 not src 10.1.0.0/16", "tcp 10.1.0.1:1 > 192.0.2.2:22", true },
	{ "plain and not negated", OPEN "drop src 10.0.0.0/8 not src 10.1.0.0/16", "tcp 10.2.0.1:1 > 192.0.2.2:22", false },
	{ "a later fragment has a protocol", OPEN "drop tcp", "tcp 192.0.2.1:0 > 192.0.2.2:0 frag later", false },
	{ "a later fragment has no port", OPEN "drop tcp dport 0", "tcp 192.0.2.1:0 > 192.0.2.2:0 frag later", true },
	{ "nor another port", OPEN "drop tcp not dport 22", "tcp 192.0.2.1:0 > 192.0.2.2:0 frag later", true },
	{ "a first fragment has one", OPEN "drop tcp dport 22", "tcp 192.0.2.1:1 > 192.0.2.2:22 frag first", false },
	{ "frag any, first", OPEN "drop frag any", "udp 192.0.2.1:1 > 192.0.2.2:22 frag first", false },
	{ "frag any, whole", OPEN "drop frag any", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "frag no, whole", OPEN "drop frag no", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "syn", OPEN "drop tcp syn", "tcp 192.0.2.1:1 > 192.0.2.2:22 syn", false },
	{ "syn and ack", OPEN "drop tcp syn", "tcp 192.0.2.1:1 > 192.0.2.2:22 flags syn,ack", true },
	{ "null scan", OPEN "drop tcp flags none/all", "tcp 192.0.2.1:1 > 192.0.2.2:22 flags none", false },
	{ "flags set, others free", OPEN "drop tcp flags syn,fin", "tcp 192.0.2.1:1 > 192.0.2.2:22 flags syn,fin,psh", false },
	{ "one flag missing", OPEN "drop tcp flags syn,fin", "tcp 192.0.2.1:1 > 192.0.2.2:22 flags syn,psh", true },
	{ "flags are TCP's", OPEN "drop tcp flags none/all", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "icmp type", OPEN "drop icmp type 8", "icmp 192.0.2.1 > 192.0.2.2 type 8", false },
	{ "another type", OPEN "drop icmp type 8", "icmp 192.0.2.1 > 192.0.2.2 type 0", true },
	{ "icmp is IPv4", OPEN "drop icmp", "proto 1 2001:db8::1 > 2001:db8::2", true },
	{ "icmp6 is IPv6", OPEN "drop icmp6", "proto 58 192.0.2.1 > 192.0.2.2", true },
	{ "icmp6 type", OPEN "drop icmp6 type 128", "icmp6 2001:db8::1 > 2001:db8::2 type 128", false },
	{ "ip6", OPEN "drop ip6", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "a rule without ether sees IP only", "interface eth0\ndefault allow\ndrop vlan 0", "ether 0x88cc", true },
	{ "ether", OPEN "drop ether 0x88cc", "ether 0x88cc", false },
	{ "another ethertype", OPEN "drop ether 0x88cc", "ether 0x88cd", true },
	{ "vlan 0 is untagged", OPEN "drop vlan 0", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "not vlan", OPEN "drop not vlan 20", "udp 192.0.2.1:1 > 192.0.2.2:22 vlan 20", true },
	{ "MAC", OPEN "drop smac 02:00:00:00:00:01", "udp 192.0.2.1:1 > 192.0.2.2:22 smac 02:00:00:00:00:01", false },
	{ "on", "interface eth0,eth1\ndefault allow\ndrop on eth1", "udp 192.0.2.1:1 > 192.0.2.2:22 on eth0", true },
	{ "on it", "interface eth0,eth1\ndefault allow\ndrop on eth1", "udp 192.0.2.1:1 > 192.0.2.2:22 on eth1", false },
	{ "length", OPEN "drop len 64-128", "udp 192.0.2.1:1 > 192.0.2.2:22 len 128", false },
	{ "malformed", OPEN, "udp 192.0.2.1:1 > 192.0.2.2:22 malformed", false },
	{ "malformed pass", HEAD "option malformed pass\ndrop", "udp 192.0.2.1:1 > 192.0.2.2:22 malformed", true },
	{ "spoofed", OPEN, "udp 192.0.2.1:1 > 192.0.2.2:22 spoofed", false },
	{ "antispoof off", OPEN "option antispoof off", "udp 192.0.2.1:1 > 192.0.2.2:22 spoofed", true },
	{ "essential", HEAD "drop", "udp 192.0.2.1:67 > 192.0.2.2:68 essential", true },
	{ "essential off", HEAD "essential off", "udp 192.0.2.1:67 > 192.0.2.2:68 essential", false },
	{ "malformed before essential", OPEN, "udp 192.0.2.1:67 > 192.0.2.2:68 essential malformed", false },
	{ "option fragments drop, first", OPEN "option fragments drop\nallow udp", "udp 192.0.2.1:1 > 192.0.2.2:22 frag first", false },
	{ "option fragments pass, first", HEAD "option fragments pass", "udp 192.0.2.1:1 > 192.0.2.2:22 frag first", false },
	{ "option fragments pass, later", HEAD "option fragments pass\ndrop", "udp 192.0.2.1:1 > 192.0.2.2:22 frag later", true },
	{ "count goes on", OPEN "count udp\ndrop udp", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "disabled", OPEN "drop udp disabled", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "chain", OPEN "chain c { drop udp }\njump c", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "chain not entered", OPEN "chain c { drop udp }\njump c src 192.0.2.9", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "the end of a chain returns", HEAD "chain c { drop tcp }\njump c\nallow udp", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "return", OPEN "chain c { return udp; drop }\njump c\nallow udp", "udp 192.0.2.1:1 > 192.0.2.2:22", true },
	{ "return of another", OPEN "chain c { return tcp; drop }\njump c\nallow udp", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
	{ "return leaves one chain only", OPEN "chain a { return; drop }\nchain b { jump a; drop udp }\njump b", "udp 192.0.2.1:1 > 192.0.2.2:22", false },
};

struct answer_case {
	const char *name;
	const char *rules;
	const char *packet;
	uint32_t from;
	enum answer_stage stage;
	uint32_t place;
};

#define TWICE OPEN "chain c { count udp; drop tcp }\njump c src 192.0.2.9\njump c\ncount\nallow udp"

static const struct answer_case answers[] = {
	{ "malformed", OPEN, "udp 192.0.2.1:1 > 192.0.2.2:22 malformed", 0, ANSWER_MALFORMED, 0 },
	{ "essential", OPEN, "udp 192.0.2.1:1 > 192.0.2.2:22 essential", 0, ANSWER_ESSENTIAL, 0 },
	{ "fragments", OPEN "option fragments drop\ncount", "udp 192.0.2.1:1 > 192.0.2.2:22 frag first", 0, ANSWER_FRAGMENTS, 0 },
	{ "resumed behind fragments", OPEN "option fragments drop\ncount\ndrop", "udp 192.0.2.1:1 > 192.0.2.2:22 frag first", 1, ANSWER_RULE, 1 },
	{ "default", OPEN "drop tcp", "udp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_DEFAULT, 0 },
	{ "first place", OPEN "drop udp", "udp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_RULE, 0 },
	{ "a disabled rule has none", OPEN "drop tcp disabled\ndrop udp", "udp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_RULE, 0 },
	{ "nor has a disabled jump or its chain", OPEN "chain c { drop tcp }\njump c disabled\ndrop udp", "udp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_RULE, 0 },
	{ "a jump and its chain have places", OPEN "chain c { drop tcp; return tcp }\njump c\ndrop udp", "udp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_RULE, 3 },
	{ "a chain used twice has its places twice", TWICE, "udp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_RULE, 4 },
	{ "its first use", TWICE, "udp 192.0.2.9:1 > 192.0.2.2:22", 0, ANSWER_RULE, 1 },
	{ "its second use, resumed", TWICE, "udp 192.0.2.9:1 > 192.0.2.2:22", 2, ANSWER_RULE, 4 },
	{ "behind both", TWICE, "udp 192.0.2.9:1 > 192.0.2.2:22", 5, ANSWER_RULE, 6 },
	{ "behind the count", TWICE, "udp 192.0.2.9:1 > 192.0.2.2:22", 7, ANSWER_RULE, 7 },
	{ "drop in the second use", TWICE, "tcp 192.0.2.1:1 > 192.0.2.2:22", 0, ANSWER_RULE, 5 },
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void test_verdicts(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(verdicts); i++) {
		struct loaded loaded = load_text(verdicts[i].rules, NULL);
		struct pkt pkt = read_packet(&loaded, verdicts[i].packet);

		if (eval_packet(loaded.rs, &pkt, false).allow != verdicts[i].allow) {
			print_message("%s: not %s\n", verdicts[i].name,
				      verdicts[i].allow ? "allowed" : "dropped");
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
}

static void test_answers(void **state)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < COUNT(answers); i++) {
		const struct answer_case *c = &answers[i];
		struct loaded loaded = load_text(c->rules, NULL);
		struct pkt pkt = read_packet(&loaded, c->packet);
		struct eval_result result;
		uint32_t answer;

		pkt.from = c->from;
		result = eval_packet(loaded.rs, &pkt, true);
		answer = eval_answer(&result);
		if (answer != ANSWER(c->stage, c->place)) {
			print_message("%s: stage %u place %u\n", c->name, ANSWER_STAGE(answer),
				      ANSWER_PLACE(answer));
			failed++;
		}
		arena_free(loaded.arena);
	}
	assert_int_equal(failed, 0);
}

static void test_places(void **state)
{
	struct loaded loaded = load_text(TWICE, NULL);
	struct buf deep = { .arena = loaded.arena };
	struct loaded nested;

	assert_int_equal(eval_places(loaded.rs), 8);
	/* Each level has two jumps and twice the places of the one below. */
	buf_puts(&deep, OPEN "chain c0 { drop tcp }\n");
	for (int i = 1; i <= 16; i++)
		buf_printf(&deep, "chain c%d { jump c%d; jump c%d }\n", i, i - 1, i - 1);
	buf_puts(&deep, "jump c16\n");
	nested = load_text(buf_text(&deep), NULL);
	assert_int_equal(eval_places(nested.rs), 3 * 65536 - 2 + 1);
	arena_free(nested.arena);
	arena_free(loaded.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
