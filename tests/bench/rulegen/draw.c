/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rulegen KIND RULES SEED FAMILY DIR [peers DEVICE]: rule sets for the benchmark, the same rules
 * for every firewall, and a trace of packets for them.
 *
 * acl, fw, ipc have the shapes of D. E. Taylor, J. S. Turner, "ClassBench: A Packet
 * Classification Benchmark", IEEE/ACM Transactions on Networking 15(3), 2007: source and
 * destination prefix lengths drawn as a pair, addresses from a trie with branching probability
 * and skew, ports as pairs of the classes WC (any), HI (1024-65535), LO (0-1023), AR (another
 * range), EM (one port), which depend on the protocol. Protocols and port classes of acl are the
 * published ones of its seed acl1; lengths and the other two shapes follow the paper's
 * description (fw: many wildcards on either side; ipc: in between). IPv6 lengths follow the IPv4
 * ones: /16 is a /32, /24 a /48, /32 a /128. A seed shifts all weights, as acl1 to acl5 differ.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/rulegen/rulegen.h"

enum port_class { WC, HI, LO, AR, EM };

struct lengths {
	double weight;
	uint8_t src_low, src_high, dst_low, dst_high;
};

struct ports {
	double weight;
	enum port_class src, dst;
};

struct protocol {
	double weight;
	uint8_t proto;
};

#define LENGTHS_MAX   12
#define PORTS_MAX     12
#define PROTOCOLS_MAX 6

struct shape {
	const char *name;
	double src_entropy, dst_entropy; /* distinct addresses: number of rules to this power */
	struct lengths lengths[LENGTHS_MAX];
	struct protocol protocols[PROTOCOLS_MAX];
	struct ports ports[PORTS_MAX];
};

/* clang-format off */
static const struct shape shapes[] = {
	{ "acl", 0.55, 0.85,
	  { { .70, 32, 32, 32, 32 }, { .09, 30, 31, 32, 32 }, { .07, 23, 24, 32, 32 },
	    { .06, 32, 32, 30, 31 }, { .04, 23, 23, 23, 31 }, { .02, 23, 23, 16, 22 },
	    { .01, 8, 16, 8, 16 },   { .01, 0, 0, 8, 24 } },
	  { { .873, IPPROTO_TCP }, { .085, PROTO_ANY }, { .031, IPPROTO_ICMP },
	    { .011, IPPROTO_UDP } },
	  { { .653, WC, EM }, { .216, WC, WC }, { .131, WC, AR } } },
	{ "fw", 0.6, 0.6,
	  { { .25, 32, 32, 32, 32 }, { .22, 0, 0, 32, 32 },  { .18, 32, 32, 0, 0 },
	    { .10, 0, 0, 24, 31 },   { .08, 24, 31, 0, 0 },  { .06, 32, 32, 24, 31 },
	    { .05, 16, 24, 32, 32 }, { .03, 8, 16, 0, 0 },   { .02, 0, 0, 8, 16 },
	    { .01, 0, 0, 0, 0 } },
	  { { .70, IPPROTO_TCP }, { .16, IPPROTO_UDP }, { .06, PROTO_ANY },
	    { .05, IPPROTO_ICMP }, { .02, IPPROTO_GRE }, { .01, IPPROTO_ESP } },
	  { { .46, WC, EM }, { .15, WC, WC }, { .08, HI, EM }, { .06, WC, HI }, { .06, WC, AR },
	    { .05, EM, WC }, { .05, HI, WC }, { .04, HI, HI }, { .03, EM, EM }, { .02, WC, LO } } },
	{ "ipc", 0.7, 0.7,
	  { { .34, 32, 32, 32, 32 }, { .13, 24, 31, 32, 32 }, { .10, 32, 32, 24, 31 },
	    { .10, 16, 24, 16, 24 }, { .09, 0, 0, 32, 32 },   { .08, 32, 32, 0, 0 },
	    { .05, 0, 0, 24, 24 },   { .05, 8, 16, 24, 32 },  { .04, 27, 31, 27, 31 },
	    { .02, 8, 15, 0, 0 } },
	  { { .60, IPPROTO_TCP }, { .24, IPPROTO_UDP }, { .10, PROTO_ANY },
	    { .05, IPPROTO_ICMP }, { .01, IPPROTO_GRE } },
	  { { .50, WC, EM }, { .20, WC, WC }, { .08, HI, EM }, { .08, WC, AR }, { .06, EM, WC },
	    { .05, EM, EM }, { .03, WC, HI } } },
};

