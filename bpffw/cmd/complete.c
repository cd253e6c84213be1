/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `bpffw __complete -- WORDS`: the word that is being typed is cut behind its last comma, brace or
 * blank; what stands before it is parsed, and the parser says what it expects. One candidate a
 * line, its help behind a tab. A line that starts with a tab only describes a value.
 */
#include "bpffw/cmd/complete.h"

#include <dirent.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bpffw/cmd/batch.h"
#include "bpffw/cmd/common.h"
#include "bpffw/runtime/netdev.h"
#include "bpffw/runtime/outline.h"
#include "bpffw/ui/text.h"
#include "compiler/lang/names.h"
#include "compiler/lang/parse.h"
#include "compiler/lang/type.h"

#define HELP_MAX 100u /* bytes of a rule's text */

struct asker {
	struct arena *arena;
	const struct invocation *in; /* what stands before the word */
	struct str kept;             /* the part of the word that is there already ... */
	struct str partial;          /* ... and the part that candidates begin with */
	struct completion *to;
	bool has_outline;
	struct outline outline;
};

/* @text and @help stay as they are: they come from tables or from the arena. */
static void offer_more(struct asker *a, const char *text, const char *help, bool open)
{
	struct str word = str_of(text);

	if (!str_starts(word, a->partial) || (a->partial.len == 0 && word.s[0] == '-'))
		return;
	if (a->kept.len)
		text = arena_printf(a->arena, STR_FMT "%s", STR_ARG(a->kept), text);
	vec_push(a->arena, &a->to->list, ((struct candidate){ text, help, open }));
}

static void offer(void *ctx, const char *text, const char *help)
{
	offer_more(ctx, text, help, false);
}

static void offer_str(struct asker *a, struct str text, const char *help)
{
	offer(a, arena_strndup(a->arena, text.s, text.len), help);
}

static void hint(struct asker *a, const char *help)
{
	vec_push(a->arena, &a->to->list, ((struct candidate){ .help = help }));
}

static void offer_fixed(struct asker *a, const char *const (*rows)[2])
{
	for (; (*rows)[0]; rows++)
		offer(a, (*rows)[0], (*rows)[1]);
}

/* ---- names in use ---- */

static void read_running(struct asker *a)
{
	struct failure f = { 0 };
	struct store *store = NULL;

	if (store_open(&a->in->paths, STORE_READ, &store, &f) == 0)
		(void)store_outline(store, a->arena, &a->outline, &f);
	store_close(store);
	failure_clear(&f);
}

static const struct outline *outline(struct asker *a)
{
	if (a->has_outline)
		return &a->outline;
	a->has_outline = true;
	if (a->in->batch && batch_is_open(a->in->batch))
		a->outline = batch_outline(a->in->batch, a->arena);
	else
		read_running(a);
	return &a->outline;
}

static bool asks_for_id(struct str partial)
{
	return partial.len > 1 && partial.s[0] == 'r' && partial.s[1] >= '0' && partial.s[1] <= '9';
}

static const char *rule_help(struct arena *arena, struct str text)
{
	struct buf help = { .arena = arena };

	text.len = text.len < HELP_MAX ? text.len : HELP_MAX;
	text_escape(&help, text);
	return buf_text(&help);
}

/* A rule by its name, or by its id where it has none or that is what is being typed. */
static void offer_rules(struct asker *a)
{
	vec_for_each(rule, &outline(a)->rules) {
		bool by_id = !rule->name.len || asks_for_id(a->partial);
		struct str ref = rule->name;

		if (by_id)
			ref = str_of(arena_printf(a->arena, "r%u", rule->id));
		if (str_starts(ref, a->partial))
			offer_str(a, ref, rule_help(a->arena, rule->text));
	}
}

static void offer_chains(struct asker *a)
{
	vec_for_each(chain, &outline(a)->chains)
		offer_str(a, *chain, "a chain");
}

/* @type: "addr", NULL: any. @mark: "@" where a set stands for its values. */
static void offer_sets(struct asker *a, const char *type, const char *mark)
{
	vec_for_each(set, &outline(a)->sets)
		if (!type || str_is(set->type, type))
			offer(a, arena_printf(a->arena, "%s" STR_FMT, mark, STR_ARG(set->name)),
			      arena_printf(a->arena, "a set of type " STR_FMT, STR_ARG(set->type)));
}

