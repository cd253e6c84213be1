/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * W201 and W202 come from cover.c and unions.c; the others each look for one shape. What they do
 * not see: W205 leaves out the ports of IKE and WireGuard; W206 knows the ports below and takes
 * `on`, `vlan`, `smac` or any narrower `src` as a choice; W207 goes by the name and comment of a
 * set; W208 sees entries written in the file, not in list files.
 */
#include "compiler/ir/lint.h"

#include <netinet/in.h>

#include "compiler/ir/cover.h"
#include "compiler/ir/lint_shapes.h"
#include "compiler/ir/regions.h"
#include "compiler/ir/unions.h"
#include "compiler/lang/print.h"
#include "compiler/lang/type.h"

#define SHOWN_MAX   100 /* characters of a rule's matches in a message */
#define NAMED_RULES 3u  /* of those that hide a rule together */
#define ASKED_MAX   32u /* warnings; each rule is compared with all of them */

const char *lint_label(struct arena *arena, const struct rule *rule)
{
	if (rule->name.len)
		return arena_printf(arena, "rule '" STR_FMT "'", STR_ARG(rule->name));
	if (rule->id != ID_NONE)
		return arena_printf(arena, "rule r%u", rule->id);
	return "this rule";
}

/* "'udp-low' (line 10)", "the rule at line 10"; "r9" for one that runs, "the new rule" for one that
 * was typed. */
static const char *place_label(struct diags *ds, const struct rule *rule, const struct rule *from)
{
	const struct source *source = &ds->sources.data[rule->span.source];
	uint32_t line = diag_position(ds, rule->span).line;
	const char *where;

	if (rule->id == ID_NONE && from->id != ID_NONE)
		return rule->name.len
			       ? arena_printf(ds->arena, "'" STR_FMT "'", STR_ARG(rule->name))
			       : "the new rule";
	if (rule->span.source == from->span.source)
		where = arena_printf(ds->arena, "line %u", line);
	else
		where = arena_printf(ds->arena, STR_FMT ":%u", STR_ARG(source->name), line);
	if (rule->name.len)
		return arena_printf(ds->arena, "'" STR_FMT "' (%s)", STR_ARG(rule->name),
				    rule->id != ID_NONE ? arena_printf(ds->arena, "r%u", rule->id)
							: where);
	if (rule->id != ID_NONE)
		return arena_printf(ds->arena, "r%u", rule->id);
	return arena_printf(ds->arena, "the rule at %s", where);
}

/* "udp dport 400-500" */
static const char *matches_text(struct arena *arena, const struct ruleset *rs,
				const struct rule *rule)
{
	struct buf out = { .arena = arena };

	vec_for_each(match, &rule->matches) {
		if (match->implied)
			continue;
		if (out.len)
			buf_puts(&out, " ");
		if (out.len > SHOWN_MAX || match->atoms.len > SHOWN_MAX / 4) {
			buf_puts(&out, "...");
			break;
		}
		print_match(&out, rs, match);
	}
	return out.len ? buf_text(&out) : "everything";
}

/* A value of the field that is in the cell; inside a prefix a host, not the network itself. */
static void print_point(struct buf *out, const struct cell *cell, const struct match *match)
{
	const ranges *values = cell_values(cell, match->row->offset);
	struct atom atom = { .mask = UINT64_MAX };

	if (!values || match->row->type == TYPE_FLAGS || match->row->type == TYPE_IFACE ||
	    match->row->type == TYPE_FRAG)
		return;
	atom.family = cell->family == FAM_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;
	atom.lo = values->data[0].lo;
	if (match->row->type == TYPE_ADDR && values->data[0].hi > atom.lo)
		atom.lo++;
	atom.hi = atom.lo;
	/* `not tcp` is some other protocol. */
	buf_printf(out, " %s ", match->row->type == TYPE_PROTO ? "proto" : match->row->name);
	types[match->row->type].print(out, &atom);
}

static bool is_head(const struct match *match)
{
	return match->row->type == TYPE_FAMILY || match->row->offset == offsetof(struct pkt, proto);
}

static void print_example_match(struct buf *out, const struct ruleset *rs, const struct cell *cell,
				const struct match *match)
{
	if (match->implied)
		return;
	if ((match->row->syntax == SYNTAX_NVALUE && match->row->type != TYPE_IFACE) ||
	    (match->row->type == TYPE_PROTO && match->negated)) {
		print_point(out, cell, match);
	} else if (!match->negated) {
		buf_puts(out, " ");
		print_match(out, rs, match);
	}
}

