/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The trees: every record that a group's leaves hold is gathered once (a piece), then all pieces
 * are carried from the root down, cut as the walker cuts. A leaf must hold every piece that
 * reaches it, or one earlier terminal piece that has all of it there.
 */
#include "compiler/ir/prove_internal.h"

#include <stdarg.h>

/* Trees may share what lies below, but a damaged blob must not be walked for ever. */
#define VISITS_FREE     ((uint64_t)1 << 21)
#define VISITS_PER_NODE 4u
/* Entries of lists: at one node, and in all. */
#define LIST_MAX ((uint64_t)1 << 26)
#define WORK_MAX ((uint64_t)1 << 29)

bool prove_fail(struct prover *p, uint32_t place, const char *format, ...)
{
	va_list args;

	if (p->why)
		return false;
	va_start(args, format);
	p->why = arena_vprintf(p->arena, format, args);
	va_end(args);
	p->place = place;
	return false;
}

static uint64_t hash_bytes(const void *data, uint32_t size)
{
	uint64_t hash = 0x9e3779b97f4a7c15u, word;

	for (uint32_t i = 0; i < size; i += 8) {
		memcpy(&word, (const unsigned char *)data + i, 8);
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return hash;
}

static bool is_terminal(enum place_kind kind)
{
	return kind == PLACE_ALLOW || kind == PLACE_DROP;
}

bool prove_is_resume(const struct prover *p, uint32_t place)
{
	enum place_kind kind = p->ref.places.data[place].is.kind;

	return kind == PLACE_COUNT || kind == PLACE_RETURN;
}

static bool add_piece(struct prover *p, uint32_t record)
{
	uint32_t place = blob_record_place(&p->view, record);
	const char *why = blob_record_check(&p->view, record);
	struct piece *piece;

	if (why)
		return prove_fail(p, PLACE_NONE, "record %u: %s", record, why);
	if (place >= p->ref.places.len)
		return prove_fail(p, PLACE_NONE, "record %u is of no place", record);
	/* The places lie far from each other in the order of the leaves: ask only where it can be.
	 */
	if (p->any_jumps && p->ref.places.data[place].is.kind == PLACE_JUMP)
		return prove_fail(p, place, "record %u is of a jump", record);
	piece = vec_add(p->arena, &p->pieces);
	piece->record = record;
	piece->place = place;
	piece->tests = blob_record_tests(&p->view, record, &piece->n_tests);
	return true;
}

/* The piece of a record; copies are one piece. */
static bool find_piece(struct prover *p, uint32_t record)
{
	uint32_t size = blob_record_size(&p->view);
	const void *bytes = blob_record(&p->view, record);
	uint32_t slot = (uint32_t)hash_bytes(bytes, size) & p->hash_mask;

	for (; p->hash[slot] > p->first_piece; slot = (slot + 1) & p->hash_mask) {
		uint32_t piece = p->hash[slot] - 1;

		if (memcmp(blob_record(&p->view, p->pieces.data[piece].record), bytes, size) == 0) {
			p->piece_of[record] = piece;
			return true;
		}
	}
	p->piece_of[record] = p->pieces.len;
	p->hash[slot] = p->pieces.len + 1;
	return add_piece(p, record);
}

/* Count and return places in the leaf; a place with several records counts once. */
static void count_resumes(struct prover *p, const struct forest_node *leaf)
{
	uint32_t n = 0, last = PLACE_NONE;

	if (!p->any_resumes)
		return;
	for (uint32_t i = 0; i < leaf->mask; i++) {
		uint32_t place = blob_record_place(&p->view, leaf->add + i);

		n += place != last && prove_is_resume(p, place);
		last = place;
	}
	if (n > p->resumes)
		p->resumes = n;
}

static bool gather_leaf(struct prover *p, uint32_t index, const struct forest_node *leaf)
{
	uint32_t first = PLACE_NONE;

	if (leaf->shift != 63 || leaf->base >= p->forest->nodes.n ||
	    memcmp(blob_node(&p->view, leaf->base), leaf, sizeof(*leaf)) != 0)
		return prove_fail(p, PLACE_NONE, "leaf %u can be left", index);
	if ((uint64_t)leaf->add + leaf->mask > p->view.records->n)
		return prove_fail(p, PLACE_NONE, "leaf %u has records out of bounds", index);
	if (leaf->mask > p->group->leaf_max)
		return prove_fail(p, PLACE_NONE, "leaf %u is larger than its group says", index);
	for (uint32_t i = 0; i < leaf->mask; i++) {
		uint32_t place = blob_record_place(&p->view, leaf->add + i);

		if (i && place < blob_record_place(&p->view, leaf->add + i - 1))
			return prove_fail(p, place, "leaf %u is not in order of places", index);
		if (!find_piece(p, leaf->add + i))
			return false;
		first = i ? first : place;
	}
	if (leaf->first != first)
		return prove_fail(p, first, "leaf %u names a wrong first place", index);
	count_resumes(p, leaf);
	return true;
}

static bool check_cut(struct prover *p, uint32_t index, const struct forest_node *node)
{
	uint32_t used = p->forest->dims_used[forest_family(p->group->family)];

	if (node->dim >= p->dims->n || !(used >> node->dim & 1))
		return prove_fail(p, PLACE_NONE, "node %u cuts a dim that is not in use", index);
	if (node->shift > 63 || node->mask & (node->mask + 1) || node->mask >> FOREST_CUT_BITS)
		return prove_fail(p, PLACE_NONE, "node %u cuts in an odd way", index);
	if ((uint64_t)node->base + node->mask >= p->forest->nodes.n)
		return prove_fail(p, PLACE_NONE, "node %u has children out of bounds", index);
	return true;
}

static bool gather(struct prover *p, uint32_t index, uint32_t depth)
{
	const struct forest_node *node = blob_node(&p->view, index);
	uint32_t first = PLACE_NONE;

	if (++p->visits > p->visits_max)
		return prove_fail(p, PLACE_NONE, "the nodes have too many ways to the leaves");
	if (node->dim == FOREST_LEAF)
		return gather_leaf(p, index, node);
	if (depth >= p->group->depth)
		return prove_fail(p, PLACE_NONE, "node %u lies deeper than its group says", index);
	if (!check_cut(p, index, node))
		return false;
	for (uint32_t i = 0; i <= node->mask; i++) {
		const struct forest_node *child = blob_node(&p->view, node->base + i);

		if (!gather(p, node->base + i, depth + 1))
			return false;
		if (child->first < first)
			first = child->first;
	}
	if (node->first != first)
		return prove_fail(p, first, "node %u names a wrong first place", index);
	return true;
}

/* The first and last value of a set in the region of a dim and in *@clip. */
static bool set_clip(const struct value_set *set, const struct extent_bits *extent,
		     struct interval *clip)
{
	struct interval hull = { UINT64_MAX, 0 };

	for (uint32_t i = 0; i < set->n; i++) {
		uint64_t lo = clip->lo, hi = clip->hi;

		if (set->at[i].lo > hi || set->at[i].hi < lo)
			continue;
		lo = set->at[i].lo > lo ? (uint64_t)set->at[i].lo : lo;
		hi = set->at[i].hi < hi ? (uint64_t)set->at[i].hi : hi;
		if (!extent_clip(extent, &lo, &hi))
			continue;
		hull.lo = lo < hull.lo ? lo : hull.lo;
		hull.hi = hi > hull.hi ? hi : hull.hi;
	}
	*clip = hull;
	return hull.lo <= hull.hi;
}

/* The same for an address, whose halves are two dims. */
static bool set_clip_halves(const struct value_set *set, const struct extent_bits extents[2],
			    struct interval clip[2])
{
	struct interval high = { UINT64_MAX, 0 }, low = { UINT64_MAX, 0 };

	for (uint32_t i = 0; i < set->n; i++) {
		uint64_t first = (uint64_t)(set->at[i].lo >> 64);
		uint64_t last = (uint64_t)(set->at[i].hi >> 64);
		uint64_t from = first > clip[0].lo ? first : clip[0].lo;
		uint64_t to = last < clip[0].hi ? last : clip[0].hi;
		uint64_t lo = clip[1].lo, hi = clip[1].hi;

		if (from > to || !extent_clip(&extents[0], &from, &to))
			continue;
		/* A high half strictly between the ends has every low half. */
		if (from == to && from == first && lo < (uint64_t)set->at[i].lo)
			lo = (uint64_t)set->at[i].lo;
		if (from == to && from == last && hi > (uint64_t)set->at[i].hi)
			hi = (uint64_t)set->at[i].hi;
		if (lo > hi || !extent_clip(&extents[1], &lo, &hi))
			continue;
		high.lo = from < high.lo ? from : high.lo;
		high.hi = to > high.hi ? to : high.hi;
		low.lo = lo < low.lo ? lo : low.lo;
		low.hi = hi > low.hi ? hi : low.hi;
	}
	clip[0] = high;
	clip[1] = low;
	return high.lo <= high.hi;
}

/* The hull of a piece's part in the region, by dim. Return: false when there is none. */
static bool clip_piece(struct prover *p, const struct piece *piece, struct interval *ret_clip)
{
	for (uint32_t dim = 0; dim < p->dims->n; dim++) {
		struct interval span = { 0, UINT64_MAX };

		if (dim < p->view.n_fixed)
			span = blob_record_span(&p->view, piece->record, dim);
		if (!extent_clip(&p->region[dim], &span.lo, &span.hi))
			return false;
		ret_clip[dim] = span;
	}
	for (uint32_t i = 0; i < piece->n_tests; i++) {
		const struct test_view *test = &piece->tests[i];
		uint32_t dim = 0;
		bool meets = true;

		while (dim < p->dims->n && p->view.field_of_dim[dim] != test->field)
			dim++;
		if (p->view.is6 && dim < 4)
			meets = set_clip_halves(&test->set, &p->region[dim], &ret_clip[dim]);
		else if (dim < p->dims->n)
			meets = set_clip(&test->set, &p->region[dim], &ret_clip[dim]);
		if (!meets)
			return false;
	}
	return true;
}

/* What @piece has of a field in the region is all in @set. @clip: the piece's part */
static bool field_within(struct prover *p, const struct piece *piece, const struct interval *clip,
			 const struct test_view *wanted)
{
	struct value_set has = p->ref.universe.all[wanted->field];
	uint32_t dim = 0;

	for (uint32_t i = 0; i < piece->n_tests; i++) {
		if (piece->tests[i].field != wanted->field)
			continue;
		if (set_within(piece->tests[i].set, wanted->set))
			return true;
		has = set_and(&p->pool, has, piece->tests[i].set);
	}
	while (dim < p->dims->n && p->view.field_of_dim[dim] != wanted->field)
		dim++;
	if (dim < p->dims->n && p->view.is6 && dim < 4)
		has = set_and(&p->pool, has,
			      set_range(&p->pool, (u128)clip[dim].lo << 64 | clip[dim + 1].lo,
					(u128)clip[dim].hi << 64 | clip[dim + 1].hi));
	else if (dim < p->dims->n)
		has = set_and(&p->pool, has, set_range(&p->pool, clip[dim].lo, clip[dim].hi));
	return set_within(has, wanted->set);
}

/* All of @piece in the region is decided by @by. */
static bool hides(struct prover *p, const struct piece *by, const struct piece *piece,
		  const struct interval *clip)
{
	const struct prove_place *known = &p->ref.places.data[by->place];

	if (by->place >= piece->place || !is_terminal(known->is.kind) ||
	    piece->place >= known->until)
		return false;
	for (uint32_t dim = 0; dim < p->view.n_fixed; dim++) {
		struct interval span = blob_record_span(&p->view, by->record, dim);

		if (clip[dim].lo < span.lo || clip[dim].hi > span.hi)
			return false;
	}
	for (uint32_t i = 0; i < by->n_tests; i++)
		if (!field_within(p, piece, clip, &by->tests[i]))
			return false;
	return true;
}

/* The lowest packet of a piece in the region. */
static const char *packet_of(struct prover *p, const struct interval *clip)
{
	struct pkt pkt = { .family = (uint8_t)p->group->family };

	for (uint32_t dim = 0; dim < p->dims->n; dim++)
		memcpy((unsigned char *)&pkt + p->dims->dim[dim].offset, &clip[dim].lo,
		       p->dims->dim[dim].width);
	return prove_packet(p, &pkt);
}

/* A piece that reaches a leaf but is not in it. */
static bool check_missing(struct prover *p, uint32_t index, const struct forest_node *leaf,
			  const struct piece *piece)
{
	struct interval clip[DIMS_MAX];

	if (!clip_piece(p, piece, clip))
		return true;
	p->pool.len = 0;
	for (uint32_t i = 0; i < leaf->mask; i++)
		if (hides(p, &p->pieces.data[p->piece_of[leaf->add + i]], piece, clip))
			return true;
	return prove_fail(p, piece->place, "leaf %u lacks a rule: %s", index, packet_of(p, clip));
}

static bool walk_leaf(struct prover *p, uint32_t index, uint32_t list, uint32_t n)
{
	const struct forest_node *leaf = blob_node(&p->view, index);
	const struct piece *pieces = p->pieces.data + p->first_piece;

	p->n_leaves++;
	for (uint32_t i = 0; i < leaf->mask; i++)
		p->seen[p->piece_of[leaf->add + i] - p->first_piece] = p->n_leaves;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t piece = p->lists.data[list + i];

		if (p->seen[piece] != p->n_leaves && !check_missing(p, index, leaf, &pieces[piece]))
			return false;
	}
	return true;
}

