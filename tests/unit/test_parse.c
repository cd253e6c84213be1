/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/lang/parse.h"

/* Files in memory; a pattern is a prefix and a star. */
struct file {
	const char *path, *text;
};

static const char *read_file(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	for (const struct file *file = ctx; file->path; file++) {
		if (strcmp(file->path, path) != 0)
			continue;
		*ret_text = str_of(file->text);
		return NULL;
	}
	return "no such file";
}

static strs glob_files(void *ctx, struct arena *arena, const char *pattern)
{
	size_t len = strcspn(pattern, "*");
	strs found = { 0 };

	for (const struct file *file = ctx; file->path; file++)
		if (strncmp(file->path, pattern, len) == 0)
			vec_push(arena, &found, str_of(file->path));
	return found;
}

/* "E001 f:4:11-14", one a line, in the reader's order. */
static const char *show_errors(struct diags *ds, bool texts)
{
	struct buf out = { .arena = ds->arena };

	diag_sort(ds);
	vec_for_each(diag, &ds->list) {
		struct position p = diag_position(ds, diag->span);

		buf_printf(&out, "%s%s %u:%u-%u", out.len ? texts ? "\n" : ", " : "",
			   diag_code_name(diag->code), p.line, p.col, p.end_col);
		if (texts)
			buf_printf(&out, " %s / %s", diag->message, diag->help ? diag->help : "-");
	}
	return buf_text(&out);
}

/* The tree without places, in one line: "drop( src 10.0.0.1 )". */
static const char *show_tree(struct arena *arena, const struct ast *ast)
{
	struct buf dump = { .arena = arena }, out = { .arena = arena };
	const char *line, *end;

	ast_print(&dump, ast);
	for (line = buf_text(&dump); *line; line = end + 1) {
		const char *place = memchr(line, '[', strcspn(line, "\n"));

		end = strchr(line, '\n');
		if (strncmp(line, "file ", 5) == 0)
			continue;
		buf_puts(&out, out.len ? "|" : "");
		line += strspn(line, " ");
		buf_add(&out, (struct str){ line, (uint32_t)((place ? place - 1 : end) - line) });
	}
	return buf_text(&out);
}

static struct ast *parse_text(struct diags *ds, const struct io *io, const char *text)
{
	struct str copy = { arena_memdup(ds->arena, text, strlen(text)), (uint32_t)strlen(text) };

	return parse_file(ds, io, diag_source(ds, STR("f"), copy, (struct span){ 0 }));
}