/* A packet of the rule, in the words of `explain`. */
static const char *example_text(struct arena *arena, const struct ruleset *rs,
				const struct rule *rule)
{
	struct space space = cover_space(arena, rs, rule);
	const struct cell *cell = space.cells.data;
	struct buf out = { .arena = arena };
	bool has_src = cell->family == FAM_OTHER;

	vec_for_each(match, &rule->matches)
		if (is_head(match))
			print_example_match(&out, rs, cell, match);
	vec_for_each(match, &rule->matches)
		has_src |= match->row->offset == offsetof(struct pkt, src);
	if (!has_src)
		buf_puts(&out, cell->family == FAM_IPV6 ? " src 2001:db8::1" : " src 192.0.2.1");
	vec_for_each(match, &rule->matches)
		if (!is_head(match) && cell_values(cell, match->row->offset))
			print_example_match(&out, rs, cell, match);
	return out.len ? buf_text(&out) + 1 : "any packet";
}

static void set_rule(struct diags *ds, const struct rule *rule)
{
	if (!ds->dropped)
		ds->list.data[ds->list.len - 1].rule = rule->id;
}

static void warn_covered(struct diags *ds, const struct ruleset *rs, const struct rule *rule,
			 uint32_t by)
{
	const char *label = lint_label(ds->arena, rule), *decider;
	const struct rule *first = &rs->rules.data[by < rs->rules.len ? by : 0];

	if (by == COVER_ESSENTIAL) {
		diag_warning(ds, rule->span, W201,
			     "%s can never match: essential traffic passes before any rule", label);
		diag_help(ds, "'essential off' leaves such packets to the rules");
		return;
	}
	if (by == COVER_NOTHING) {
		diag_warning(ds, rule->span, W201,
			     "%s can never match: no packet fits all its matches", label);
		return;
	}
	if (by == COVER_FRAGMENTS) {
		diag_warning(ds, rule->span, W201,
			     "%s can never match: 'option fragments' decides such packets first",
			     label);
		return;
	}
	decider = place_label(ds, first, rule);
	diag_warning(ds, rule->span, W201, "%s can never match: %s already %s %s", label, decider,
		     first->verb.row->verb == VERB_ALLOW ? "allows" : "drops",
		     matches_text(ds->arena, rs, first));
	ds->list.data[ds->list.len - 1].by = first->id;
	if (first->name.len)
		decider = arena_printf(ds->arena, "'" STR_FMT "'", STR_ARG(first->name));
	diag_help(ds, "example: %s is decided by %s", example_text(ds->arena, rs, rule), decider);
}

/* "'a' (line 4), 'b' (line 5) and 7 more" */
static const char *covering_text(struct diags *ds, const struct ruleset *rs,
				 const struct rule *rule, const struct covering *covering)
{
	struct buf out = { .arena = ds->arena };
	uint32_t n = covering->rules.len, shown = n < NAMED_RULES ? n : NAMED_RULES;
	bool more = shown < n || covering->before_rules;

	for (uint32_t i = 0; i < shown; i++) {
		const struct rule *by = &rs->rules.data[covering->rules.data[i]];

		buf_puts(&out, !i ? "" : i + 1 == shown && !more ? " and " : ", ");
		buf_puts(&out, place_label(ds, by, rule));
	}
	if (shown < n)
		buf_printf(&out, " and %u more", n - shown);
	if (covering->before_rules)
		buf_puts(&out, " and what is decided before the rules");
	return buf_text(&out);
}

static void warn_union(struct diags *ds, const struct ruleset *rs, const struct rule *rule,
		       const struct covering *covering)
{
	struct decider decider = { covering->decision.stage, covering->decision.rule,
				   covering->decision.allow };
	struct buf example = { .arena = ds->arena }, by = { .arena = ds->arena };
	bool alone = covering->rules.len == 1 && !covering->before_rules;

	diag_warning(ds, rule->span, W201, "%s can never match: %s %s all of its packets",
		     lint_label(ds->arena, rule), covering_text(ds, rs, rule, covering),
		     alone ? "already decides" : "together decide");
	region_packet_print(&example, rs, &covering->example);
	if (decider.stage == ANSWER_RULE)
		buf_puts(&by, place_label(ds, &rs->rules.data[decider.rule], rule));
	else
		decider_print(&by, rs, &decider);
	diag_help(ds, "example: %s is decided by %s", buf_text(&example), buf_text(&by));
}

