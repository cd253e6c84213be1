/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every type reads a word to an atom and prints it back, or reports one error. */
#include "tests/unit/ruleset.h"

#include "compiler/lang/type.h"

#define ALL UINT64_MAX

static bool find_service(void *ctx, const char *name, const char *proto, uint16_t *ret_port)
{
	static const struct {
		const char *name, *proto;
		uint16_t port;
	} services[] = {
		{ "two-ports", "tcp", 1000 },
		{ "two-ports", "udp", 2000 },
		{ "local", "udp", 4000 },
		{ "ssh", "tcp", 2222 },
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		if (strcmp(services[i].name, name) != 0 || strcmp(services[i].proto, proto) != 0)
			continue;
		*ret_port = services[i].port;
		return true;
	}
	return false;
}

struct good {
	const char *name;
	enum value_type type;
	const char *text;
	u128 lo, hi;
	const char *printed;
};

static const struct good good[] = {
	{ "IPv4 address", TYPE_ADDR, "192.0.2.1", 0xc0000201, 0xc0000201, "192.0.2.1" },
	{ "IPv4 prefix", TYPE_ADDR, "192.0.2.0/24", 0xc0000200, 0xc00002ff, "192.0.2.0/24" },
	{ "all of IPv4", TYPE_ADDR, "0.0.0.0/0", 0, 0xffffffff, "0.0.0.0/0" },
	{ "a /32", TYPE_ADDR, "192.0.2.1/32", 0xc0000201, 0xc0000201, "192.0.2.1" },
	{ "IPv4 range", TYPE_ADDR, "192.0.2.1-192.0.2.9", 0xc0000201, 0xc0000209,
	  "192.0.2.1-192.0.2.9" },
	{ "range of one", TYPE_ADDR, "192.0.2.1-192.0.2.1", 0xc0000201, 0xc0000201, "192.0.2.1" },
	{ "IPv6 address", TYPE_ADDR, "::1", 1, 1, "::1" },
	{ "all of IPv6", TYPE_ADDR, "::/0", 0, ~(u128)0, "::/0" },
	{ "IPv6 range", TYPE_ADDR, "::1-::3", 1, 3, "::1-::3" },
	{ "port 0", TYPE_PORT, "0", 0, 0, "0" },
	{ "last port", TYPE_PORT, "65535", 65535, 65535, "65535" },
	{ "port range", TYPE_PORT, "22-25", 22, 25, "22-25" },
	{ "range of one port", TYPE_PORT, "22-22", 22, 22, "22" },
	{ "open range", TYPE_PORT, "1024-", 1024, 65535, "1024-65535" },
	{ "service", TYPE_PORT, "http", 80, 80, "80" },
	{ "service with '-'", TYPE_PORT, "ftp-data", 20, 20, "20" },
	{ "built-in before the host's", TYPE_PORT, "ssh", 22, 22, "22" },
	{ "of the host", TYPE_PORT, "local", 4000, 4000, "4000" },
	{ "protocol by name", TYPE_PROTO, "esp", 50, 50, "esp" },
	{ "protocol by number", TYPE_PROTO, "47", 47, 47, "gre" },
	{ "protocol without a name", TYPE_PROTO, "255", 255, 255, "255" },
	{ "number, hex", TYPE_NUM, "0x10", 16, 16, "16" },
	{ "number, open", TYPE_NUM, "5-", 5, 4095, "5-4095" },
	{ "DSCP class", TYPE_DSCP, "ef", 46, 46, "ef" },
	{ "DSCP number", TYPE_DSCP, "63", 63, 63, "63" },
	{ "DSCP best effort", TYPE_DSCP, "be", 0, 0, "cs0" },
	{ "MAC", TYPE_MAC, "02:00:00:AA:BB:CC", 0x020000aabbcc, 0x020000aabbcc,
	  "02:00:00:aa:bb:cc" },
	{ "MAC range", TYPE_MAC, "02:00:00:00:00:01-02:00:00:00:00:02", 0x020000000001,
	  0x020000000002, "02:00:00:00:00:01-02:00:00:00:00:02" },
	{ "ethertype", TYPE_ETHER, "0x88CC", 0x88cc, 0x88cc, "0x88cc" },
	{ "ethertype by name", TYPE_ETHER, "arp", 0x806, 0x806, "0x0806" },
	{ "any fragment", TYPE_FRAG, "any", FRAG_FIRST, FRAG_LATER, "any" },
	{ "later fragment", TYPE_FRAG, "later", FRAG_LATER, FRAG_LATER, "later" },
	{ "no fragment", TYPE_FRAG, "no", FRAG_NO, FRAG_NO, "no" },
	{ "ICMP type with '-'", TYPE_ICMP_TYPE, "echo-request", 8, 8, "echo-request" },
	{ "ICMP range", TYPE_ICMP_TYPE, "13-18", 13, 18, "13-18" },
	{ "ICMPv6 type", TYPE_ICMP6_TYPE, "packet-too-big", 2, 2, "packet-too-big" },
	{ "ICMPv6 by number", TYPE_ICMP6_TYPE, "128", 128, 128, "echo-request" },
};

