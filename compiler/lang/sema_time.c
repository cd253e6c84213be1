/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Durations, points in time, and weekly schedules. */
#include "compiler/lang/sema_internal.h"

bool sema_duration(struct sema *s, const struct word *word, bool bare, uint64_t *ret_seconds)
{
	if (num_parse_time(word->text, bare, ret_seconds))
		return true;
	diag_error(s->ds, word->span, E171, "'" STR_FMT "' is not a time", STR_ARG(word->text));
	diag_help(s->ds, "write 30s, 10m, 1h30m, 2d or 1w");
	return false;
}

/* ---- until ---- */

/* A fixed number of digits at *at. */
static bool take_digits(struct str text, uint32_t *at, uint32_t n, unsigned int *ret_value)
{
	unsigned int value = 0;

	if (text.len - *at < n)
		return false;
	for (uint32_t i = 0; i < n; i++, (*at)++) {
		if (text.s[*at] < '0' || text.s[*at] > '9')
			return false;
		value = value * 10 + (unsigned int)(text.s[*at] - '0');
	}
	*ret_value = value;
	return true;
}

static bool take_char(struct str text, uint32_t *at, char wanted)
{
	if (*at == text.len || text.s[*at] != wanted)
		return false;
	(*at)++;
	return true;
}

static unsigned int days_in(unsigned int year, unsigned int month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Days since 1970-01-01 in the Gregorian calendar; years of March to February. */
static int64_t days_since_epoch(unsigned int year, unsigned int month, unsigned int day)
{
	int64_t y = (int64_t)year - (month <= 2), m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

/* 2036-12-31, 2036-12-31T18:00, 2036-12-31T18:00:00Z. */
static bool read_instant(struct str text, int32_t utc_offset, int64_t *ret_seconds)
{
	unsigned int year, month, day, hour = 0, minute = 0, second = 0;
	int64_t minutes;
	uint32_t at = 0;
	bool utc;

	if (!take_digits(text, &at, 4, &year) || !take_char(text, &at, '-') ||
	    !take_digits(text, &at, 2, &month) || !take_char(text, &at, '-') ||
	    !take_digits(text, &at, 2, &day))
		return false;
	if (take_char(text, &at, 'T')) {
		if (!take_digits(text, &at, 2, &hour) || !take_char(text, &at, ':') ||
		    !take_digits(text, &at, 2, &minute))
			return false;
		if (take_char(text, &at, ':') && !take_digits(text, &at, 2, &second))
			return false;
	}
	utc = take_char(text, &at, 'Z');
	if (at != text.len || year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_in(year, month) || hour > 23 || minute > 59 || second > 59)
		return false;
	minutes = (days_since_epoch(year, month, day) * 24 + hour) * 60 + minute;
	*ret_seconds = minutes * 60 + second - (utc ? 0 : utc_offset);
	return true;
}

void sema_until(struct sema *s, const struct word *word, struct rule *rule, bool command)
{
	int64_t seconds;

	if (!read_instant(word->text, s->env->utc_offset, &seconds) || seconds < 0) {
		diag_error(s->ds, word->span, E171, "'" STR_FMT "' is not a time",
			   STR_ARG(word->text));
		diag_help(s->ds, "write 2036-12-31, 2036-12-31T18:00 (local) or "
				 "2036-12-31T18:00Z");
		return;
	}
	rule->until_text = word->text;
	rule->until = (uint64_t)seconds;
	rule->has_until = true;
	/* A file that was saved must load after the date too: there it is a warning (W209). */
	if (command && s->env->now && rule->until <= s->env->now)
		diag_error(s->ds, word->span, E171, "already past: the rule would never match");
}

/* ---- when ---- */

static int day_of(struct str name)
{
	static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

	for (int day = 0; day < 7; day++)
		if (str_is(name, days[day]))
			return day;
	return -1;
}

static bool split_at(struct str text, char separator, struct str *ret_left, struct str *ret_right)
{
	const char *at = text.len ? memchr(text.s, separator, text.len) : NULL;

	*ret_left = text;
	*ret_right = (struct str){ 0 };
	if (!at)
		return false;
	ret_left->len = (uint32_t)(at - text.s);
	*ret_right = (struct str){ at + 1, text.len - ret_left->len - 1 };
	return true;
}

static bool read_days(struct str item, int *ret_first, int *ret_last)
{
	struct str first, last;

	if (!split_at(item, '-', &first, &last))
		last = first;
	*ret_first = day_of(first);
	*ret_last = day_of(last);
	return *ret_first >= 0 && *ret_last >= 0;
}

static bool read_clock(struct str text, unsigned int *ret_minutes)
{
	unsigned int hour, minute;
	uint32_t at = 0;

	if (!take_digits(text, &at, 2, &hour) || !take_char(text, &at, ':') ||
	    !take_digits(text, &at, 2, &minute) || at != text.len || minute > 59 ||
	    hour * 60 + minute > DAY_MINUTES)
		return false;
	*ret_minutes = hour * 60 + minute;
	return true;
}

struct hours {
	unsigned int from, to; /* minutes of the day; to < from: of the next one */
};

struct week {
	unsigned int days; /* bits from Monday on; 0: all */
	VEC(struct hours) hours;
};

/* `fri-mon` goes over the week's end. */
static bool add_days(struct sema *s, struct week *week, struct str item)
{
	int first, last;

	(void)s;
	if (!read_days(item, &first, &last))
		return false;
	for (int day = first; day != last; day = (day + 1) % 7)
		week->days |= 1u << day;
	week->days |= 1u << last;
	return true;
}

static bool add_hours(struct sema *s, struct week *week, struct str item)
{
	struct str first, last;
	struct hours hours;

	if (!split_at(item, '-', &first, &last) || !read_clock(first, &hours.from) ||
	    !read_clock(last, &hours.to) || hours.from == hours.to || hours.from == DAY_MINUTES)
		return false;
	vec_push(s->arena, &week->hours, hours);
	return true;
}

/* A comma list of which every item passes. */
static bool read_list(struct sema *s, struct week *week, struct str text,
		      bool (*add)(struct sema *s, struct week *week, struct str item))
{
	struct str item, rest = text;
	bool more = text.len > 0;

	if (!more)
		return false;
	while (more) {
		more = split_at(rest, ',', &item, &rest);
		if (!add(s, week, item))
			return false;
	}
	return true;
}

static bool read_week(struct sema *s, struct str text, struct week *week)
{
	struct str days, hours;

	if (split_at(text, ' ', &days, &hours))
		return read_list(s, week, days, add_days) && read_list(s, week, hours, add_hours);
	if (text.len && text.s[0] >= '0' && text.s[0] <= '9')
		return read_list(s, week, text, add_hours);
	return read_list(s, week, text, add_days);
}

static void set_minutes(struct schedule *schedule, unsigned int from, unsigned int n)
{
	for (unsigned int i = from; i < from + n; i++)
		schedule->minutes[i % WEEK_MINUTES / 64] |= 1ull << (i % WEEK_MINUTES % 64);
}

/* A span over midnight belongs to the day on which it begins. */
static const struct schedule *schedule_of(struct sema *s, const struct week *week)
{
	struct schedule *schedule = arena_new_array(s->arena, struct schedule, 1);

	for (unsigned int day = 0; day < 7; day++) {
		if (week->days && !(week->days >> day & 1))
			continue;
		if (!week->hours.len)
			set_minutes(schedule, day * DAY_MINUTES, DAY_MINUTES);
		vec_for_each(hours, &week->hours)
			set_minutes(schedule, day * DAY_MINUTES + hours->from,
				    (hours->to + DAY_MINUTES - hours->from - 1) % DAY_MINUTES + 1);
	}
	return schedule;
}

void sema_when(struct sema *s, const struct word *word, struct rule *rule)
{
	struct week week = { 0 };

	rule->when = word->text;
	if (read_week(s, word->text, &week)) {
		rule->schedule = schedule_of(s, &week);
		return;
	}
	diag_error(s->ds, word->span, E172, "'" STR_FMT "' is not a schedule", STR_ARG(word->text));
	diag_help(s->ds, "days, hours, or both: \"mon-fri 22:00-06:00\", \"sat,sun\", "
			 "\"08:00-12:00,13:00-17:00\"");
}