/* A rule whose only effect is that of the next one: both decide, alike, and neither reports. */
static bool same_effect(const struct rule *rule, const struct rule *next)
{
	const enum verb verb = rule->verb.row->verb;

	return (verb == VERB_ALLOW || verb == VERB_DROP) && next->verb.row->verb == verb &&
	       !rule->limit.present && !rule->log && !next->log;
}

static void warn_redundant(struct diags *ds, const struct ruleset *rs, struct cover *cover,
			   const bool *covered, const bool *asked)
{
	vec_for_each(chain, &rs->chains) {
		uint32_t last = COVER_NONE;

		vec_for_each(index, &chain->rules) {
			const struct rule *rule, *next = &rs->rules.data[*index];

			if (next->disabled)
				continue;
			if (asked && !asked[*index])
				last = COVER_NONE;
			rule = last != COVER_NONE ? &rs->rules.data[last] : NULL;
			if (rule && same_effect(rule, next) && !covered[last] && !covered[*index] &&
			    cover_pair(cover, *index, last)) {
				diag_warning(ds, rule->span, W202,
					     "%s changes nothing: %s, the next one, does the same",
					     lint_label(ds->arena, rule),
					     place_label(ds, next, rule));
				set_rule(ds, rule);
			}
			last = *index;
		}
	}
}

/* @asked: by rule; NULL: all are */
static void warn_hidden(struct diags *ds, const struct ruleset *rs, const bool *asked)
{
	_cleanup_arena_ struct arena *arena = arena_new(), *scratch = arena_new();
	struct cover *cover = cover_new(arena, scratch, rs);
	struct unions *unions = unions_new(arena, scratch, rs);
	bool *covered = arena_new_array(arena, bool, rs->rules.len + 1);

	for (uint32_t i = 0; i < rs->rules.len; i++) {
		const struct rule *rule = &rs->rules.data[i];
		struct covering covering;
		uint32_t by;

		if (asked && !asked[i])
			continue;
		by = cover_find(cover, i);
		covered[i] = by != COVER_NONE;
		if (covered[i]) {
			warn_covered(ds, rs, rule, by);
			set_rule(ds, rule);
		} else if (unions_cover(arena, unions, i, &covering)) {
			covered[i] = true;
			warn_union(ds, rs, rule, &covering);
			set_rule(ds, rule);
		}
	}
	warn_redundant(ds, rs, cover, covered, asked);
}

static bool warns_of(const struct diags *ds, uint32_t id)
{
	vec_for_each(d, &ds->list)
		if (d->rule == id && id != ID_NONE)
			return true;
	return false;
}

/* The rules that @ds warns of, and those behind them, which W202 is about too. */
static const bool *asked_by(struct arena *arena, const struct ruleset *rs, const struct diags *ds)
{
	bool *asked = arena_new_array(arena, bool, rs->rules.len + 1);

	vec_for_each(chain, &rs->chains) {
		bool behind = false;

		vec_for_each(index, &chain->rules) {
			bool named = warns_of(ds, rs->rules.data[*index].id);

			asked[*index] = named || behind;
			/* Disabled ones do not stand between. */
			if (!rs->rules.data[*index].disabled)
				behind = named;
		}
	}
	return asked;
}

static bool any_rule(const struct ruleset *rs, bool (*wanted)(const struct rule *rule))
{
	vec_for_each(rule, &rs->rules)
		if (!rule->disabled && wanted(rule))
			return true;
	return false;
}

void lint_once(struct diags *ds)
{
	ds->list.data[ds->list.len - 1].once = true;
}

bool lint_has_field(const struct rule *rule, uint16_t offset)
{
	vec_for_each(match, &rule->matches)
		if (match->row->offset == offset)
			return true;
	return false;
}

static bool allows_established(const struct rule *rule)
{
	if (rule->verb.row->verb != VERB_ALLOW)
		return false;
	vec_for_each(match, &rule->matches)
		if (match->row->offset == offsetof(struct pkt, established) && !match->negated)
			return true;
	return false;
}

/* W203 */
static void warn_established(struct diags *ds, const struct ruleset *rs)
{
	if (rs->default_allow || any_rule(rs, allows_established))
		return;
	diag_warning(ds, rs->default_span, W203,
		     "'default drop' without 'allow established' also drops the answers to what "
		     "this host itself asks");
	lint_once(ds);
	diag_help(ds, "add 'allow established'");
}

static bool names_fragments(const struct rule *rule)
{
	return lint_has_field(rule, offsetof(struct pkt, frag));
}

