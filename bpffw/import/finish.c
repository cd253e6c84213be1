/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The draft as a file. Chains are walked from the base chains, so that nothing is printed that no
 * packet reaches, no chain loops and none grows without bound. What is printed is then read by our
 * own parser and checker; a rule that they refuse is not translated, with their reason.
 */
#include <stdlib.h>

#include "bpffw/import/draft.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/sema.h"

/* Flattened rules: a small input may double them with each chain. */
#define PLACES_TOTAL 1000000u

/* ---- which chains there are ---- */

enum { WALK_NEW, WALK_OPEN, WALK_DONE };

struct step {
	uint32_t chain, item, out;
};

struct walk {
	struct draft *d;
	struct step *stack;
	uint32_t depth;
};

static void drop_item(struct draft *d, struct item *item, const char *why)
{
	d->item = item;
	item_missing(d, "%s", why);
	item_end(d);
}

/* One rule of our own. Return: it leads into a chain that was not walked yet. */
static bool walk_out(struct walk *w, struct draft_chain *chain, struct item *item,
		     const struct draft_out *out)
{
	struct draft_chain *to = out->chain < 0 ? NULL : &w->d->chains.data[out->chain];

	if (to && to->state == WALK_NEW)
		return true;
	if (to && to->state == WALK_OPEN)
		drop_item(w->d, item, "the chain leads back to itself");
	else if (chain->places + 1 + (to ? to->places : 0) > PLACES_TOTAL)
		drop_item(w->d, item, "with it the rules would grow to more than a million");
	else
		chain->places += 1 + (to ? to->places : 0);
	return false;
}

static void walk_chain(struct walk *w, uint32_t root)
{
	w->d->chains.data[root].state = WALK_OPEN;
	w->stack[w->depth++] = (struct step){ .chain = root };
	while (w->depth) {
		struct step *top = &w->stack[w->depth - 1];
		struct draft_chain *chain = &w->d->chains.data[top->chain];
		const struct draft_out *out;
		struct item *item;

		chain->reached = true;
		if (top->item >= chain->items.len) {
			chain->state = WALK_DONE;
			w->depth--;
			continue;
		}
		item = &chain->items.data[top->item];
		if (top->out >= item->outs.len) {
			top->item++;
			top->out = 0;
			continue;
		}
		out = &item->outs.data[top->out];
		if (walk_out(w, chain, item, out)) {
			w->d->chains.data[out->chain].state = WALK_OPEN;
			w->stack[w->depth++] = (struct step){ .chain = (uint32_t)out->chain };
		} else {
			top->out++;
		}
	}
}

static void find_reached(struct draft *d)
{
	struct walk w = {
		.d = d,
		.stack = arena_new_array(d->arena, struct step, d->chains.len + 1),
	};

	vec_for_each(chain, &d->chains) {
		chain->reached = false;
		chain->state = WALK_NEW;
		chain->places = 0;
	}
	for (uint32_t i = 0; i < d->chains.len; i++)
		if (d->chains.data[i].is_base && d->chains.data[i].state == WALK_NEW)
			walk_chain(&w, i);
}

/* The rules of a chain that nothing leads to are not in the output. */
static void drop_unreached(struct draft *d)
{
	vec_for_each(chain, &d->chains) {
		const char *why, *format = "chain " STR_FMT ": no rule of the output leads there";

		if (chain->reached)
			continue;
		if (!chain->on_way)
			format = "chain " STR_FMT ": not on the way of packets that come in";
		why = arena_printf(d->arena, format, STR_ARG(chain->name));
		vec_for_each(item, &chain->items) {
			if (item->outcome == IMPORT_MISSING && item->group)
				continue;
			d->item = item;
			item->outcome = IMPORT_DIRECT;
			drop_item(d, item, why);
			item->group = why;
		}
	}
}

/* ---- printing ---- */

struct printer {
	struct draft *d;
	struct buf out;
	uint32_t line;            /* the next one, from 1 */
	VEC(struct item *) items; /* by line, [0] is line 1; NULL: not of an item */
	struct item *item;        /* under way */
	VEC(uint32_t) set_lines;
	bool drops[3], same; /* by family: IPv4, IPv6, other frames */
};

