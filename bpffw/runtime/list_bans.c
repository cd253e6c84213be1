/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * <state>/bans: run-time entries over a reboot, a line each:
 *
 *	+ NAME PREFIX UNTIL [COMMENT]	an entry, until (epoch seconds) or `forever`
 *	= NAME PREFIX UNTIL		a static entry whose own timeout has begun
 *	- NAME PREFIX			removed
 *	! NAME				all of them removed, but those of files
 *
 * Commands append, and a later line replaces an earlier one. A line that cannot be read is left
 * out, and told: a lost ban must not keep a firewall from starting. The file that has it is kept
 * as bans.damaged when the next one is written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpffw/runtime/inside.h"
#include "bpffw/runtime/list_maps.h"
#include "bpffw/runtime/pin.h"
#include "compiler/base/map.h"
#include "compiler/base/net.h"

#define FILE_MAX ((off_t)1 << 30)
/* More damaged files than this are not kept: somebody must look at them. */
#define DAMAGED_MAX 20u

static const char *path_of(struct store *store)
{
	return arena_printf(store->arena, "%s/bans", store->paths.state_dir);
}

/* ---- reading ---- */

static struct str take_word(struct str *line)
{
	struct str word;
	uint32_t n = 0;

	while (n < line->len && line->s[n] != ' ')
		n++;
	word = (struct str){ line->s, n };
	while (n < line->len && line->s[n] == ' ')
		n++;
	*line = (struct str){ line->s + n, line->len - n };
	return word;
}

static struct str take_until(struct str *text, char end)
{
	const char *at = memchr(text->s, end, text->len);
	struct str part = *text;

	if (!at) {
		*text = (struct str){ 0 };
		return part;
	}
	part.len = (uint32_t)(at - text->s);
	*text = (struct str){ at + 1, text->len - part.len - 1 };
	return part;
}

static bool read_value(struct str word, enum list_kind *ret_kind, u128 *ret_value)
{
	uint32_t addr;
	uint64_t number;

	*ret_kind = LIST_ADDR4;
	if (net_parse_ipv4(word, &addr)) {
		*ret_value = addr;
		return true;
	}
	*ret_kind = LIST_MAC;
	if (net_parse_mac(word, &number)) {
		*ret_value = number;
		return true;
	}
	*ret_kind = LIST_PORT;
	if (num_parse(word, UINT16_MAX, &number)) {
		*ret_value = number;
		return true;
	}
	*ret_kind = LIST_ADDR6;
	return net_parse_ipv6(word, ret_value);
}

/* As list_print() writes it: a value, a range, or an address with a length. */
static bool read_prefix(struct arena *arena, struct str word, struct list_prefix *ret_prefix)
{
	struct list_prefix prefix = { 0 };
	list_prefixes parts = { 0 };
	enum list_kind kind;
	struct range range;
	struct str first;
	uint64_t length;

	if (memchr(word.s, '-', word.len)) {
		first = take_until(&word, '-');
		if (!read_value(first, &prefix.kind, &range.lo) ||
		    !read_value(word, &kind, &range.hi) || kind != prefix.kind ||
		    range.hi < range.lo)
			return false;
		list_split(arena,
			   kind == LIST_PORT  ? TYPE_PORT
			   : kind == LIST_MAC ? TYPE_MAC
					      : TYPE_ADDR,
			   kind == LIST_ADDR6 ? FAMILY_IPV6 : FAMILY_IPV4, range, &parts);
		if (parts.len != 1)
			return false;
		*ret_prefix = parts.data[0];
		return true;
	}
	first = take_until(&word, '/');
	if (!read_value(first, &prefix.kind, &prefix.value))
		return false;
	length = list_bits(prefix.kind);
	if (word.len && !num_parse(word, length, &length))
		return false;
	prefix.length = (uint8_t)length;
	if (prefix.value & ~net_prefix_mask(list_bits(prefix.kind), (unsigned int)length))
		return false;
	*ret_prefix = prefix;
	return true;
}

struct reading {
	struct arena *arena;
	struct map known; /* "=NAME PREFIX" to the index in all */
	bans all;         /* removed ones have no name */
	uint32_t line;
	struct bans_damage damage;
};

static void replace(struct reading *reading, struct str key, const struct ban *ban)
{
	uint32_t index;

	if (map_find(&reading->known, key, &index)) {
		reading->all.data[index] = *ban;
		return;
	}
	map_add(reading->arena, &reading->known, key, reading->all.len);
	vec_push(reading->arena, &reading->all, *ban);
}

static void remove_known(struct reading *reading, struct str key)
{
	uint32_t index;

	if (map_find(&reading->known, key, &index))
		reading->all.data[index].name.len = 0;
}

static void flush_known(struct reading *reading, struct str name)
{
	vec_for_each(ban, &reading->all) {
		if (!ban->from_file && str_eq(ban->name, name))
			ban->name.len = 0;
	}
}

static bool read_until(struct str word, int64_t *ret_until)
{
	uint64_t until = 0;

	if (!str_is(word, "forever") &&
	    (!num_parse(word, INT64_MAX / 2000000000, &until) || !until))
		return false;
	*ret_until = (int64_t)until;
	return true;
}