static void lists_reserve(struct prover *p, uint32_t n)
{
	uint64_t wanted = (uint64_t)p->lists.len + n;

	while (p->lists.cap < wanted)
		p->lists.data = vec_grow(p->arena, p->lists.data, p->lists.len, &p->lists.cap,
					 sizeof(*p->lists.data));
	p->lists.len += n;
}

#define NOWHERE UINT32_MAX

/* Where each piece of a list goes: first and last child in one word. */
static void deal_count(struct prover *p, const struct forest_node *node, uint32_t list, uint32_t n,
		       uint32_t ways, uint32_t counts)
{
	const struct extent_bits *region = &p->region[node->dim];
	const struct piece *pieces = p->pieces.data + p->first_piece;
	uint32_t *at = p->lists.data;

	for (uint32_t i = 0; i < n; i++) {
		const struct piece *piece = &pieces[at[list + i]];
		struct children to;
		struct interval span = { 0, UINT64_MAX };

		if (node->dim < p->view.n_fixed || piece->n_tests)
			span = blob_record_span(&p->view, piece->record, node->dim);
		if (span.lo < region->lo)
			span.lo = region->lo;
		if (span.hi > region->hi)
			span.hi = region->hi;
		at[ways + i] = NOWHERE;
		if (span.lo > span.hi)
			continue;
		to = extent_children(span.lo, span.hi, node->add, node->shift, node->mask);
		at[ways + i] = to.first << 16 | to.last;
		/* Differences; sums give how many go to each child. */
		at[counts + to.first]++;
		at[counts + to.last + 1]--;
		if (to.first > to.last) {
			at[counts]++;
			at[counts + node->mask + 1]--;
		}
	}
}

