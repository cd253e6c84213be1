/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One `pass` or `block` rule of pf. Lists are values of one field here, as all that they expand to
 * has one verdict. TCP of a rule that keeps state is matched by its SYN (flags S/SA) only.
 */
#include "bpffw/import/pf.h"
#include "compiler/lang/names.h"

#define TCP             6
#define UDP             17
#define ICMP            1
#define ICMP6           58
#define CONNECTIONS_MAX 64
/* A ban of pf has no end; ours need one. */
#define BAN_TIME "1d"

struct pf_rule {
	struct pf *p;
	const struct pf_line *line;
	uint32_t at;
	struct draft_rule draft;
	bool pass, log, no_state, flags_any, has_flags, needless, is_bare;
	uint8_t set, mask;
	uint64_t connections, rate_count, rate_seconds;
	struct str overload;
};

static const struct pf_token *peek(const struct pf_rule *r)
{
	return &r->line->tokens.data[r->at];
}

static const struct pf_token *take(struct pf_rule *r)
{
	const struct pf_token *token = peek(r);

	if (token->kind != PF_END)
		r->at++;
	return token;
}

static bool take_if(struct pf_rule *r, const char *text)
{
	if (!pf_is(peek(r), text))
		return false;
	r->at++;
	return true;
}

static bool missing(struct pf_rule *r, const char *why)
{
	return item_missing(&r->p->d, "%s", why);
}

static bool not_understood(struct pf_rule *r, const char *what, struct str text)
{
	return item_missing(&r->p->d, "%s '" STR_FMT "' is not understood", what, STR_ARG(text));
}

/* One word, or the words of a list: called for each. */
static bool for_each(struct pf_rule *r, bool (*read)(struct pf_rule *r, void *ctx), void *ctx)
{
	if (!take_if(r, "{"))
		return read(r, ctx);
	while (!take_if(r, "}")) {
		if (peek(r)->kind == PF_END)
			return missing(r, "a list is open at the end of the rule");
		if (take_if(r, ","))
			continue;
		if (!read(r, ctx))
			return false;
	}
	return true;
}

static bool put(struct pf_rule *r, enum field field, bool negated, const struct value *value)
{
	return rule_match(&r->p->d, &r->draft, field, negated, value) ||
	       missing(r, "it matches one field twice");
}

/* ---- interfaces, protocols ---- */

static bool is_loopback(struct str name)
{
	return str_is(name, "lo") || str_is(name, "lo0");
}

/* A name without a number is a group of interfaces, which only the host knows. */
static bool is_group(struct str name)
{
	char last = name.len ? name.s[name.len - 1] : 0;

	return (last < '0' || last > '9') && !is_loopback(name);
}

static bool read_interface(struct pf_rule *r, void *ctx)
{
	struct value *values = ctx;
	bool negated = take_if(r, "!");
	struct str name = take(r)->text;

	if (is_loopback(name)) {
		r->needless |= !negated;
		return true;
	}
	if (!name.len || is_group(name))
		return item_missing(&r->p->d,
				    "'" STR_FMT "' is a group of interfaces, or all: "
				    "bpffw needs names",
				    STR_ARG(name));
	if (!r->p->d.source->interfaces.len && !negated)
		draft_interface(&r->p->d, name);
	vec_push(r->p->d.arena, &values[negated].words, name);
	return true;
}

static bool read_interfaces(struct pf_rule *r)
{
	struct value values[2] = { 0 };

	if (!for_each(r, read_interface, values))
		return false;
	/* A list with lo and others is what is left of it. */
	r->needless &= !values[0].words.len;
	for (int negated = 0; negated < 2; negated++)
		if (values[negated].words.len && !put(r, FIELD_ON, negated, &values[negated]))
			return false;
	return true;
}

static bool read_proto(struct pf_rule *r, void *ctx)
{
	struct str text = take(r)->text;
	uint64_t proto;

	if (!read_protocol(text, &proto))
		return not_understood(r, "protocol", text);
	value_add(&r->p->d, ctx, 0, proto, proto);
	return true;
}