static void offer_address_sets(struct asker *a)
{
	offer_sets(a, types[TYPE_ADDR].set_word, "@");
}

static void offer_set_names(struct asker *a)
{
	offer_sets(a, NULL, "");
}

static void offer_interfaces(struct asker *a)
{
	netdevs devices = { 0 };
	struct failure f = { 0 };

	vec_for_each(name, &outline(a)->interfaces)
		offer_str(a, *name, "an interface of the ruleset");
	if (netdev_list(a->arena, &devices, &f) < 0)
		failure_clear(&f);
	vec_for_each(device, &devices)
		offer_str(a, device->name, "an interface");
}

/* /etc/services is long: only behind a first letter. */
static void offer_services(struct asker *a)
{
	const struct servent *entry;

	if (!a->partial.len)
		return;
	setservent(0);
	while ((entry = getservent()))
		if (!names_service(str_of(entry->s_name)))
			offer(a, arena_strndup(a->arena, entry->s_name, strlen(entry->s_name)),
			      arena_printf(a->arena, "%u/%s",
					   (unsigned int)((entry->s_port & 0xff) << 8 |
							  (entry->s_port >> 8 & 0xff)),
					   entry->s_proto));
	endservent();
}

static void offer_generations(struct asker *a)
{
	struct failure f = { 0 };
	struct store *store = NULL;
	struct gen_info *infos;
	uint32_t n = 0;

	if (store_open(&a->in->paths, STORE_READ, &store, &f) < 0 ||
	    store_history(store, a->arena, &infos, &n, &f) < 0)
		n = 0;
	for (uint32_t i = 0; i < n; i++)
		offer(a, arena_printf(a->arena, "%u", infos[i].number),
		      rule_help(a->arena, infos[i].how));
	store_close(store);
	failure_clear(&f);
}

/* ---- files ---- */

static void offer_file(struct asker *a, const char *shown_dir, const char *dir, const char *name)
{
	const char *path = arena_printf(a->arena, "%s%s", dir, name);
	struct stat st;
	bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

	offer_more(a, arena_printf(a->arena, "%s%s%s", shown_dir, name, is_dir ? "/" : ""), NULL,
		   is_dir);
}