static void put(struct printer *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One line. */
static void put(struct printer *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_puts(&p->out, arena_vprintf(p->d->arena, format, args));
	va_end(args);
	buf_puts(&p->out, "\n");
	vec_push(p->d->arena, &p->items, p->item);
	p->line++;
}

static void put_item(struct printer *p, struct item *item, const char *indent)
{
	p->item = item;
	if (item->outcome == IMPORT_MISSING) {
		put(p, "%s# line %u is not translated: " STR_FMT, indent, item->line,
		    STR_ARG(item->source));
		put(p, "%s#   %s", indent, item->note);
	} else if (item->outcome == IMPORT_NOTE) {
		put(p, "%s# line %u: %s", indent, item->line, item->note);
	}
	vec_for_each(out, &item->outs)
		put(p, "%s%s", indent, out->text);
	p->item = NULL;
}

static bool has_rules(const struct draft_chain *chain)
{
	vec_for_each(item, &chain->items)
		if (item->outs.len)
			return true;
	return false;
}

static void put_chain(struct printer *p, struct draft_chain *chain)
{
	put(p, "%s", "");
	put(p, "chain " STR_FMT " {", STR_ARG(chain->name));
	vec_for_each(item, &chain->items)
		put_item(p, item, "\t");
	if (chain->is_base && !chain->policy_allow)
		put(p, "\tdrop%s",
		    chain->families == FAM_IPV4   ? " ip4"
		    : chain->families == FAM_IPV6 ? " ip6"
						  : "");
	put(p, "}");
}

static void find_policies(struct printer *p)
{
	vec_for_each(chain, &p->d->chains)
		for (int i = 0; i < 3; i++)
			if (chain->is_base && chain->is_final && chain->families & 1 << i)
				p->drops[i] = !chain->policy_allow;
	p->same = p->drops[0] == p->drops[1] && p->drops[1] == p->drops[2];
}

static void put_head(struct printer *p)
{
	struct draft *d = p->d;
	struct buf names = { .arena = d->arena };

	vec_for_each(name, &d->interfaces) {
		buf_puts(&names, names.len ? "," : "");
		/* A colon or a star is part of a word of ours, an '@' is not. */
		buf_printf(&names, memchr(name->s, '@', name->len) ? "\"" STR_FMT "\"" : STR_FMT,
			   STR_ARG(*name));
	}
	put(p, "version 1");
	put(p, "interface %s", d->interfaces.len ? buf_text(&names) : "eth0");
	put(p, "default %s", p->drops[0] || p->drops[1] || p->drops[2] ? "drop" : "allow");
	if (d->fragments)
		put(p, "option fragments %s", d->fragments);
	vec_for_each(set, &d->sets) {
		vec_push(d->arena, &p->set_lines, p->line);
		if (set->text)
			put(p, "%s", set->text);
	}
}

/* The families whose policy lets pass what no rule decides, under `default drop`. */
static void put_policies(struct printer *p)
{
	const char *rule;

	if (p->same || (!p->drops[0] && !p->drops[1] && !p->drops[2]))
		return;
	put(p, "%s", "");
	put(p, "# what the input leaves alone");
	if (!p->drops[2])
		rule = p->drops[0] && p->drops[1] ? "allow not ether 0x0800,0x86dd"
		       : p->drops[0]              ? "allow not ether 0x0800"
						  : "allow not ether 0x86dd";
	else
		rule = p->drops[0]   ? "allow ip6"
		       : p->drops[1] ? "allow ip4"
				     : "allow ether 0x0800,0x86dd";
	put(p, "%s", rule);
}

static const char *family_word(uint8_t families)
{
	return families == FAM_IPV4 ? " ip4" : families == FAM_IPV6 ? " ip6" : "";
}

static void put_bases(struct printer *p)
{
	struct draft *d = p->d;

	put(p, "%s", "");
	if (d->needs_established) {
		put(p, "# packets of connections that a rule let pass");
		put(p, "allow established");
	}
	for (uint32_t order = 0, next = 0; order != UINT32_MAX; order = next) {
		next = UINT32_MAX;
		vec_for_each(chain, &d->chains) {
			if (!chain->is_base)
				continue;
			if (chain->order > order && chain->order < next)
				next = chain->order;
			if (chain->order != order)
				continue;
			if (!chain->is_final && (has_rules(chain) || !chain->policy_allow)) {
				put(p, "jump " STR_FMT "%s", STR_ARG(chain->name),
				    family_word(chain->families & FAM_IP));
				continue;
			}
			vec_for_each(item, &chain->items)
				if (!item->group)
					put_item(p, item, "");
		}
	}
}

/* Rules that have no place of their own. */
static void put_missing(struct printer *p)
{
	bool first = true;

	for (uint32_t i = 0; i <= p->d->chains.len; i++) {
		struct draft_chain *chain = i ? &p->d->chains.data[i - 1] : NULL;
		struct item *items = chain ? chain->items.data : p->d->elsewhere.data;
		uint32_t n = chain ? chain->items.len : p->d->elsewhere.len;

		for (uint32_t j = 0; j < n; j++) {
			if (chain && chain->reached && !items[j].group)
				continue;
			if (first)
				put(p, "%s", "");
			first = false;
			put_item(p, &items[j], "");
		}
	}
}

static void print_all(struct printer *p)
{
	find_policies(p);
	put_head(p);
	vec_for_each(chain, &p->d->chains)
		if (chain->reached &&
		    (!chain->is_base ||
		     (!chain->is_final && (has_rules(chain) || !chain->policy_allow))))
			put_chain(p, chain);
	put_bases(p);
	put_policies(p);
	put_missing(p);
}

/* ---- our own check ---- */

/* Return: something was taken out. */
static bool drop_refused(struct printer *p, uint32_t line, const char *message)
{
	struct draft *d = p->d;
	const char *why = arena_printf(d->arena, "bpffw refuses it: %s", message);

	if (line && line <= p->items.len && p->items.data[line - 1]) {
		if (!p->items.data[line - 1]->outs.len)
			return false;
		drop_item(d, p->items.data[line - 1], why);
		return true;
	}
	for (uint32_t i = 0; i < p->set_lines.len; i++) {
		if (p->set_lines.data[i] != line || !d->sets.data[i].text)
			continue;
		d->sets.data[i].text = NULL;
		draft_general(d, "set " STR_FMT " is left out: %s", STR_ARG(d->sets.data[i].name),
			      message);
		return true;
	}
	return false;
}

/* Return: it is accepted, or nothing more can be taken out. */
static bool check_text(struct printer *p)
{
	struct draft *d = p->d;
	struct diags *ds = diags_new(d->arena);
	struct str text = { buf_text(&p->out), p->out.len };
	uint32_t source = diag_source(ds, STR("import"), text, (struct span){ 0 });
	struct env env = { .io = &io_none };
	bool dropped = false;

	sema_ruleset(ds, parse_file(ds, &io_none, source), &env);
	if (!ds->n_errors)
		return true;
	vec_for_each(diag, &ds->list)
		if (diag->severity == SEVERITY_ERROR)
			dropped |=
				drop_refused(p, diag_position(ds, diag->span).line, diag->message);
	return !dropped;
}

/* ---- counting ---- */

static int by_line(const void *a, const void *b)
{
	const struct item *const *one = a, *const *other = b;

	if ((*one)->line != (*other)->line)
		return (*one)->line < (*other)->line ? -1 : 1;
	return *one < *other ? -1 : *one > *other;
}

static void count_items(struct draft *d, struct import_result *result)
{
	struct item **items;
	uint32_t n = d->elsewhere.len;

	vec_for_each(chain, &d->chains)
		n += chain->items.len;
	items = arena_new_array(d->arena, struct item *, n + 1);
	n = 0;
	vec_for_each(item, &d->elsewhere)
		items[n++] = item;
	vec_for_each(chain, &d->chains)
		vec_for_each(item, &chain->items)
			items[n++] = item;
	qsort(items, n, sizeof(*items), by_line);
	for (uint32_t i = 0; i < n; i++) {
		struct import_remark *last =
			result->remarks.len ? &result->remarks.data[result->remarks.len - 1] : NULL;

		result->n_read++;
		result->n_direct += items[i]->outcome == IMPORT_DIRECT;
		result->n_note += items[i]->outcome == IMPORT_NOTE;
		result->n_missing += items[i]->outcome == IMPORT_MISSING;
		if (items[i]->outcome == IMPORT_DIRECT)
			continue;
		if (i && last && items[i]->group && items[i - 1]->group == items[i]->group) {
			last->n_rules++;
			continue;
		}
		vec_push(d->arena, &result->remarks,
			 ((struct import_remark){ items[i]->line, items[i]->outcome, items[i]->note,
						  1 }));
	}
}

static struct str put_title(struct draft *d, const struct import_result *result,
			    const struct buf *body)
{
	struct buf out = { .arena = d->arena };

	buf_printf(&out,
		   "# imported: %u rules read, %u translated, %u with a note, %u not translated\n",
		   result->n_read, result->n_direct, result->n_note, result->n_missing);
	vec_for_each(line, &d->general)
		buf_printf(&out, "# " STR_FMT "\n", STR_ARG(*line));
	buf_add(&out, (struct str){ body->data, body->len });
	return (struct str){ buf_text(&out), out.len };
}

static void tell_coverage(struct draft *d, const struct printer *p)
{
	if (!d->interfaces.len)
		draft_general(d, "no rule names an interface: 'interface eth0' stands for yours "
				 "(--interface NAME writes another)");
	if (p->same)
		return;
	draft_general(d, "'default drop' is for what the input drops; %s left alone at the end",
		      p->drops[0] && p->drops[1] ? "frames other than IP are"
		      : p->drops[0]              ? "IPv6 and frames other than IP are"
						 : "IPv4 and frames other than IP are");
}

void draft_finish(struct draft *d, struct import_result *ret_result)
{
	struct printer p;

	/* Each round takes something out, so there is a last one. */
	do {
		p = (struct printer){ .d = d, .out = { .arena = d->arena }, .line = 1 };
		find_reached(d);
		drop_unreached(d);
		print_all(&p);
	} while (!check_text(&p));
	tell_coverage(d, &p);
	*ret_result = (struct import_result){ 0 };
	count_items(d, ret_result);
	ret_result->general.data = d->general.data;
	ret_result->general.len = ret_result->general.cap = d->general.len;
	ret_result->text = put_title(d, ret_result, &p.out);
}
