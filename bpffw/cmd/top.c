/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who sends most: packets are told by the kernel as for `trace`, decided and added up here. A
 * sample of them is enough; how large it is follows how long the sum takes.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/cmd/follow.h"
#include "bpffw/cmd/screen.h"
#include "bpffw/cmd/top_table.h"
#include "bpffw/runtime/trace.h"
#include "bpffw/ui/json.h"
#include "bpffw/ui/packet.h"
#include "bpffw/ui/table.h"

#define SECOND_NS    1000000000u
#define INTERVAL_MAX 3600u
/* Rows in a pipe; -v: all. */
#define ROWS_PIPED 20
/* Of each second at most so much is spent on packets, and less than that is too little. */
#define BUSY_MOST   (SECOND_NS / 4)
#define BUSY_LEAST  (SECOND_NS / 32)
#define SAMPLE_MOST (1u << 20)
#define BAN_TIME    "10m"

struct top {
	struct session s; /* begun anew with each generation */
	struct generation gen;
	struct observer observer;
	struct trace *trace;
	struct attached *attached;
	uint32_t n_attached;
	enum top_by by;
	enum top_sort sort;
	uint64_t interval, left; /* s; intervals to show, 0: without end */
	uint64_t sample, lost, busy;
	uint64_t start; /* of the interval */
	int64_t epoch;
	struct top_table table; /* of this interval */
	struct top_table shown; /* of the last one */
	uint64_t shown_ns;
	double factor; /* of the shown one: packets for each that was told */
	bool done, screen, details;
	unsigned int cursor; /* row */
	enum exit_code code;
};

static const char *const by_names[] = { [TOP_SRC] = "src", [TOP_DST] = "dst", [TOP_RULE] = "rule" };
static const char *const sorts[TOP_SORTS] = { "packets", "bits", "dropped" };

static void on_packet(void *ctx, const struct traced *traced)
{
	struct top *top = ctx;
	struct pkt pkt = { 0 };
	struct observed observed;

	memcpy(&pkt, traced->pkt, EVENT_PKT);
	observer_fill(&top->observer, &pkt,
		      (uint64_t)(((int64_t)traced->time + top->epoch) / SECOND_NS));
	observed = observer_decide(&top->observer, &pkt, traced->time, NULL, NULL);
	top_add(&top->table, top->by, &pkt, &observed, top->observer.rs);
}

/* ---- what is shown ---- */

static double rate(const struct top *top, uint64_t n)
{
	return (double)n * top->factor * SECOND_NS / (double)top->shown_ns;
}

static const char *rate_text(struct top *top, double value)
{
	struct buf out = { .arena = top->shown.arena };

	if (top->screen)
		text_scaled(&out, (uint64_t)(value + 0.5), 'k');
	else
		buf_printf(&out, "%.0f", value);
	return buf_text(&out);
}

static void add_row(struct top *top, struct table *table, const struct top_row *row)
{
	struct arena *arena = top->shown.arena;
	struct buf packet = { .arena = arena };
	unsigned int percent = (unsigned int)(row->dropped * 100 / row->packets);

	table_cell(table, top_key(arena, top->by, top->gen.rs, row));
	table_cell(table, rate_text(top, rate(top, row->packets)));
	table_cell(table, rate_text(top, rate(top, row->bytes) * 8));
	table_cell(table, arena_printf(arena, "%u%%", percent));
	if (top->by == TOP_RULE)
		return;
	table_cell(table, top_decider(arena, top->gen.rs, row));
	table_cell(table, top->by == TOP_SRC ? top_state(arena, &top->observer, row) : "-");
	if (!top->details)
		return;
	packet_line(&packet, &row->last);
	table_cell(table, buf_text(&packet));
}

static void put_table(struct top *top, struct buf *out, uint32_t n, unsigned int width)
{
	struct table_column columns[] = {
		{ .title = top->by == TOP_SRC   ? "SOURCE"
			   : top->by == TOP_DST ? "DESTINATION"
						: "RULE",
		  .min = 18 },
		{ .title = "PPS", .right = true, .min = 7 },
		{ .title = "BITS/S", .right = true, .min = 7 },
		{ .title = "DROPPED", .right = true },
		{ .title = "RULE", .min = 12 },
		{ .title = "STATE" },
		{ .title = "LAST PACKET", .wrap = true },
	};
	struct table table = { .arena = top->shown.arena,
			       .columns = columns,
			       .n_columns = top->by == TOP_RULE ? 4
					    : top->details      ? 7
								: 6 };

	for (uint32_t i = 0; i < n && i < top->shown.rows.len; i++)
		add_row(top, &table, &top->shown.rows.data[i]);
	table_print(out, &table, width, false);
}