static void offer_files(struct asker *a)
{
	const char *slash = a->partial.len ? memrchr(a->partial.s, '/', a->partial.len) : NULL;
	uint32_t len = slash ? (uint32_t)(slash + 1 - a->partial.s) : 0;
	const char *shown = arena_strndup(a->arena, a->partial.s, len), *dir = shown;
	const char *home = getenv("HOME");
	bool hidden = a->partial.len > len && a->partial.s[len] == '.';
	struct dirent *entry;
	DIR *stream;

	if (strncmp(dir, "~/", 2) == 0 && home)
		dir = arena_printf(a->arena, "%s%s", home, dir + 1);
	stream = opendir(len ? dir : ".");
	while (stream && (entry = readdir(stream)))
		if ((entry->d_name[0] != '.' || hidden) && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			offer_file(a, shown, dir, entry->d_name);
	if (stream)
		closedir(stream);
}

/* ---- values ---- */

static void offer_topics(struct asker *a)
{
	static const char *const groups[][2] = {
		{ "statements", "what a rule file holds besides rules" },
		{ "verbs", "what a rule does" },
		{ "matches", "what a rule matches" },
		{ "options", "options of every command and of a rule" },
		{ "codes", "all error codes" },
		{ NULL, NULL },
	};

	for (const struct command *const *c = commands; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			offer(a, (*c)->name, (*c)->help);
	for (const char *const *name = parse_statements; *name; name++)
		offer(a, *name, "a statement of rule files");
	for (const struct action *row = actions; row->name; row++)
		offer(a, row->name, row->help);
	for (const struct clause *row = clause_matches; row->name; row++)
		offer(a, row->name, row->help);
	for (const struct clause *row = clause_options; row->name; row++)
		offer(a, row->name, row->help);
	offer_fixed(a, groups);
	for (int code = 0; code < DIAG_CODES && a->partial.len; code++)
		offer(a, diag_code_name((enum diag_code)code),
		      diag_code_help((enum diag_code)code));
}

static void offer_times(struct asker *a)
{
	static const char *const rows[][2] = {
		{ "30s", "seconds" }, { "10m", "minutes" }, { "1h", "hours, also 1h30m" },
		{ "1d", "days" },     { "1w", "weeks" },    { NULL, NULL },
	};

	offer_fixed(a, rows);
}

static void offer_rates(struct asker *a)
{
	static const char *const rows[][2] = {
		{ "10/s", "packets a second, also k and m: 2k/s" },
		{ "6/m", "packets a minute" },
		{ "60/h", "packets an hour" },
		{ "10mbit/s", "bits a second, also kbit and gbit" },
		{ "1MB/s", "bytes a second, also kB and GB" },
		{ NULL, NULL },
	};

	offer_fixed(a, rows);
}

static void offer_bursts(struct asker *a)
{
	static const char *const rows[][2] = {
		{ "20", "packets" },
		{ "64kB", "bytes" },
		{ NULL, NULL },
	};

	offer_fixed(a, rows);
}

static void offer_keys(struct asker *a)
{
	static const char *const rows[][2] = {
		{ "src", "each IPv4 source, each IPv6 /64; src/24/48 for wider ones" },
		{ "dst", "each destination" },
		{ "sport", "each source port" },
		{ "dport", "each destination port" },
		{ NULL, NULL },
	};

	offer_fixed(a, rows);
}

static void offer_whens(struct asker *a)
{
	hint(a, "days and hours: \"mon-fri 22:00-06:00\"");
}

static void offer_untils(struct asker *a)
{
	hint(a, "a date, or a date and time: 2036-12-31T18:00Z");
}

/* Nouns of the parser, and words of the rows' usage. */
static const struct provider {
	const char *noun;
	void (*offer)(struct asker *a);
} providers[] = {
	{ NOUN_RULE, offer_rules },       { NOUN_CHAIN, offer_chains },
	{ NOUN_SET, offer_address_sets }, { NOUN_NAME, offer_set_names },
	{ NOUN_TIME, offer_times },       { NOUN_RATE, offer_rates },
	{ "a file", offer_files },        { "an interface", offer_interfaces },
	{ "FILE", offer_files },          { "DIR", offer_files },
	{ "RULE", offer_rules },          { "CHAIN", offer_chains },
	{ "SET", offer_set_names },       { "INTERFACE", offer_interfaces },
	{ "TOPIC", offer_topics },        { "TIME", offer_times },
	{ "N", offer_generations },
};

static const struct {
	enum part part;
	void (*offer)(struct asker *a);
} parts[] = {
	{ PART_RATE, offer_rates }, { PART_BURST, offer_bursts }, { PART_PER, offer_keys },
	{ PART_WHEN, offer_whens }, { PART_UNTIL, offer_untils },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool offer_noun(struct asker *a, const char *noun)
{
	for (size_t i = 0; i < COUNT(providers); i++) {
		if (strcmp(providers[i].noun, noun) != 0)
			continue;
		providers[i].offer(a);
		return true;
	}
	return false;
}

/* The clause's value: what its type knows, what is there on this host, and what it must be. */
static void offer_value(struct asker *a, const struct clause *row)
{
	const struct type *type = &types[row->type];

	for (size_t i = 0; i < COUNT(parts); i++)
		if (row->part == parts[i].part)
			parts[i].offer(a);
	if (row->type == TYPE_NONE)
		return;
	if (type->candidates)
		type->candidates(a, offer);
	if (row->type == TYPE_PORT)
		offer_services(a);
	if (row->type == TYPE_IFACE)
		offer_interfaces(a);
	if (type->set_word)
		offer_sets(a, type->set_word, "@");
	hint(a, arena_printf(a->arena, "%s: %s", type->noun, type->help));
}

static void offer_expected(struct asker *a, const struct expected *expected)
{
	vec_for_each(e, &expected->list) {
		if (e->word)
			offer(a, e->word, e->help);
		else if (offer_noun(a, e->noun))
			continue;
		else if (e->row)
			offer_value(a, e->row);
		else
			hint(a, e->noun);
	}
}

/* ---- the word ---- */

/* Where the last piece of the word begins that is lexed by itself. */
static uint32_t cut(struct str word, const char *marks)
{
	uint32_t at = 0;
	bool quoted = false;

	for (uint32_t i = 0; i < word.len; i++) {
		quoted ^= word.s[i] == '"';
		if (!quoted && strchr(marks, word.s[i]))
			at = i + 1;
	}
	return at;
}

static struct expected ask_parser(struct asker *a, const char *before)
{
	const struct invocation *in = a->in;
	struct expected expected = { .arena = a->arena };
	char **argv = arena_new_array(a->arena, char *, (size_t)in->argc + 1);
	struct diags *ds = diags_new(a->arena);
	struct arguments args;

	for (int i = 0; i < in->argc; i++)
		argv[i] = in->argv[i];
	argv[in->argc] = (char *)before;
	args = lex_arguments(ds, in->argc + (before ? 1 : 0), argv);
	parse_expected(ds, in->command->name, &args, &expected);
	return expected;
}

static bool is_flags(const struct expected *expected)
{
	vec_for_each(e, &expected->list)
		if (e->row && e->row->type == TYPE_FLAGS)
			return true;
	return false;
}

static void complete_language(struct asker *a)
{
	struct str word = a->partial;
	struct expected expected = ask_parser(a, NULL);
	uint32_t at = cut(word, " ,{};=");

	vec_for_each(e, &expected.list) {
		if (!e->text)
			continue;
		/* The whole argument is the text, whatever is in it. */
		offer_expected(a, &expected);
		return;
	}
	if (at)
		expected = ask_parser(a, arena_strndup(a->arena, word.s, at));
	if (is_flags(&expected))
		at = cut(word, " ,{};=/");
	a->kept = (struct str){ word.s, at };
	a->partial = (struct str){ word.s + at, word.len - at };
	offer_expected(a, &expected);
}

/* "auto|always|never", "[=TIME]"'s TIME */
static void offer_alternatives(struct asker *a, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "|");
		const char *word = arena_strndup(a->arena, text, len);

		if (*word < 'A' || *word > 'Z')
			offer(a, word, NULL);
		else if (!offer_noun(a, word))
			hint(a, word);
		text += len;
		text += *text == '|';
	}
}

/* The position of the usage "[RULE | default] FILE..." at which the word stands. */
static void complete_usage(struct asker *a, const char *usage)
{
	struct buf flat = { .arena = a->arena };
	const char *at, *word = "";
	int position = 0;

	for (; *usage; usage++) {
		if (strchr("[]", *usage) ||
		    (*usage == ' ' && (usage[1] == '|' || usage[-1] == '|')))
			continue;
		buf_add(&flat, (struct str){ usage, 1 });
	}
	for (at = buf_text(&flat); *at && position <= a->in->argc; position++) {
		size_t len = strcspn(at, " ");

		word = arena_strndup(a->arena, at, len);
		at += len;
		at += *at == ' ';
	}
	if (position <= a->in->argc && !strstr(word, "..."))
		return;
	if (strstr(word, "..."))
		word = arena_strndup(a->arena, word, strlen(word) - 3);
	offer_alternatives(a, word);
}

static void offer_options(struct asker *a, const struct option_row *rows)
{
	for (; rows && rows->name; rows++)
		offer_more(a,
			   arena_printf(a->arena, "--%s%s", rows->name,
					rows->value && !rows->optional ? "=" : ""),
			   rows->help, rows->value && !rows->optional);
}

static const struct option_row *option_named(const struct option_row *rows, struct str name)
{
	for (; rows && rows->name; rows++)
		if (str_is(name, rows->name))
			return rows;
	return NULL;
}

static void complete_option(struct asker *a)
{
	const struct option_row *own = a->in->command ? a->in->command->opts : cmd_shell.opts, *row;
	const char *equal = a->partial.len ? memchr(a->partial.s, '=', a->partial.len) : NULL;
	uint32_t len = equal ? (uint32_t)(equal - a->partial.s) : 0;
	struct str name = { a->partial.s + 2, len - 2 };

	if (!equal) {
		offer_options(a, own);
		offer_options(a, opt_globals);
		return;
	}
	if (len < 2)
		return;
	row = option_named(own, name);
	if (!row)
		row = option_named(opt_globals, name);
	a->kept = (struct str){ a->partial.s, len + 1 };
	a->partial = (struct str){ equal + 1, a->partial.len - len - 1 };
	if (row && row->value)
		offer_alternatives(a, row->value);
}

static void complete_first(struct asker *a, bool in_shell)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			offer(a, (*c)->name, (*c)->help);
	for (const struct action *row = actions; row->name && in_shell; row++)
		if (row->is_verb && !command_find(row->name))
			offer(a, row->name, row->help);
}

