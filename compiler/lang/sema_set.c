/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets: blocks and list files, which may hold a million entries; the built-in lists. */
#include "compiler/lang/sema_internal.h"

#define SIZE_MAX_ENTRIES (16u << 20)

/* ---- declaration ---- */

static uint64_t read_size(struct sema *s, const struct word *word)
{
	uint64_t size = 0;

	if (num_parse(word->text, SIZE_MAX_ENTRIES, &size) && size)
		return size;
	if (num_is_number(word->text) && !str_is(word->text, "0"))
		diag_error(s->ds, word->span, E103, "size " STR_FMT " is above %u",
			   STR_ARG(word->text), SIZE_MAX_ENTRIES);
	else
		diag_error(s->ds, word->span, E007, "'" STR_FMT "' is not a number of entries",
			   STR_ARG(word->text));
	return 0;
}

void sema_declare_set(struct sema *s, const struct ast_stmt *stmt)
{
	struct set *set;
	uint32_t other;

	if (!sema_name(s, &stmt->name, "set"))
		return;
	if (!map_add(s->arena, &s->sets, stmt->name.text, s->rs->sets.len)) {
		map_find(&s->sets, stmt->name.text, &other);
		diag_error(s->ds, stmt->name.span, E161, "set '" STR_FMT "' already defined at %s",
			   STR_ARG(stmt->name.text), sema_place(s, s->rs->sets.data[other].span));
		return;
	}
	set = vec_add(s->arena, &s->rs->sets);
	set->name = stmt->name.text;
	set->span = stmt->name.span;
	set->type = type_of_set(stmt->type.text);
	set->comment = stmt->comment.text;
	if (set->type == TYPE_NONE && stmt->type.text.s) {
		diag_error(s->ds, stmt->type.span, E001, "'" STR_FMT "' is not understood here",
			   STR_ARG(stmt->type.text));
		diag_help(s->ds, "one of these is expected here: addr, port, mac");
	}
	if (stmt->size.text.s)
		set->size = read_size(s, &stmt->size);
	if (!stmt->timeout.text.s)
		return;
	sema_duration(s, &stmt->timeout, false, &set->timeout);
}

/* ---- elements ---- */

static struct set_entry *add_entry(struct sema *s, struct set *set, const struct atom *atom,
				   struct span span, struct str comment)
{
	struct set_entry *entry = vec_add(s->arena, &set->entries);

	entry->range = (struct range){ atom->lo, atom->hi };
	entry->family = atom->family;
	entry->span = span;
	entry->comment = comment;
	return entry;
}

static struct set_entry *read_word(struct sema *s, struct set *set,
				   const struct type_reader *reader, const struct word *word,
				   struct str comment)
{
	struct atom atom;

	if (word->kind == WORD_SET) {
		diag_error(s->ds, word->span, E122, "a set cannot hold another set");
		return NULL;
	}
	if (!types[set->type].parse(reader, word, &atom))
		return NULL;
	return add_entry(s, set, &atom, word->span, comment);
}

static uint32_t read_timeout(struct sema *s, const struct ast_element *element)
{
	uint64_t seconds = 0;

	if (!element->timeout.text.s)
		return 0;
	sema_duration(s, &element->timeout, false, &seconds);
	return (uint32_t)seconds;
}

static words expand_element(struct sema *s, const struct ast_element *element)
{
	words written = { 0 };

	vec_push(s->arena, &written, element->word);
	return sema_expand(s, &written);
}

static void read_element(struct sema *s, struct set *set, const struct type_reader *reader,
			 const struct ast_element *element)
{
	uint32_t timeout = read_timeout(s, element);
	words all = { .data = (struct word *)&element->word, .len = 1, .cap = 1 };

	if (element->word.kind == WORD_DEFINE)
		all = expand_element(s, element);
	vec_for_each(word, &all) {
		struct set_entry *entry = read_word(s, set, reader, word, element->comment.text);

		if (entry)
			entry->timeout = timeout;
	}
}

/* ---- list files ---- */

