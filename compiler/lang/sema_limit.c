/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Verb arguments, rates, bursts, bucket keys, and what happens above a rate. */
#include "compiler/lang/sema_internal.h"

#define COUNT_MAX   1000000000000000000ull /* read as this when there is more */
#define NUMBER_MAX  1000000u               /* conn-limit, scan-limit */
#define CONN_MAX    64u                    /* more of conn-limit is not there yet */
#define PREFIX4_MAX 32u
#define PREFIX6_MAX 128u
/* Wider bans want '--force' of a command, and a rule has none. */
#define BAN4_MIN 8u
#define BAN6_MIN 16u

/* ---- rates ---- */

static uint64_t period_of(struct str unit)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {
		{ "s", 1 },    { "sec", 1 },     { "m", 60 },    { "min", 60 },
		{ "h", 3600 }, { "hour", 3600 }, { "d", 86400 }, { "day", 86400 },
	};

	for (uint32_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_is(unit, units[i].name))
			return units[i].seconds;
	return 0;
}

static uint64_t multiplier_of(char letter)
{
	switch (letter) {
	case 'k':
	case 'K':
		return 1000;
	case 'm':
	case 'M':
		return 1000000;
	case 'g':
	case 'G':
		return 1000000000;
	default:
		return 0;
	}
}

static bool is_bit(struct str text)
{
	return text.len == 3 && (text.s[0] | 32) == 'b' && (text.s[1] | 32) == 'i' &&
	       (text.s[2] | 32) == 't';
}

/* `20`, `2k`, `64kB`, `10mbit`: number, power of 1000, unit. */
struct quantity {
	uint64_t count;
	enum rate_unit unit;
	struct str suffix; /* behind the digits, for the error */
};

static bool read_quantity(struct str text, struct quantity *ret_quantity)
{
	struct quantity q = { .unit = RATE_PACKETS };
	uint32_t digits = 0;
	uint64_t times = 1;
	struct str unit, number;

	while (digits < text.len && text.s[digits] >= '0' && text.s[digits] <= '9')
		digits++;
	unit = (struct str){ text.s + digits, text.len - digits };
	q.suffix = unit;
	ret_quantity->suffix = unit;
	number = (struct str){ text.s, digits };
	if (!num_parse(number, COUNT_MAX, &q.count)) {
		if (!num_is_number(number) || number.s[0] == '0')
			return false;
		q.count = COUNT_MAX;
	}
	if (unit.len && multiplier_of(unit.s[0])) {
		times = multiplier_of(unit.s[0]);
		unit = (struct str){ unit.s + 1, unit.len - 1 };
	}
	if (is_bit(unit))
		q.unit = RATE_BITS;
	else if (str_is(unit, "B"))
		q.unit = RATE_BYTES;
	else if (unit.len)
		return false;
	q.count = q.count > COUNT_MAX / times ? COUNT_MAX : q.count * times;
	*ret_quantity = q;
	return true;
}

static void bad_rate(struct sema *s, const struct word *word, struct str suffix)
{
	struct str text = word->text;

	if (!suffix.len || suffix.len == text.len) {
		diag_error(s->ds, word->span, E132, "'" STR_FMT "' is not a rate", STR_ARG(text));
		diag_help(s->ds, "write 10/s, 6/m, 10mbit/s or 5MB/s");
		return;
	}
	diag_error(s->ds, word->span, E132, "unknown unit '" STR_FMT "'", STR_ARG(suffix));
	if (multiplier_of(suffix.s[0]))
		diag_help(s->ds, "%cbit or %cB", suffix.s[0],
			  suffix.s[0] == 'm' ? 'M' : suffix.s[0]);
	else
		diag_help(s->ds, "bit, B, or nothing for packets; k, m, g before it");
}

/* A packet would take less than the smallest unit of the arithmetic (ir/limit.c). */
static bool is_too_fast(struct sema *s, const struct word *word, const struct quantity *quantity,
			uint64_t period)
{
	static const struct {
		uint64_t most; /* a second */
		const char *text;
	} rates[] = {
		[RATE_PACKETS] = { LIMIT_RATE_MAX / 400, "1g/s" },
		[RATE_BITS] = { LIMIT_RATE_MAX, "400gbit/s" },
		[RATE_BYTES] = { LIMIT_RATE_MAX / 8, "50GB/s" },
	};

	if (quantity->count / period <= rates[quantity->unit].most)
		return false;
	diag_error(s->ds, word->span, E132, "a rate is at most %s", rates[quantity->unit].text);
	return true;
}