/* Says yes to the protocol, in the family that has it. */
bool lint_takes(const struct ruleset *rs, const struct rule *rule, uint8_t proto)
{
	struct pkt pkt = { .family = FAMILY_IPV4, .proto = proto };

	vec_for_each(match, &rule->matches)
		if (match->row->offset == offsetof(struct pkt, proto) &&
		    !eval_match(rs, match, &pkt))
			return false;
	return true;
}

/* Tunnels keep their packets below the path's limit by themselves (IKE: RFC 7383). */
static bool is_tunnel(const struct rule *rule)
{
	vec_for_each(match, &rule->matches) {
		bool all = match->row->offset == offsetof(struct pkt, dport) && !match->negated;

		vec_for_each(atom, &match->atoms)
			all = all && atom->kind == ATOM_RANGE && atom->lo == atom->hi &&
			      (atom->lo == 500 || atom->lo == 4500 || atom->lo == 51820);
		if (all && match->atoms.len)
			return true;
	}
	return false;
}

/* W205 */
static void warn_fragments(struct diags *ds, const struct ruleset *rs)
{
	enum verb exception = rs->default_allow ? VERB_DROP : VERB_ALLOW;

	if (rs->fragments_given || any_rule(rs, names_fragments))
		return;
	vec_for_each(rule, &rs->rules) {
		if (rule->disabled || rule->verb.row->verb != exception ||
		    !lint_takes(rs, rule, IPPROTO_UDP) || is_tunnel(rule) ||
		    !(lint_has_field(rule, offsetof(struct pkt, sport)) ||
		      lint_has_field(rule, offsetof(struct pkt, dport))))
			continue;
		diag_warning(ds, rule->span, W205,
			     "%s does not see the later fragments of a large UDP packet: they have "
			     "no ports and %s by the default",
			     lint_label(ds->arena, rule),
			     rs->default_allow ? "are allowed" : "are dropped");
		lint_once(ds);
		diag_help(ds, "add 'option fragments drop' or 'option fragments pass', or rules "
			      "with 'frag later'");
		return;
	}
}

/* W209 */
static void warn_past(struct diags *ds, const struct ruleset *rs, const struct env *env)
{
	if (!env->now)
		return;
	vec_for_each(rule, &rs->rules) {
		if (!rule->has_until || rule->until > env->now)
			continue;
		diag_warning(ds, rule->span, W209,
			     "%s is past its 'until " STR_FMT "': it is kept and never matches",
			     lint_label(ds->arena, rule), STR_ARG(rule->until_text));
	}
}

/* W212: every limit but conn-limit counts packets whose source nobody has checked. */
static void warn_forged(struct diags *ds, const struct ruleset *rs)
{
	vec_for_each(rule, &rs->rules) {
		const struct act *exceed = &rule->exceed;

		if (rule->disabled || !exceed->row || exceed->row->verb != VERB_BLACKLIST ||
		    exceed->verified || rule->verb.row->verb == VERB_CONN_LIMIT ||
		    lint_has_field(rule, offsetof(struct pkt, established)))
			continue;
		diag_warning(ds, rule->span, W212,
			     "%s bans whatever source address a packet claims: anyone can ban any "
			     "address",
			     lint_label(ds->arena, rule));
		diag_help(ds, lint_takes(rs, rule, IPPROTO_TCP)
				      ? "use 'exceed syncookie' or 'exceed blacklist verified'"
				      : "use 'exceed drop'");
	}
}

static void lint(struct diags *ds, const struct ruleset *rs, const struct env *env,
		 const bool *asked)
{
	/* compile() refuses a ruleset of that many places. */
	if (!rs->chains.len || eval_places(rs) == PLACES_MAX)
		return;
	warn_hidden(ds, rs, asked);
	warn_established(ds, rs);
	lint_session(ds, rs, env);
	warn_fragments(ds, rs);
	lint_management(ds, rs);
	lint_proxies(ds, rs);
	lint_lists(ds, rs);
	warn_past(ds, rs, env);
	lint_families(ds, rs);
	warn_forged(ds, rs);
}

void lint_ruleset(struct diags *ds, const struct ruleset *rs, const struct env *env)
{
	lint(ds, rs, env, NULL);
}

void lint_again(struct diags *ds, const struct ruleset *rs, const struct env *env,
		const struct diags *now)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	lint(ds, rs, env, now->list.len > ASKED_MAX ? NULL : asked_by(arena, rs, now));
}