static void test_trees(void **state)
{
	static const struct {
		const char *name, *text, *tree;
	} cases[] = {
		{ "nothing", "", "" },
		{ "separators only", "\n;;\n;", "" },
		{ "two on a line", "drop; drop", "rule drop|rule drop" },
		{ "no newline at the end", "drop", "rule drop" },
		{ "version", "version 1", "version 1" },
		{ "interfaces", "interface eth0, \"vlan*\" mode native",
		  "interface eth0 \"vlan*\" mode=native" },
		{ "default", "default drop", "default drop" },
		{ "default, alias", "default accept", "default allow" },
		{ "default, log", "default drop log every 1s", "default drop log every=1s" },
		{ "essential", "essential off", "essential off" },
		{ "option", "option fragments drop", "option fragments drop" },
		{ "define", "define a = 1.1.1.1, $b", "define a 1.1.1.1 $b" },
		{ "define, block", "define a = {\n 1\n 2, 3\n}", "define a 1 2 3" },
		{ "define with the name of a keyword", "define drop = 1", "define drop 1" },
		{ "set", "set a addr", "set a type=addr" },
		{ "set, options", "set a port timeout 1h size 10 file \"x\" comment y",
		  "set a type=port timeout=1h size=10 file=\"x\" comment=y" },
		{ "set, empty block", "set a addr {}", "set a type=addr block" },
		{ "set, block", "set a addr {\n 1 timeout 1m comment \"x\"\n # c\n\n 2,\n 3,\n}",
		  "set a type=addr block|element 1 timeout=1m comment=\"x\"|element 2|element 3" },
		{ "list", "allowlist 1.1.1.1, $a for 1h comment x",
		  "allowlist timeout=1h comment=x|element 1.1.1.1|element $a" },
		{ "list, block", "blacklist { 1.1.1.1 comment \"x\" }",
		  "blacklist block|element 1.1.1.1 comment=\"x\"" },
		{ "list, file", "blacklist file \"x\"", "blacklist file=\"x\"" },
		{ "blacklist, the verb", "blacklist for 10m tcp",
		  "rule blacklist time=10m|clause tcp" },
		{ "blacklist, the verb with a set", "blacklist @a for 10m",
		  "rule blacklist arg=@a time=10m" },
		{ "chain", "chain a { drop\n\nreturn; count }",
		  "chain a|rule drop|rule return|rule count" },
		{ "chain, empty", "chain a {}", "chain a" },
		{ "test", "test { expect allow tcp; expect exceed not src 1 }",
		  "test|expect allow|clause tcp|expect exceed|clause not src 1" },
		{ "include stays", "include \"x\"", "" },

		{ "aliases", "accept from 1 to 2", "rule allow|clause src 1|clause dst 2" },
		{ "log, the verb", "log every 5s tcp", "rule log time=5s|clause tcp" },
		{ "log, the option", "drop log every 5s", "rule drop|clause log 5s" },
		{ "log, then a name", "drop log name x", "rule drop|clause log|clause name x" },
		{ "jump", "jump drop", "rule jump arg=drop" },
		{ "rate-limit", "rate-limit 10/s burst 20 per src/24/48,dport",
		  "rule rate-limit arg=10/s|clause burst 20|clause per src/24/48 dport" },
		{ "scan-limit", "scan-limit 20 within 10s per src",
		  "rule scan-limit arg=20 time=10s|clause per src" },
		{ "exceed", "syn-limit 1/s exceed blacklist @a verified for 30m",
		  "rule syn-limit arg=1/s|clause exceed blacklist arg=@a verified time=30m" },
		{ "exceed without set", "syn-limit 1/s exceed blacklist for 30m",
		  "rule syn-limit arg=1/s|clause exceed blacklist time=30m" },
		{ "exceed, then on", "syn-limit 1/s exceed drop name x",
		  "rule syn-limit arg=1/s|clause exceed drop|clause name x" },

		{ "value", "drop dport 22", "rule drop|clause dport 22" },
		{ "list of values", "drop dport 22, 80,\n443", "rule drop|clause dport 22 80 443" },
		{ "block of values", "drop dport {\n22\n80, 443\n} udp",
		  "rule drop|clause dport 22 80 443|clause udp" },
		{ "block with a comma at its end", "drop dport { 22, }",
		  "rule drop|clause dport 22" },
		{ "not before the clause", "drop not dport 22", "rule drop|clause not dport 22" },
		{ "not before the value", "drop dport not 22", "rule drop|clause dport not 22" },
		{ "!=", "drop dport != 22,80", "rule drop|clause dport not 22 80" },
		{ "plain and negated", "drop src 1 not src 2",
		  "rule drop|clause src 1|clause not src 2" },
		{ "kinds of values", "drop src @a,$b,\"c\",d",
		  "rule drop|clause src @a $b \"c\" d" },
		{ "interface named like a keyword", "drop on tcp", "rule drop|clause on tcp" },
		{ "interface 'any'", "drop on any", "rule drop|clause on any" },
		{ "protocol that is a keyword", "drop proto icmp,tcp",
		  "rule drop|clause proto icmp tcp" },
		{ "icmp", "drop icmp type 8 code 0 len 1",
		  "rule drop|clause icmp|clause type 8|clause code 0|clause len 1" },
		{ "icmp6 alias", "drop icmpv6 type { 1, 2 }",
		  "rule drop|clause icmp6|clause type 1 2" },
		{ "flags", "drop flags syn,fin/syn,fin", "rule drop|clause flags syn fin/syn fin" },
		{ "frag", "drop frag later", "rule drop|clause frag later" },
		{ "keyword as a name", "drop name log comment drop",
		  "rule drop|clause name log|clause comment drop" },
		{ "options", "allow when \"a b\" until 2036-12-31T18:00Z disabled",
		  "rule allow|clause when \"a b\"|clause until 2036-12-31T18:00Z|clause disabled" },
		{ "continued", "drop \\\n udp \\\n disabled",
		  "rule drop|clause udp|clause disabled" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		static const struct file none[] = { { "x", "" }, { 0 } };
		const struct io io = { .ctx = (void *)none, .read = read_file, .glob = glob_files };
		struct diags *ds = diags_new(arena);
		const char *tree = show_tree(arena, parse_text(ds, &io, cases[i].text));

		if (ds->n_errors || strcmp(tree, cases[i].tree) != 0)
			fail_msg("%s: %s %s", cases[i].name, tree, show_errors(ds, true));
	}
}

/* Every mistake once, and none that is only its consequence. */
static void test_errors(void **state)
{
	static const struct {
		const char *name, *text, *errors;
	} cases[] = {
		{ "statement", "defualt drop\ndrop", "E001 1:1-7" },
		{ "stray brace", "}\ndrop }\ndrop x", "E001 1:1-1, E001 2:6-6, E001 3:6-6" },
		{ "string as a statement", "\"a\" drop", "E001 1:1-3" },
		{ "a match as a statement", "tcp dport 22", "E001 1:1-3" },
		{ "two on a line", "dorp; allwo; drop", "E001 1:1-4, E001 1:7-11" },
		{ "trailing word", "version 1 2", "E001 1:11-11" },
		{ "version alone", "version", "E002 1:8-8" },
		{ "E002 stands before the comment", "version   # x", "E002 1:8-8" },
		{ "default of nothing", "default dorp\ndefault\n", "E001 1:9-12, E002 2:8-8" },
		{ "define without =", "define a 10", "E001 1:10-11" },
		{ "define without comma", "define a = 10 11", "E105 1:15-16" },
		{ "interface without comma", "interface a b", "E105 1:13-13" },
		{ "mode of nothing", "interface a mode", "E002 1:17-17" },
		{ "set without type", "set a {}", "E001 1:7-7" },
		{ "set option", "set a addr tiemout 1", "E001 1:12-18" },
		{ "set option twice", "set a addr size 1 size 2", "E006 1:19-22" },
		{ "element without comma", "set a addr {\n 1 2\n 3\n}\ndrop x",
		  "E105 2:4-4, E001 5:6-6" },
		{ "element option twice", "set a addr { 1 timeout 1s timeout 2s }",
		  "E006 1:27-33" },
		{ "two commas", "set a addr { 1,, 2 }\ndrop x", "E001 1:16-16, E001 2:6-6" },
		{ "list of sets", "allowlist @a", "E001 1:11-12" },
		{ "chain without brace", "chain a\ndrop", "E002 1:8-8" },
		{ "brace on the next line", "chain a\n{\n drop x\n}\n", "E002 1:8-8, E001 3:7-7" },
		{ "statement in a chain", "chain a {\n set b addr\n drop\n}\n", "E001 2:2-4" },
		{ "rule in a test", "test {\n allow tcp\n expect drop\n}", "E001 2:2-6" },
		{ "option in a test", "test { expect drop name x }", "E001 1:20-23" },
		{ "unknown block", "tset {\n expect allow x\n}\ndrop x",
		  "E001 1:1-4, E001 2:15-15, E001 4:6-6" },
		{ "unknown block that resembles none", "foo {\n drop x\n}\ndrop x",
		  "E001 1:1-3, E001 4:6-6" },

		{ "no clause", "allow foo", "E001 1:7-9" },
		{ "two mistakes in one rule", "allow foo bar", "E001 1:7-9" },
		{ "second verb", "allow drop", "E001 1:7-10" },
		{ "value missing", "drop src", "E002 1:9-9" },
		{ "value missing in a chain", "chain a { drop src }", "E002 1:19-19" },
		{ "value missing behind a comma", "drop src 1,", "E002 1:12-12" },
		{ "value missing before a comma", "drop src ,1", "E001 1:10-10" },
		{ "keyword for a value", "drop src dport 22", "E007 1:10-14" },
		{ "and the rest is read", "drop src dport 22 x", "E007 1:10-14, E001 1:19-19" },
		{ "verb for a value", "drop dport 22,\nallow tcp", "E007 2:1-5" },
		{ "keyword for a rate", "rate-limit per src", "E007 1:12-14" },
		{ "keyword for a time", "drop log every name x", "E007 1:16-19" },
		{ "= before a value", "drop dport = 22", "E001 1:12-12" },
		{ "second value", "drop dport 22 80", "E105 1:15-16" },
		{ "second value, a set", "drop src 1 @a", "E105 1:12-13" },
		{ "second value in a block", "drop dport { 22 80 } x", "E105 1:17-18" },
		{ "second name", "drop dport ssh foo", "E001 1:16-18" },
		{ "not of nothing", "drop not", "E002 1:9-9" },
		{ "not not", "drop not not src 1", "E001 1:10-12" },
		{ "not both", "drop not src not 1", "E001 1:14-16" },
		{ "not an option", "drop not name x", "E001 1:10-13" },
		{ "twice", "drop src 1 src 2", "E006 1:12-14" },
		{ "twice negated", "drop not src 1 src != 2", "E006 1:16-18" },
		{ "twice by alias", "drop src 1 from 2 x", "E006 1:12-15, E001 1:19-19" },
		{ "type without icmp", "drop type 8", "E001 1:6-9" },
		{ "code without type", "drop icmp code 0", "E001 1:11-14" },
		{ "exceed what", "rate-limit 1/s exceed", "E002 1:22-22" },
		{ "exceed, no action", "rate-limit 1/s exceed return", "E144 1:23-28" },
		{ "exceed, a typo", "rate-limit 1/s exceed dorp", "E001 1:23-26" },
		{ "for missing", "blacklist @a 1m", "E001 1:14-15" },
		{ "within missing", "scan-limit 20 10s", "E001 1:15-17" },
		{ "text without quotes", "drop when mon-fri 22:00", "E001 1:19-23" },
		{ "old habit for a value", "drop src any", "E001 1:10-12" },

		{ "unclosed string", "drop name \"a\ndrop x", "E003 1:11-12, E001 2:6-6" },
		{ "a bad character is one mistake", "drop (x y z\ndrop x",
		  "E003 1:6-6, E001 2:6-6" },
		{ "not text", "drop x\n\x01 drop x\n", "E001 1:6-6, E003 2:1-1" },
		{ "not text in a chain", "chain a {\n drop\n\x01", "E003 3:1-1" },
		{ "unclosed chain", "chain a {\n drop\n drop x\n", "E003 1:9-9, E001 3:7-7" },
		{ "unclosed chain before another", "chain a {\n drop\nchain b {\n drop x\n}\n",
		  "E003 1:9-9, E001 4:7-7" },
		{ "unclosed test", "test {\n expect drop\ndefault drop\nversion\n",
		  "E003 1:6-6, E002 4:8-8" },
		{ "unclosed set", "set a addr {\n 1\n 2\ndefault drop\nversion\n",
		  "E003 1:12-12, E002 5:8-8" },
		{ "unclosed list of values", "drop dport { 22, 80\nallow tcp x\nversion",
		  "E003 1:12-12, E001 2:11-11, E002 3:8-8" },
		{ "unclosed to the end", "drop dport { 22", "E003 1:12-12" },
		{ "unclosed behind a mistake", "drop x {\n version\n", "E001 1:6-6, E002 2:9-9" },
		{ "unclosed with one more line", "drop dport {\n22\n23\n", "E003 1:12-12" },
		{ "unclosed without a comma", "drop dport {\n22\n23 24\ndrop x",
		  "E003 1:12-12, E001 4:6-6" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		const char *errors;

		(void)parse_text(ds, &io_none, cases[i].text);
		errors = show_errors(ds, false);
		if (strcmp(errors, cases[i].errors) != 0)
			fail_msg("%s: %s", cases[i].name, show_errors(ds, true));
	}
}

/* The file of LANGUAGE section 5. Line 8 belongs to the semantic pass. */
static void test_typos(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);

	(void)parse_text(ds, &io_none,
			 "version 1\n"
			 "interface eth0\n"
			 "defualt drop\n"
			 "allow tcp port 22\n"
			 "allow tpc dport 22\n"
			 "alow tcp dport 22\n"
			 "allow tcp dport ssh quick\n"
			 "rate-limit 10/s per source tcp dport 22\n"
			 "-A INPUT -p tcp --dport 22 -j ACCEPT\n"
			 "allow tcp dprot 22\n"
			 "drop src\n"
			 "\n"
			 "chain x {\n"
			 "  drop lgo\n"
			 "}\n");
	assert_string_equal(
		show_errors(ds, true),
		"E001 3:1-7 'defualt' is not understood here / did you mean 'default'?\n"
		"E001 4:11-14 'port' is not understood here / "
		"write 'dport' (destination port) or 'sport' (source port)\n"
		"E001 5:7-9 'tpc' is not understood here / did you mean 'tcp'?\n"
		"E001 6:1-4 'alow' is not understood here / did you mean 'allow'?\n"
		"E001 7:21-25 'quick' is not understood here / "
		"not needed: the first matching rule always wins\n"
		"E001 9:1-2 '-A' is not understood here / "
		"iptables syntax: write 'allow tcp dport 22', or use 'bpffw import iptables'\n"
		"E001 10:11-15 'dprot' is not understood here / did you mean 'dport'?\n"
		"E002 11:9-9 the rule ends too early / a value is expected here\n"
		"E001 14:8-10 'lgo' is not understood here / did you mean 'log'?");
}

/* A statement with a mistake leaves what others refer to. */
static void test_recovery(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{ "defualt drop", "default drop" },
		{ "defualt drop\ndefault allow\ndefalt drop", "default allow" },
		{ "essentail off\nopton fail open\nverson 1", "" },
		{ "chian a { drop x; allow }", "chain a|rule allow" },
		{ "set a addr { 1, 2 3 }", "set a type=addr block|element 1|element 2" },
		{ "set a addr tiemout 1", "set a type=addr" },
		{ "define a 1,2", "define a 1 2" },
		{ "define a =", "" },
		{ "default dorp", "default" },
		{ "interface a b", "interface a" },
		{ "chain a { drop", "chain a|rule drop" },
		{ "chain", "" },
		{ "option x", "" },
		{ "drop x", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		const char *tree = show_tree(arena, parse_text(ds, &io_none, cases[i].text));

		if (!ds->n_errors || strcmp(tree, cases[i].tree) != 0)
			fail_msg("%s: %s", cases[i].text, tree);
	}
}

/* One mistake: message and help. */
static void test_help(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "allow TCP", "'TCP' is not understood here / did you mean 'tcp'?" },
		{ "drop src dport 22", "'dport' is not an address / -" },
		{ "drop dport 22 80 443",
		  "unexpected '80' / separate values with commas: 22,80,443 "
		  "(your shell may have expanded {22,80,443})" },
		{ "rejct", "'rejct' is not understood here / -" },
		{ "reject",
		  "'reject' is not understood here / write 'drop': XDP cannot send a reply" },
		{ "allow -j", "'-j' is not understood here / "
			      "iptables syntax: the verb comes first: 'allow tcp dport 22'" },
		{ "udp dport 53", "'udp' is not understood here / "
				  "a rule starts with its verb: write 'allow udp ...'" },
		{ "chain a {\n lgo\n}", "'lgo' is not understood here / did you mean 'log'?" },
		{ "test { expct drop }",
		  "'expct' is not understood here / did you mean 'expect'?" },
		{ "test { expect dorp }", "'dorp' is not understood here / did you mean 'drop'?" },
		{ "set a addr comemnt x",
		  "'comemnt' is not understood here / did you mean 'comment'?" },
		{ "drop when mon 22:00",
		  "'22:00' is not understood here / put text with blanks into quotes: \"...\"" },
		{ "drop dport 'x'", "the character ''' has no meaning here / "
				    "strings are written with \"\"" },
		{ "drop "
		  "0123456789012345678901234567890123456789012345678901234567890123456789",
		  "'012345678901234567890123456789012345678901234567890123456789...'"
		  " is not understood here / -" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		const struct diag *diag;
		const char *text;

		(void)parse_text(ds, &io_none, cases[i].text);
		if (ds->list.len == 0)
			fail_msg("%s: no error", cases[i].text);
		diag = ds->list.data;
		text = arena_printf(arena, "%s / %s", diag->message, diag->help ? diag->help : "-");
		if (strcmp(text, cases[i].wanted) != 0)
			fail_msg("%s: %s", cases[i].text, text);
	}
}