static void put_head(struct top *top, struct buf *out)
{
	attached_names(out, top->attached, top->n_attached);
	buf_printf(out, "  %spps in  ", rate_text(top, rate(top, top->shown.all.packets)));
	buf_printf(out, "%spps dropped  every ", rate_text(top, rate(top, top->shown.all.dropped)));
	buf_printf(out, "%llus", (unsigned long long)top->interval);
	if (top->sample > 1)
		buf_printf(out, "  1 of %llu sampled", (unsigned long long)top->sample);
}

static const char *inverse(struct arena *arena, const char *line, size_t len)
{
	return arena_printf(arena, "\033[7m%.*s\033[0m", (int)len, line);
}

/* Each line cut to the width; the one under the cursor inverse. ASCII but for names of rules,
 * which are ASCII too. */
static void put_lines(struct top *top, struct buf *out, const struct buf *table,
		      unsigned int columns, unsigned int rows)
{
	const char *at = table->data, *end = at + table->len;

	for (unsigned int n = 0; at < end && n < rows; n++) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((line ? line : end) - at);
		size_t cut = len > columns ? columns : len;

		if (n == top->cursor + 1)
			buf_puts(out, inverse(top->shown.arena, at, cut));
		else
			buf_add(out, (struct str){ at, (uint32_t)cut });
		buf_puts(out, "\n");
		at += len + (line != NULL);
	}
}

static void show_screen(struct top *top)
{
	struct buf out = { .arena = top->shown.arena }, table = { .arena = top->shown.arena };
	struct buf head = { .arena = top->shown.arena };
	unsigned int columns, rows;

	screen_size(&columns, &rows);
	if (rows < 6)
		rows = 6;
	if (top->cursor >= top->shown.rows.len)
		top->cursor = top->shown.rows.len ? top->shown.rows.len - 1 : 0;
	if (top->cursor > rows - 5)
		top->cursor = rows - 5;
	put_head(top, &head);
	buf_printf(&head, "  by %s  [q]uit [s]ort [d]etails%s", sorts[top->sort],
		   top->by == TOP_SRC ? " [b]an" : "");
	if (head.len > columns)
		head.len = columns;
	buf_add(&out, (struct str){ head.data, head.len });
	buf_puts(&out, "\n");
	/* Wrapped text would move the cursor's line away from its row. */
	put_table(top, &table, rows - 3, 0);
	put_lines(top, &out, &table, columns, rows - 2);
	screen_show(&out);
}

static json_t *row_json(struct top *top, const struct top_row *row)
{
	struct arena *arena = top->shown.arena;
	const char *state = top_state(arena, &top->observer, row);
	json_t *object = json_object();

	json_object_set_new(object, top->by == TOP_RULE ? "decider" : "address",
			    json_str(str_of(top_key(arena, top->by, top->gen.rs, row))));
	json_object_set_new(object, "packets_per_second", json_real(rate(top, row->packets)));
	json_object_set_new(object, "bits_per_second", json_real(rate(top, row->bytes) * 8));
	json_object_set_new(object, "dropped_per_second", json_real(rate(top, row->dropped)));
	json_object_set_new(object, "by", json_str(str_of(top_decider(arena, top->gen.rs, row))));
	json_object_set_new(object, "state",
			    *state == '-' || top->by != TOP_SRC ? json_null() : json_string(state));
	return object;
}

static void show_json(struct top *top)
{
	json_t *object = json_schema("top"), *rows = json_array();
	uint32_t n = top->s.in->verbose ? UINT32_MAX : ROWS_PIPED;

	for (uint32_t i = 0; i < n && i < top->shown.rows.len; i++)
		json_array_append_new(rows, row_json(top, &top->shown.rows.data[i]));
	json_object_set_new(object, "by", json_string(by_names[top->by]));
	json_object_set_new(object, "time", json_time((int64_t)time(NULL)));
	json_object_set_new(object, "seconds", json_real((double)top->shown_ns / SECOND_NS));
	json_object_set_new(object, "sample", json_integer((json_int_t)top->sample));
	json_object_set_new(object, "packets_per_second",
			    json_real(rate(top, top->shown.all.packets)));
	json_object_set_new(object, "bits_per_second",
			    json_real(rate(top, top->shown.all.bytes) * 8));
	json_object_set_new(object, "dropped_per_second",
			    json_real(rate(top, top->shown.all.dropped)));
	json_object_set_new(object, "rows", rows);
	json_line(stdout, object);
}