/* Writes the children's lists one behind the other. counts[i] becomes the end of list i. */
static void deal_fill(struct prover *p, const struct forest_node *node, uint32_t list, uint32_t n,
		      uint32_t ways, uint32_t counts)
{
	uint32_t *at = p->lists.data;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t child, last;

		if (at[ways + i] == NOWHERE)
			continue;
		child = at[ways + i] >> 16;
		last = at[ways + i] & 0xffff;
		for (;; child = (child + 1) & node->mask) {
			at[at[counts + child]++] = at[list + i];
			if (child == last)
				break;
		}
	}
}

static bool walk(struct prover *p, uint32_t index, uint32_t list, uint32_t n);

static bool walk_children(struct prover *p, const struct forest_node *node, uint32_t counts,
			  uint32_t from)
{
	struct extent_bits whole = p->region[node->dim];
	bool good = true;

	for (uint32_t i = 0; i <= node->mask && good; i++) {
		uint32_t end = p->lists.data[counts + i];

		/* No packet goes to a child without a region. */
		if (extent_cut(&whole, node->add, node->shift, node->mask, i,
			       &p->region[node->dim]))
			good = walk(p, node->base + i, from, end - from);
		from = end;
	}
	p->region[node->dim] = whole;
	return good;
}

static bool walk(struct prover *p, uint32_t index, uint32_t list, uint32_t n)
{
	const struct forest_node *node = blob_node(&p->view, index);
	uint32_t top = p->lists.len, counts = top, ways = counts + node->mask + 2, from;
	uint64_t total = 0;
	uint32_t sum = 0;
	bool good;

	if (node->dim == FOREST_LEAF)
		return walk_leaf(p, index, list, n);
	lists_reserve(p, node->mask + 2u + n);
	memset(p->lists.data + counts, 0, sizeof(uint32_t) * (node->mask + 2u));
	deal_count(p, node, list, n, ways, counts);
	from = p->lists.len;
	for (uint32_t i = 0; i <= node->mask; i++) {
		sum += p->lists.data[counts + i];
		p->lists.data[counts + i] = (uint32_t)(from + total);
		total += sum;
	}
	if ((p->work += total) > WORK_MAX || total > LIST_MAX)
		return prove_fail(p, PLACE_NONE, "the rules overlap too much to prove");
	lists_reserve(p, (uint32_t)total);
	deal_fill(p, node, list, n, ways, counts);
	good = walk_children(p, node, counts, from);
	p->lists.len = top;
	return good;
}

