/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/lang/parse.h"

#define MODE_NEW 0640

uint64_t file_hash(struct str text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (uint32_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.s[i]) * 0x100000001b3u;
	return hash;
}

struct str file_absolute(struct arena *arena, const char *path)
{
	char resolved[PATH_MAX], cwd[PATH_MAX];

	if (strcmp(path, "-") == 0)
		return STR("-");
	if (realpath(path, resolved))
		return str_of(arena_strndup(arena, resolved, strlen(resolved)));
	if (path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return str_of(arena_strndup(arena, path, strlen(path)));
	return str_of(arena_printf(arena, "%s/%s", cwd, path));
}

bool file_is_same(struct arena *arena, const char *a, const char *b)
{
	return str_eq(file_absolute(arena, a), file_absolute(arena, b));
}

/* Absolute names by source, resolved once each. */
struct names {
	struct session *s;
	struct str *of_source;
	uint32_t n;
};

static struct str name_of(struct names *names, uint32_t source)
{
	struct session *s = names->s;
	struct str name;

	if (!source || source >= names->n)
		return (struct str){ 0 };
	if (names->of_source[source].len)
		return names->of_source[source];
	name = s->ds->sources.data[source].name;
	name = file_absolute(s->arena, arena_strndup(s->arena, name.s, name.len));
	names->of_source[source] = name;
	return name;
}

static void place_rule(struct names *names, struct ast_rule *rule)
{
	struct position at = diag_position(names->s->ds, rule->span);

	rule->origin = (struct origin){
		.file = name_of(names, rule->span.source),
		.line = at.line,
		.start = rule->span.start,
		.end = rule->span.end,
	};
}

void files_of_ast(struct session *s, struct ast *ast, struct change *change)
{
	struct names names = { .s = s, .n = s->ds->sources.len };

	names.of_source = arena_new_array(s->arena, struct str, names.n);
	vec_for_each(file, &ast->files) {
		const struct source *source = &s->ds->sources.data[file->source];
		struct gen_file *record = vec_add(s->arena, &change->files);

		record->path = name_of(&names, file->source);
		record->hash = file_hash(source->text);
		record->include = name_of(&names, source->included.source);
	}
	vec_for_each(stmt, &ast->stmts) {
		vec_for_each(rule, &stmt->rules)
			place_rule(&names, rule);
		vec_for_each(expect, &stmt->expects) {
			expect->origin.file = name_of(&names, expect->span.source);
			expect->origin.line = diag_position(s->ds, expect->span).line;
		}
	}
}

static const struct gen_file *recorded(const struct gen_info *info, struct str path)
{
	vec_for_each(file, &info->files)
		if (str_eq(file->path, path))
			return file;
	return NULL;
}

/* A pattern behind `include` finds what is there now. */
static const struct gen_file *file_more(struct session *s, const struct gen_info *info)
{
	struct diags *ds = diags_new(s->arena);
	struct str first = info->files.data[0].path, text;
	const char *path = arena_strndup(s->arena, first.s, first.len);
	struct gen_file *found;
	struct ast *ast;

	/* Through a link: what it includes lies beside the link. */
	if (file_is_same(s->arena, path, s->in->paths.rules))
		path = s->in->paths.rules;
	if (str_is(first, "-") || host_io.read(host_io.ctx, s->arena, path, &text))
		return NULL;
	ast = parse_file(ds, &host_io, diag_source(ds, str_of(path), text, (struct span){ 0 }));
	vec_for_each(file, &ast->files) {
		struct str name = ds->sources.data[file->source].name;
		struct str absolute =
			file_absolute(s->arena, arena_strndup(s->arena, name.s, name.len));

		if (recorded(info, absolute))
			continue;
		found = arena_new_array(s->arena, struct gen_file, 1);
		found->path = absolute;
		return found;
	}
	return NULL;
}

const struct gen_file *files_changed(struct session *s, const struct gen_info *info)
{
	bool includes = false;

	vec_for_each(file, &info->files) {
		const char *path = arena_strndup(s->arena, file->path.s, file->path.len);
		struct str text;

		if (str_is(file->path, "-"))
			continue;
		if (host_io.read(host_io.ctx, s->arena, path, &text) ||
		    file_hash(text) != file->hash)
			return file;
		includes |= memmem(text.s, text.len, "include", strlen("include")) != NULL;
	}
	return includes ? file_more(s, info) : NULL;
}

static int write_all(int fd, struct str text)
{
	while (text.len) {
		ssize_t n = write(fd, text.s, text.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text.s += n;
		text.len -= (uint32_t)n;
	}
	return 0;
}

static int sync_directory(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? arena_strndup(arena, path, (size_t)(slash - path) + 1) : ".";
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* The text under a temporary name beside @path, on disk. Return: 0 or a negative errno. */
static int write_temporary(char *name, const struct stat *old, struct str text)
{
	int fd = mkostemp(name, O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, text);
	if (!err && old && fchown(fd, old->st_uid, old->st_gid) < 0)
		err = -errno;
	if (!err && fchmod(fd, old ? old->st_mode & 07777 : MODE_NEW) < 0)
		err = -errno;
	if (!err && fsync(fd) < 0)
		err = -errno;
	close(fd);
	if (err)
		unlink(name);
	return err;
}

/* The old file stays under its name until the new one takes it over: the backup is a link. */
static int keep_backup(struct arena *arena, const char *path)
{
	const char *backup = arena_printf(arena, "%s~", path);

	if (unlink(backup) < 0 && errno != ENOENT)
		return -errno;
	return link(path, backup) < 0 ? -errno : 0;
}

int draft_prepare(struct arena *arena, const char *path, struct str text, struct draft *ret_draft,
		  struct failure *f)
{
	struct draft draft = { .path = path, .temporary = arena_printf(arena, "%s.XXXXXX", path) };
	struct stat old;
	int err;

	draft.exists = stat(path, &old) == 0;
	if (draft.exists && !S_ISREG(old.st_mode))
		return fail_plain(f, EINVAL, EXIT_SYSTEM, "%s is not a regular file", path);
	err = write_temporary(draft.temporary, draft.exists ? &old : NULL, text);
	if (err)
		return fail(f, -err, "cannot write %s", path);
	*ret_draft = draft;
	return 0;
}

int draft_publish(struct arena *arena, struct draft *draft, struct failure *f)
{
	int err = draft->exists ? keep_backup(arena, draft->path) : 0;

	if (!err && rename(draft->temporary, draft->path) < 0)
		err = -errno;
	if (err)
		return fail(f, -err, "cannot replace %s", draft->path);
	draft->temporary = NULL;
	err = sync_directory(arena, draft->path);
	return err ? fail(f, -err, "cannot sync the directory of %s", draft->path) : 0;
}

void draft_discard(struct draft *draft)
{
	if (draft->temporary)
		unlink(draft->temporary);
	draft->temporary = NULL;
}
