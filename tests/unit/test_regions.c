/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which packets get another verdict: named pairs of rulesets, and random pairs, in which packets
 * of a region change as it says and packets that change lie in a region. And rules that others
 * hide together never answer.
 */
#include "tests/unit/ruleset.h"

#include "compiler/ir/regions.h"
#include "compiler/ir/unions.h"

#define HEAD         "version 1\ninterface eth0\n"
#define DROP         HEAD "default drop\n"
#define OPEN         HEAD "default allow\n"
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define ROUNDS        150
#define PACKETS       300
#define WORK_OF_ROUND 20000000u

struct region_case {
	const char *name;
	const char *before, *after;
	/* "+" now allowed, "-" now dropped, "~" only a part of it; lines in the order of size */
	const char *regions;
};

/* clang-format off */
static const struct region_case cases[] = {
	{ "nothing", DROP "allow tcp dport 22", DROP "allow tcp dport 22", "" },
	{ "a name", DROP "allow tcp dport 22", DROP "allow tcp dport 22 name ssh", "" },
	{ "one rule more", DROP, DROP "allow tcp dport 22", "+tcp dport 22" },
	{ "one rule less", DROP "allow tcp dport 22", DROP, "-tcp dport 22" },
	{ "wider by one port", DROP "allow tcp dport 22", DROP "allow tcp dport 22-23", "+tcp dport 23" },
	{ "to the last port", DROP "allow udp dport 0-65534", DROP "allow udp dport 0-65535", "+udp dport 65535" },
	{ "narrower by half", DROP "allow ip4 src 10.0.0.0/8", DROP "allow src 10.0.0.0/9", "-src 10.128.0.0/9" },
	{ "split in two", DROP "allow tcp dport 22-23", DROP "allow tcp dport 22\nallow tcp dport 23", "" },
	{ "joined", DROP "allow tcp dport 22\nallow tcp dport 23", DROP "allow tcp dport 22-23", "" },
	{ "another order, one verdict", DROP "allow tcp dport 22\nallow tcp src 192.0.2.1", DROP "allow tcp src 192.0.2.1\nallow tcp dport 22", "" },
	{ "another order, two verdicts", DROP "drop tcp dport 22\nallow src 192.0.2.1", DROP "allow src 192.0.2.1\ndrop tcp dport 22", "+tcp src 192.0.2.1 dport 22" },
	{ "hidden by an earlier rule", DROP "drop tcp", DROP "drop tcp\nallow tcp dport 22", "" },
	{ "hidden in part", DROP "drop src 10.0.0.0/8", DROP "drop src 10.0.0.0/8\nallow ip4 tcp dport 22",
	  "+tcp src 0.0.0.0-9.255.255.255,11.0.0.0-255.255.255.255 dport 22" },
	{ "two parts of one rule", DROP "drop src 10.0.0.0/8 dst 10.0.0.0/8", DROP "drop src 10.0.0.0/8 dst 10.0.0.0/8\nallow ip4 tcp dport 22", "+ip4 tcp dport 22~" },

	{ "disabled", DROP "allow tcp dport 22", DROP "allow tcp dport 22 disabled", "-tcp dport 22" },
	{ "a new set entry", DROP "set s addr { 192.0.2.1 }\nallow src @s", DROP "set s addr { 192.0.2.1, 192.0.2.9 }\nallow src @s", "+src 192.0.2.9" },
	{ "both families", DROP, DROP "allow src 192.0.2.1,2001:db8::1", "+src 192.0.2.1,2001:db8::1" },
	{ "not IP", DROP, DROP "allow ether 0x88cc", "+ether 0x88cc" },
	{ "essential passes anyway", DROP, DROP "allow ether 0x0806", "" },
	{ "essential off", DROP "allow udp\nallow proto icmp,icmp6", DROP "essential off\nallow udp\nallow proto icmp,icmp6", "-ether 0x0806" },
	{ "option fragments", OPEN, OPEN "option fragments drop", "-frag any" },
	{ "spoofed packets meet no rule", OPEN, OPEN "drop src 127.0.0.0/8", "" },
	{ "unless that is off", OPEN "option antispoof off\nessential off", OPEN "option antispoof off\nessential off\ndrop src 127.0.0.0/8", "-src 127.0.0.0/8" },
	{ "a chain's rule", DROP "chain c { drop tcp }\njump c src 10.0.0.0/8\nallow tcp dport 22", DROP "chain c { count tcp }\njump c src 10.0.0.0/8\nallow tcp dport 22", "+tcp src 10.0.0.0/8 dport 22" },
	{ "a jump's match", DROP "chain c { allow tcp dport 22 }\njump c src 10.0.0.0/8", DROP "chain c { allow tcp dport 22 }\njump c src 10.0.0.0/9", "-tcp src 10.128.0.0/9 dport 22" },
	{ "a return", DROP "chain c { allow tcp dport 22 }\njump c", DROP "chain c { return src 10.0.0.0/8; allow tcp dport 22 }\njump c", "-tcp src 10.0.0.0/8 dport 22" },
	{ "count decides nothing", DROP "allow tcp dport 22", DROP "count tcp\nallow tcp dport 22", "" },
	{ "flags", DROP "allow tcp dport 22", DROP "drop tcp syn\nallow tcp dport 22", "-tcp syn dport 22" },
	{ "but for spoofed sources", DROP, DROP "allow ip4 src 0.0.0.0/1 tcp dport 22", "+tcp src 0.0.0.0-126.255.255.255 dport 22" },
	{ "and beside the spoofed ones", DROP, DROP "allow src 126.0.0.0/8 tcp dport 22", "+tcp src 126.0.0.0/8 dport 22" },
	{ "all but spoofed ones", DROP, DROP "allow ip6 tcp dport 22", "+ip6 tcp dport 22" },
	{ "IPv6 whole, IPv4 in part", DROP "drop src 10.0.0.0/8", DROP "drop src 10.0.0.0/8\nallow tcp dport 22", "+tcp src 0.0.0.0-9.255.255.255,11.0.0.0-255.255.255.255,::/0 dport 22" },
	{ "two, the larger first", DROP "allow udp dport 53\nallow tcp dport 80-89", DROP, "-tcp dport 80-89\n-udp dport 53" },
};
/* clang-format on */

