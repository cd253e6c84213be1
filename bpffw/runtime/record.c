/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON by jansson, but for the rules: a ruleset may have 100 000 of them, every command reads them,
 * and a tree of values takes longer than all else that `status` does. They are the last member,
 * written and read here: one array of [id, slot, file, line, start, end, changed], and for a limit
 * [..., slot of the excess, clock]; file is an index into "origins", -1: typed as a command.
 */
#include "bpffw/runtime/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "bpffw/runtime/host.h"
#include "bpffw/runtime/pin.h"

#define SCHEMA    "bpffw.generation/1"
#define RULES     ",\"rules\":["
#define RULES_END "]}"

/* Paths and commands may hold any byte; JSON holds UTF-8 only. */
static json_t *text_json(struct str text)
{
	json_t *value = json_stringn(text.s ? text.s : "", text.len);
	char *copy;

	if (value)
		return value;
	copy = text.s ? strndup(text.s, text.len) : NULL;
	for (char *at = copy; at && *at; at++) {
		if (*at & 0x80)
			*at = '?';
	}
	value = json_string(copy ? copy : "");
	free(copy);
	return value;
}

static json_t *names_json(const strs *names)
{
	json_t *array = json_array();

	vec_for_each(name, names)
		json_array_append_new(array, text_json(*name));
	return array;
}

static json_t *files_json(const struct gen_info *info)
{
	json_t *array = json_array(), *object;
	char hash[20];

	vec_for_each(file, &info->files) {
		object = json_object();
		snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)file->hash);
		json_object_set_new(object, "path", text_json(file->path));
		json_object_set_new(object, "hash", json_string(hash));
		json_object_set_new(object, "included_by", text_json(file->include));
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *tests_json(const struct record *record)
{
	json_t *array = json_array(), *object;

	vec_for_each(test, &record->tests) {
		object = json_object();
		json_object_set_new(object, "file", text_json(test->file));
		json_object_set_new(object, "line", json_integer(test->line));
		json_array_append_new(array, object);
	}
	return array;
}

/* Index of the file's name in @origins, added when new. Neighbours mostly share it: look back. */
static int origin_file(json_t *origins, struct str file)
{
	json_t *name;

	if (!file.len)
		return -1;
	for (size_t i = json_array_size(origins); i-- > 0;) {
		name = json_array_get(origins, i);
		if (str_eq(file, (struct str){ json_string_value(name),
					       (uint32_t)json_string_length(name) }))
			return (int)i;
	}
	json_array_append_new(origins, text_json(file));
	return (int)json_array_size(origins) - 1;
}

static void put_rule(struct buf *out, const struct record_rule *rule, json_t *origins)
{
	const struct origin *from = &rule->origin;

	buf_printf(out, "[%u,%u,%d,%u,%u,%u,%s", rule->id, rule->slot,
		   origin_file(origins, from->file), from->line, from->start, from->end,
		   from->changed ? "true" : "false");
	if (rule->over_slot)
		buf_printf(out, ",%u,%u", rule->over_slot, rule->clock);
	buf_puts(out, "]");
}

static int write_text(const char *path, const json_t *head, const struct buf *rules,
		      struct failure *f)
{
	struct buf out = { .arena = rules->arena };
	char *text = json_dumps(head, JSON_COMPACT);

	if (!text)
		return fail(f, ENOMEM, "cannot write %s", path);
	buf_puts(&out, text);
	free(text);
	out.len--; /* the closing brace comes after the rules */
	buf_puts(&out, RULES);
	buf_add(&out, (struct str){ rules->data, rules->len });
	buf_puts(&out, RULES_END);
	return file_replace(path, out.data, out.len, f);
}

void record_tests(struct arena *arena, const struct ruleset *rs, struct record *record)
{
	record->tests.len = 0;
	vec_for_each(expect, &rs->expects)
		vec_push(arena, &record->tests,
			 ((struct record_test){ expect->origin.file, expect->origin.line }));
}

