/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * JSON by jansson. A rule is a short array, [id, slot, file, line, start, end, changed], and for a
 * limit [..., slot of the excess, clock], because
 * a ruleset may have 100 000; file is an index into "files" of origins, -1: typed as a command.
 */
#include "bpffw/runtime/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "bpffw/runtime/pin.h"

#define SCHEMA "bpffw.generation/1"

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

static json_t *rules_json(const struct record *record, json_t *origins)
{
	json_t *array = json_array();

	vec_for_each(rule, &record->rules) {
		const struct origin *from = &rule->origin;

		json_t *row = json_pack("[i,i,i,i,i,i,b]", (int)rule->id, (int)rule->slot,
					origin_file(origins, from->file), (int)from->line,
					(int)from->start, (int)from->end, (int)from->changed);

		if (rule->over_slot) {
			json_array_append_new(row, json_integer(rule->over_slot));
			json_array_append_new(row, json_integer(rule->clock));
		}
		json_array_append_new(array, row);
	}
	return array;
}

int record_write(const char *path, const struct record *record, struct failure *f)
{
	const struct gen_info *info = &record->info;
	json_t *root = json_object(), *origins = json_array();
	char *text;
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
	json_object_set_new(root, "boot", text_json(record->boot));
	json_object_set_new(root, "enter", json_integer(record->enter_id));
	json_object_set_new(root, "interfaces", names_json(&info->iface_names));
	json_object_set_new(root, "listed", names_json(&record->listed));
	json_object_set_new(root, "files", files_json(info));
	json_object_set_new(root, "lists", names_json(&info->lists));
	json_object_set_new(root, "rules", rules_json(record, origins));
	json_object_set_new(root, "origins", origins);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	if (!text)
		return fail(f, ENOMEM, "cannot write %s", path);
	ret = file_replace(path, text, strlen(text), f);
	free(text);
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

static uint32_t field(const json_t *rule, size_t index)
{
	return (uint32_t)json_integer_value(json_array_get(rule, index));
}

static void read_rules(struct arena *arena, const json_t *array, const strs *origins,
		       struct record *record)
{
	uint32_t file;
	bool known;

	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *rule = json_array_get(array, i);
		struct record_rule *to = vec_add(arena, &record->rules);

		file = field(rule, 2);
		known = origins->data && file < origins->len;
		to->id = field(rule, 0);
		to->slot = field(rule, 1);
		to->origin = (struct origin){
			.file = known ? origins->data[file] : (struct str){ NULL, 0 },
			.line = field(rule, 3),
			.start = field(rule, 4),
			.end = field(rule, 5),
			.changed = json_is_true(json_array_get(rule, 6)),
		};
		to->over_slot = field(rule, 7);
		to->clock = (uint8_t)field(rule, 8);
	}
}

static void read_root(struct arena *arena, const json_t *root, struct record *ret_record)
{
	struct record record = { 0 };
	struct gen_info *info = &record.info;
	strs origins = names_of(arena, json_object_get(root, "origins"));

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
	info->iface_names = names_of(arena, json_object_get(root, "interfaces"));
	record.boot = member(arena, root, "boot");
	record.enter_id = number_of(root, "enter");
	record.listed = names_of(arena, json_object_get(root, "listed"));
	read_files(arena, json_object_get(root, "files"), info);
	info->lists = names_of(arena, json_object_get(root, "lists"));
	read_rules(arena, json_object_get(root, "rules"), &origins, &record);
	*ret_record = record;
}

int record_read(const char *path, struct arena *arena, struct record *ret_record, struct failure *f)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_error_t error;
	json_t *root;
	FILE *file;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : fail(f, errno, "cannot read %s", path);
	/* Buffered: json_loadfd() makes a system call for each byte. */
	file = fdopen(fd, "r");
	if (!file)
		return fail(f, errno, "cannot read %s", path);
	take_fd(&fd);
	root = json_loadf(file, 0, &error);
	fclose(file);
	if (!json_is_object(root) || !json_is_string(json_object_get(root, "schema")) ||
	    strcmp(json_string_value(json_object_get(root, "schema")), SCHEMA) != 0) {
		json_decref(root);
		return fail_plain(f, EINVAL, EXIT_SYSTEM, "%s is not a record of bpffw", path);
	}
	read_root(arena, root, ret_record);
	json_decref(root);
	return 0;
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
