/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values: words to atoms and back, one row per type. Names come first (`ftp-data` is not a
 * range), then numbers, then ranges of numbers. Each function reports its own error, once.
 */
#include "compiler/lang/type.h"

#include "compiler/lang/names.h"

static const struct name_value no_names[] = { { NULL, 0 } };

static bool split(struct str word, char separator, struct str *ret_left, struct str *ret_right)
{
	const char *at = word.len ? memchr(word.s, separator, word.len) : NULL;

	if (!at)
		return false;
	*ret_left = (struct str){ word.s, (uint32_t)(at - word.s) };
	*ret_right = (struct str){ at + 1, word.len - ret_left->len - 1 };
	return true;
}

static bool has_char(struct str text, const char *chars)
{
	for (uint32_t i = 0; i < text.len; i++)
		if (strchr(chars, text.s[i]) && text.s[i])
			return true;
	return false;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool fill(struct atom *atom, u128 lo, u128 hi)
{
	*atom = (struct atom){ .kind = ATOM_RANGE, .mask = UINT64_MAX, .lo = lo, .hi = hi };
	return true;
}

static bool wrong(const struct type_reader *reader, const struct word *word, enum value_type type)
{
	diag_error(reader->ds, word->span, E007, "'" STR_FMT "' is not %s", STR_ARG(word->text),
		   types[type].noun);
	return false;
}

u128 clause_max(const struct clause *row)
{
	if (row->max)
		return row->max;
	return row->width >= 16 ? ~(u128)0 : ((u128)1 << (8 * row->width)) - 1;
}

/* ---- numbers with names ---- */

struct numeric {
	enum value_type type;
	const struct name_value *names;
	const char *kind; /* "ICMP type": in "unknown ICMP type" */
	const char *unit; /* "port": in "port 70000 is above 65535" */
	uint64_t max;
};

/* @reported stays false when the word is no number at all. */
static bool read_number(const struct type_reader *reader, const struct numeric *num,
			const struct word *word, struct str text, uint64_t *ret_value,
			bool *reported)
{
	if (num_parse(text, num->max, ret_value))
		return true;
	if (!num_is_number(text))
		return false;
	*reported = true;
	if (text.len > 1 && text.s[0] == '0' && text.s[1] != 'x' && text.s[1] != 'X') {
		diag_error(reader->ds, word->span, E007,
			   "'" STR_FMT "' is not %s: numbers have no leading zeros", STR_ARG(text),
			   types[num->type].noun);
		return false;
	}
	diag_error(reader->ds, word->span, E103, "%s " STR_FMT " is above %lu", num->unit,
		   STR_ARG(text), num->max);
	return false;
}

/* `22-25`, `1024-`; `22:25` is refused with the right spelling. */
static bool read_span(const struct type_reader *reader, const struct numeric *num,
		      const struct word *word, struct atom *ret_atom, bool *reported)
{
	struct str left, right;
	uint64_t lo, hi = num->max;
	bool colon = false;

	if (!split(word->text, '-', &left, &right)) {
		colon = split(word->text, ':', &left, &right);
		if (!colon || !num_is_number(left) || !num_is_number(right))
			return false;
	}
	if (!num_is_number(left) || (right.len && !num_is_number(right)))
		return false;
	if (colon) {
		*reported = true;
		diag_error(reader->ds, word->span, E104, "ranges are written with '-'");
		diag_help(reader->ds, "write " STR_FMT "-" STR_FMT, STR_ARG(left), STR_ARG(right));
		return false;
	}
	if (!read_number(reader, num, word, left, &lo, reported) ||
	    (right.len && !read_number(reader, num, word, right, &hi, reported)))
		return false;
	if (lo > hi) {
		*reported = true;
		diag_error(reader->ds, word->span, E102, "%s range runs backwards", num->unit);
		diag_help(reader->ds, "write %lu-%lu", hi, lo);
		return false;
	}
	return fill(ret_atom, lo, hi);
}

static bool read_numeric(const struct type_reader *reader, const struct numeric *num,
			 const struct word *word, struct atom *ret_atom, bool *reported)
{
	uint16_t named;
	uint64_t value;

	if (names_value(num->names, word->text, &named))
		return fill(ret_atom, named, named);
	if (read_number(reader, num, word, word->text, &value, reported))
		return fill(ret_atom, value, value);
	return !*reported && read_span(reader, num, word, ret_atom, reported);
}

static bool is_keyword(struct str word)
{
	return clause_find(word) || action_find(word);
}

static bool parse_named(const struct type_reader *reader, const struct numeric *num,
			const struct word *word, struct atom *ret_atom)
{
	struct str_nearest nearest = { .word = word->text };
	bool reported = false;

	if (read_numeric(reader, num, word, ret_atom, &reported))
		return true;
	if (reported)
		return false;
	if (!num->names->name || is_keyword(word->text))
		return wrong(reader, word, num->type);
	diag_error(reader->ds, word->span, E101, "unknown %s '" STR_FMT "'", num->kind,
		   STR_ARG(word->text));
	for (const struct name_value *row = num->names; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	if (nearest.best.s)
		diag_help(reader->ds, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	return false;
}

static uint64_t max_of(const struct type_reader *reader, uint64_t otherwise)
{
	return reader->row ? (uint64_t)clause_max(reader->row) : otherwise;
}

static bool parse_proto(const struct type_reader *reader, const struct word *word,
			struct atom *ret_atom)
{
	struct numeric num = { TYPE_PROTO, names_protocols, "protocol", "protocol", 255 };

	return parse_named(reader, &num, word, ret_atom);
}

static bool parse_num(const struct type_reader *reader, const struct word *word,
		      struct atom *ret_atom)
{
	struct numeric num = { TYPE_NUM, no_names, "", reader->field, max_of(reader, UINT32_MAX) };

	return parse_named(reader, &num, word, ret_atom);
}

static bool parse_dscp(const struct type_reader *reader, const struct word *word,
		       struct atom *ret_atom)
{
	struct numeric num = { TYPE_DSCP, names_dscp, "DSCP class", "dscp", 63 };

	return parse_named(reader, &num, word, ret_atom);
}

static bool parse_ether(const struct type_reader *reader, const struct word *word,
			struct atom *ret_atom)
{
	struct numeric num = { TYPE_ETHER, names_ethertypes, "ethertype", "ethertype", 65535 };

	return parse_named(reader, &num, word, ret_atom);
}

static bool parse_icmp(const struct type_reader *reader, const struct word *word,
		       struct atom *ret_atom)
{
	struct numeric num = { TYPE_ICMP_TYPE, names_icmp_types, "ICMP type", "ICMP type", 255 };

	return parse_named(reader, &num, word, ret_atom);
}

static bool parse_icmp6(const struct type_reader *reader, const struct word *word,
			struct atom *ret_atom)
{
	struct numeric num = { TYPE_ICMP6_TYPE, names_icmp6_types, "ICMPv6 type", "ICMPv6 type",
			       255 };

	return parse_named(reader, &num, word, ret_atom);
}

static bool parse_frag(const struct type_reader *reader, const struct word *word,
		       struct atom *ret_atom)
{
	uint16_t value;

	if (str_is(word->text, "any"))
		return fill(ret_atom, FRAG_FIRST, FRAG_LATER);
	if (names_value(names_fragments, word->text, &value))
		return fill(ret_atom, value, value);
	diag_error(reader->ds, word->span, E101, "unknown kind of fragment '" STR_FMT "'",
		   STR_ARG(word->text));
	diag_help(reader->ds, "any, first, later or no");
	return false;
}

/* ---- ports ---- */

/* The port of a service for one protocol; 0: none. */
static uint16_t service_port(const struct type_reader *reader, struct str name, bool udp)
{
	const struct service *row = names_service(name);
	char text[64];
	uint16_t port = row ? (udp ? row->udp : row->tcp) : 0;

	if (port || !reader->io || !name.len || name.len >= sizeof(text))
		return port;
	memcpy(text, name.s, name.len);
	text[name.len] = 0;
	return reader->io->service(reader->io->ctx, text, udp ? "udp" : "tcp", &port) ? port : 0;
}

static void unknown_service(const struct type_reader *reader, const struct word *word)
{
	struct str_nearest nearest = { .word = word->text };
	const struct service *row;

	diag_error(reader->ds, word->span, E101, "unknown service '" STR_FMT "'",
		   STR_ARG(word->text));
	for (row = names_services; row->name; row++)
		str_nearest_offer(&nearest, str_of(row->name));
	if (!nearest.best.s)
		return;
	row = names_service(nearest.best);
	diag_help(reader->ds, "did you mean '%s' (%u/%s)?", row->name,
		  row->tcp ? row->tcp : row->udp, row->tcp ? "tcp" : "udp");
}

static bool parse_service(const struct type_reader *reader, const struct word *word,
			  struct atom *ret_atom)
{
	uint16_t tcp = service_port(reader, word->text, false);
	uint16_t udp = service_port(reader, word->text, true);
	bool wants_tcp = reader->protos & PROTO_TCP, wants_udp = reader->protos & PROTO_UDP;

	if (!tcp && !udp) {
		if (is_keyword(word->text) || !has_char(word->text, LETTERS) ||
		    has_char(word->text, ":/"))
			return wrong(reader, word, TYPE_PORT);
		unknown_service(reader, word);
		return false;
	}
	if ((wants_tcp && !tcp) || (wants_udp && !udp)) {
		diag_error(reader->ds, word->span, E101, "service '" STR_FMT "' has no %s port",
			   STR_ARG(word->text), tcp ? "udp" : "tcp");
		diag_help(reader->ds, "it is %u/%s", tcp ? tcp : udp, tcp ? "tcp" : "udp");
		return false;
	}
	if (tcp && udp && tcp != udp && wants_tcp == wants_udp) {
		diag_error(reader->ds, word->span, E101,
			   "service '" STR_FMT "' has two ports: %u/tcp and %u/udp",
			   STR_ARG(word->text), tcp, udp);
		return false;
	}
	if (wants_tcp != wants_udp)
		return wants_tcp ? fill(ret_atom, tcp, tcp) : fill(ret_atom, udp, udp);
	return tcp ? fill(ret_atom, tcp, tcp) : fill(ret_atom, udp, udp);
}

static bool parse_port(const struct type_reader *reader, const struct word *word,
		       struct atom *ret_atom)
{
	struct numeric num = { TYPE_PORT, no_names, "service", "port", 65535 };
	bool reported = false;

	if (read_numeric(reader, &num, word, ret_atom, &reported))
		return true;
	return !reported && parse_service(reader, word, ret_atom);
}

/* ---- addresses ---- */

/* Return: the family, 0 when it is no address. */
static uint8_t read_address(struct str text, u128 *ret_addr)
{
	uint32_t ip4;

	if (net_parse_ipv4(text, &ip4)) {
		*ret_addr = ip4;
		return FAMILY_IPV4;
	}
	return net_parse_ipv6(text, ret_addr) ? FAMILY_IPV6 : 0;
}

static bool no_address(const struct type_reader *reader, const struct word *word)
{
	struct str text = word->text;
	bool dots = has_char(text, "."), letters = has_char(text, LETTERS);

	if (dots && letters && !has_char(text, ":/")) {
		diag_error(reader->ds, word->span, E113, "host names are not looked up in rules");
		diag_help(reader->ds, "put the addresses into a set file");
		return false;
	}
	wrong(reader, word, TYPE_ADDR);
	if (str_is(text, "any") || str_is(text, "all"))
		diag_help(reader->ds, "leave it out: the rule then matches every address");
	else if (str_is(text, "localhost"))
		diag_help(reader->ds, "write 127.0.0.0/8 or ::1");
	else if (dots && !letters && !has_char(text, ":"))
		diag_help(reader->ds, "an IPv4 address is four numbers from 0 to 255 without "
				      "leading zeros");
	return false;
}

static bool bad_length(const struct type_reader *reader, const struct word *word, uint8_t family,
		       struct str address, struct str length)
{
	unsigned int len = 0;
	uint32_t mask;

	diag_error(reader->ds, word->span, E111, "IPv%u prefix length is 0 to %u", family,
		   family == FAMILY_IPV4 ? 32 : 128);
	if (family != FAMILY_IPV4 || !net_parse_ipv4(length, &mask))
		return false;
	while (len < 32 && mask << len >> 31)
		len++;
	if (mask == (uint32_t)net_prefix_mask(32, len))
		diag_help(reader->ds, "write " STR_FMT "/%u", STR_ARG(address), len);
	return false;
}

static bool parse_prefix(const struct type_reader *reader, const struct word *word,
			 struct str address, struct str length, struct atom *ret_atom)
{
	u128 addr, mask, all;
	uint64_t len;
	uint8_t family = read_address(address, &addr);
	unsigned int bits = family == FAMILY_IPV4 ? 32 : 128;

	if (!family)
		return no_address(reader, word);
	if (!num_parse(length, bits, &len) || has_char(length, "xX"))
		return bad_length(reader, word, family, address, length);
	mask = net_prefix_mask(bits, (unsigned int)len);
	all = net_prefix_mask(bits, bits);
	fill(ret_atom, addr & mask, (addr & mask) | (all & ~mask));
	ret_atom->family = family;
	if (addr & ~mask) {
		struct buf net = { .arena = reader->ds->arena };

		net_print_ip(&net, family, addr & mask);
		diag_warning(reader->ds, word->span, W112, "host bits set: taken as %s/%lu",
			     buf_text(&net), len);
	}
	return true;
}

static bool parse_ends(const struct type_reader *reader, const struct word *word, struct str left,
		       struct str right, struct atom *ret_atom)
{
	u128 lo, hi;
	uint8_t family = read_address(left, &lo), other = read_address(right, &hi);

	if (!family || !other)
		return no_address(reader, word);
	if (family != other) {
		diag_error(reader->ds, word->span, E007,
			   "a range has both ends in one address family");
		return false;
	}
	if (lo > hi) {
		diag_error(reader->ds, word->span, E102, "address range runs backwards");
		diag_help(reader->ds, "write " STR_FMT "-" STR_FMT, STR_ARG(right), STR_ARG(left));
		return false;
	}
	fill(ret_atom, lo, hi);
	ret_atom->family = family;
	return true;
}

static bool parse_addr(const struct type_reader *reader, const struct word *word,
		       struct atom *ret_atom)
{
	struct str left, right;
	u128 addr;
	uint8_t family = read_address(word->text, &addr);

	if (family) {
		fill(ret_atom, addr, addr);
		ret_atom->family = family;
		return true;
	}
	if (split(word->text, '/', &left, &right))
		return parse_prefix(reader, word, left, right, ret_atom);
	if (split(word->text, '-', &left, &right) && !has_char(left, "ghijklmnopqrstuvwxyz"))
		return parse_ends(reader, word, left, right, ret_atom);
	return no_address(reader, word);
}

static bool parse_mac(const struct type_reader *reader, const struct word *word,
		      struct atom *ret_atom)
{
	struct str left, right;
	uint64_t lo, hi;

	if (net_parse_mac(word->text, &lo))
		return fill(ret_atom, lo, lo);
	if (!split(word->text, '-', &left, &right) || !net_parse_mac(left, &lo) ||
	    !net_parse_mac(right, &hi)) {
		wrong(reader, word, TYPE_MAC);
		diag_help(reader->ds, "write 02:00:00:aa:bb:cc");
		return false;
	}
	if (lo <= hi)
		return fill(ret_atom, lo, hi);
	diag_error(reader->ds, word->span, E102, "MAC address range runs backwards");
	diag_help(reader->ds, "write " STR_FMT "-" STR_FMT, STR_ARG(right), STR_ARG(left));
	return false;
}

/* Linux: up to 15 bytes, no blank, no '/'. */
static bool parse_iface(const struct type_reader *reader, const struct word *word,
			struct atom *ret_atom)
{
	struct str name = word->text;

	if (!name.len || name.len > 15 || has_char(name, "/ \t\"\\") || str_is(name, ".") ||
	    str_is(name, "..")) {
		diag_error(reader->ds, word->span, E164, "'" STR_FMT "' is not an interface name",
			   STR_ARG(name));
		return false;
	}
	*ret_atom = (struct atom){ .kind = ATOM_IFACE, .mask = UINT64_MAX, .text = name };
	return true;
}

/* ---- TCP flags ---- */

static bool parse_flag(const struct type_reader *reader, const struct word *word, struct str text,
		       uint8_t *bits)
{
	struct numeric num = { TYPE_FLAGS, names_tcp_flags, "TCP flag", "", 0 };
	struct word part = { .kind = word->kind, .text = text, .span = word->span };
	struct atom atom;

	if (str_is(text, "none"))
		return true;
	if (str_is(text, "all")) {
		*bits = 0xff;
		return true;
	}
	if (!text.len || num_is_number(text))
		return wrong(reader, word, TYPE_FLAGS);
	if (!parse_named(reader, &num, &part, &atom))
		return false;
	*bits |= (uint8_t)atom.lo;
	return true;
}

bool type_parse_flags(const struct type_reader *reader, const words *all, struct atom *ret_atom)
{
	uint8_t set = 0, mask = 0, *into = &set;
	struct span span = all->data[0].span;

	vec_for_each(word, all) {
		struct str left = word->text, right;
		bool slash = split(word->text, '/', &left, &right);

		span = span_join(span, word->span);
		if (!parse_flag(reader, word, left, into))
			return false;
		if (!slash)
			continue;
		if (into == &mask)
			return wrong(reader, word, TYPE_FLAGS);
		into = &mask;
		if (!parse_flag(reader, word, right, into))
			return false;
	}
	if (into == &set)
		mask = set;
	if (!mask) {
		diag_error(reader->ds, span, E109,
			   "no flag is looked at: this matches every packet");
		diag_help(reader->ds, "write 'none/all' for packets without any flag");
		return false;
	}
	if (set & ~mask) {
		diag_error(reader->ds, span, E109,
			   "a flag outside the mask is wanted: this never "
			   "matches");
		return false;
	}
	fill(ret_atom, set, set);
	ret_atom->mask = mask;
	return true;
}

static bool parse_flags(const struct type_reader *reader, const struct word *word,
			struct atom *ret_atom)
{
	struct word copy = *word;
	words one = { .data = &copy, .len = 1, .cap = 1 };

	return type_parse_flags(reader, &one, ret_atom);
}

static bool parse_nothing(const struct type_reader *reader, const struct word *word,
			  struct atom *ret_atom)
{
	(void)ret_atom;
	return wrong(reader, word, TYPE_NONE);
}

/* ---- printing ---- */

static void print_decimal(struct buf *out, uint64_t value)
{
	char text[20];
	uint32_t at = sizeof(text);

	do {
		text[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_add(out, (struct str){ text + at, sizeof(text) - at });
}

static void print_number(struct buf *out, const struct atom *atom)
{
	print_decimal(out, (uint64_t)atom->lo);
	if (atom->lo == atom->hi)
		return;
	buf_puts(out, "-");
	print_decimal(out, (uint64_t)atom->hi);
}

static void print_named(struct buf *out, const struct atom *atom, const struct name_value *names)
{
	const char *name = atom->lo == atom->hi ? names_name(names, (uint64_t)atom->lo) : NULL;

	if (name)
		buf_puts(out, name);
	else
		print_number(out, atom);
}

static void print_proto(struct buf *out, const struct atom *atom)
{
	print_named(out, atom, names_protocols);
}

static void print_dscp(struct buf *out, const struct atom *atom)
{
	print_named(out, atom, names_dscp);
}

static void print_icmp(struct buf *out, const struct atom *atom)
{
	print_named(out, atom, names_icmp_types);
}

static void print_icmp6(struct buf *out, const struct atom *atom)
{
	print_named(out, atom, names_icmp6_types);
}

static void print_frag(struct buf *out, const struct atom *atom)
{
	if (atom->lo == atom->hi)
		print_named(out, atom, names_fragments);
	else
		buf_puts(out, "any");
}

static void print_ether(struct buf *out, const struct atom *atom)
{
	buf_printf(out, "0x%04x", (unsigned int)atom->lo);
	if (atom->lo != atom->hi)
		buf_printf(out, "-0x%04x", (unsigned int)atom->hi);
}

static void print_addr(struct buf *out, const struct atom *atom)
{
	net_print_range(out, atom->family, (struct range){ atom->lo, atom->hi });
}

static void print_mac(struct buf *out, const struct atom *atom)
{
	net_print_mac(out, (uint64_t)atom->lo);
	if (atom->lo == atom->hi)
		return;
	buf_puts(out, "-");
	net_print_mac(out, (uint64_t)atom->hi);
}

static void print_flag_bits(struct buf *out, uint64_t bits)
{
	const char *comma = "";

	if (bits == 0 || bits == 0xff) {
		buf_puts(out, bits ? "all" : "none");
		return;
	}
	for (const struct name_value *row = names_tcp_flags; row->name; row++) {
		if (!(bits & row->value))
			continue;
		buf_puts(out, comma);
		buf_puts(out, row->name);
		comma = ",";
	}
}

static void print_flags(struct buf *out, const struct atom *atom)
{
	print_flag_bits(out, (uint64_t)atom->lo);
	buf_puts(out, "/");
	print_flag_bits(out, atom->mask);
}

static void print_text(struct buf *out, const struct atom *atom)
{
	buf_add(out, atom->text);
}

/* ---- completion ---- */

static void offer_names(const struct name_value *names, void *ctx, type_offer *offer)
{
	for (; names->name; names++)
		offer(ctx, names->name, NULL);
}

#define OFFER(what)                                            \
	static void offer_##what(void *ctx, type_offer *offer) \
	{                                                      \
		offer_names(names_##what, ctx, offer);         \
	}
OFFER(protocols)
OFFER(icmp_types)
OFFER(icmp6_types)
OFFER(dscp)
OFFER(tcp_flags)
OFFER(ethertypes)

static void offer_fragments(void *ctx, type_offer *offer)
{
	offer(ctx, "any", NULL);
	offer_names(names_fragments, ctx, offer);
}

static void offer_services(void *ctx, type_offer *offer)
{
	for (const struct service *row = names_services; row->name; row++)
		offer(ctx, row->name, NULL);
}

/* clang-format off */
const struct type types[TYPES] = {
	[TYPE_NONE] = { "a value", "nothing", "", NULL, parse_nothing, print_number, NULL },
	[TYPE_ADDR] = { "an address", "addresses", "ADDR, PREFIX, A-B, @set", "addr",
			parse_addr, print_addr, NULL },
	[TYPE_PORT] = { "a port", "ports", "number, service name, A-B, A-, @set", "port",
			parse_port, print_number, offer_services },
	[TYPE_PROTO] = { "a protocol", "protocols", "protocol name or number", NULL,
			 parse_proto, print_proto, offer_protocols },
	[TYPE_NUM] = { "a number", "numbers", "number, A-B, A-", NULL,
		       parse_num, print_number, NULL },
	[TYPE_DSCP] = { "a DSCP class", "DSCP classes", "class (ef, af11, cs1) or number", NULL,
			parse_dscp, print_dscp, offer_dscp },
	[TYPE_MAC] = { "a MAC address", "MAC addresses", "MAC, A-B, @set", "mac",
		       parse_mac, print_mac, NULL },
	[TYPE_ETHER] = { "an ethertype", "ethertypes", "0x88cc, or a name", NULL,
			 parse_ether, print_ether, offer_ethertypes },
	[TYPE_IFACE] = { "an interface", "interfaces", "interface name, globs allowed", NULL,
			 parse_iface, print_text, NULL },
	[TYPE_FRAG] = { "a kind of fragment", "fragments", "any, first, later, no", NULL,
			parse_frag, print_frag, offer_fragments },
	[TYPE_FLAGS] = { "a TCP flag", "TCP flags", "SET or SET/MASK: syn,ack none all", NULL,
			 parse_flags, print_flags, offer_tcp_flags },
	[TYPE_ICMP_TYPE] = { "an ICMP type", "ICMP types", "ICMP type by name or number", NULL,
			     parse_icmp, print_icmp, offer_icmp_types },
	[TYPE_ICMP6_TYPE] = { "an ICMPv6 type", "ICMPv6 types", "ICMPv6 type by name or number",
			      NULL, parse_icmp6, print_icmp6, offer_icmp6_types },
	[TYPE_FAMILY] = { "a family", "families", "ip4 or ip6", NULL,
			  parse_nothing, print_number, NULL },
};
/* clang-format on */

enum value_type type_of_set(struct str word)
{
	for (unsigned int type = 0; type < TYPES; type++)
		if (types[type].set_word && str_is(word, types[type].set_word))
			return (enum value_type)type;
	return TYPE_NONE;
}
