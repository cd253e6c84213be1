// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A lookup first takes a step or two down every tree of the family, without a branch: a leaf is
 * its own child. So the cache misses of the trees overlap, and few jumps have to be foreseen. Then
 * it walks on, tree by tree, no farther than where a better place than the best one can lie.
 *
 * Registers: R8 the order (place and flags) of the best record so far, R3 the node, R9 the record,
 * R4 its order, R7 what bounds a loop, R5 how many of the loop's rounds are beyond the leaf.
 * Comparisons end in the sign bit of R0, so a record costs no more than one jump (an IPv6 record
 * one for each half of an address). The nodes reached lie on the stack, a tree each.
 *
 * A lookup is verified once, wherever it is called from: it is in line for the first one, and a
 * global function for those behind a non-terminal place. All that the verifier could tell states
 * apart by is read anew from map memory.
 */
#include "compiler/gen/walker_internal.h"

#include <assert.h>

#include "compiler/gen/epilogue.h"

_Static_assert(XDP_PASS == ORDER_ALLOW / ORDER_DROP * XDP_DROP && XDP_DROP == 1 &&
		       XDP_PASS == (uint32_t)(FOREST_ALLOW + 3) &&
		       XDP_DROP == (uint32_t)(FOREST_DROP + 3),
	       "a verdict is the action + 3");