static void test_includes(void **state)
{
	static const struct {
		const char *name;
		struct file files[5]; /* the first is the one that is read */
		const char *tree, *errors;
	} cases[] = {
		{ "in its place",
		  { { "a", "drop\ninclude \"b\"\nallow" }, { "b", "count" } },
		  "rule drop|rule count|rule allow",
		  "" },
		{ "relative to the file that includes",
		  { { "/etc/a", "include \"d/b\"" },
		    { "/etc/d/b", "include \"c\"" },
		    { "/etc/d/c", "drop" },
		    { "c", "allow" } },
		  "rule drop",
		  "" },
		{ "absolute",
		  { { "/etc/a", "include \"/b\"" }, { "/b", "drop" } },
		  "rule drop",
		  "" },
		{ "pattern",
		  { { "a", "include \"d/*\"" }, { "d/1", "drop" }, { "d/2", "allow" } },
		  "rule drop|rule allow",
		  "" },
		{ "pattern of nothing", { { "a", "include \"d/*\"\ndrop" } }, "rule drop", "" },
		{ "twice",
		  { { "a", "include \"b\"; include b" }, { "b", "drop" } },
		  "rule drop|rule drop",
		  "" },
		{ "missing",
		  { { "a", "include \"b\"\ndrop" } },
		  "rule drop",
		  "E004 1:9-11 cannot read 'b': no such file / -" },
		{ "itself",
		  { { "a", "drop\ninclude \"./a\"" } },
		  "rule drop",
		  "E005 2:9-13 the includes go in a circle: a -> a / -" },
		{ "circle",
		  { { "a", "include \"b\"" }, { "b", "drop\ninclude \"a\"" } },
		  "rule drop",
		  "E005 2:9-11 the includes go in a circle: a -> b -> a / -" },
		{ "mistake inside, then outside",
		  { { "a", "include \"b\"\ndrop x" }, { "b", "\nallow y" } },
		  "",
		  "E001 2:7-7 'y' is not understood here / -\n"
		  "E001 2:6-6 'x' is not understood here / -" },
		{ "a block does not go on outside",
		  { { "a", "include \"b\"\ndrop" }, { "b", "chain c {\n drop" } },
		  "chain c|rule drop|rule drop",
		  "E003 1:9-9 '{' is never closed / -" },
		{ "only at the top",
		  { { "a", "chain c {\ninclude \"b\"\n}" }, { "b", "drop" } },
		  "chain c",
		  "E001 2:1-7 'include' is not understood here / a chain holds rules only" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		const struct io io = { .ctx = (void *)cases[i].files,
				       .read = read_file,
				       .glob = glob_files };
		const struct file *first = cases[i].files;
		uint32_t source = diag_source(ds, str_of(first->path), str_of(first->text),
					      (struct span){ 0 });
		const char *tree = show_tree(arena, parse_file(ds, &io, source));
		const char *errors = show_errors(ds, true);

		if (strcmp(tree, cases[i].tree) != 0 || strcmp(errors, cases[i].errors) != 0)
			fail_msg("%s: %s\n%s", cases[i].name, tree, errors);
	}
}

/* Each file names itself in another way, so that only the depth can stop it. */
static const char *read_deep(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	uint32_t *reads = ctx;

	++*reads;
	*ret_text = str_of(arena_printf(arena, "include \"%s/a\"; include \"%s/b\"", "x", "x"));
	return NULL;
}

static void test_include_bounds(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	uint32_t reads = 0;
	const struct io io = { .ctx = &reads, .read = read_deep, .glob = glob_files };

	(void)parse_text(ds, &io, "include \"x/c\"");
	assert_in_range(reads, 900, 1000);
	assert_true(ds->n_errors > 0);
	vec_for_each(diag, &ds->list)
		assert_int_equal(diag->code, E005);
}

/* What is no rule file takes neither the time nor the memory of one. */
static void test_bounds(void **state)
{
	static const struct {
		const char *name, *piece;
		uint32_t count, n_errors;
		enum diag_code code;
	} cases[] = {
		{ "words", ";", 2999999, 0, E001 },
		{ "one word too many", ";", 3000001, 1, E191 },
		{ "mistakes", "x\n", 999, 999, E001 },
		{ "too many mistakes", "x\n", 100000, 1000, E001 },
		{ "too many open braces, with the last one", "chain a {\n", 100000, 1001, E003 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct buf text = { .arena = arena };
		struct diags *ds = diags_new(arena);

		for (uint32_t n = 0; n < cases[i].count; n++)
			buf_puts(&text, cases[i].piece);
		(void)parse_text(ds, &io_none, buf_text(&text));
		if (ds->n_errors != cases[i].n_errors ||
		    (ds->n_errors && ds->list.data[0].code != cases[i].code))
			fail_msg("%s: %u errors, first %s", cases[i].name, ds->n_errors,
				 ds->n_errors ? diag_code_name(ds->list.data[0].code) : "none");
	}
}

static void test_single(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	uint32_t source = diag_source(ds, STR("f"), STR("include \"x\"\ndrop"), (struct span){ 0 });
	struct ast *ast = parse_single(ds, source);

	assert_string_equal(show_tree(arena, ast), "include \"x\"|rule drop");
	assert_int_equal(ds->n_errors, 0);
	assert_int_equal(ast->files.len, 1);
	assert_int_equal(ast->files.data[0].source, source);
}

/* What the dump shows of a command. */
static const char *show_command(struct arena *arena, const struct ast_command *c)
{
	static const char *const places[] = { "last", "before", "after", "in" };
	struct ast ast = { 0 };
	struct ast_stmt *rule = vec_add(arena, &ast.stmts);
	const char *tree;

	rule->kind = STMT_RULE;
	if (c->rule.verb.row)
		vec_push(arena, &rule->rules, c->rule);
	if (c->is_set)
		vec_push(arena, &ast.stmts, c->set);
	if (c->def.key.text.s)
		vec_push(arena, &ast.stmts, c->def);
	tree = show_tree(arena, &ast);
	return arena_printf(arena, "%s %.*s ref=%.*s packet=%u time=%.*s %s", places[c->place],
			    STR_ARG(c->place_ref.text), STR_ARG(c->ref.text), c->packet.len,
			    STR_ARG(c->time.text), tree);
}

static void test_commands(void **state)
{
	static const struct {
		const char *name;
		const char *argv[10]; /* the command, then its arguments */
		const char *wanted;
	} cases[] = {
		{ "add",
		  { "add", "allow", "tcp" },
		  "last  ref= packet=0 time= rule allow|clause tcp" },
		{ "in one argument",
		  { "add", "allow tcp" },
		  "last  ref= packet=0 time= rule allow|clause tcp" },
		{ "before",
		  { "add", "before", "my web", "drop" },
		  "before my web ref= packet=0 time= rule drop" },
		{ "after",
		  { "add", "after", "r7", "drop" },
		  "after r7 ref= packet=0 time= rule drop" },
		{ "in", { "add", "in", "wan", "drop" }, "in wan ref= packet=0 time= rule drop" },
		{ "text is not read again",
		  { "add", "drop", "comment", "it's # \"bad\" {" },
		  "last  ref= packet=0 time= rule drop|clause comment \"it's # \"bad\" {\"" },
		{ "empty text",
		  { "add", "drop", "comment", "", "disabled" },
		  "last  ref= packet=0 time= rule drop|clause comment \"\"|clause disabled" },
		{ "quoted inside an argument",
		  { "add", "drop comment \"a b\" name x" },
		  "last  ref= packet=0 time= rule drop|clause comment \"a b\"|clause name x" },
		{ "value with blanks",
		  { "add", "drop", "dport", "{ 22, 80 }" },
		  "last  ref= packet=0 time= rule drop|clause dport 22 80" },
		{ "add set",
		  { "add", "set", "a", "addr", "timeout", "1h" },
		  "last  ref= packet=0 time= set a type=addr timeout=1h" },
		{ "del", { "del", "web" }, "last  ref=web packet=0 time= " },
		{ "del set", { "del", "set", "a" }, "last  ref= packet=0 time= set a" },
		{ "replace",
		  { "replace", "r7", "drop", "udp" },
		  "last  ref=r7 packet=0 time= rule drop|clause udp" },
		{ "enable", { "enable", "web" }, "last  ref=web packet=0 time= " },
		{ "disable", { "disable", "web" }, "last  ref=web packet=0 time= " },
		{ "move", { "move", "a", "after", "b" }, "after b ref=a packet=0 time= " },
		{ "explain",
		  { "explain", "src", "1", "not", "syn" },
		  "last  ref= packet=2 time= " },
		{ "explain everything", { "explain" }, "last  ref= packet=0 time= " },
		{ "trace", { "trace", "src", "1", "for", "30s" }, "last  ref= packet=1 time=30s " },
		{ "default",
		  { "default", "drop", "log" },
		  "last  ref= packet=0 time= default drop log" },

		{ "no rule", { "add" }, "E002 1:1-1" },
		{ "typo", { "add", "alow", "tcp" }, "E001 1:1-4" },
		{ "typo in an argument", { "add", "allow tpc", "dport", "1" }, "E001 1:7-9" },
		{ "expanded list", { "add", "allow", "dport", "22", "80" }, "E105 1:16-17" },
		{ "define", { "add", "drop", "src", "$a" }, "E001 1:10-11" },
		{ "bad character", { "add", "drop", "src", "(x)" }, "E003 1:10-10" },
		{ "not text", { "add", "drop", "src", "a\x01" }, "E003 1:11-11" },
		{ "two rules", { "add", "drop; drop" }, "E001 1:5-5" },
		{ "two lines", { "add", "drop\ndrop" }, "E001 1:5-5" },
		{ "rule behind a reference", { "del", "web", "drop" }, "E001 1:5-8" },
		{ "no reference", { "enable" }, "E002 1:1-1" },
		{ "move where", { "move", "a" }, "E002 1:2-2" },
		{ "move in", { "move", "a", "in", "b" }, "E001 1:3-4" },
		{ "explain a name", { "explain", "name", "x" }, "E001 1:1-4" },
		{ "default of nothing", { "default", "drpo" }, "E001 1:1-4" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct diags *ds = diags_new(arena);
		struct ast_command command;
		struct arguments args;
		const char *shown;
		int argc = 1;

		while (cases[i].argv[argc])
			argc++;
		args = lex_arguments(ds, argc - 1, (char *const *)cases[i].argv + 1);
		if (parse_command(ds, cases[i].argv[0], &args, &command))
			shown = show_command(arena, &command);
		else
			shown = show_errors(ds, false);
		if (strcmp(shown, cases[i].wanted) != 0)
			fail_msg("%s: %s", cases[i].name, shown);
	}
}

/* A rule's span is its text, whatever stands around it: `save` cuts it out. */
static void test_rule_span(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct diags *ds = diags_new(arena);
	const char *text = "drop\n\n  allow tcp \\\n name \"x\"   # y\n drop";
	struct ast *ast = parse_text(ds, &io_none, text);
	struct span span;

	assert_int_equal(ast->stmts.len, 3);
	span = ast->stmts.data[1].rules.data[0].span;
	assert_memory_equal(&span, &ast->stmts.data[1].span, sizeof(span));
	assert_int_equal(span.start, 8);
	assert_int_equal(span.end, 29);
	assert_memory_equal(text + span.start, "allow tcp \\\n name \"x\"", span.end - span.start);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),     cmocka_unit_test(test_errors),
		cmocka_unit_test(test_typos),     cmocka_unit_test(test_help),
		cmocka_unit_test(test_includes),  cmocka_unit_test(test_include_bounds),
		cmocka_unit_test(test_single),    cmocka_unit_test(test_commands),
		cmocka_unit_test(test_rule_span), cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