static struct type_reader reader_for(struct diags *ds, const struct io *io, enum value_type type)
{
	static const struct clause vlan = { .name = "vlan", .max = 4095, .width = 2 };

	return (struct type_reader){
		.ds = ds,
		.io = io,
		.row = type == TYPE_NUM ? &vlan : NULL,
		.field = "vlan",
	};
}

static void test_good(void **state)
{
	struct io io = io_none;

	io.service = find_service;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct type_reader reader = reader_for(ds, &io, good[i].type);
		struct word word = { .text = str_of(good[i].text) };
		struct buf out = { .arena = arena };
		struct atom atom = { 0 };

		if (!types[good[i].type].parse(&reader, &word, &atom) || ds->list.len)
			fail_msg("%s: refused", good[i].name);
		if (atom.kind != ATOM_RANGE || atom.lo != good[i].lo || atom.hi != good[i].hi ||
		    atom.mask != ALL)
			fail_msg("%s: another value", good[i].name);
		types[good[i].type].print(&out, &atom);
		if (strcmp(buf_text(&out), good[i].printed) != 0)
			fail_msg("%s: printed %s", good[i].name, buf_text(&out));
	}
}

struct bad {
	const char *name;
	enum value_type type;
	const char *text;
	enum diag_code code;
	const char *message, *help; /* NULL: none */
};

static const struct bad bad[] = {
	{ "name for an address", TYPE_ADDR, "www.example.com", E113,
	  "host names are not looked up in rules", "put the addresses into a set file" },
	{ "word for an address", TYPE_ADDR, "foo", E007, "'foo' is not an address", NULL },
	{ "IPv4 length", TYPE_ADDR, "10.0.0.0/33", E111, "IPv4 prefix length is 0 to 32", NULL },
	{ "IPv6 length", TYPE_ADDR, "::/129", E111, "IPv6 prefix length is 0 to 128", NULL },
	{ "no length", TYPE_ADDR, "10.0.0.0/", E111, "IPv4 prefix length is 0 to 32", NULL },
	{ "netmask", TYPE_ADDR, "10.0.0.0/255.255.0.0", E111, "IPv4 prefix length is 0 to 32",
	  "write 10.0.0.0/16" },
	{ "mask with a hole", TYPE_ADDR, "10.0.0.0/255.0.255.0", E111,
	  "IPv4 prefix length is 0 to 32", NULL },
	{ "range of two families", TYPE_ADDR, "10.0.0.1-::1", E007,
	  "a range has both ends in one address family", NULL },
	{ "address range backwards", TYPE_ADDR, "10.0.0.2-10.0.0.1", E102,
	  "address range runs backwards", "write 10.0.0.1-10.0.0.2" },
	{ "leading zero", TYPE_ADDR, "010.0.0.1", E007, "'010.0.0.1' is not an address",
	  "an IPv4 address is four numbers from 0 to 255 without leading zeros" },
	{ "unknown service", TYPE_PORT, "shh", E101, "unknown service 'shh'",
	  "did you mean 'ssh' (22/tcp)?" },
	{ "service far from all", TYPE_PORT, "zzzzzz", E101, "unknown service 'zzzzzz'", NULL },
	{ "two ports", TYPE_PORT, "two-ports", E101,
	  "service 'two-ports' has two ports: 1000/tcp and 2000/udp", NULL },
	{ "port range backwards", TYPE_PORT, "22-20", E102, "port range runs backwards",
	  "write 20-22" },
	{ "port above", TYPE_PORT, "65536", E103, "port 65536 is above 65535", NULL },
	{ "end of range above", TYPE_PORT, "22-65536", E103, "port 65536 is above 65535", NULL },
	{ "port far above", TYPE_PORT, "99999999999999999999", E103,
	  "port 99999999999999999999 is above 65535", NULL },
	{ "colon", TYPE_PORT, "22:25", E104, "ranges are written with '-'", "write 22-25" },
	{ "range of names", TYPE_PORT, "ssh-http", E101, "unknown service 'ssh-http'", NULL },
	{ "port with zero", TYPE_PORT, "022", E007,
	  "'022' is not a port: numbers have no leading zeros", NULL },
	{ "address for a port", TYPE_PORT, "192.0.2.1", E007, "'192.0.2.1' is not a port", NULL },
	{ "keyword for a port", TYPE_PORT, "dport", E007, "'dport' is not a port", NULL },
	{ "unknown protocol", TYPE_PROTO, "gree", E101, "unknown protocol 'gree'",
	  "did you mean 'gre'?" },
	{ "protocol above", TYPE_PROTO, "256", E103, "protocol 256 is above 255", NULL },
	{ "number above", TYPE_NUM, "4096", E103, "vlan 4096 is above 4095", NULL },
	{ "no number", TYPE_NUM, "x", E007, "'x' is not a number", NULL },
	{ "DSCP above", TYPE_DSCP, "64", E103, "dscp 64 is above 63", NULL },
	{ "MAC with dashes", TYPE_MAC, "02-00-00-aa-bb-cc", E007,
	  "'02-00-00-aa-bb-cc' is not a MAC address", "write 02:00:00:aa:bb:cc" },
	{ "MAC range backwards", TYPE_MAC, "02:00:00:00:00:02-02:00:00:00:00:01", E102,
	  "MAC address range runs backwards", "write 02:00:00:00:00:01-02:00:00:00:00:02" },
	{ "ethertype above", TYPE_ETHER, "0x10000", E103, "ethertype 0x10000 is above 65535",
	  NULL },
	{ "fragment", TYPE_FRAG, "middle", E101, "unknown kind of fragment 'middle'",
	  "any, first, later or no" },
	{ "ICMPv6 name for ICMP", TYPE_ICMP_TYPE, "packet-too-big", E101,
	  "unknown ICMP type 'packet-too-big'", NULL },
	{ "interface too long", TYPE_IFACE, "abcdefghijklmnop", E164,
	  "'abcdefghijklmnop' is not an interface name", NULL },
	{ "interface with slash", TYPE_IFACE, "a/b", E164, "'a/b' is not an interface name", NULL },
	{ "interface empty", TYPE_IFACE, "", E164, "'' is not an interface name", NULL },
};