/* What is decided before the rules takes small parts out of wide regions. */
static const char *plain(struct arena *arena, const struct region_case *c, const char *text)
{
	bool says = strstr(c->before, "option") || strstr(c->after, "essential") ||
		    strstr(c->name, "essential") || strstr(c->name, "spoofed");

	return says ? text : arena_printf(arena, "%s\nessential off\noption antispoof off\n", text);
}

static struct loaded load_second(const char *text, const struct loaded *first)
{
	struct env env = first->env;

	return load_text(text, &env);
}

static bool settled(const struct ruleset *rs, const struct pkt *pkt)
{
	return pkt->reason != REASON_SPOOF_LAND || !rs->antispoof;
}

static void assert_region(const struct ruleset *before, const struct ruleset *after,
			  const struct region *region, const struct pkt *pkt)
{
	struct eval_result old = eval_packet(before, pkt, false);
	struct eval_result new = eval_packet(after, pkt, false);

	assert_int_equal(old.stage, region->before.stage);
	assert_int_equal(new.stage, region->after.stage);
	assert_int_equal(old.allow, region->before.allow);
	assert_int_equal(new.allow, region->after.allow);
	assert_int_not_equal(old.allow, new.allow);
	if (old.stage == ANSWER_RULE)
		assert_int_equal(old.rule, region->before.rule);
	if (new.stage == ANSWER_RULE)
		assert_int_equal(new.rule, region->after.rule);
}

static void test_cases(void **state)
{
	bool failed = false;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct arena *arena = arena_new();
		struct loaded before = load_text(plain(arena, &cases[i], cases[i].before), NULL);
		struct loaded after = load_second(plain(arena, &cases[i], cases[i].after), &before);
		struct diff diff = diff_rules(arena, before.rs, after.rs);
		struct regions regions =
			regions_find(arena, before.rs, after.rs, &diff, REGIONS_WORK);
		struct buf got = { .arena = arena };

		assert_int_equal(regions.state, REGIONS_WHOLE);
		vec_for_each(region, &regions.list) {
			buf_puts(&got, got.len ? "\n" : "");
			buf_puts(&got, region->after.allow ? "+" : "-");
			region_print(&got, &regions, region, after.rs);
			buf_puts(&got, region_filled(&regions, region) == 1 ? "" : "~");
			assert_region(before.rs, after.rs, region, region->example);
		}
		if (strcmp(buf_text(&got), cases[i].regions)) {
			print_message("%s: got\n%s\nwanted\n%s\n", cases[i].name, buf_text(&got),
				      cases[i].regions);
			failed = true;
		}
		arena_free(before.arena);
		arena_free(after.arena);
		arena_free(arena);
	}
	assert_false(failed);
}