static void show_text(struct top *top)
{
	struct buf out = { .arena = top->shown.arena };

	put_head(top, &out);
	buf_puts(&out, "\n");
	put_table(top, &out, top->s.in->verbose ? UINT32_MAX : ROWS_PIPED,
		  report_width(STDOUT_FILENO));
	put_data(&out);
}

static void show(struct top *top)
{
	if (top->screen)
		show_screen(top);
	else if (top->s.in->json)
		show_json(top);
	else
		show_text(top);
	fflush(stdout);
}

/* ---- intervals ---- */

static uint64_t busy_now(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * SECOND_NS + (uint64_t)used.tv_nsec;
}

/* Fewer packets when the sum takes long or the ring runs over, more when there is time. */
static void adapt(struct top *top, uint64_t lost)
{
	uint64_t busy = busy_now(), spent = (busy - top->busy) * SECOND_NS / top->shown_ns;

	top->busy = busy;
	if ((lost || spent > BUSY_MOST) && top->sample < SAMPLE_MOST)
		top->sample *= 4;
	else if (spent < BUSY_LEAST && top->sample > 1)
		top->sample /= 2;
	trace_sample(top->trace, top->sample);
}

static void end_interval(struct top *top)
{
	uint64_t now = follow_now(), lost = trace_lost(top->trace) - top->lost;
	uint64_t told = top->table.all.packets;

	if (top->shown.arena)
		arena_free(top->shown.arena);
	top->shown = top->table;
	top->shown_ns = now - top->start;
	top->factor = (double)top->sample * (told ? (double)(told + lost) / (double)told : 1.0);
	top->table = (struct top_table){ .arena = arena_new() };
	top->lost += lost;
	top->start = now;
	top_sort(&top->shown, top->sort);
	show(top);
	adapt(top, lost);
	top->done |= top->left == 1;
	top->left -= top->left > 0;
}

static bool open_all(struct top *top)
{
	struct session *s = &top->s;

	if (observer_open(s->store, s->ds, top->gen.rs, NULL, &top->observer, &s->f) < 0 ||
	    attached_read(s, top->gen.rs, &top->attached, &top->n_attached) < 0 ||
	    trace_open(s->store, s->ds, NULL, rules_ask_flows(top->gen.rs), &top->trace, &s->f) <
		    0) {
		top->code = session_failed(s);
		return false;
	}
	top->lost = 0;
	trace_sample(top->trace, top->sample);
	return true;
}

static void close_all(struct top *top)
{
	trace_close(top->trace);
	top->trace = NULL;
	observer_close(&top->observer);
}

/* What is shown speaks of rules that are gone: it goes too. */
static void follow_change(struct top *top)
{
	if (!store_is_stale(top->s.store))
		return;
	close_all(top);
	top->done = !follow_generation(&top->s, &top->gen) || !open_all(top);
	top->shown.rows.len = 0;
	arena_free(top->table.arena);
	top->table = (struct top_table){ .arena = arena_new() };
	top->start = follow_now();
}

/* ---- keys ---- */

/* Asks, and waits for a line. */
static bool answer(const char *question)
{
	char line[80] = "";

	fputs(question, stdout);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		clearerr(stdin);
	return line[0] == 'y';
}

/* The command itself, with its guards and its messages, below the screen. */
static void ban(struct top *top)
{
	const struct top_row *row = &top->shown.rows.data[top->cursor];
	char *argv[] = { "bpffw", "ban", NULL, "for", BAN_TIME, NULL };
	char *left[6];
	struct invocation in;

	if (top->by != TOP_SRC || top->cursor >= top->shown.rows.len || !row->last.family)
		return;
	argv[2] = (char *)top_key(top->shown.arena, top->by, top->gen.rs, row);
	screen_end();
	if (answer(arena_printf(top->shown.arena, "ban %s for %s? [y/N] ", argv[2], BAN_TIME)) &&
	    opt_parse_in(top->s.in, 5, argv, left, &in)) {
		command_run(&in);
		answer("[Enter] ");
	}
	screen_begin();
}

