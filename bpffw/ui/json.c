/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What jansson lacks for our schemas. */
#include "bpffw/ui/json.h"

#include <time.h>

#include "bpffw/ui/text.h"

json_t *json_schema(const char *name)
{
	return json_pack("{s:o}", "schema", json_sprintf("bpffw.%s/1", name));
}

json_t *json_str(struct str text)
{
	json_t *value = json_stringn(text.s ? text.s : "", text.len);

	if (!value) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf escaped = { .arena = arena };

		text_escape(&escaped, text);
		value = json_string(buf_text(&escaped));
	}
	return value;
}

json_t *json_str_or_null(struct str text)
{
	return text.len ? json_str(text) : json_null();
}

json_t *json_time(int64_t when)
{
	time_t t = (time_t)when;
	char text[32];
	struct tm tm;

	if (!when || !gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return json_null();
	return json_string(text);
}

#define DUMP_FLAGS (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9))

/* Says itself between quotes. */
static bool is_plain(struct str text)
{
	for (uint32_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			return false;
	}
	return true;
}

static int add_piece(const char *piece, size_t len, void *out)
{
	buf_add(out, (struct str){ piece, (uint32_t)len });
	return 0;
}

void json_put_str(struct buf *out, struct str text)
{
	if (!is_plain(text)) {
		json_into(out, json_str(text));
		return;
	}
	buf_puts(out, "\"");
	buf_add(out, text);
	buf_puts(out, "\"");
}

void json_into(struct buf *out, json_t *object)
{
	if (json_is_null(object))
		buf_puts(out, "null");
	else
		json_dump_callback(object, add_piece, out, DUMP_FLAGS | JSON_ENCODE_ANY);
	json_decref(object);
}

void json_line(FILE *file, json_t *object)
{
	json_dumpf(object, file, DUMP_FLAGS);
	fputc('\n', file);
	json_decref(object);
}