static bool prove_group(struct prover *p, const struct forest_group *group)
{
	uint32_t n;

	p->group = group;
	p->first_piece = p->pieces.len;
	p->visits = 0;
	if (group->root >= p->forest->nodes.n)
		return prove_fail(p, PLACE_NONE, "a root out of bounds");
	if (group->depth > FOREST_DEPTH_MAX ||
	    group->leaf_max > (group->bits.n_sides ? BITS_RECORDS_MAX : FOREST_LEAF_MAX))
		return prove_fail(p, PLACE_NONE, "a group that is too deep or too wide");
	if (!gather(p, group->root, 0))
		return false;
	if (group->first != blob_node(&p->view, group->root)->first)
		return prove_fail(p, PLACE_NONE, "a group that names a wrong first place");
	if (group->bits.n_sides && !prove_bits(p, blob_node(&p->view, group->root)))
		return false;
	n = p->pieces.len - p->first_piece;
	p->lists.len = 0;
	lists_reserve(p, n);
	for (uint32_t i = 0; i < n; i++)
		p->lists.data[i] = i;
	for (uint32_t dim = 0; dim < p->dims->n; dim++)
		p->region[dim] = (struct extent_bits){ 0, p->view.most[dim], 0, 0 };
	return walk(p, group->root, 0, n);
}