/* Random pairs. */

static uint32_t pick(uint64_t *seed, uint32_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 20) % n;
}

static const char *const matches[] = {
	"tcp dport 22",
	"tcp dport 20-30 src 10.0.0.0/8",
	"udp sport 53",
	"proto tcp,udp dport 1000-2000,5000",
	"src 10.1.0.0/16",
	"not src 10.0.0.0/9",
	"dst 192.0.2.0/24 src 10.0.0.0/7",
	"ip6",
	"src 2001:db8::/32",
	"not dst 2001:db8::/48",
	"src @s",
	"tcp not dport @p",
	"tcp syn",
	"tcp flags fin/fin,syn",
	"icmp type echo-request",
	"icmp6",
	"frag later",
	"frag any tcp",
	"ttl 0-1",
	"len 100-200",
	"ether 0x0800-0x0806",
	"ether not 0x0806",
	"vlan 20",
	"on eth1",
	"not proto 47",
	"",
};

static const char *random_rules(struct arena *arena, uint64_t *seed, bool chain)
{
	static const char *const verbs[] = { "allow", "drop", "allow", "drop", "count" };
	struct buf out = { .arena = arena };
	uint32_t n = 1 + pick(seed, 6);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t verb = pick(seed, 7);

		buf_printf(&out, "%s %s\n",
			   verb < 5 ? verbs[verb]
			   : chain  ? "return"
				    : (verb == 5 ? "jump a" : "jump b"),
			   matches[pick(seed, COUNT(matches))]);
	}
	return buf_text(&out);
}

/* With the seed of @common a part is the same in both. */
static const char *random_file(struct arena *arena, uint64_t *seed, uint64_t common)
{
	static const char *const options[] = { "",
					       "option fragments drop\n",
					       "option fragments pass\n",
					       "essential off\n",
					       "option antispoof off\n",
					       "option malformed pass\n" };
	uint64_t shared[5];
	struct buf out = { .arena = arena };

	for (int i = 0; i < 5; i++) {
		shared[i] = common + (uint64_t)i * 7919;
		if (!pick(seed, 3))
			shared[i] = *seed;
	}
	buf_printf(&out, "version 1\ninterface eth0,eth1\ndefault %s\n%s",
		   pick(&shared[0], 2) ? "drop" : "allow",
		   options[pick(&shared[0], COUNT(options))]);
	buf_printf(&out,
		   "set s addr { 10.2.0.0/16, 2001:db8:5::/48%s }\nset p port { 22, 80-90 }\n",
		   pick(&shared[1], 2) ? ", 10.4.0.1" : "");
	buf_printf(&out, "chain b {\n%s}\n", random_rules(arena, &shared[1], true));
	buf_printf(&out, "chain a {\n%sjump b %s\n}\n", random_rules(arena, &shared[2], true),
		   matches[pick(&shared[2], COUNT(matches))]);
	buf_puts(&out, random_rules(arena, &shared[3], false));
	buf_puts(&out, random_rules(arena, &shared[4], false));
	return buf_text(&out);
}

static const struct region *region_of(const struct regions *regions, const struct pkt *pkt)
{
	vec_for_each(region, &regions->list)
		vec_for_each(area, &region->areas)
			if (area_has(&regions->fields, area, pkt))
				return region;
	return NULL;
}

/* Return: packets that changed. */
static uint32_t check_pair(struct loaded *before, struct loaded *after,
			   const struct regions *regions, uint64_t *seed)
{
	uint32_t n = 0;

	vec_for_each(region, &regions->list) {
		double share = 0;

		assert_region(before->rs, after->rs, region, region->example);
		vec_for_each(area, &region->areas) {
			struct pkt pkt;

			pick(seed, 2);
			pkt = area_packet(&regions->fields, area, *seed);
			share += area_share(&regions->fields, &regions->all, area);
			if (settled(before->rs, &pkt) && settled(after->rs, &pkt))
				assert_region(before->rs, after->rs, region, &pkt);
		}
		assert_true(share <= 1 + 1e-9);
	}
	for (int i = 0; i < PACKETS; i++) {
		const struct area *all = &regions->all.data[pick(seed, regions->all.len)];
		struct pkt pkt = area_packet(&regions->fields, all, *seed);
		bool differs;

		/* Values the rules speak of, not only ends and any. */
		if (all->family == FAM_IPV4 && pick(seed, 2))
			pkt.src[1] = 0x0a000000 | (pick(seed, 6) << 16) | pick(seed, 3);
		if (all->family == FAM_IPV6 && pick(seed, 2))
			pkt.src[0] = 0x20010db800000000 | (uint64_t)pick(seed, 6) << 16;
		if ((all->layer4 & (PROTO_TCP | PROTO_UDP)) && !all->later && pick(seed, 2))
			pkt.dport = (uint16_t)(18 + pick(seed, 14));
		prologue_settle(&pkt);
		if (!settled(before->rs, &pkt) || !settled(after->rs, &pkt))
			continue;
		differs = eval_packet(before->rs, &pkt, false).allow !=
			  eval_packet(after->rs, &pkt, false).allow;
		n += differs;
		if (regions->state == REGIONS_WHOLE)
			assert_int_equal(differs, region_of(regions, &pkt) != NULL);
	}
	return n;
}