/* ---- hosts and ports ---- */

struct hosts {
	struct value values[2];
	bool any, list;
};

static bool read_host(struct pf_rule *r, void *ctx)
{
	struct hosts *hosts = ctx;
	bool negated = take_if(r, "!");
	const struct pf_token *token = take(r);
	struct range range;
	int family;

	if (token->kind == PF_TABLE) {
		struct str name = pf_table_name(r->p, token->text);

		if (!name.len)
			return false;
		vec_push(r->p->d.arena, &hosts->values[negated].words, name);
	} else if (str_is(token->text, "any") && !negated) {
		hosts->any = true;
	} else if (token->kind == PF_MARK || !token->text.len) {
		return missing(r, "the address of an interface is not known here");
	} else {
		family = pf_address(r->p->d.arena, token->text, &range);
		if (!family)
			return item_missing(&r->p->d,
					    "'" STR_FMT "' is no address (names, 'self' "
					    "and interfaces are not looked up)",
					    STR_ARG(token->text));
		value_add(&r->p->d, &hosts->values[negated], family, range.lo, range.hi);
	}
	/* In a list each entry is a rule of its own, so a negated one matches nearly all. */
	if (negated && hosts->list)
		return missing(r, "'!' in a list matches all but that address: pf takes each entry "
				  "for a rule of its own");
	return true;
}

static bool read_hosts(struct pf_rule *r, enum field field)
{
	struct hosts hosts = { .list = pf_is(peek(r), "{") };

	if (!for_each(r, read_host, &hosts))
		return false;
	for (int negated = 0; negated < 2; negated++) {
		const struct value *value = &hosts.values[negated];

		if ((value->words.len || value->r[0].len || value->r[1].len) && !hosts.any &&
		    !put(r, field, negated, value))
			return false;
	}
	return true;
}

static bool one_port(struct str text, uint64_t *ret_port)
{
	static const struct name_value others[] = {
		{ "www", 80 }, { "auth", 113 }, { "bootps", 67 }, { "bootpc", 68 }, { NULL, 0 },
	};
	uint16_t value;

	if (read_port(text, 0, ret_port))
		return true;
	if (!names_value(others, text, &value))
		return false;
	*ret_port = value;
	return true;
}

/* "1000:2000", ":1024", "1024:" */
static bool port_span(struct str text, uint64_t *ret_lo, uint64_t *ret_hi)
{
	const char *colon = text.len ? memchr(text.s, ':', text.len) : NULL;
	struct str left = text, right;

	if (!colon) {
		if (!one_port(text, ret_lo))
			return false;
		*ret_hi = *ret_lo;
		return true;
	}
	left.len = (uint32_t)(colon - text.s);
	right = (struct str){ colon + 1, text.len - left.len - 1 };
	*ret_lo = 0;
	*ret_hi = UINT16_MAX;
	return (!left.len || one_port(left, ret_lo)) && (!right.len || one_port(right, ret_hi)) &&
	       *ret_lo <= *ret_hi;
}

/* A >< B: between them; A <> B: outside. Both without the ends. */
static bool read_between(struct pf_rule *r, struct value *value, uint64_t lo, bool inside)
{
	struct str text = take(r)->text;
	uint64_t hi;

	if (!one_port(text, &hi) || lo >= hi)
		return not_understood(r, "port", text);
	if (inside && lo + 1 < hi)
		value_add(&r->p->d, value, 0, lo + 1, hi - 1);
	if (!inside && lo)
		value_add(&r->p->d, value, 0, 0, lo - 1);
	if (!inside && hi < UINT16_MAX)
		value_add(&r->p->d, value, 0, hi + 1, UINT16_MAX);
	return (inside ? lo + 1 < hi : lo || hi < UINT16_MAX) || not_understood(r, "port", text);
}

