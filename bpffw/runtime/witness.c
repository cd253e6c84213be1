/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks the loaded programs, by test runs of `probe`, what they decide, and compares with eval.
 * Test runs count nothing and reach no interface.
 */
#include <errno.h>
#include <stdio.h>

#include <bpf/bpf.h>

#include "bpffw/runtime/load.h"

#define TRIES 4
/* Rules and set entries that eval may look at, about 10 ms: it is naive. */
#define EVAL_BUDGET 1000000u

int witness_ask(const struct loaded *loaded, const struct pkt *pkt, uint32_t *ret_answer)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = pkt, .data_size_in = sizeof(*pkt),
		    .repeat = 1);
	int err = bpf_prog_test_run_opts(loaded->probe, &opts);

	if (err)
		return err;
	*ret_answer = opts.retval;
	return 0;
}

static uint64_t eval_cost(const struct ruleset *rs)
{
	uint64_t cost = 1;

	vec_for_each(rule, &rs->rules) {
		cost++;
		vec_for_each(match, &rule->matches)
			vec_for_each(atom, &match->atoms)
				if (atom->kind == ATOM_SET)
					cost += rs->sets.data[atom->set].entries.len / 2;
	}
	return cost;
}

static void print_answer(struct buf *out, const struct ruleset *rs, const struct compiled *compiled,
			 uint32_t answer)
{
	enum answer_stage stage = ANSWER_STAGE(answer);
	uint32_t place = ANSWER_PLACE(answer);

	if (answer < ANSWER_BASE) {
		buf_printf(out, "nothing (%u)", answer);
		return;
	}
	if (stage != ANSWER_RULE)
		buf_puts(out, eval_stage_word(stage));
	else if (place < compiled->n_places)
		buf_printf(out, "'%s' (place %u)",
			   rs->rules.data[compiled->rule_of_place[place]].text, place);
	else
		buf_printf(out, "place %u", place);
}

static void print_packet(struct buf *out, const struct pkt *p)
{
	unsigned int family = p->family == FAMILY_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;

	net_print_ip(out, family, (u128)p->src[0] << 64 | p->src[1]);
	buf_printf(out, ":%u > ", p->sport);
	net_print_ip(out, family, (u128)p->dst[0] << 64 | p->dst[1]);
	buf_printf(out, ":%u family %u proto %u ethertype %#x frag %u flags %#x icmp %u/%u ",
		   p->dport, p->family, p->proto, p->ethertype, p->frag, p->flags, p->icmp_type,
		   p->icmp_code);
	buf_printf(out, "ttl %u dscp %u len %u vlan %u interface %u from %u", p->ttl, p->dscp,
		   p->ip_len, p->vlan, p->ifnum, p->from);
}

static int differs(const struct ruleset *rs, const struct compiled *compiled, const struct pkt *pkt,
		   const uint32_t answers[2], struct failure *f)
{
	struct buf packet = { .arena = rs->arena };
	struct buf wanted = { .arena = rs->arena }, got = { .arena = rs->arena };
	int err;

	print_packet(&packet, pkt);
	print_answer(&wanted, rs, compiled, answers[0]);
	print_answer(&got, rs, compiled, answers[1]);
	err = fail_plain(f, EBADE, EXIT_SYSTEM,
			 "the loaded program decides a packet by %s, the rules by %s: %s",
			 buf_text(&got), buf_text(&wanted), buf_text(&packet));
	return fail_help(f, err,
			 "this is a bug of bpffw; the ruleset is not used, the running one is "
			 "unchanged");
}

/* Return: 0, or a negative errno with @f filled. */
static int compare(const struct loaded *loaded, const struct ruleset *rs,
		   const struct compiled *compiled, const struct pkt *pkt,
		   struct eval_result *ret_result, struct failure *f)
{
	uint32_t answers[2] = { 0 };

	*ret_result = eval_packet(rs, pkt, true);
	answers[0] = eval_answer(ret_result);
	/* On older kernels a softirq may overwrite the packet's slot during a test run. */
	for (int i = 0; i < TRIES; i++) {
		int err = witness_ask(loaded, pkt, &answers[1]);

		if (err)
			return fail(f, -err, "cannot ask the loaded ruleset about a packet");
		if (answers[0] == answers[1])
			return 0;
	}
	return differs(rs, compiled, pkt, answers, f);
}

static bool is_final(const struct ruleset *rs, const struct eval_result *result)
{
	return result->stage != ANSWER_RULE || rs->rules.data[result->rule].verb.row->terminal;
}

int witness_run(const struct loaded *loaded, const struct ruleset *rs,
		const struct compiled *compiled, uint32_t max, uint32_t *ret_n, struct failure *f)
{
	uint64_t bound = EVAL_BUDGET / eval_cost(rs) + 8;
	uint32_t n_packets, n = 0;
	struct pkt *packets;

	if (max > bound)
		max = (uint32_t)bound;
	packets = arena_new_array(rs->arena, struct pkt, max);
	n_packets = compile_witnesses(rs, packets, max);
	for (uint32_t i = 0; i < n_packets && n < max; i++) {
		struct pkt *pkt = &packets[i];
		struct eval_result result;
		bool more = true;

		for (; more && n < max; n++) {
			int err = compare(loaded, rs, compiled, pkt, &result, f);

			if (err)
				return err;
			more = !is_final(rs, &result);
			pkt->from = result.place + 1;
		}
	}
	*ret_n = n;
	return 0;
}