struct list_file {
	struct sema *s;
	struct set *set;
	struct type_reader reader;
	uint32_t source;
	struct diags *scratch; /* what is wrong with a line; the first is shown */
	struct span first_bad;
	uint32_t n_bad;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void bad_line(struct list_file *list, struct span span, struct str word)
{
	if (list->n_bad++)
		return;
	list->first_bad = span;
	if (!list->scratch->list.len)
		diag_error(list->scratch, span, E182, "unexpected text behind '" STR_FMT "'",
			   STR_ARG(word));
}

static void read_line(struct list_file *list, const char *text, uint32_t at, uint32_t end)
{
	struct word word = { 0 };
	struct str comment = { 0 };
	uint32_t start;
	struct atom atom;

	while (at < end && is_blank(text[at]))
		at++;
	while (end > at && is_blank(text[end - 1]))
		end--;
	start = at;
	while (at < end && !is_blank(text[at]) && text[at] != '#' && text[at] != ';')
		at++;
	if (at == start && at == end)
		return;
	word.text = (struct str){ text + start, at - start };
	word.span = (struct span){ list->source, start, at };
	while (at < end && is_blank(text[at]))
		at++;
	if (at < end && (text[at] == '#' || text[at] == ';')) {
		for (at++; at < end && is_blank(text[at]);)
			at++;
		comment = (struct str){ text + at, end - at };
		at = end;
	}
	if (!word.text.len)
		return;
	if (!types[list->set->type].parse(&list->reader, &word, &atom) || at < end)
		bad_line(list, word.span, word.text);
	else if (!list->n_bad)
		add_entry(list->s, list->set, &atom, word.span, comment);
}

/* One growth for all lines: copies of a large table are not left behind in the arena. */
static void reserve_entries(struct sema *s, struct set *set, struct str text)
{
	uint32_t lines = 1;
	const char *at = text.s, *end = text.s + text.len;
	struct set_entry *data;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		lines++;
		at++;
	}
	data = arena_new_array(s->arena, struct set_entry, set->entries.len + lines);
	if (set->entries.len)
		memcpy(data, set->entries.data, set->entries.len * sizeof(*data));
	set->entries.data = data;
	set->entries.cap = set->entries.len + lines;
}

static void report_bad(struct list_file *list)
{
	const char *what = list->scratch->list.data[0].message;
	struct diags *ds = list->s->ds;

	if (list->n_bad > 1)
		diag_error(ds, list->first_bad, E182, "%s (and %u more; list not loaded)", what,
			   list->n_bad - 1);
	else
		diag_error(ds, list->first_bad, E182, "%s (list not loaded)", what);
}

/* A relative path starts where the file that names it lies. */
static struct str path_of(struct sema *s, const struct word *file)
{
	struct str base = s->ds->sources.data[file->span.source].name;
	uint32_t dir = base.len;

	while (dir && base.s[dir - 1] != '/')
		dir--;
	if (!dir || (file->text.len && file->text.s[0] == '/'))
		return file->text;
	return str_of(
		arena_printf(s->arena, STR_FMT STR_FMT, (int)dir, base.s, STR_ARG(file->text)));
}

/* The canonical text is read again from anywhere; messages keep the path as it is written. */
static struct str absolute(struct sema *s, struct str path)
{
	if (!s->env->cwd.len || !path.len || path.s[0] == '/')
		return path;
	return str_of(
		arena_printf(s->arena, STR_FMT "/" STR_FMT, STR_ARG(s->env->cwd), STR_ARG(path)));
}

/* All lines of @source, or none. */
static void read_lines(struct sema *s, struct set *set, uint32_t source)
{
	struct str text = s->ds->sources.data[source].text;
	struct list_file list = {
		.s = s, .set = set, .source = source, .scratch = diags_new(s->arena)
	};
	uint32_t before = set->entries.len, at = 0;

	list.reader = (struct type_reader){ .ds = list.scratch, .io = s->env->io };
	reserve_entries(s, set, text);
	while (at < text.len) {
		const char *newline = memchr(text.s + at, '\n', text.len - at);
		uint32_t end = newline ? (uint32_t)(newline - text.s) : text.len;

		read_line(&list, text.s, at, end);
		at = end + 1;
	}
	if (!list.n_bad)
		return;
	report_bad(&list);
	set->entries.len = before;
}