static const uint16_t services[] = {
	80, 443, 22, 25, 53, 110, 143, 993, 995, 587, 465, 21, 20, 23, 123, 161, 162, 389, 636, 445,
	139, 135, 1433, 1521, 3306, 5432, 6379, 8080, 8443, 3389, 5900, 514, 69, 88, 111, 179, 2049,
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct draw {
	struct shape shape; /* with this seed's weights */
	uint64_t rng;
	uint64_t seed;
	uint32_t n;
	bool ip6;
	double stretch; /* grows when the tries run out of addresses */
};

static unsigned int bits(const struct draw *d)
{
	return d->ip6 ? 128 : 32;
}

/* First index whose weights add up to a random share of all. */
#define PICK(d, rows, ret_row)                                           \
	do {                                                             \
		double sum_ = 0, at_;                                    \
		size_t i_ = 0;                                           \
		for (size_t j_ = 0; j_ < COUNT(rows); j_++)              \
			sum_ += (rows)[j_].weight;                       \
		at_ = rng_unit(&(d)->rng) * sum_;                        \
		while (i_ + 1 < COUNT(rows) && at_ >= (rows)[i_].weight) \
			at_ -= (rows)[i_++].weight;                      \
		(ret_row) = &(rows)[i_];                                 \
	} while (0)

static void shift_weights(struct draw *d)
{
	for (size_t i = 0; i < LENGTHS_MAX; i++)
		d->shape.lengths[i].weight *= exp2(rng_unit(&d->rng) * 2 - 1);
	for (size_t i = 0; i < PROTOCOLS_MAX; i++)
		d->shape.protocols[i].weight *= exp2(rng_unit(&d->rng) * 2 - 1);
	for (size_t i = 0; i < PORTS_MAX; i++)
		d->shape.ports[i].weight *= exp2(rng_unit(&d->rng) * 2 - 1);
}

/* Where the addresses of a network differ: after the first bits, evenly to the last network bit. */
static double branching(const struct draw *d, unsigned int bit, double entropy)
{
	double share;

	if (d->ip6)
		share = bit < 3 ? 0 : bit < 16 ? 0.3 : bit < 64 ? 1 : 0.25;
	else
		share = bit < 8 ? 0.5 : 1;
	share *= (entropy * log2(d->n + 1) + 3) * d->stretch / (d->ip6 ? 68 : 28);
	return share > 1 ? 1 : share;
}

/* No sender has an address in 0/8, 127/8 or from 224/3 on; an IPv6 sender's is in 2000::/3. */
static address make_valid(const struct draw *d, address at)
{
	uint32_t first = (uint32_t)(at >> 24);

	if (d->ip6)
		return (at & (((address)1 << 125) - 1)) | (address)1 << 125;
	if (first >= 224)
		first &= 0x5f;
	if (first == 0 || first == 127)
		first = first ? 126 : 64;
	return first << 24 | (uint32_t)(at & 0xffffff);
}

/* Walk the trie: whether a node branches, and its heavy child, follow from the node alone. */
static address draw_address(struct draw *d, uint64_t trie, double entropy)
{
	address at = 0;

	for (unsigned int bit = 0; bit < bits(d); bit++) {
		uint64_t node = rng_mix((uint64_t)at ^ rng_mix((uint64_t)(at >> 64) ^ trie ^ bit));
		unsigned int heavy = node & 1;
		bool branches =
			(double)(node >> 11) / 9007199254740992.0 < branching(d, bit, entropy);

		if (branches && rng_unit(&d->rng) < 0.3)
			heavy ^= 1;
		at = at << 1 | heavy;
	}
	return make_valid(d, at);
}

static struct fence prefix(const struct draw *d, address at, unsigned int len)
{
	address host = len == 0         ? ~(address)0 >> (128 - bits(d))
		       : len == bits(d) ? 0
					: ((address)1 << (bits(d) - len)) - 1;

	return (struct fence){ at & ~host, at | host, (int)len };
}

static unsigned int between(struct draw *d, unsigned int low, unsigned int high)
{
	return low + rng_below(&d->rng, high - low + 1);
}

static unsigned int length(struct draw *d, unsigned int low, unsigned int high)
{
	unsigned int len = between(d, low, high);

	if (!d->ip6 || len == 0)
		return len;
	if (len == 32)
		return rng_unit(&d->rng) < 0.8 ? 128 : 64;
	return len >= 24 ? 48 + 2 * (len - 24) : len >= 16 ? 2 * len : 16 + len;
}

static struct span16 draw_port(struct draw *d, enum port_class class)
{
	uint64_t pool;
	uint32_t low, width;

	switch (class) {
	case WC:
		return (struct span16){ 0, 65535 };
	case HI:
		return (struct span16){ 1024, 65535 };
	case LO:
		return (struct span16){ 0, 1023 };
	case AR: /* from a pool of 64, 2 to 2048 wide */
		pool = rng_mix(d->seed + 77 + rng_below(&d->rng, 64));
		width = (uint32_t)exp2(1 + 10 * rng_unit(&pool));
		low = 1024 + rng_below(&pool, 60000);
		return (struct span16){ (uint16_t)low, (uint16_t)(low + width - 1) };
	case EM:
		break;
	}
	if (rng_unit(&d->rng) < 0.6) {
		double at = rng_unit(&d->rng);

		low = services[(size_t)(at * at * (double)COUNT(services))];
	} else {
		pool = rng_mix(d->seed + 1000 + rng_below(&d->rng, 200 + d->n / 20));
		low = 1 + rng_below(&pool, 65535);
	}
	if (low == 67 || low == 68 || low == 546) /* DHCP may be decided before the rules */
		low = 69;
	return (struct span16){ (uint16_t)low, (uint16_t)low };
}

static struct plain_rule shaped_rule(struct draw *d)
{
	const struct lengths *lengths;
	const struct protocol *protocol;
	const struct ports *ports;
	address src = draw_address(d, rng_mix(d->seed), d->shape.src_entropy);
	address dst = draw_address(d, rng_mix(d->seed + 1), d->shape.dst_entropy);
	struct plain_rule rule = { .sport = { 0, 65535 }, .dport = { 0, 65535 } };

	PICK(d, d->shape.lengths, lengths);
	PICK(d, d->shape.protocols, protocol);
	rule.src = prefix(d, src, length(d, lengths->src_low, lengths->src_high));
	rule.dst = prefix(d, dst, length(d, lengths->dst_low, lengths->dst_high));
	rule.proto = protocol->proto;
	if (rule.proto == IPPROTO_ICMP && d->ip6)
		rule.proto = IPPROTO_ICMPV6;
	if (rule.proto == IPPROTO_TCP || rule.proto == IPPROTO_UDP) {
		PICK(d, d->shape.ports, ports);
		rule.sport = draw_port(d, ports->src);
		rule.dport = draw_port(d, ports->dst);
	}
	return rule;
}

static address random_address(struct draw *d)
{
	address at = (address)rng_next(&d->rng) << 64 | rng_next(&d->rng);

	return make_valid(d, d->ip6 ? at : at & 0xffffffff);
}

static struct plain_rule source_rule(struct draw *d, unsigned int low, unsigned int high)
{
	return (struct plain_rule){
		.src = prefix(d, random_address(d), length(d, low, high)),
		.dst = prefix(d, 0, 0),
		.sport = { 0, 65535 },
		.dport = { 0, 65535 },
	};
}

/* A sixteenth to a half of all values. */
static void wide(struct draw *d, double *ret_low, double *ret_high)
{
	double width = exp2(-1 - 3 * rng_unit(&d->rng));

	*ret_low = rng_unit(&d->rng) * (1 - width);
	*ret_high = *ret_low + width;
}

/* Of the addresses that packets can have: 1.0.0.0 to 223.255.255.255, or 2000::/3. */
static struct fence wide_range(struct draw *d)
{
	double low, high;

	wide(d, &low, &high);
	if (!d->ip6)
		return (struct fence){ (address)(0x1000000 + low * 0xdf000000),
				       (address)(0x1000000 + high * 0xdeffffff), -1 };
	return (struct fence){ (address)((1 + low) * 0x1p61) << 64 | rng_next(&d->rng),
			       (address)((1 + high) * 0x1p61) << 64 | rng_next(&d->rng), -1 };
}

static struct span16 wide_ports(struct draw *d)
{
	double low, high;

	wide(d, &low, &high);
	return (struct span16){ (uint16_t)(low * 65535), (uint16_t)(high * 65535) };
}

/* Many overlap in every field: no cut of any field tells them apart. */
static struct plain_rule adversarial_rule(struct draw *d)
{
	return (struct plain_rule){
		.src = wide_range(d),
		.dst = wide_range(d),
		.sport = wide_ports(d),
		.dport = wide_ports(d),
		.proto = rng_below(&d->rng, 2) ? IPPROTO_TCP : IPPROTO_UDP,
	};
}

static struct plain_rule draw_rule(struct draw *d, const char *kind)
{
	if (!strcmp(kind, "hosts") || !strcmp(kind, "blacklist"))
		return source_rule(d, 32, 32);
	if (!strcmp(kind, "mixed") || !strcmp(kind, "prefixes"))
		return source_rule(d, rng_below(&d->rng, 4) ? 20 : 10, 32);
	if (!strcmp(kind, "adversarial"))
		return adversarial_rule(d);
	return shaped_rule(d);
}

static uint64_t rule_hash(const struct plain_rule *rule)
{
	uint64_t hash = rule->proto;

	hash = rng_mix(hash ^ (uint64_t)rule->src.low ^ rng_mix((uint64_t)(rule->src.low >> 64)));
	hash = rng_mix(hash ^ (uint64_t)rule->src.high ^ rng_mix((uint64_t)(rule->src.high >> 64)));
	hash = rng_mix(hash ^ (uint64_t)rule->dst.low ^ rng_mix((uint64_t)(rule->dst.low >> 64)));
	hash = rng_mix(hash ^ (uint64_t)rule->dst.high ^ rng_mix((uint64_t)(rule->dst.high >> 64)));
	hash ^= (uint64_t)rule->sport.low << 48 | (uint64_t)rule->sport.high << 32;
	return rng_mix(hash ^ ((uint64_t)rule->dport.low << 16 | rule->dport.high)) | 1;
}

static bool remember(uint64_t *seen, size_t mask, uint64_t hash)
{
	size_t at = hash >> 7 & mask;

	while (seen[at] && seen[at] != hash)
		at = (at + 1) & mask;
	if (seen[at])
		return false;
	seen[at] = hash;
	return true;
}

static void *must(void *memory)
{
	if (memory)
		return memory;
	perror("memory");
	exit(1);
}

static void draw_rules(struct draw *d, const char *kind, bool all_drop, struct rule_list *list)
{
	size_t mask = 1;
	uint64_t *seen;
	unsigned int tries = 0;

	while (mask < (size_t)d->n * 4)
		mask *= 2;
	seen = must(calloc(mask, sizeof(*seen)));
	list->rules = must(calloc(d->n, sizeof(*list->rules)));
	while (list->n < d->n) {
		struct plain_rule rule = draw_rule(d, kind);

		if (remember(seen, mask - 1, rule_hash(&rule))) {
			rule.allow = !all_drop && rng_below(&d->rng, 2);
			list->rules[list->n++] = rule;
			tries = 0;
		} else if (++tries % 16 == 0) {
			d->stretch *= 1.05;
		}
	}
	free(seen);
}

struct ranked {
	struct plain_rule rule;
	double rank;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *one = a, *other = b;

	return one->rank < other->rank ? -1 : one->rank > other->rank;
}

/* As in every real list, the special case stands before the general one, though not strictly. */
static void sort_rules(struct draw *d, struct rule_list *list)
{
	struct ranked *ranked = must(calloc(list->n, sizeof(*ranked)));

	for (uint32_t i = 0; i < list->n; i++) {
		const struct plain_rule *rule = &list->rules[i];
		double wide = 2 * bits(d) - (double)(rule->src.len + rule->dst.len);

		wide = wide * 32 / bits(d) + log2(1 + rule->sport.high - rule->sport.low) +
		       log2(1 + rule->dport.high - rule->dport.low);
		ranked[i] = (struct ranked){ *rule, wide + rng_unit(&d->rng) * 12 };
	}
	qsort(ranked, list->n, sizeof(*ranked), by_rank);
	for (uint32_t i = 0; i < list->n; i++)
		list->rules[i] = ranked[i].rule;
	free(ranked);
}

FILE *file_create(const char *dir, const char *name)
{
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	if (file)
		return file;
	perror(path);
	exit(1);
}

void file_close(FILE *file)
{
	if (ferror(file) || fclose(file)) {
		perror("write");
		exit(1);
	}
}

static bool known_kind(const char *kind, struct shape *ret_shape)
{
	static const char *const others[] = { "hosts", "blacklist", "mixed", "prefixes",
					      "adversarial" };

	for (size_t i = 0; i < COUNT(shapes); i++) {
		if (!strcmp(kind, shapes[i].name)) {
			*ret_shape = shapes[i];
			return true;
		}
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		if (!strcmp(kind, others[i]))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct draw d = { .stretch = 1 };
	struct rule_list list = { 0 };
	bool peers = argc == 8 && !strcmp(argv[6], "peers");

	if ((argc != 6 && !peers) || !known_kind(argv[1], &d.shape) || atoi(argv[2]) < 1) {
		fprintf(stderr,
			"usage: rulegen acl|fw|ipc|hosts|blacklist|mixed|prefixes|adversarial"
			" RULES SEED 4|6 DIR [peers DEVICE]\n");
		return 2;
	}
	d.n = (uint32_t)atoi(argv[2]);
	d.seed = rng_mix(strtoull(argv[3], NULL, 10) + rng_mix((uint64_t)argv[1][0]));
	d.rng = d.seed + 12345;
	d.ip6 = !strcmp(argv[4], "6");
	list.ip6 = d.ip6;
	list.is_set = !strcmp(argv[1], "blacklist") || !strcmp(argv[1], "prefixes");
	/* Peers are compared where they drop, so that nothing behind them is measured. */
	list.default_allow = peers || list.is_set;
	shift_weights(&d);
	draw_rules(&d, argv[1], list.default_allow, &list);
	if (d.shape.name)
		sort_rules(&d, &list);
	rules_write(&list, argv[5], peers ? argv[7] : "bench0", peers);
	trace_write(&list, d.seed, argv[5]);
	free(list.rules);
	return 0;
}