static bool read_rate(struct sema *s, const struct word *word, struct limit *limit)
{
	const char *slash = memchr(word->text.s, '/', word->text.len);
	struct quantity quantity = { 0 };
	struct str left, right;
	uint64_t period;

	if (!slash) {
		diag_error(s->ds, word->span, E132, "'" STR_FMT "' is not a rate",
			   STR_ARG(word->text));
		diag_help(s->ds, "a rate is an amount in a time: 10/s, 6/m, 10mbit/s");
		return false;
	}
	left = (struct str){ word->text.s, (uint32_t)(slash - word->text.s) };
	right = (struct str){ slash + 1, word->text.len - left.len - 1 };
	if (!read_quantity(left, &quantity)) {
		bad_rate(s, word, quantity.suffix);
		return false;
	}
	period = period_of(right);
	if (!period) {
		diag_error(s->ds, word->span, E132, "unknown unit of time '" STR_FMT "'",
			   STR_ARG(right));
		diag_help(s->ds, "s, m (minute), h or d");
		return false;
	}
	if (!quantity.count) {
		diag_error(s->ds, word->span, E132, "a rate cannot be zero");
		return false;
	}
	if (is_too_fast(s, word, &quantity, period))
		return false;
	limit->present = true;
	limit->unit = quantity.unit;
	limit->count = quantity.count;
	limit->period = period;
	return true;
}

static uint64_t burst_max(enum rate_unit unit)
{
	return LIMIT_BURST_MAX * (unit == RATE_PACKETS ? 1 : 64);
}

static void read_burst(struct sema *s, const struct word *word, struct limit *limit)
{
	struct quantity quantity = { 0 };
	bool packets = limit->unit == RATE_PACKETS;

	if (!read_quantity(word->text, &quantity) || !quantity.count ||
	    quantity.unit == RATE_BITS) {
		diag_error(s->ds, word->span, E136, "'" STR_FMT "' is not a burst",
			   STR_ARG(word->text));
		diag_help(s->ds, "packets (burst 20) or bytes (burst 64kB)");
		return;
	}
	if (limit->present && packets != (quantity.unit == RATE_PACKETS)) {
		diag_error(s->ds, word->span, E136, "the rate is in %s, so the burst is in %s",
			   packets ? "packets" : (limit->unit == RATE_BITS ? "bits" : "bytes"),
			   packets ? "packets: 20" : "bytes: 64kB");
		return;
	}
	if (quantity.count > burst_max(limit->unit)) {
		diag_error(s->ds, word->span, E136, "a burst is at most %llu %s",
			   (unsigned long long)burst_max(limit->unit),
			   packets ? "packets" : "bytes");
		return;
	}
	limit->burst = quantity.count;
}

/* ---- keys ---- */

static void bad_key_prefix(struct sema *s, const struct word *word, struct str v4, bool first)
{
	diag_error(s->ds, word->span, E133, "IPv%d prefix length is 0 to %u", first ? 4 : 6,
		   first ? PREFIX4_MAX : PREFIX6_MAX);
	if (first && num_is_number(v4))
		diag_help(s->ds, "write src/32/" STR_FMT, STR_ARG(v4));
}

static bool read_key_prefixes(struct sema *s, const struct word *word, struct str text,
			      struct limit *limit)
{
	const char *slash = memchr(text.s, '/', text.len);
	struct str v4 = text, v6 = { 0 };
	uint64_t len4, len6 = limit->src6;

	if (slash) {
		v4.len = (uint32_t)(slash - text.s);
		v6 = (struct str){ slash + 1, text.len - v4.len - 1 };
	}
	if (!num_parse(v4, PREFIX4_MAX, &len4)) {
		bad_key_prefix(s, word, v4, true);
		return false;
	}
	if (slash && !num_parse(v6, PREFIX6_MAX, &len6)) {
		bad_key_prefix(s, word, v6, false);
		return false;
	}
	limit->src4 = (uint8_t)len4;
	limit->src6 = (uint8_t)len6;
	return true;
}