static void read_list_file(struct sema *s, struct set *set, const struct ast_stmt *stmt)
{
	struct str text, path = path_of(s, &stmt->file);
	const char *why;

	set->file = absolute(s, path);
	why = s->env->io->read(s->env->io->ctx, s->arena,
			       arena_strndup(s->arena, set->file.s, set->file.len), &text);
	if (why) {
		diag_error(s->ds, stmt->file.span, E182, STR_FMT ": %s", STR_ARG(path), why);
		return;
	}
	read_lines(s, set, diag_source(s->ds, path, text, stmt->file.span));
}

/* ---- the whole ---- */

static void check_size(struct sema *s, const struct set *set, const struct ast_stmt *stmt)
{
	if (!set->size || set->entries.len <= set->size)
		return;
	diag_error(s->ds, stmt->size.span, E181, "set full at %s",
		   sema_place(s, set->entries.data[set->size].span));
	diag_help(s->ds, "raise 'size'");
}

static void collect_members(struct sema *s, struct set *set)
{
	uint32_t n[2] = { 0, 0 };

	vec_for_each(entry, &set->entries)
		n[entry->family == FAMILY_IPV6]++;
	for (int v6 = 0; v6 < 2; v6++) {
		set->members[v6].data = arena_new_array(s->arena, struct range, n[v6]);
		set->members[v6].cap = n[v6];
	}
	vec_for_each(entry, &set->entries) {
		ranges *members = &set->members[entry->family == FAMILY_IPV6];

		members->data[members->len++] = entry->range;
	}
	ranges_normalise(&set->members[0]);
	ranges_normalise(&set->members[1]);
}

void sema_fill_set(struct sema *s, const struct ast_stmt *stmt)
{
	struct type_reader reader = { .ds = s->ds, .io = s->env->io };
	struct set *set;
	uint32_t index;

	if (!map_find(&s->sets, stmt->name.text, &index))
		return;
	set = &s->rs->sets.data[index];
	if (set->type == TYPE_NONE || set->span.start != stmt->name.span.start ||
	    set->span.source != stmt->name.span.source)
		return;
	vec_for_each(element, &stmt->elements)
		read_element(s, set, &reader, element);
	set->n_block = set->entries.len;
	if (stmt->file.text.s)
		read_list_file(s, set, stmt);
	check_size(s, set, stmt);
	collect_members(s, set);
}

/* ---- the built-in lists ---- */

static struct set *builtin_of(struct ruleset *rs, struct str name)
{
	return &rs->builtin[str_is(name, "allowlist") ? BUILTIN_ALLOW : BUILTIN_BLACK];
}

/* What the statement says of all its entries. */
static void complete_entries(struct set *list, uint32_t from, uint64_t timeout, struct str comment)
{
	for (uint32_t i = from; i < list->entries.len; i++) {
		struct set_entry *entry = &list->entries.data[i];

		if (!entry->timeout)
			entry->timeout = (uint32_t)timeout;
		if (!entry->comment.len)
			entry->comment = comment;
	}
}

static void read_elements(struct sema *s, struct set *list, const struct ast_stmt *stmt,
			  struct ast_stmt *kept)
{
	struct type_reader reader = { .ds = s->ds, .io = s->env->io };

	kept->elements.len = kept->elements.cap = 0;
	vec_for_each(element, &stmt->elements) {
		words all = expand_element(s, element);
		uint32_t timeout = read_timeout(s, element);

		vec_for_each(word, &all) {
			struct ast_element *copy = vec_add(s->arena, &kept->elements);
			struct set_entry *entry =
				read_word(s, list, &reader, word, element->comment.text);

			if (entry)
				entry->timeout = timeout;
			*copy = *element;
			copy->word = *word;
		}
	}
}