static bool prove_family(struct prover *p, unsigned int family)
{
	uint32_t n = 0, first = 0, resumes = 0;
	const char *why;

	reference_family(&p->ref, family);
	why = blob_family(&p->view, family);
	if (why)
		return prove_fail(p, PLACE_NONE, "%s", why);
	p->dims = &p->forest->dims[forest_family(family)];
	if (p->dims->n > DIM_LEAF && p->view.most[DIM_LEAF] >> 62)
		return prove_fail(p, PLACE_NONE, "a packet can leave a leaf");
	if (p->pieces.len)
		memset(p->hash, 0, sizeof(*p->hash) * ((size_t)p->hash_mask + 1));
	p->pieces.len = 0;
	vec_for_each(group, &p->forest->groups) {
		if (group->family != family)
			continue;
		if (++n > FOREST_GROUPS_MAX || group->first < first)
			return prove_fail(p, PLACE_NONE,
					  "groups that are too many or not in order");
		first = group->first;
		p->resumes = 0;
		if (!prove_group(p, group))
			return false;
		resumes += p->resumes;
	}
	if (resumes > p->forest->resumes_max && !prove_resumes(p))
		return false;
	return prove_places(p);
}

/* The places that the passes worked on are those of the rules. */
static bool prove_stated(struct prover *p)
{
	uint32_t n = p->stated->list.len;

	if (p->ref.places.len != n || p->forest->n_places != n)
		return prove_fail(p, PLACE_NONE, "there are more or fewer places than rules");
	for (uint32_t i = 0; i < n; i++) {
		const struct place *a = &p->ref.places.data[i].is, *b = &p->stated->list.data[i];

		if (a->rule != b->rule || a->kind != b->kind || a->jump != b->jump ||
		    a->end != b->end || a->resume != b->resume || a->act != b->act)
			return prove_fail(p, i, "place %u is not that of its rule", i);
		p->any_resumes |= prove_is_resume(p, i);
		p->any_jumps |= a->kind == PLACE_JUMP;
	}
	return true;
}