static bool read_ports(struct pf_rule *r, void *ctx)
{
	static const char *const operators[] = { "=", "!=", "<", "<=", ">", ">=" };
	enum { EQUAL, NOT, LESS, LESS_EQUAL, MORE, MORE_EQUAL, NONE } op = EQUAL;
	struct value *value = ctx;
	struct str text;
	uint64_t lo, hi;

	while (op < NONE && !take_if(r, operators[op]))
		op++;
	text = take(r)->text;
	if (!port_span(text, &lo, &hi) || (lo != hi && op != NONE && op != EQUAL))
		return not_understood(r, "port", text);
	if (lo == hi && (pf_is(peek(r), "><") || pf_is(peek(r), "<>")))
		return read_between(r, value, lo, pf_is(take(r), "><"));
	if (op == NOT) {
		if (lo)
			value_add(&r->p->d, value, 0, 0, lo - 1);
		if (hi < UINT16_MAX)
			value_add(&r->p->d, value, 0, hi + 1, UINT16_MAX);
		return true;
	}
	if ((op == LESS && !lo) || (op == MORE && hi == UINT16_MAX))
		return not_understood(r, "port", text);
	if (op == LESS || op == LESS_EQUAL) {
		hi = op == LESS ? lo - 1 : lo;
		lo = 0;
	} else if (op == MORE || op == MORE_EQUAL) {
		lo = op == MORE ? hi + 1 : hi;
		hi = UINT16_MAX;
	}
	value_add(&r->p->d, value, 0, lo, hi);
	return true;
}

static bool read_end(struct pf_rule *r, enum field address, enum field port)
{
	struct value ports = { 0 };

	if (!pf_is(peek(r), "port") && !read_hosts(r, address))
		return false;
	if (!take_if(r, "port"))
		return true;
	return for_each(r, read_ports, &ports) && put(r, port, false, &ports);
}

/* ---- flags, ICMP ---- */

static bool read_flags(struct pf_rule *r)
{
	static const char letters[] = "FSRPAUEW";
	struct str text = take(r)->text;
	uint8_t *into = &r->set;

	r->has_flags = true;
	if (str_is(text, "any")) {
		r->flags_any = true;
		return true;
	}
	for (uint32_t i = 0; i < text.len; i++) {
		const char *letter = text.s[i] ? strchr(letters, text.s[i]) : NULL;

		if (text.s[i] == '/' && into == &r->set)
			into = &r->mask;
		else if (letter)
			*into |= (uint8_t)(1 << (letter - letters));
		else
			return not_understood(r, "TCP flag", text);
	}
	if (into == &r->set || !r->mask)
		r->mask = 0xff;
	return true;
}

static const struct name_value icmp_names[] = {
	{ "echorep", 0 },    { "unreach", 3 },   { "squench", 4 },    { "redir", 5 },
	{ "echoreq", 8 },    { "routeradv", 9 }, { "routersol", 10 }, { "timex", 11 },
	{ "paramprob", 12 }, { "timereq", 13 },  { "timerep", 14 },   { "inforeq", 15 },
	{ "inforep", 16 },   { "maskreq", 17 },  { "maskrep", 18 },   { NULL, 0 },
};

static const struct name_value icmp6_names[] = {
	{ "unreach", 1 },      { "toobig", 2 },       { "timex", 3 },        { "paramprob", 4 },
	{ "echoreq", 128 },    { "echorep", 129 },    { "groupqry", 130 },   { "listqry", 130 },
	{ "grouprep", 131 },   { "listenrep", 131 },  { "groupterm", 132 },  { "routersol", 133 },
	{ "routeradv", 134 },  { "neighbrsol", 135 }, { "neighbradv", 136 }, { "redir", 137 },
	{ "routrrenum", 138 }, { NULL, 0 },
};

struct icmp {
	struct value types, codes;
	bool six;
};