static int compare(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (!a->text || !b->text)
		return !a->text - !b->text;
	return strcmp(a->text, b->text);
}

static void sort(struct completion *c)
{
	uint32_t kept = 0;

	if (c->list.len)
		qsort(c->list.data, c->list.len, sizeof(c->list.data[0]), compare);
	for (uint32_t i = 0; i < c->list.len; i++) {
		const struct candidate *one = &c->list.data[i];
		const struct candidate *last = kept ? &c->list.data[kept - 1] : NULL;

		if (last && (one->text ? last->text && strcmp(one->text, last->text) == 0
				       : !last->text && strcmp(one->help, last->help) == 0))
			continue;
		c->list.data[kept++] = *one;
	}
	c->list.len = kept;
}

/* A typo of a verb, or what iptables begins with: the parser knows what to say about it. */
static bool is_nearly_rule(const char *word)
{
	struct str_nearest nearest = { .word = str_of(word) };

	if (word[0] == '-')
		return word[1] >= 'A' && word[1] <= 'Z' && !word[2];
	for (const struct command *const *c = commands; *c; c++)
		str_nearest_offer(&nearest, str_of((*c)->name));
	for (const struct action *row = actions; row->name; row++)
		if (row->is_verb)
			str_nearest_offer(&nearest, str_of(row->name));
	return nearest.best.s && action_find(nearest.best);
}