static void test_bad(void **state)
{
	struct io io = io_none;

	io.service = find_service;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct type_reader reader = reader_for(ds, &io, bad[i].type);
		struct word word = { .text = str_of(bad[i].text) };
		struct atom atom = { 0 };
		const struct diag *diag;

		if (types[bad[i].type].parse(&reader, &word, &atom) || ds->list.len != 1)
			fail_msg("%s: %u diags", bad[i].name, ds->list.len);
		diag = &ds->list.data[0];
		if (diag->code != bad[i].code || strcmp(diag->message, bad[i].message) != 0)
			fail_msg("%s: %s %s", bad[i].name, diag_code_name(diag->code),
				 diag->message);
		if (!diag->help != !bad[i].help ||
		    (diag->help && strcmp(diag->help, bad[i].help) != 0))
			fail_msg("%s: help: %s", bad[i].name, diag->help);
	}
}

/* A service is one port for every protocol of the rule. */
static void test_service(void **state)
{
	static const struct {
		const char *name, *text;
		uint8_t protos;
		uint16_t want; /* 0: refused */
	} cases[] = {
		{ "tcp only, in tcp", "ssh", PROTO_TCP, 22 },
		{ "tcp only, in udp", "ssh", PROTO_UDP, 0 },
		{ "tcp only, in both", "ssh", PROTO_TCP | PROTO_UDP, 0 },
		{ "both, in both", "dns", PROTO_TCP | PROTO_UDP, 53 },
		{ "both, in tcp", "dns", PROTO_TCP, 53 },
		{ "udp only, without protocol", "wireguard", 0, 51820 },
		{ "two numbers, in tcp", "two-ports", PROTO_TCP, 1000 },
		{ "two numbers, in udp", "two-ports", PROTO_UDP, 2000 },
		{ "two numbers, in both", "two-ports", PROTO_TCP | PROTO_UDP, 0 },
		{ "the host's, in udp", "local", PROTO_UDP, 4000 },
		{ "the host's, in tcp", "local", PROTO_TCP, 0 },
	};
	struct io io = io_none;

	io.service = find_service;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct type_reader reader = { .ds = ds, .io = &io, .protos = cases[i].protos };
		struct word word = { .text = str_of(cases[i].text) };
		struct atom atom = { 0 };
		bool ok = types[TYPE_PORT].parse(&reader, &word, &atom);

		if (ok != (cases[i].want != 0) || atom.lo != cases[i].want)
			fail_msg("%s: %lu", cases[i].name, (uint64_t)atom.lo);
		if (!ok && (ds->list.len != 1 || ds->list.data[0].code != E101))
			fail_msg("%s: not E101", cases[i].name);
	}
}