static void on_key(struct top *top, int key)
{
	switch (key) {
	case 'q':
		top->done = true;
		return;
	case 's':
		top->sort = (top->sort + 1) % TOP_SORTS;
		top_sort(&top->shown, top->sort);
		break;
	case 'd':
		top->details = !top->details;
		break;
	case 'b':
		ban(top);
		break;
	case 'j':
	case KEY_DOWN:
		top->cursor++;
		break;
	case 'k':
	case KEY_UP:
		top->cursor -= top->cursor > 0;
		break;
	default:
		return;
	}
	if (top->shown.arena)
		show(top);
}

static void follow(struct top *top)
{
	int ret = 0;

	follow_begin();
	if (top->screen)
		screen_begin();
	top->table.arena = arena_new();
	top->start = follow_now();
	top->busy = busy_now();
	while (!top->done && !follow_interrupted() && !ferror(stdout) && ret == 0) {
		ret = trace_poll(top->trace, FOLLOW_POLL_MS / 4, on_packet, top, &top->s.f);
		if (top->screen)
			on_key(top, screen_key(0));
		if (follow_now() - top->start >= top->interval * SECOND_NS)
			end_interval(top);
		if (!top->done)
			follow_change(top);
	}
	if (top->screen)
		screen_end();
	follow_end();
	if (ret < 0 && ret != -EINTR)
		top->code = session_failed(&top->s);
	if (top->shown.arena)
		arena_free(top->shown.arena);
	arena_free(top->table.arena);
}

static bool read_arguments(struct top *top)
{
	const struct invocation *in = top->s.in;
	const char *interval = opt_value(in, "interval"), *count = opt_value(in, "count");
	const char *word = in->argc ? in->argv[0] : "src";

	top->by = TOP_SRC;
	while (strcmp(by_names[top->by], word) != 0) {
		if (top->by++ < TOP_RULE)
			continue;
		report_error(in, EXIT_USAGE, "src, dst or rule", "'%s' is nothing to sort by",
			     word);
		return false;
	}
	top->interval = 1;
	if (interval && (!num_parse_time(str_of(interval), true, &top->interval) ||
			 !top->interval || top->interval > INTERVAL_MAX)) {
		report_error(in, EXIT_USAGE, "1s to 1h", "'%s' is no interval", interval);
		return false;
	}
	top->screen = !in->json && screen_possible();
	top->left = top->screen ? 0 : 1;
	if (count && (!num_parse(str_of(count), UINT32_MAX, &top->left) || !top->left)) {
		report_error(in, EXIT_USAGE, NULL, "'%s' is not a number of intervals", count);
		return false;
	}
	return true;
}

static enum exit_code run(const struct invocation *in)
{
	struct top top = { .sample = 1 };

	session_start(&top.s, in);
	if (!read_arguments(&top))
		top.code = EXIT_USAGE;
	if (!top.code)
		top.code = session_store(&top.s, STORE_READ);
	if (!top.code)
		top.code = session_running(&top.s, &top.gen);
	if (!top.code && open_all(&top)) {
		top.epoch = follow_epoch();
		follow(&top);
	}
	close_all(&top);
	session_end(&top.s);
	return top.code;
}

/* clang-format off */
static const struct option_row opts[] = {
	{ .name = "interval", .value = "TIME", .help = "1s unless given" },
	{ .name = "count", .value = "N", .help = "end after so many intervals; in a pipe 1" },
	{ 0 },
};
/* clang-format on */

const struct command cmd_top = {
	.name = "top",
	.args = "[src|dst|rule]",
	.help = "who sends most, and what becomes of it",
	.details =
		"On a terminal a screen, new each second: q ends, s sorts by packets, bits or "
		"dropped "
		"packets, d shows the last packet of each, j and k or the arrows move, b bans the "
		"source at the cursor for 10 minutes after a question. In a pipe and with --json "
		"one "
		"table after an interval. IPv6 addresses are told as /64. Much traffic is sampled.",
	.example = "bpffw top src",
	.opts = opts,
	.min_args = 0,
	.max_args = 1,
	.flags = CMD_ROOT,
	.run = run,
};