static void random_pairs(uint64_t work, uint32_t *ret_changed, uint32_t *ret_whole)
{
	uint64_t seed = 20261122;

	for (int round = 0; round < ROUNDS; round++) {
		struct arena *arena = arena_new();
		uint64_t common = seed * 3 + 1;
		const char *first = random_file(arena, &seed, common);
		const char *second = random_file(arena, &seed, common);
		struct loaded before = load_text(first, NULL);
		struct loaded after = load_second(second, &before);
		struct diff diff = diff_rules(arena, before.rs, after.rs);
		struct regions regions = regions_find(arena, before.rs, after.rs, &diff, work);

		assert_int_not_equal(regions.state, REGIONS_NONE);
		*ret_whole += regions.state == REGIONS_WHOLE;
		*ret_changed += check_pair(&before, &after, &regions, &seed);
		arena_free(before.arena);
		arena_free(after.arena);
		arena_free(arena);
	}
}

static void test_random(void **state)
{
	uint32_t changed = 0, whole = 0;

	random_pairs(WORK_OF_ROUND, &changed, &whole);
	print_message("%u of %d pairs looked at whole, %u packets changed\n", whole, ROUNDS,
		      changed);
	assert_true(whole > ROUNDS / 2 && changed > ROUNDS);
}

/* With little work it says less, and nothing wrong. */
static void test_budget(void **state)
{
	uint32_t changed = 0, whole = 0;

	random_pairs(2000, &changed, &whole);
	assert_true(whole < ROUNDS && changed > ROUNDS);
}

/* Packets of a rule that is said to be hidden: it never answers. Return: how many were asked. */
static uint32_t ask_hidden(const struct loaded *loaded, const struct walk *walk, uint32_t rule,
			   uint64_t *seed)
{
	ranges any = { 0 };
	areas all = areas_all(loaded->arena, loaded->rs, &any);
	uint32_t n = 0;

	vec_for_each(step, &walk->steps) {
		if (step->stage != ANSWER_RULE || step->rule != rule)
			continue;
		vec_for_each(every, &all) {
			struct area area = *every;

			if (!walk_cut(loaded->arena, walk, (uint32_t)(step - walk->steps.data),
				      false, &area))
				continue;
			for (int i = 0; i < 50; i++, n++) {
				struct eval_result result;
				struct pkt pkt;

				pick(seed, 2);
				pkt = area_packet(&walk->fields, &area, *seed);
				result = eval_packet(loaded->rs, &pkt, true);
				assert_false(result.stage == ANSWER_RULE && result.rule == rule);
			}
		}
	}
	return n;
}

static void test_unions(void **state)
{
	uint64_t seed = 42;
	uint32_t hidden = 0, asked = 0;

	for (int round = 0; round < ROUNDS; round++) {
		_cleanup_arena_ struct arena *scratch = arena_new();
		struct arena *arena = arena_new();
		struct loaded loaded = load_text(random_file(arena, &seed, seed), NULL);
		struct unions *unions = unions_new(arena, scratch, loaded.rs);
		struct walk walk;

		assert_true(walk_new(arena, loaded.rs, &walk));
		for (uint32_t i = 0; i < loaded.rs->rules.len; i++) {
			struct covering covering;

			if (!unions_cover(arena, unions, i, &covering))
				continue;
			hidden++;
			if (loaded.rs->rules.data[i].verb.row->verb != VERB_JUMP)
				asked += ask_hidden(&loaded, &walk, i, &seed);
		}
		arena_free(loaded.arena);
		arena_free(arena);
	}
	print_message("%u rules hidden, %u packets asked\n", hidden, asked);
	assert_true(hidden > ROUNDS && asked > 10 * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_unions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