static void test_host_bits(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	struct type_reader reader = { .ds = ds };
	struct word word = { .text = STR("10.1.2.3/8") };
	struct atom atom = { 0 };

	assert_true(types[TYPE_ADDR].parse(&reader, &word, &atom));
	assert_true(atom.lo == 0x0a000000 && atom.hi == 0x0affffff);
	assert_int_equal(ds->n_warnings, 1);
	assert_int_equal(ds->list.data[0].code, W112);
	assert_string_equal(ds->list.data[0].message, "host bits set: taken as 10.0.0.0/8");
}

static void test_flags(void **state)
{
	static const struct {
		const char *name;
		const char *words[4];
		uint8_t set, mask; /* mask 0: refused */
		enum diag_code code;
		const char *printed;
	} cases[] = {
		{ "one", { "syn" }, 0x02, 0x02, 0, "syn/syn" },
		{ "two", { "syn", "ack" }, 0x12, 0x12, 0, "syn,ack/syn,ack" },
		{ "with mask", { "syn", "fin/syn", "fin" }, 0x03, 0x03, 0, "syn,fin/syn,fin" },
		{ "mask of more", { "syn/syn", "ack", "rst" }, 0x02, 0x16, 0, "syn/syn,ack,rst" },
		{ "none of all", { "none/all" }, 0, 0xff, 0, "none/all" },
		{ "all", { "all" }, 0xff, 0xff, 0, "all/all" },
		{ "cwr of all", { "cwr/all" }, 0x80, 0xff, 0, "cwr/all" },
		{ "none of nothing", { "none" }, 0, 0, E109, NULL },
		{ "outside the mask", { "syn/ack" }, 0, 0, E109, NULL },
		{ "unknown", { "sin" }, 0, 0, E101, NULL },
		{ "number", { "2" }, 0, 0, E007, NULL },
		{ "two masks", { "syn/syn/syn" }, 0, 0, E101, NULL },
		{ "two slashes", { "syn/syn", "ack/ack" }, 0, 0, E007, NULL },
		{ "empty mask", { "syn/" }, 0, 0, E007, NULL },
		{ "empty set", { "/syn" }, 0, 0, E007, NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct type_reader reader = { .ds = ds };
		struct buf out = { .arena = arena };
		struct atom atom = { 0 };
		words all = { 0 };

		for (int w = 0; cases[i].words[w]; w++)
			vec_add(arena, &all)->text = str_of(cases[i].words[w]);
		if (type_parse_flags(&reader, &all, &atom) != (cases[i].mask != 0))
			fail_msg("%s: accepted or refused wrongly", cases[i].name);
		if (!cases[i].mask) {
			if (ds->list.len != 1 || ds->list.data[0].code != cases[i].code)
				fail_msg("%s: %u diags", cases[i].name, ds->list.len);
			continue;
		}
		if (atom.lo != cases[i].set || atom.hi != cases[i].set ||
		    atom.mask != cases[i].mask)
			fail_msg("%s: another value", cases[i].name);
		types[TYPE_FLAGS].print(&out, &atom);
		if (strcmp(buf_text(&out), cases[i].printed) != 0)
			fail_msg("%s: printed %s", cases[i].name, buf_text(&out));
	}
}

static const char *lost_name;
static enum value_type offered_type;

static void try_offer(void *ctx, const char *word, const char *help)
{
	struct diags *ds = ctx;
	struct type_reader reader = { .ds = ds };
	struct word text = { .text = str_of(word) };
	struct atom atom;

	if (!types[offered_type].parse(&reader, &text, &atom))
		lost_name = word;
}

/* Each row says what it wants, and what it offers is accepted. */
static void test_rows(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	for (unsigned int type = 0; type < TYPES; type++) {
		const struct type *row = &types[type];

		assert_true(row->noun && row->plural && row->help && row->parse && row->print);
		offered_type = (enum value_type)type;
		if (row->candidates)
			row->candidates(diags_new(arena), try_offer);
		if (lost_name)
			fail_msg("%s: '%s' is offered and refused", row->noun, lost_name);
	}
	assert_int_equal(type_of_set(STR("addr")), TYPE_ADDR);
	assert_int_equal(type_of_set(STR("port")), TYPE_PORT);
	assert_int_equal(type_of_set(STR("mac")), TYPE_MAC);
	assert_int_equal(type_of_set(STR("proto")), TYPE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),    cmocka_unit_test(test_bad),
		cmocka_unit_test(test_service), cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_flags),   cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