static bool prove_all(struct prover *p)
{
	static const unsigned int families[] = { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };
	const char *why = blob_check(p->forest);
	uint32_t most;

	if (why)
		return prove_fail(p, PLACE_NONE, "%s", why);
	most = p->forest->records4.n > p->forest->records6.n ? p->forest->records4.n
							     : p->forest->records6.n;
	blob_init(&p->view, p->arena, p->forest, &p->ref);
	p->piece_of = arena_new_array(p->arena, uint32_t, (size_t)most + 1);
	p->seen = arena_new_array(p->arena, uint64_t, (size_t)most + 1);
	p->starts = arena_new_array(p->arena, uint32_t, (size_t)p->ref.places.len + 1);
	p->pieces.cap = most + 1;
	p->pieces.data = arena_new_array(p->arena, struct piece, p->pieces.cap);
	p->hash_mask = 15;
	while (p->hash_mask < 2 * (uint64_t)most)
		p->hash_mask = p->hash_mask * 2 + 1;
	p->hash = arena_new_array(p->arena, uint32_t, (size_t)p->hash_mask + 1);
	p->visits_max = VISITS_FREE + VISITS_PER_NODE * (uint64_t)p->forest->nodes.n;
	if (!prove_stated(p) || !prove_actions(p))
		return false;
	vec_for_each(group, &p->forest->groups)
		if (group->family != families[forest_family(group->family)] ||
		    (group > p->forest->groups.data && group->family < group[-1].family))
			return prove_fail(p, PLACE_NONE, "groups of no family or not in order");
	for (uint32_t i = 0; i < 3; i++)
		if (!prove_family(p, families[i]))
			return false;
	return true;
}

struct proof forest_prove(struct arena *arena, const struct places *places,
			  const struct forest *forest)
{
	_cleanup_arena_ struct arena *scratch = arena_new();
	struct prover p = { .arena = scratch,
			    .forest = forest,
			    .stated = places,
			    .pool = { .arena = scratch },
			    .place = PLACE_NONE };
	struct proof proof = { .place = PLACE_NONE };

	reference_init(&p.ref, scratch, &p.pool, places->rs, places->list.len);
	proof.holds = prove_all(&p);
	proof.n_leaves = p.n_leaves;
	if (!proof.holds) {
		proof.why = arena_printf(arena, "%s", p.why);
		proof.place = p.place;
	}
	return proof;
}