bool words_are_rule(int argc, char *const argv[])
{
	const struct action *verb = argc ? action_find(str_of(argv[0])) : NULL;

	if (!argc || (command_find(argv[0]) &&
		      (argc < 2 || (argv[1][0] != '@' && strcmp(argv[1], "for") != 0))))
		return false;
	return verb ? verb->is_verb : is_nearly_rule(argv[0]);
}

void complete_words(struct arena *arena, const struct invocation *outer, int argc,
		    char *const argv[], struct completion *ret_completion)
{
	struct invocation in;
	char **given = arena_new_array(arena, char *, (size_t)argc + 2);
	char **arguments = arena_new_array(arena, char *, (size_t)argc + 2);
	struct asker a = { .arena = arena, .in = &in, .to = ret_completion };
	int n = 0;

	*ret_completion = (struct completion){ .arena = arena };
	if (argc < 2)
		return;
	given[n++] = argv[0];
	if (outer->batch && words_are_rule(argc - 2, &argv[1]))
		given[n++] = (char *)"add";
	for (int i = 1; i < argc - 1; i++)
		given[n++] = argv[i];
	a.partial = str_of(argv[argc - 1]);
	if (!opt_parse_words(outer, n, given, arguments, &in)) {
		if (in.wants)
			offer_alternatives(&a, in.wants->value);
	} else if (a.partial.len && a.partial.s[0] == '-') {
		complete_option(&a);
	} else if (!in.command) {
		complete_first(&a, outer->batch);
	} else if (in.command->flags & CMD_LANGUAGE) {
		complete_language(&a);
	} else if (in.command->args) {
		complete_usage(&a, in.command->args);
	}
	ret_completion->kept = a.kept.len;
	sort(ret_completion);
}

static enum exit_code run(const struct invocation *in)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct buf out = { .arena = arena };
	struct completion c;
	char **argv = arena_new_array(arena, char *, (size_t)in->argc + 2);

	argv[0] = (char *)"bpffw";
	for (int i = 0; i < in->argc; i++)
		argv[i + 1] = in->argv[i];
	complete_words(arena, in, in->argc + 1, argv, &c);
	vec_for_each(one, &c.list) {
		buf_puts(&out, one->text ? one->text : "");
		buf_puts(&out, one->help ? "\t" : "");
		buf_puts(&out, one->help ? one->help : "");
		buf_puts(&out, "\n");
	}
	put_data(&out);
	return EXIT_DONE;
}

const struct command cmd___complete = {
	.name = "__complete",
	.args = "WORD...",
	.help = "what may stand at the end of a command line",
	.example = "bpffw __complete -- add allow tc",
	.max_args = -1,
	.flags = CMD_HIDDEN,
	.run = run,
};