/* Of each list there may be several statements; they are printed as written. */
void sema_list(struct sema *s, const struct ast_stmt *stmt)
{
	struct set *list = builtin_of(s->rs, stmt->key.text);
	uint32_t before = list->entries.len;
	struct ast_stmt kept = *stmt;
	uint64_t timeout = 0;

	read_elements(s, list, stmt, &kept);
	if (stmt->file.text.s) {
		read_list_file(s, list, stmt);
		kept.file.text = list->file;
	}
	if (stmt->timeout.text.s)
		sema_duration(s, &stmt->timeout, false, &timeout);
	complete_entries(list, before, timeout, stmt->comment.text);
	list->runtime = true;
	vec_push(s->arena, &s->rs->lists, kept);
}

/* ---- which sets are looked up at run time ---- */

static bool is_named(const strs *names, struct str name)
{
	vec_for_each(known, names)
		if (str_eq(*known, name))
			return true;
	return false;
}

static bool has_timeout(const struct set *set)
{
	vec_for_each(entry, &set->entries)
		if (entry->timeout)
			return true;
	return false;
}

static void mark_filled(struct ruleset *rs, const struct act *act)
{
	if (!act->row || act->row->verb != VERB_BLACKLIST)
		return;
	if (act->set < 0)
		rs->builtin[BUILTIN_BLACK].runtime = true;
	else
		rs->sets.data[act->set].runtime = true;
}

/* Sets that are alternatives of one clause are looked up together. Return: whether that was news */
static bool mark_together(struct ruleset *rs, const struct match *match)
{
	bool any = false, all = true;

	if (match->atoms.len < 2)
		return false;
	vec_for_each(atom, &match->atoms) {
		if (atom->kind != ATOM_SET)
			continue;
		any |= rs->sets.data[atom->set].runtime;
		all &= rs->sets.data[atom->set].runtime;
	}
	if (!any || all)
		return false;
	vec_for_each(atom, &match->atoms)
		if (atom->kind == ATOM_SET)
			rs->sets.data[atom->set].runtime = true;
	return true;
}

static void number_sets(struct ruleset *rs)
{
	uint32_t next = LIST_SETS;

	vec_for_each(set, &rs->sets)
		if (set->runtime)
			set->number = next++;
	rs->builtin[BUILTIN_ALLOW].number = LIST_ALLOW;
	rs->builtin[BUILTIN_BLACK].number = LIST_BLACK;
}

void sema_finish_sets(struct sema *s)
{
	struct ruleset *rs = s->rs;
	bool again = true;

	vec_for_each(set, &rs->sets)
		set->runtime = set->size || set->timeout || has_timeout(set) ||
			       is_named(&s->env->runtime_sets, set->name);
	for (int i = 0; i < 2; i++) {
		struct set *list = &rs->builtin[i];

		list->runtime |= is_named(&s->env->runtime_sets, list->name);
		collect_members(s, list);
	}
	vec_for_each(rule, &rs->rules) {
		mark_filled(rs, &rule->verb);
		mark_filled(rs, &rule->exceed);
	}
	while (again) {
		again = false;
		vec_for_each(rule, &rs->rules)
			vec_for_each(match, &rule->matches)
				again |= mark_together(rs, match);
	}
	number_sets(rs);
}

/* ---- entries of a command ---- */

bool sema_entries(struct diags *ds, struct env *env, const words *written, struct set *set)
{
	struct sema s = { .ds = ds, .arena = ds->arena, .env = env };
	struct type_reader reader = { .ds = ds, .io = env->io };
	uint32_t errors = ds->n_errors;

	vec_for_each(word, written)
		read_word(&s, set, &reader, word, (struct str){ 0 });
	return ds->n_errors == errors;
}

bool sema_entry_lines(struct diags *ds, struct env *env, uint32_t source, struct set *set)
{
	struct sema s = { .ds = ds, .arena = ds->arena, .env = env };
	uint32_t errors = ds->n_errors;

	read_lines(&s, set, source);
	return ds->n_errors == errors;
}