static const struct {
	const char *name;
	enum limit_key key;
	const char *longhand; /* what people write instead */
} keys[] = {
	{ "src", KEY_SRC, "source" },
	{ "dst", KEY_DST, "destination" },
	{ "sport", KEY_SPORT, "source-port" },
	{ "dport", KEY_DPORT, "port" },
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

static void unknown_key(struct sema *s, const struct word *word, struct str name)
{
	struct str_nearest nearest = { .word = name };

	diag_error(s->ds, word->span, E131, "unknown key '" STR_FMT "'", STR_ARG(name));
	for (uint32_t i = 0; i < N_KEYS; i++) {
		str_nearest_offer(&nearest, str_of(keys[i].name));
		str_nearest_offer(&nearest, str_of(keys[i].longhand));
	}
	for (uint32_t i = 0; nearest.best.s && i < N_KEYS; i++)
		if (nearest.best.s == keys[i].longhand)
			nearest.best = str_of(keys[i].name);
	if (nearest.best.s)
		diag_help(s->ds, "did you mean '" STR_FMT "'?", STR_ARG(nearest.best));
	else
		diag_help(s->ds, "src, dst, sport or dport");
}

static void read_key(struct sema *s, const struct word *word, struct limit *limit)
{
	const char *slash = memchr(word->text.s, '/', word->text.len);
	struct str name = word->text, prefixes = { 0 };
	uint8_t key = 0;

	if (slash) {
		name.len = (uint32_t)(slash - word->text.s);
		prefixes = (struct str){ slash + 1, word->text.len - name.len - 1 };
	}
	for (uint32_t i = 0; i < N_KEYS; i++)
		if (str_is(name, keys[i].name))
			key = keys[i].key;
	if (!key) {
		unknown_key(s, word, name);
		return;
	}
	if (limit->keys & key) {
		diag_error(s->ds, word->span, E006, "'" STR_FMT "' is given twice", STR_ARG(name));
		return;
	}
	if (slash && key != KEY_SRC) {
		diag_error(s->ds, word->span, E131, "only 'src' takes prefix lengths");
		return;
	}
	if (!slash || read_key_prefixes(s, word, prefixes, limit))
		limit->keys |= key;
}

/* ---- actions ---- */

static void read_ban(struct sema *s, const struct ast_action *ast, struct act *act)
{
	uint32_t set;

	act->set = -1;
	act->verified = ast->verified;
	sema_duration(s, &ast->time, false, &act->seconds);
	if (!ast->arg.text.s || !sema_find_set(s, &ast->arg, &set))
		return;
	act->set = (int32_t)set;
	s->rs->sets.data[set].n_uses++;
	if (s->rs->sets.data[set].type != TYPE_ADDR)
		diag_error(s->ds, ast->arg.span, E122, "'@" STR_FMT "' holds %s, a ban needs %s",
			   STR_ARG(ast->arg.text), types[s->rs->sets.data[set].type].plural,
			   types[TYPE_ADDR].plural);
}

static void read_count(struct sema *s, const struct word *word, enum verb verb, struct limit *limit)
{
	limit->present = true;
	if (num_parse(word->text, NUMBER_MAX, &limit->number) && limit->number) {
		if (verb == VERB_CONN_LIMIT && limit->number > CONN_MAX)
			sema_later(s, "conn-limit above 64", word->span);
		return;
	}
	if (num_is_number(word->text) && !str_is(word->text, "0"))
		diag_error(s->ds, word->span, E103, STR_FMT " is above %u", STR_ARG(word->text),
			   NUMBER_MAX);
	else
		diag_error(s->ds, word->span, E007, "'" STR_FMT "' is not a number from 1",
			   STR_ARG(word->text));
}

struct span sema_keyword(const struct ast_action *ast)
{
	struct span span = ast->span;

	if (ast->arg.text.s || ast->time.text.s)
		span.end = span.start + (uint32_t)strlen(ast->row->name);
	return span;
}

void sema_verb(struct sema *s, const struct ast_rule *ast, struct rule *rule)
{
	const struct ast_action *verb = &ast->verb;

	rule->verb.row = verb->row;
	rule->limit.src4 = 32;
	rule->limit.src6 = 64;
	if (verb->row->later)
		sema_later(s, verb->row->later, sema_keyword(verb));
	switch (verb->row->syntax) {
	case ACTION_BARE:
		break;
	case ACTION_CHAIN:
		rule->verb.target = verb->arg.span;
		sema_find_chain(s, &verb->arg, &rule->verb.chain);
		break;
	case ACTION_BLACKLIST:
		read_ban(s, verb, &rule->verb);
		break;
	case ACTION_RATE:
		read_rate(s, &verb->arg, &rule->limit);
		break;
	case ACTION_SCAN:
		sema_duration(s, &verb->time, false, &rule->limit.within);
		/* fall through */
	case ACTION_NUMBER:
		read_count(s, &verb->arg, verb->row->verb, &rule->limit);
		break;
	case ACTION_LOG:
		if (verb->time.text.s)
			sema_duration(s, &verb->time, false, &rule->log_every);
		break;
	}
}

static const struct ast_clause *find_part(const struct ast_rule *ast, enum part part)
{
	for (uint32_t i = 0; i < ast->clauses.len; i++)
		if (ast->clauses.data[i].row->part == part)
			return &ast->clauses.data[i];
	return NULL;
}

static void needs_rate(struct sema *s, const struct ast_clause *clause)
{
	diag_error(s->ds, clause->key, E142, "'%s' needs a rate", clause->row->name);
	diag_help(s->ds, "write 'rate-limit 10/s %s ...', or 'allow ... rate 10/s'",
		  clause->row->name);
}

/* Which limit clauses the verb can have: none, all, or all but those that measure a rate. */
static bool check_parts(struct sema *s, const struct ast_rule *ast, const struct rule *rule)
{
	const struct action *verb = rule->verb.row;
	bool rated = verb->syntax == ACTION_RATE || find_part(ast, PART_RATE), ok = true;

	for (uint32_t i = 0; i < ast->clauses.len; i++) {
		const struct ast_clause *clause = &ast->clauses.data[i];

		if (clause->row->kind != CLAUSE_LIMIT)
			continue;
		if (clause->row->part == PART_RATE && !verb->limits && verb->rate_clauses)
			continue;
		if (clause->row->part == PART_RATE)
			diag_error(s->ds, clause->key, E142,
				   verb->limits ? "'%s' has its limit behind the verb"
						: "'rate' cannot go with '%s'",
				   verb->name);
		else if (!verb->rate_clauses || (!rated && !verb->limits) ||
			 (!rated && clause->row->part == PART_BURST))
			needs_rate(s, clause);
		else
			continue;
		ok = false;
	}
	return ok;
}

static void nobody_to_ban(struct sema *s, struct span span)
{
	diag_error(s->ds, span, E137, "nobody to ban: add 'per src'");
	diag_help(s->ds, "with 'per src' each source has its own bucket, and a ban its address");
}

static void check_exceed(struct sema *s, const struct ast_action *ast, const struct scope *scope,
			 struct rule *rule)
{
	bool tcp = scope->protos == PROTO_TCP && !scope->other_protos;
	struct span span = sema_keyword(ast);

	rule->exceed.row = ast->row;
	if (ast->row->later)
		sema_later(s, ast->row->later, span);
	if (ast->row->syntax == ACTION_BLACKLIST) {
		read_ban(s, ast, &rule->exceed);
		if (!(rule->limit.keys & KEY_SRC))
			nobody_to_ban(s, span);
		else if (rule->limit.src4 < BAN4_MIN || rule->limit.src6 < BAN6_MIN)
			diag_error(
				s->ds, span, E137,
				"a ban of /%u or IPv6 /%u would hit too many: /%u and /%u at least",
				rule->limit.src4, rule->limit.src6, BAN4_MIN, BAN6_MIN);
	}
	if ((ast->row->needs_proto & PROTO_TCP || ast->verified) && !tcp && !scope->proto_broken)
		diag_error(s->ds, span, E138, "only TCP connections have cookies");
}

static void check_syn(struct sema *s, const struct ast_rule *ast, const struct rule *rule)
{
	if (!rule->verb.row->implies)
		return;
	for (uint32_t i = 0; i < ast->clauses.len; i++)
		if (ast->clauses.data[i].row->type == TYPE_FLAGS)
			diag_error(s->ds, ast->clauses.data[i].key, E135, "%s already means syn",
				   rule->verb.row->name);
}

void sema_limits(struct sema *s, const struct ast_rule *ast, const struct scope *scope,
		 struct rule *rule)
{
	const struct ast_clause *rate, *burst, *per, *exceed;

	check_syn(s, ast, rule);
	if (!check_parts(s, ast, rule))
		return;
	rate = find_part(ast, PART_RATE);
	burst = find_part(ast, PART_BURST);
	per = find_part(ast, PART_PER);
	exceed = find_part(ast, PART_EXCEED);
	if (rate)
		read_rate(s, &rate->value.atoms.data[0], &rule->limit);
	if (burst)
		read_burst(s, &burst->value.atoms.data[0], &rule->limit);
	for (uint32_t i = 0; per && i < per->value.atoms.len; i++)
		read_key(s, &per->value.atoms.data[i], &rule->limit);
	if (exceed && exceed->action->row)
		check_exceed(s, exceed->action, scope, rule);
}