static bool read_type(struct pf_rule *r, void *ctx)
{
	struct icmp *icmp = ctx;
	struct str text = take(r)->text;
	uint64_t number, code;
	uint16_t named;

	if (names_value(icmp->six ? icmp6_names : icmp_names, text, &named))
		number = named;
	else if (!read_number(text, 255, &number))
		return not_understood(r, "ICMP type", text);
	value_add(&r->p->d, &icmp->types, 0, number, number);
	if (!take_if(r, "code"))
		return true;
	text = take(r)->text;
	if (str_is(text, "needfrag"))
		code = 4;
	else if (!read_number(text, 255, &code))
		return not_understood(r, "ICMP code", text);
	value_add(&r->p->d, &icmp->codes, 0, code, code);
	return true;
}

static bool read_icmp(struct pf_rule *r, bool six)
{
	struct icmp icmp = { .six = six };

	if (!for_each(r, read_type, &icmp))
		return false;
	if (icmp.codes.r[0].len && icmp.types.r[0].len > 1)
		return missing(r, "codes in a list of ICMP types");
	if (!put(r, FIELD_TYPE, false, &icmp.types))
		return false;
	return !icmp.codes.r[0].len || put(r, FIELD_CODE, false, &icmp.codes);
}

/* ---- state options ---- */

static bool read_rate(struct pf_rule *r)
{
	struct str text = take(r)->text, left = text, right;
	const char *slash = text.len ? memchr(text.s, '/', text.len) : NULL;

	if (!slash)
		return not_understood(r, "rate", text);
	left.len = (uint32_t)(slash - text.s);
	right = (struct str){ slash + 1, text.len - left.len - 1 };
	if (!read_number(left, 1000000, &r->rate_count) ||
	    !read_number(right, 1000000, &r->rate_seconds) || !r->rate_count || !r->rate_seconds)
		return not_understood(r, "rate", text);
	return true;
}

static bool read_state_option(struct pf_rule *r)
{
	struct str word = take(r)->text, value;

	if (str_is(word, "max-src-conn-rate"))
		return read_rate(r);
	if (str_is(word, "max-src-conn")) {
		value = take(r)->text;
		if (!read_number(value, CONNECTIONS_MAX, &r->connections) || !r->connections)
			return missing(r, "bpffw limits up to 64 TCP connections of a source");
		return true;
	}
	if (str_is(word, "overload")) {
		if (peek(r)->kind != PF_TABLE)
			return not_understood(r, "table", peek(r)->text);
		r->overload = pf_table_name(r->p, take(r)->text);
		if (take_if(r, "flush"))
			take_if(r, "global");
		return r->overload.len;
	}
	if (str_is(word, "source-track") || str_is(word, "if-bound") || str_is(word, "floating") ||
	    str_is(word, "sloppy") || str_is(word, "no-sync") || str_is(word, "pflow") ||
	    str_is(word, "rule") || str_is(word, "global"))
		return true;
	if (str_is(word, "max") || str_is(word, "max-src-nodes") ||
	    str_is(word, "max-src-states") || word.len) {
		item_note(&r->p->d, "'" STR_FMT "' of its states has no counterpart",
			  STR_ARG(word));
		while (peek(r)->kind == PF_WORD)
			r->at++;
	}
	return true;
}

static bool read_state_options(struct pf_rule *r)
{
	if (!take_if(r, "("))
		return true;
	while (!take_if(r, ")")) {
		if (peek(r)->kind == PF_END)
			return missing(r, "a list is open at the end of the rule");
		if (take_if(r, ","))
			continue;
		if (!read_state_option(r))
			return false;
	}
	return true;
}

/* ---- the words of a rule ---- */

static bool skip_parens(struct pf_rule *r)
{
	if (!take_if(r, "("))
		return true;
	while (!take_if(r, ")"))
		if (take(r)->kind == PF_END)
			return missing(r, "a list is open at the end of the rule");
	return true;
}