/* Return: false: the line cannot be read. */
static bool read_line(struct reading *reading, struct str line)
{
	struct str what = take_word(&line), name = take_word(&line), prefix, key;
	struct ban ban = { .name = name };

	if (what.len != 1 || !name.len || name.len >= LIST_NAME_SIZE)
		return false;
	if (what.s[0] == '!') {
		flush_known(reading, name);
		return true;
	}
	prefix = take_word(&line);
	/* The text between is as it was written: the same for each entry. */
	key = str_of(arena_printf(reading->arena, "%c" STR_FMT " " STR_FMT,
				  what.s[0] == '=' ? '=' : '+', STR_ARG(name), STR_ARG(prefix)));
	if (what.s[0] == '-') {
		remove_known(reading, key);
		return true;
	}
	ban.from_file = what.s[0] == '=';
	if ((what.s[0] != '+' && what.s[0] != '=') ||
	    !read_prefix(reading->arena, prefix, &ban.prefix) ||
	    !read_until(take_word(&line), &ban.until))
		return false;
	ban.comment = line;
	replace(reading, key, &ban);
	return true;
}

static void read_lines(struct reading *reading, struct str text)
{
	for (uint32_t number = 1; text.len; number++) {
		bool whole = memchr(text.s, '\n', text.len) != NULL;
		struct str line = take_until(&text, '\n');

		/* Of a torn one the end of the time may be missing. */
		if (!line.len || (whole && read_line(reading, line)))
			continue;
		if (!reading->damage.n_lines++)
			reading->damage.first = number;
	}
}

static int read_text(struct store *store, struct arena *arena, struct str *ret_text,
		     struct failure *f)
{
	const char *path = path_of(store);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	uint32_t len = 0;
	char *text;

	*ret_text = (struct str){ 0 };
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(f, errno, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return fail_plain(f, EINVAL, EXIT_SYSTEM, "%s is not a file of entries", path);
	text = arena_alloc(arena, (size_t)st.st_size + 1);
	while (len < (uint32_t)st.st_size) {
		ssize_t n = read(fd, text + len, (size_t)st.st_size - len);

		if (n < 0)
			return fail(f, errno, "cannot read %s", path);
		if (n == 0)
			break;
		len += (uint32_t)n;
	}
	*ret_text = (struct str){ text, len };
	return 0;
}

int bans_read(struct store *store, struct arena *arena, bans *ret_bans,
	      struct bans_damage *ret_damage, struct failure *f)
{
	struct reading reading = { .arena = arena };
	struct str text;
	uint32_t kept = 0;
	int ret = read_text(store, arena, &text, f);

	if (ret < 0)
		return ret;
	read_lines(&reading, text);
	for (uint32_t i = 0; i < reading.all.len; i++) {
		if (reading.all.data[i].name.len)
			reading.all.data[kept++] = reading.all.data[i];
	}
	reading.all.len = kept;
	reading.damage.path = path_of(store);
	*ret_bans = reading.all;
	if (ret_damage)
		*ret_damage = reading.damage;
	return 0;
}

/* ---- writing ---- */

/* A comment is one line, whatever it holds. */
static void put_comment(struct buf *out, struct str comment)
{
	if (!comment.len)
		return;
	buf_puts(out, " ");
	for (uint32_t i = 0; i < comment.len; i++) {
		char c = comment.s[i];

		buf_printf(out, "%c", (unsigned char)c < ' ' ? ' ' : c);
	}
}

static void put_ban(struct buf *out, const struct ban *ban)
{
	buf_printf(out, "%c " STR_FMT " ", ban->from_file ? '=' : '+', STR_ARG(ban->name));
	list_print(out, &ban->prefix);
	if (ban->until)
		buf_printf(out, " %lld", (long long)ban->until);
	else
		buf_puts(out, " forever");
	put_comment(out, ban->comment);
	buf_puts(out, "\n");
}

/* The first name that is free; what is written next takes the file's old name only. */
int bans_keep_damaged(struct store *store, struct bans_damage *damage, struct failure *f)
{
	const char *path = path_of(store), *aside = NULL;
	int ret = -1;

	for (uint32_t i = 1; i <= DAMAGED_MAX && ret < 0; i++) {
		aside = i == 1 ? arena_printf(store->arena, "%s.damaged", path)
			       : arena_printf(store->arena, "%s.damaged%u", path, i);
		ret = link(path, aside);
		if (ret < 0 && errno != EEXIST)
			break;
	}
	if (ret < 0)
		return fail(f, errno, "cannot keep the damaged %s", path);
	damage->kept = aside;
	return 0;
}

int bans_write(struct store *store, const bans *all, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };

	vec_for_each(ban, all)
		put_ban(&text, ban);
	return file_replace(path_of(store), text.len ? text.data : "", text.len, f);
}

/* A line that a power cut tore must neither take the next one along nor pass for a whole one. */
static bool ends_torn(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* Not synchronised: a ban takes no longer for the disk; what a power cut loses is the last ones. */
static int append(struct store *store, const struct buf *text, struct failure *f)
{
	const char *path = path_of(store);
	_cleanup_fd_ int fd =
		open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	uint32_t done = 0;

	if (fd < 0)
		return fail(f, errno, "cannot write %s", path);
	if (ends_torn(fd) && write(fd, "?\n", 2) < 0)
		return fail(f, errno, "cannot write %s", path);
	while (done < text->len) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0)
			return fail(f, errno, "cannot write %s", path);
		done += (uint32_t)n;
	}
	return 0;
}

int bans_append(struct store *store, const bans *added, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };

	vec_for_each(ban, added)
		put_ban(&text, ban);
	return text.len ? append(store, &text, f) : 0;
}

int bans_append_removed(struct store *store, struct str name, const struct list_prefix *prefix,
			struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };

	buf_printf(&text, "- " STR_FMT " ", STR_ARG(name));
	list_print(&text, prefix);
	buf_puts(&text, "\n");
	return append(store, &text, f);
}

int bans_append_flushed(struct store *store, struct str name, struct failure *f)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf text = { .arena = arena };

	buf_printf(&text, "! " STR_FMT "\n", STR_ARG(name));
	return append(store, &text, f);
}