#define FIELD4(name, number, member)                                        \
	{                                                                   \
		number, sizeof(((struct forest_record4 *)0)->name), member, \
			offsetof(struct forest_record4, name),              \
			offsetof(struct forest_record4, name##_span)        \
	}
#define FIELD6(name, number, member)                                        \
	{                                                                   \
		number, sizeof(((struct forest_record6 *)0)->name), member, \
			offsetof(struct forest_record6, name),              \
			offsetof(struct forest_record6, name##_span)        \
	}

/* clang-format off */
static const struct field fields4[] = {
	FIELD4(src, DIM4_SRC, offsetof(struct pkt, src[1])),
	FIELD4(dst, DIM4_DST, offsetof(struct pkt, dst[1])),
	FIELD4(sport, DIM4_SPORT, offsetof(struct pkt, sport)),
	FIELD4(dport, DIM4_DPORT, offsetof(struct pkt, dport)),
};

static const struct field fields6[] = {
	FIELD6(sport, DIM6_SPORT, offsetof(struct pkt, sport)),
	FIELD6(dport, DIM6_DPORT, offsetof(struct pkt, dport)),
	FIELD6(src_hi, DIM6_SRC_HI, offsetof(struct pkt, src[0])),
	FIELD6(dst_hi, DIM6_DST_HI, offsetof(struct pkt, dst[0])),
	FIELD6(src_lo, DIM6_SRC_LO, offsetof(struct pkt, src[1])),
	FIELD6(dst_lo, DIM6_DST_LO, offsetof(struct pkt, dst[1])),
};

#define LAYOUT(record, list, proto_number, frag_number) \
	{ sizeof(struct record), sizeof(list) / sizeof(*(list)), list, proto_number, frag_number, \
	  offsetof(struct record, order), offsetof(struct record, more) }

static const struct layout layout4 = LAYOUT(forest_record4, fields4, DIM4_PROTO, DIM4_FRAG);
static const struct layout layout6 = LAYOUT(forest_record6, fields6, DIM6_PROTO, DIM6_FRAG);
/* clang-format on */

/* More of them cost more, where they are not needed, than they save (measured). */
#define STEPS_MAX 1u

struct forest_node walker_node(const struct forest *forest, uint32_t index)
{
	struct forest_node node;

	assert(index < forest->nodes.n);
	memcpy(&node, forest->blob + forest->nodes.offset + (size_t)index * sizeof(node),
	       sizeof(node));
	return node;
}

static uint64_t blob_word(const unsigned char *at, uint8_t size)
{
	uint64_t word = 0;

	memcpy(&word, at, size); /* little endian hosts only, as the BPF target */
	return word;
}

static void usage_of_record(struct tree *tree, const unsigned char *record)
{
	const struct layout *layout = tree->layout;
	uint64_t order = blob_word(record + layout->order, 4);

	for (uint32_t i = 0; i < layout->n_fields; i++) {
		const struct field *field = &layout->fields[i];
		uint64_t all = UINT64_MAX >> (64 - 8 * field->size);

		if (blob_word(record + field->lo, field->size) != 0 ||
		    blob_word(record + field->span, field->size) != all)
			tree->usage.fields |= 1u << field->dim;
	}
	if (order & ORDER_PROTO)
		tree->usage.fields |= 1u << layout->proto_dim;
	if (order & ORDER_NOT_LATER)
		tree->usage.fields |= 1u << layout->frag_dim;
	tree->usage.any_proto |= !(order & ORDER_PROTO);
	tree->usage.tests |= blob_word(record + layout->more, 4) >> 8 != 0;
}

static struct tree tree_of(const struct walker *w, const struct forest_group *group)
{
	const struct forest *forest = w->forest;
	bool is6 = group->family == FAMILY_IPV6;
	struct tree tree = {
		.group = group,
		.layout = is6 ? &layout6 : &layout4,
		.records = is6 ? &forest->records6 : &forest->records4,
	};
	VEC(uint32_t) todo = { 0 };

	if (group->depth > 1)
		tree.steps = group->depth - 1 < STEPS_MAX ? group->depth - 1 : STEPS_MAX;
	vec_push(w->c->arena, &todo, group->root);
	while (todo.len) {
		uint32_t index = todo.data[--todo.len];
		struct forest_node node = walker_node(forest, index);

		if (node.dim == FOREST_LEAF) {
			for (uint32_t i = 0; i < node.mask; i++)
				usage_of_record(&tree,
						forest->blob + tree.records->offset +
							(size_t)(node.add + i) * tree.layout->size);
			continue;
		}
		if (index != group->root)
			tree.usage.cuts |= 1u << node.dim;
		for (uint32_t i = 0; i <= node.mask; i++)
			vec_push(w->c->arena, &todo, node.base + i);
	}
	return tree;
}

void index_emit(struct walker *w, enum reg dst, enum reg index, const struct forest_region *region,
		struct element element, label outside)
{
	uint32_t n = region->n ? region->n : 1;
	uint64_t end = region->offset + ((uint64_t)n + element.more) * element.size;

	jmp64_imm(w->c, BPF_JGE, index, (int32_t)n, outside);
	if ((element.size & (element.size - 1)) == 0)
		alu(w->c, BPF_LSH, index, __builtin_ctz(element.size));
	else
		alu(w->c, BPF_MUL, index, (int32_t)element.size);
	ld_map_value(w->c, dst, MAP_BLOB, region->offset);
	alu_reg(w->c, BPF_ADD, dst, index);
	if (end > w->room)
		w->room = end > UINT32_MAX ? UINT32_MAX : (uint32_t)end;
}

static int16_t key_offset(uint32_t dim)
{
	return (int16_t)(offsetof(struct pkt, key) + dim * sizeof(uint64_t));
}

static void emit_keys(struct walker *w, const struct dims *dims, uint32_t used)
{
	for (uint32_t i = 0; i < dims->n; i++) {
		if (!(used & 1u << i))
			continue;
		ldx(w->c, dims->dim[i].width, R1, R_PKT, (int16_t)dims->dim[i].offset);
		stx(w->c, 8, R_PKT, key_offset(i), R1);
	}
	/* So that no leaf is left. */
	if (!(used & 1u << DIM_LEAF)) {
		alu32(w->c, BPF_MOV, R1, 0);
		stx(w->c, 8, R_PKT, key_offset(DIM_LEAF), R1);
	}
}

/* The field as it lies in the packet; R1 = the child of the root. */
static void emit_root(struct walker *w, const struct tree *tree, const struct forest_node *root)
{
	struct code *c = w->c;
	const struct dims *dims = &w->forest->dims[forest_family(tree->group->family)];

	ldx(c, dims->dim[root->dim].width, R1, R_PKT, (int16_t)dims->dim[root->dim].offset);
	if (root->add) {
		ld_imm64(c, R2, root->add);
		alu_reg(c, BPF_ADD, R1, R2);
	}
	if (root->shift)
		alu(c, BPF_RSH, R1, root->shift);
	alu(c, BPF_AND, R1, root->mask);
	alu(c, BPF_ADD, R1, (int32_t)root->base);
}

/* R1 = the child of the inner node at R3, whose dim is in R2. */
static void emit_step(struct code *c)
{
	alu(c, BPF_AND, R2, PKT_KEYS - 1);
	alu(c, BPF_LSH, R2, 3);
	alu_reg(c, BPF_MOV, R4, R_PKT);
	alu_reg(c, BPF_ADD, R4, R2);
	ldx(c, 8, R1, R4, offsetof(struct pkt, key));
	ldx(c, 4, R2, R3, offsetof(struct forest_node, add));
	alu_reg(c, BPF_ADD, R1, R2);
	ldx(c, 1, R2, R3, offsetof(struct forest_node, shift));
	alu_reg(c, BPF_RSH, R1, R2);
	ldx(c, 2, R2, R3, offsetof(struct forest_node, mask));
	alu_reg(c, BPF_AND, R1, R2);
	ldx(c, 4, R2, R3, offsetof(struct forest_node, base));
	alu_reg(c, BPF_ADD, R1, R2);
}

/* R3 = node R1; @outside: there is none. */
static void emit_node(struct walker *w, label outside)
{
	const struct element node = { sizeof(struct forest_node), 0 };

	index_emit(w, R3, R1, &w->forest->nodes, node, outside);
}

/* The first steps of a tree, to the stack. */
static void emit_steps(struct walker *w, const struct tree *tree, label outside)
{
	struct code *c = w->c;
	struct forest_node root = walker_node(w->forest, tree->group->root);

	if (root.dim == FOREST_LEAF)
		alu32(c, BPF_MOV, R1, tree->group->root);
	else
		emit_root(w, tree, &root);
	emit_node(w, outside);
	for (uint32_t i = 0; i < tree->steps; i++) {
		ldx(c, 1, R2, R3, offsetof(struct forest_node, dim));
		emit_step(c);
		emit_node(w, outside);
	}
	stx(c, 8, R_FRAME, tree->stack, R3);
}

/* To @done unless there is a place below the node at R3 that is better than the best one. */
static void emit_prune(struct code *c, label done)
{
	ldx(c, 4, R1, R3, offsetof(struct forest_node, first));
	alu(c, BPF_LSH, R1, ORDER_PLACE);
	jmp64_reg(c, BPF_JGE, R1, R8, done);
}

/* R3 = the leaf; @done: not met. */
static void emit_descend(struct walker *w, const struct tree *tree, label done)
{
	struct code *c = w->c;
	label top = code_label(c), leaf = code_label(c);

	ldx(c, 8, R3, R_FRAME, tree->stack);
	if (tree->group->depth <= tree->steps + 1) {
		emit_prune(c, done);
		return;
	}
	alu32(c, BPF_MOV, R7, tree->group->depth - tree->steps);
	code_bind(c, top);
	emit_prune(c, done);
	ldx(c, 1, R2, R3, offsetof(struct forest_node, dim));
	jmp_imm(c, BPF_JEQ, R2, FOREST_LEAF, leaf);
	emit_step(c);
	emit_node(w, done);
	alu(c, BPF_SUB, R7, 1);
	jmp64_imm(c, BPF_JNE, R7, 0, top);
	jmp(c, done);
	code_bind(c, leaf);
}

/* R0 = what is negative when the record's place is above the best one or below `from`; R4 = its
 * order. */
static void emit_compare_place(struct walker *w, const struct layout *layout)
{
	struct code *c = w->c;

	ldx(c, 4, R4, R9, (int16_t)layout->order);
	alu_reg(c, BPF_MOV, R0, R8);
	alu_reg(c, BPF_SUB, R0, R4);
	if (!w->from)
		return;
	alu_reg(c, BPF_MOV, R1, R4);
	alu(c, BPF_RSH, R1, ORDER_PLACE);
	ldx(c, 4, R2, R_PKT, offsetof(struct pkt, from));
	alu_reg(c, BPF_SUB, R1, R2);
	alu_reg(c, BPF_OR, R0, R1);
}

/* A field of at most 32 bits. */
static void emit_compare_field(struct code *c, const struct field *field)
{
	ldx(c, field->size, R1, R_PKT, (int16_t)field->packet);
	ldx(c, field->size, R2, R9, (int16_t)field->lo);
	alu32_reg(c, BPF_SUB, R1, R2);
	ldx(c, field->size, R2, R9, (int16_t)field->span);
	alu_reg(c, BPF_SUB, R2, R1);
	alu_reg(c, BPF_OR, R0, R2);
}

/* R0 |= R1, negated: R1 is a small word, not 0 on a mismatch. */
static void emit_mismatch(struct code *c)
{
	alu(c, BPF_NEG, R1, 0);
	alu_reg(c, BPF_OR, R0, R1);
}

static void emit_compare_proto(struct code *c, const struct layout *layout, bool any)
{
	ldx(c, 1, R1, R_PKT, offsetof(struct pkt, proto));
	ldx(c, 1, R2, R9, (int16_t)layout->more);
	alu_reg(c, BPF_XOR, R1, R2);
	if (any) {
		/* All ones when the record names a protocol. */
		alu_reg(c, BPF_MOV, R2, R4);
		alu(c, BPF_AND, R2, ORDER_PROTO);
		alu(c, BPF_NEG, R2, 0);
		alu_reg(c, BPF_AND, R1, R2);
	}
	emit_mismatch(c);
}

void compare_emit(struct walker *w, const struct tree *tree)
{
	const struct layout *layout = tree->layout;
	uint32_t used = tree->usage.fields;
	struct code *c = w->c;

	emit_compare_place(w, layout);
	for (uint32_t i = 0; i < layout->n_fields; i++)
		if (used & 1u << layout->fields[i].dim && layout->fields[i].size < 8)
			emit_compare_field(c, &layout->fields[i]);
	if (used & 1u << layout->proto_dim)
		emit_compare_proto(c, layout, tree->usage.any_proto);
	if (used & 1u << layout->frag_dim) {
		ldx(c, 1, R1, R_PKT, offsetof(struct pkt, frag));
		alu_reg(c, BPF_AND, R1, R4);
		alu(c, BPF_AND, R1, ORDER_NOT_LATER);
		emit_mismatch(c);
	}
}

void compare_halves_emit(struct code *c, const struct tree *tree, label next)
{
	for (uint32_t i = 0; i < tree->layout->n_fields; i++) {
		const struct field *field = &tree->layout->fields[i];

		if (!(tree->usage.fields & 1u << field->dim) || field->size < 8)
			continue;
		ldx(c, 8, R1, R_PKT, (int16_t)field->packet);
		ldx(c, 8, R2, R9, (int16_t)field->lo);
		alu_reg(c, BPF_SUB, R1, R2);
		ldx(c, 8, R2, R9, (int16_t)field->span);
		jmp64_reg(c, BPF_JGT, R1, R2, next);
	}
}

/* The tests of the record at R9: to @hit when they hold. A call does not keep R5. */
static void emit_record_tests(struct walker *w, const struct layout *layout, label hit)
{
	struct code *c = w->c;

	ldx(c, 4, R1, R9, (int16_t)layout->more);
	alu(c, BPF_RSH, R1, 8);
	jmp_imm(c, BPF_JEQ, R1, 0, hit);
	call_function(c, w->tests);
	jmp_imm(c, BPF_JEQ, R0, 0, hit);
	ldx(c, 4, R5, R_PKT, offsetof(struct pkt, walk));
}

/* The leaf at R3. R8 = the first record there that has the packet, when it is below R8. */
static void emit_leaf(struct walker *w, const struct tree *tree, label done)
{
	struct code *c = w->c;
	label record = code_label(c), next = code_label(c), hit = code_label(c);
	uint32_t leaf_max = tree->group->leaf_max;
	const struct element element = { tree->layout->size, leaf_max };

	ldx(c, 2, R2, R3, offsetof(struct forest_node, mask));
	alu32(c, BPF_MOV, R5, leaf_max);
	alu_reg(c, BPF_SUB, R5, R2);
	if (tree->usage.tests)
		stx(c, 4, R_PKT, offsetof(struct pkt, walk), R5);
	ldx(c, 4, R1, R3, offsetof(struct forest_node, add));
	index_emit(w, R9, R1, tree->records, element, done);
	alu32(c, BPF_MOV, R7, leaf_max);
	code_bind(c, record);
	compare_emit(w, tree);
	jmp64_imm(c, BPF_JSLT, R0, 0, next);
	compare_halves_emit(c, tree, next);
	if (tree->usage.tests) {
		emit_record_tests(w, tree->layout, hit);
		jmp(c, next);
	}
	code_bind(c, hit);
	ldx(c, 4, R8, R9, (int16_t)tree->layout->order);
	jmp(c, done);
	code_bind(c, next);
	alu(c, BPF_ADD, R9, (int32_t)tree->layout->size);
	alu(c, BPF_SUB, R7, 1);
	/* This way round: verifiers before 6.4 know an outcome only by a constant on the right. */
	jmp64_reg(c, BPF_JLT, R5, R7, record);
}

/* Once for both lookups. */
static label bits_label(struct walker *w, const struct tree *tree)
{
	uint32_t i = 0;

	while (i < w->bit_trees.len && w->bit_trees.data[i].group != tree->group)
		i++;
	if (i == w->bit_trees.len) {
		w->bits[i] = code_label(w->c);
		vec_push(w->c->arena, &w->bit_trees, *tree);
	}
	return w->bits[i];
}

static void emit_group(struct walker *w, const struct tree *tree, bool is_first, label family_done)
{
	uint64_t first = (uint64_t)tree->group->first << ORDER_PLACE;
	label done = code_label(w->c);

	if (!is_first)
		jmp_imm(w->c, BPF_JLT, R8, first < ORDER_NONE ? (uint32_t)first : ORDER_NONE,
			family_done);
	if (tree->group->bits.n_sides) {
		bits_emit(w, tree, bits_label(w, tree));
	} else if (tree->group->leaf_max) {
		emit_descend(w, tree, done);
		emit_leaf(w, tree, done);
	}
	code_bind(w->c, done);
}

/* R8 = the lowest order of the family's groups. */
static void emit_family(struct walker *w, unsigned int family)
{
	const struct forest *forest = w->forest;
	label done = code_label(w->c);
	VEC(struct tree) trees = { 0 };
	uint32_t cuts = 0;

	vec_for_each(group, &forest->groups) {
		if (group->family != family)
			continue;
		vec_push(w->c->arena, &trees, tree_of(w, group));
		trees.data[trees.len - 1].stack = (int16_t)(-8 * (int32_t)trees.len);
		cuts |= trees.data[trees.len - 1].usage.cuts;
	}
	emit_keys(w, &forest->dims[forest_family(family)], cuts);
	vec_for_each(tree, &trees)
		if (tree->group->leaf_max && !tree->group->bits.n_sides)
			emit_steps(w, tree, done);
	vec_for_each(tree, &trees) {
		w->has_tests |= tree->usage.tests;
		emit_group(w, tree, tree == trees.data, done);
	}
	code_bind(w->c, done);
}

/* R8 = the order of the lowest matching place >= pkt.from; ORDER_NONE. */
static void emit_lookup(struct walker *w)
{
	struct code *c = w->c;
	label not_ip4 = code_label(c), not_ip = code_label(c), done = code_label(c);

	alu32(c, BPF_MOV, R8, ORDER_NONE);
	ldx(c, 1, R1, R_PKT, offsetof(struct pkt, family));
	jmp_imm(c, BPF_JNE, R1, FAMILY_IPV4, not_ip4);
	emit_family(w, FAMILY_IPV4);
	jmp(c, done);
	code_bind(c, not_ip4);
	jmp_imm(c, BPF_JNE, R1, FAMILY_IPV6, not_ip);
	emit_family(w, FAMILY_IPV6);
	jmp(c, done);
	code_bind(c, not_ip);
	emit_family(w, FAMILY_NONE);
	code_bind(c, done);
}

static void emit_lookup_function(struct walker *w)
{
	code_function(w->c, true, 0);
	code_bind(w->c, w->lookup);
	slot_emit(w->c);
	emit_lookup(w);
	alu_reg(w->c, BPF_MOV, R0, R8);
	exit_program(w->c);
}

static void emit_decision(struct code *c, uint32_t answer, uint32_t slot, uint32_t verdict,
			  label decide)
{
	alu32(c, BPF_MOV, R1, answer);
	alu32(c, BPF_MOV, R2, slot);
	alu32(c, BPF_MOV, R8, verdict);
	jmp(c, decide);
}

static void emit_fragments(struct walker *w, label decide)
{
	enum fragments fragments = w->rs->fragments;
	label next = code_label(w->c);

	if (!fragments_emit(w->c, fragments, next))
		return;
	emit_decision(w->c, ANSWER(ANSWER_FRAGMENTS, 0), SLOT_FRAGMENTS,
		      fragments == FRAGMENTS_PASS ? XDP_PASS : XDP_DROP, decide);
	code_bind(w->c, next);
}

/*
 * R1 = answer, R2 = slot, R9 = next of a non-terminal place. A count answers when probed, a return
 * (slot 0) does not. R7 rounds are left; the builder's bound makes it impossible to run out.
 */
static void emit_resume(struct walker *w, label act, label decide)
{
	struct code *c = w->c;
	label real = code_label(c), go_on = code_label(c), left = code_label(c);

	jmp_imm(c, BPF_JEQ, R2, 0, go_on);
	ldx(c, 1, R3, R_PKT, offsetof(struct pkt, probe));
	jmp_imm(c, BPF_JEQ, R3, 0, real);
	alu_reg(c, BPF_MOV, R0, R1);
	exit_program(c);
	code_bind(c, real);
	counter_emit(c, go_on);
	code_bind(c, go_on);
	alu(c, BPF_SUB, R7, 1);
	jmp64_imm(c, BPF_JNE, R7, 0, left);
	emit_decision(c, XDP_ABORTED, SLOT_FALLTHROUGH, XDP_DROP, decide);
	code_bind(c, left);
	stx(c, 4, R_PKT, offsetof(struct pkt, from), R9);
	call_function(c, w->lookup);
	alu32_reg(c, BPF_MOV, R8, R0);
	jmp(c, act);
}

/* R1 = answer, R9 = FOREST_ACT + the number of an act: it counts, decides, comes back. */
static void emit_leave(struct walker *w, label decide)
{
	struct code *c = w->c;
	label real = code_label(c);

	ldx(c, 1, R3, R_PKT, offsetof(struct pkt, probe));
	jmp_imm(c, BPF_JEQ, R3, 0, real);
	alu_reg(c, BPF_MOV, R0, R1);
	exit_program(c);
	code_bind(c, real);
	alu32(c, BPF_SUB, R9, FOREST_ACT);
	act_emit(c);
	jmp(c, decide);
}

/* What is true of the actions that decide a packet at once. */
struct deciders {
	bool all;          /* there are no others */
	bool slots_follow; /* a slot is the place + slot_more, as in a ruleset that is new */
	uint32_t slot_more;
};

static struct deciders find_deciders(const struct forest *forest)
{
	const unsigned char *at = forest->blob + forest->actions.offset;
	struct deciders d = { true, true, 0 };
	struct forest_action action;
	bool found = false;

	for (uint32_t i = 0; i < forest->actions.n; i++) {
		memcpy(&action, at + (size_t)i * sizeof(action), sizeof(action));
		if (action.next != FOREST_ALLOW && action.next != FOREST_DROP) {
			d.all = false;
			continue;
		}
		if (!found)
			d.slot_more = action.slot - i;
		found = true;
		d.slots_follow &= action.slot == i + d.slot_more && d.slot_more <= INT32_MAX;
	}
	d.slots_follow &= found;
	return d;
}

/*
 * The decision by the order in R8 alone: loads that wait for each other cost 40 ns of 300 with
 * 100 000 rules. Return: false when it may not be one.
 */
static bool emit_decided(struct walker *w, label decide)
{
	struct deciders d = find_deciders(w->forest);
	struct code *c = w->c;
	label other = code_label(c);

	if (!d.slots_follow)
		return false;
	alu_reg(c, BPF_MOV, R2, R8);
	alu(c, BPF_RSH, R2, ORDER_PLACE);
	alu_reg(c, BPF_MOV, R9, R8);
	alu(c, BPF_AND, R9, ORDER_ALLOW | ORDER_DROP);
	if (!d.all)
		jmp_imm(c, BPF_JEQ, R9, 0, other);
	alu_reg(c, BPF_MOV, R1, R2);
	alu(c, BPF_OR, R1, (int32_t)ANSWER(ANSWER_RULE, 0));
	alu(c, BPF_ADD, R2, (int32_t)d.slot_more);
	alu(c, BPF_RSH, R9, __builtin_ctz(ORDER_DROP));
	alu_reg(c, BPF_MOV, R8, R9);
	jmp(c, decide);
	code_bind(c, other);
	return d.all;
}

/* What the place of the order in R8 does. */
static void emit_action(struct walker *w, label decide)
{
	struct code *c = w->c;
	label act = code_label(c), other = code_label(c), none = code_label(c);
	label resume = code_label(c), leave = code_label(c);
	bool others = w->resumes || w->leaves;
	bool allow = w->rs->default_allow;
	const struct element action = { sizeof(struct forest_action), 0 };

	if (w->resumes)
		alu32(c, BPF_MOV, R7, w->forest->resumes_max + 1);
	code_bind(c, act);
	jmp_imm(c, BPF_JEQ, R8, ORDER_NONE, none);
	if (!emit_decided(w, decide)) {
		alu(c, BPF_RSH, R8, ORDER_PLACE);
		alu_reg(c, BPF_MOV, R1, R8);
		index_emit(w, R3, R1, &w->forest->actions, action, none);
		alu_reg(c, BPF_MOV, R1, R8);
		alu(c, BPF_OR, R1, (int32_t)ANSWER(ANSWER_RULE, 0));
		ldx(c, 4, R2, R3, offsetof(struct forest_action, slot));
		ldx(c, 4, R9, R3, offsetof(struct forest_action, next));
		if (others)
			jmp_imm(c, BPF_JLT, R9, FOREST_DROP, other);
		alu32(c, BPF_ADD, R9, 3);
		alu_reg(c, BPF_MOV, R8, R9);
		jmp(c, decide);
	}
	if (others)
		code_bind(c, other);
	if (w->resumes && w->leaves)
		jmp_imm(c, BPF_JLT, R9, FOREST_ACT, resume);
	if (w->leaves) {
		code_bind(c, leave);
		emit_leave(w, decide);
	}
	if (w->resumes) {
		code_bind(c, resume);
		emit_resume(w, act, decide);
	}
	code_bind(c, none);
	if (w->forest->default_act) {
		alu32(c, BPF_MOV, R1, ANSWER(ANSWER_DEFAULT, 0));
		alu32(c, BPF_MOV, R9, FOREST_ACT + w->forest->default_act - 1);
		jmp(c, leave);
		return;
	}
	emit_decision(c, ANSWER(ANSWER_DEFAULT, 0), allow ? SLOT_DEFAULT_ALLOW : SLOT_DEFAULT_DROP,
		      allow ? XDP_PASS : XDP_DROP, decide);
}

bool walker_emit(struct gen *gen, const struct forest *forest)
{
	struct walker w = {
		.c = &gen->code,
		.rs = gen->rs,
		.forest = forest,
		.resumes = forest->resumes_max > 0,
		.leaves = forest->n_acts > 0,
	};
	label decide = code_label(w.c);

	w.lookup = code_label(w.c);
	w.tests = code_label(w.c);
	w.from = w.resumes || w.leaves;
	code_function(w.c, false, 1);
	if (w.leaves)
		context_emit(w.c);
	slot_emit(w.c);
	emit_fragments(&w, decide);
	emit_lookup(&w);
	emit_action(&w, decide);
	code_bind(w.c, decide);
	verdict_emit(w.c);
	if (w.resumes)
		emit_lookup_function(&w);
	for (uint32_t i = 0; i < w.bit_trees.len; i++) {
		code_function(w.c, true, 2);
		code_bind(w.c, w.bits[i]);
		bits_word_emit(&w, &w.bit_trees.data[i]);
	}
	if (w.has_tests)
		tests_emit(&w);
	gen->blob_room = w.room;
	return code_finish(w.c) == 0;
}