static bool read_verdict(struct pf_rule *r)
{
	r->pass = take_if(r, "pass");
	if (r->pass || !take_if(r, "block"))
		return true;
	if (take_if(r, "drop"))
		return true;
	if (!take_if(r, "return") && !take_if(r, "return-rst") && !take_if(r, "return-icmp") &&
	    !take_if(r, "return-icmp6"))
		return true;
	item_note(&r->p->d, "return became drop (XDP cannot send a reply)");
	return skip_parens(r);
}

static bool read_families(struct pf_rule *r, uint8_t families)
{
	r->draft.families &= families;
	return true;
}

static bool read_label(struct pf_rule *r)
{
	r->draft.comment = take(r)->text;
	return true;
}

static bool read_protos(struct pf_rule *r)
{
	struct value value = { 0 };

	return for_each(r, read_proto, &value) && put(r, FIELD_PROTO, false, &value);
}

static bool read_state(struct pf_rule *r)
{
	if (!take_if(r, "state"))
		return missing(r, "its states are not understood");
	return read_state_options(r);
}

static bool read_word(struct pf_rule *r)
{
	struct str word = peek(r)->text;

	if (take_if(r, "in") || take_if(r, "quick") || take_if(r, "all") ||
	    take_if(r, "allow-opts"))
		return true;
	if (take_if(r, "out"))
		return missing(r, "for outgoing packets: bpffw sees what comes in");
	if (take_if(r, "log")) {
		r->log = true;
		return skip_parens(r);
	}
	if (take_if(r, "on"))
		return read_interfaces(r);
	if (take_if(r, "inet"))
		return read_families(r, FAM_IPV4);
	if (take_if(r, "inet6"))
		return read_families(r, FAM_IPV6);
	if (take_if(r, "proto"))
		return read_protos(r);
	if (take_if(r, "from"))
		return read_end(r, FIELD_SRC, FIELD_SPORT);
	if (take_if(r, "to"))
		return read_end(r, FIELD_DST, FIELD_DPORT);
	if (take_if(r, "flags"))
		return read_flags(r);
	if (take_if(r, "icmp-type"))
		return read_icmp(r, false);
	if (take_if(r, "icmp6-type"))
		return read_icmp(r, true);
	if (take_if(r, "label"))
		return read_label(r);
	if (take_if(r, "no")) {
		r->no_state = true;
		return take_if(r, "state") || missing(r, "its states are not understood");
	}
	if (take_if(r, "keep") || take_if(r, "modulate") || take_if(r, "synproxy"))
		return read_state(r);
	return item_missing(&r->p->d, "'" STR_FMT "' has no counterpart in bpffw", STR_ARG(word));
}

/* ---- what it becomes ---- */

static bool emit(struct pf_rule *r, const struct draft_rule *rule, enum verb verb)
{
	struct draft_rule copy = *rule;

	copy.verb = verb;
	return item_rule(&r->p->d, &copy);
}

static bool is_tcp(const struct pf_rule *r)
{
	const ranges *protos = &r->draft.fields[FIELD_PROTO][0].r[0];

	return protos->len == 1 && protos->data[0].lo == TCP && protos->data[0].hi == TCP;
}

static bool emit_limits(struct pf_rule *r)
{
	struct draft_rule limit = r->draft;

	if (!r->connections && !r->rate_count)
		return true;
	if (!is_tcp(r) || !r->pass)
		return missing(r, "limits of connections are for TCP");
	limit.per = "src/32/128";
	limit.comment.len = 0;
	if (r->rate_count) {
		limit.rate = rate_text(r->p->d.arena, r->rate_count, r->rate_seconds);
		limit.burst = arena_printf(r->p->d.arena, "%lu", r->rate_count);
		if (!limit.rate)
			return missing(r, "the rate has no words in bpffw");
		if (r->overload.len)
			limit.exceed = arena_printf(r->p->d.arena,
						    "blacklist @" STR_FMT " verified for " BAN_TIME,
						    STR_ARG(r->overload));
		item_note(&r->p->d, "max-src-conn-rate became a syn-limit%s",
			  r->overload.len ? " that bans for " BAN_TIME : "");
		if (!emit(r, &limit, VERB_SYN_LIMIT))
			return false;
	}
	if (!r->connections)
		return true;
	item_note(&r->p->d, "max-src-conn became a conn-limit: it counts what bpffw has seen");
	limit.burst = limit.exceed = NULL;
	limit.rate = arena_printf(r->p->d.arena, "%lu", r->connections);
	return emit(r, &limit, VERB_CONN_LIMIT);
}