int record_write(const char *path, const struct record *record, struct failure *f)
{
	const struct gen_info *info = &record->info;
	json_t *root = json_object(), *origins = json_array();
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf rules = { .arena = arena };
	int ret;

	json_object_set_new(root, "schema", json_string(SCHEMA));
	json_object_set_new(root, "number", json_integer(info->number));
	json_object_set_new(root, "when", json_integer(info->when));
	json_object_set_new(root, "by", text_json(info->by));
	json_object_set_new(root, "how", text_json(info->how));
	json_object_set_new(root, "saved", json_boolean(info->saved));
	json_object_set_new(root, "same_as", json_integer(info->same_as));
	json_object_set_new(root, "rolled_back", json_boolean(info->rolled_back));
	json_object_set_new(root, "confirm", json_integer(info->confirm));
	json_object_set_new(root, "uid", json_integer(info->uid));
	json_object_set_new(root, "sudo", text_json(info->sudo));
	json_object_set_new(root, "tty", text_json(info->tty));
	json_object_set_new(root, "next_id", json_integer(info->next_id));
	json_object_set_new(root, "instructions", json_integer(info->n_insns));
	json_object_set_new(root, "tables", json_integer(info->blob_size));
	json_object_set_new(root, "boot", text_json(record->boot));
	json_object_set_new(root, "enter", json_integer(record->enter_id));
	json_object_set_new(root, "interfaces", names_json(&info->iface_names));
	json_object_set_new(root, "listed", names_json(&record->listed));
	json_object_set_new(root, "files", files_json(info));
	json_object_set_new(root, "lists", names_json(&info->lists));
	json_object_set_new(root, "tests", tests_json(record));
	vec_for_each(rule, &record->rules) {
		buf_puts(&rules, rules.len ? "," : "");
		put_rule(&rules, rule, origins);
	}
	json_object_set_new(root, "origins", origins);
	ret = write_text(path, root, &rules, f);
	json_decref(root);
	return ret;
}

static struct str text_of(struct arena *arena, const json_t *value)
{
	uint32_t len = (uint32_t)json_string_length(value);

	if (!json_is_string(value))
		return (struct str){ NULL, 0 };
	return (struct str){ arena_strndup(arena, json_string_value(value), len), len };
}

static struct str member(struct arena *arena, const json_t *object, const char *key)
{
	return text_of(arena, json_object_get(object, key));
}

static uint32_t number_of(const json_t *object, const char *key)
{
	return (uint32_t)json_integer_value(json_object_get(object, key));
}

static strs names_of(struct arena *arena, const json_t *array)
{
	strs names = { 0 };

	for (size_t i = 0; i < json_array_size(array); i++)
		vec_push(arena, &names, text_of(arena, json_array_get(array, i)));
	return names;
}

static void read_files(struct arena *arena, const json_t *array, struct gen_info *info)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *object = json_array_get(array, i);
		const char *hash = json_string_value(json_object_get(object, "hash"));

		vec_push(arena, &info->files,
			 ((struct gen_file){ .path = member(arena, object, "path"),
					     .hash = hash ? strtoull(hash, NULL, 16) : 0,
					     .include = member(arena, object, "included_by") }));
	}
}

static void read_tests(struct arena *arena, const json_t *array, struct record *record)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *object = json_array_get(array, i);

		vec_push(arena, &record->tests,
			 ((struct record_test){ member(arena, object, "file"),
						number_of(object, "line") }));
	}
}

/* Exactly what put_rule() writes; anything else, and the record is damaged. */
struct scan {
	const char *at; /* ends in a NUL */
	bool failed;
};

static bool take(struct scan *s, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(s->at, text, len) != 0)
		return false;
	s->at += len;
	return true;
}

static void expect(struct scan *s, const char *text)
{
	s->failed |= !take(s, text);
}

static uint32_t take_number(struct scan *s)
{
	const char *start = s->at;
	uint64_t value = 0;

	for (; *s->at >= '0' && *s->at <= '9' && s->at - start < 10; s->at++)
		value = value * 10 + (uint64_t)(*s->at - '0');
	s->failed |= s->at == start || value > UINT32_MAX;
	return (uint32_t)value;
}

static struct str take_file(struct scan *s, const strs *origins)
{
	uint32_t file;

	if (take(s, "-1"))
		return (struct str){ NULL, 0 };
	file = take_number(s);
	if (origins->data && file < origins->len)
		return origins->data[file];
	s->failed = true;
	return (struct str){ NULL, 0 };
}

static void take_rule(struct scan *s, const strs *origins, struct record_rule *to)
{
	expect(s, "[");
	to->id = take_number(s);
	expect(s, ",");
	to->slot = take_number(s);
	expect(s, ",");
	to->origin.file = take_file(s, origins);
	expect(s, ",");
	to->origin.line = take_number(s);
	expect(s, ",");
	to->origin.start = take_number(s);
	expect(s, ",");
	to->origin.end = take_number(s);
	to->origin.changed = take(s, ",true");
	if (!to->origin.changed)
		expect(s, ",false");
	if (take(s, ",")) {
		to->over_slot = take_number(s);
		expect(s, ",");
		to->clock = (uint8_t)take_number(s);
	}
	expect(s, "]");
}

static bool read_rules(struct arena *arena, const char *text, const strs *origins,
		       struct record *record)
{
	struct scan s = { .at = text };