/* The protocols without TCP; false: none is left. */
static bool without_tcp(struct pf_rule *r, struct draft_rule *rule)
{
	struct value tcp = { 0 };
	ranges rest;

	value_add(&r->p->d, &tcp, 0, TCP, TCP);
	if (!rule->given[FIELD_PROTO][0]) {
		rule_match(&r->p->d, rule, FIELD_PROTO, true, &tcp);
		return true;
	}
	rest = ranges_complement(r->p->d.arena, &tcp.r[0], 255);
	rule->fields[FIELD_PROTO][0].r[0] =
		ranges_both(r->p->d.arena, &rule->fields[FIELD_PROTO][0].r[0], &rest);
	return rule->fields[FIELD_PROTO][0].r[0].len;
}

static bool may_be_tcp(const struct pf_rule *r)
{
	const ranges *protos = &r->draft.fields[FIELD_PROTO][0].r[0];

	return !r->draft.given[FIELD_PROTO][0] || ranges_contain(protos, TCP);
}

/* Flags are looked at in TCP only; the rule is for what else it names, too. */
static bool emit_verdict(struct pf_rule *r)
{
	enum verb verb = r->pass ? VERB_ALLOW : VERB_DROP;
	struct draft_rule tcp = r->draft, other = r->draft;

	if (!r->has_flags && r->pass && !r->no_state) {
		r->has_flags = true;
		r->set = 0x02;
		r->mask = 0x12;
	}
	r->p->d.needs_established |= r->pass && !r->no_state;
	if (!r->has_flags || r->flags_any || !may_be_tcp(r))
		return emit(r, &r->draft, verb);
	if (r->set & ~r->mask)
		return missing(r, "it wants a flag outside the mask");
	rule_number(&r->p->d, &tcp, FIELD_PROTO, false, TCP, TCP);
	rule_flags(&tcp, false, r->set, r->mask);
	if (!emit(r, &tcp, verb))
		return false;
	return !without_tcp(r, &other) || emit(r, &other, verb);
}

static bool is_bare(const struct pf_rule *r)
{
	for (int field = 0; field < FIELDS; field++)
		if (r->draft.given[field][0] || r->draft.given[field][1])
			return false;
	return r->draft.families == FAM_IP && !r->has_flags && !r->log;
}

void pf_read(struct pf *p, const struct pf_line *line)
{
	struct pf_rule r = {
		.p = p,
		.line = line,
		.draft = { .chain = -1, .families = FAM_IP },
	};
	struct item *item = p->d.item;

	p->block_all = false;
	if (!read_verdict(&r))
		return;
	while (peek(&r)->kind != PF_END)
		if (!read_word(&r))
			break;
	if (item->outcome == IMPORT_MISSING) {
		if (!r.pass && !pf_is(peek(&r), "out"))
			item->note =
				arena_printf(p->d.arena, "%s; WHAT IT BLOCKS GOES ON", item->note);
		return;
	}
	if (r.needless) {
		item_note(&p->d, "not needed: bpffw is on no loopback interface");
		return;
	}
	p->block_all = !r.pass && is_bare(&r) && !pf_is_quick(line);
	if (r.log) {
		item_note(&p->d, "it goes to the events of bpffw, not to pflog");
		r.draft.log = "";
	}
	if (emit_limits(&r))
		emit_verdict(&r);
}