	while (!s.failed && !take(&s, RULES_END)) {
		if (record->rules.len)
			expect(&s, ",");
		take_rule(&s, origins, vec_add(arena, &record->rules));
	}
	return !s.failed && !*s.at;
}

static void read_root(struct arena *arena, const json_t *root, struct record *ret_record)
{
	struct record record = { 0 };
	struct gen_info *info = &record.info;

	info->number = number_of(root, "number");
	info->when = json_integer_value(json_object_get(root, "when"));
	info->by = member(arena, root, "by");
	info->how = member(arena, root, "how");
	info->saved = json_is_true(json_object_get(root, "saved"));
	info->same_as = number_of(root, "same_as");
	info->rolled_back = json_is_true(json_object_get(root, "rolled_back"));
	info->confirm = number_of(root, "confirm");
	info->uid = number_of(root, "uid");
	info->sudo = member(arena, root, "sudo");
	info->tty = member(arena, root, "tty");
	info->next_id = number_of(root, "next_id");
	info->n_insns = number_of(root, "instructions");
	info->blob_size = number_of(root, "tables");
	info->iface_names = names_of(arena, json_object_get(root, "interfaces"));
	record.boot = member(arena, root, "boot");
	record.enter_id = number_of(root, "enter");
	record.listed = names_of(arena, json_object_get(root, "listed"));
	read_files(arena, json_object_get(root, "files"), info);
	info->lists = names_of(arena, json_object_get(root, "lists"));
	read_tests(arena, json_object_get(root, "tests"), &record);
	*ret_record = record;
}

/* Records are replaced, never written into: the size stays. */
static int read_file(const char *path, struct arena *arena, struct str *ret_text, struct failure *f)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n = 1;
	char *text;
	size_t len;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail(f, errno, "cannot read %s", path);
	if (fstat(fd, &st) < 0)
		return fail(f, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > HOST_FILE_MAX)
		return fail_plain(f, EINVAL, EXIT_SYSTEM, "%s is not a record of bpffw", path);
	text = arena_alloc(arena, (size_t)st.st_size + 1);
	for (len = 0; n > 0 && len < (size_t)st.st_size; len += (size_t)n) {
		n = read(fd, text + len, (size_t)st.st_size - len);
		if (n < 0)
			return fail(f, errno, "cannot read %s", path);
	}
	*ret_text = (struct str){ text, (uint32_t)len };
	return 0;
}

/* @ret_rules: the text after the head. Such a marker stands in no JSON string: its quote is bare.
 */
static json_t *read_head(struct str text, const char **ret_rules)
{
	const char *rules = memmem(text.s, text.len, RULES, strlen(RULES));
	const char *schema;
	json_error_t error;
	json_t *root;
	char *head;

	if (!rules)
		return NULL;
	*ret_rules = rules + strlen(RULES);
	head = strndup(text.s, (size_t)(rules - text.s) + 1);
	if (!head)
		return NULL;
	head[rules - text.s] = '}';
	root = json_loads(head, 0, &error);
	free(head);
	schema = json_string_value(json_object_get(root, "schema"));
	if (schema && strcmp(schema, SCHEMA) == 0)
		return root;
	json_decref(root);
	return NULL;
}

static int read_record(const char *path, struct arena *arena, struct record *ret_record,
		       bool with_rules, struct failure *f)
{
	_cleanup_arena_ struct arena *own = arena_new();
	const char *rules;
	struct str text = { 0 };
	strs origins;
	json_t *root;
	bool sound = true;
	int ret = read_file(path, own, &text, f);

	if (ret < 0)
		return ret;
	root = read_head(text, &rules);
	if (root) {
		read_root(arena, root, ret_record);
		origins = names_of(arena, json_object_get(root, "origins"));
		if (with_rules)
			sound = read_rules(arena, rules, &origins, ret_record);
	}
	if (!root || !sound)
		ret = fail_plain(f, EINVAL, EXIT_SYSTEM, "%s is not a record of bpffw", path);
	json_decref(root);
	return ret;
}

int record_read(const char *path, struct arena *arena, struct record *ret_record, struct failure *f)
{
	return read_record(path, arena, ret_record, true, f);
}

int record_read_info(const char *path, struct arena *arena, struct gen_info *ret_info,
		     struct failure *f)
{
	struct record record = { 0 };
	int ret = read_record(path, arena, &record, false, f);

	if (ret == 0)
		*ret_info = record.info;
	return ret;
}

struct str record_boot(struct arena *arena)
{
	_cleanup_fd_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	uint32_t len = n > 0 ? (uint32_t)n : 0;

	if (len && text[len - 1] == '\n')
		len--;
	return (struct str){ arena_strndup(arena, text, len), len };
}
