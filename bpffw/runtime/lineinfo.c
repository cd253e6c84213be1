/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A BTF object with one function; the text of each line is a string in it. */
#include "bpffw/runtime/lineinfo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

/* What line_col holds: 22 bits of line, 10 of column. */
#define LINE_MAX 0x3fffffu
#define COL_MAX  0x3ffu

/* Code of no rule. */
#define OWN_TEXT "(decide, count, return)"

/* int FUNCTION(struct xdp_md *ctx), or of @n_args integers. */
static int add_proto(struct btf *btf, int integer, int context, uint32_t n_args)
{
	int proto = btf__add_func_proto(btf, integer), err = proto < 0 ? proto : 0;

	if (err == 0 && context)
		err = btf__add_func_param(btf, "ctx", context);
	for (uint32_t i = 0; err == 0 && !context && i < n_args; i++) {
		char name[16];

		snprintf(name, sizeof(name), "a%u", i);
		err = btf__add_func_param(btf, name, integer);
	}
	return err ? err : proto;
}

/* int NAME(struct xdp_md *ctx), and below it int NAME_N() with its arguments. */
static int add_functions(struct btf *btf, const char *name, const struct compiled *compiled,
			 struct line_info *info)
{
	int integer = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int context = btf__add_ptr(btf, btf__add_fwd(btf, "xdp_md", BTF_FWD_STRUCT));

	if (integer < 0 || context < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < compiled->functions.len; i++) {
		const struct function *function = &compiled->functions.data[i];
		int proto = add_proto(btf, integer, i ? 0 : context, function->n_args);
		char own[64];
		int type;

		snprintf(own, sizeof(own), i ? "%s_%u" : "%s", name, i);
		type = proto < 0 ? proto
				 : btf__add_func(btf, own,
						 !i || function->global ? BTF_FUNC_GLOBAL
									: BTF_FUNC_STATIC,
						 proto);
		if (type < 0)
			return type;
		info->functions[i] = (struct bpf_func_info){
			.insn_off = function->insn,
			.type_id = (uint32_t)type,
		};
		info->n_functions++;
	}
	return 0;
}

static int add_text(struct btf *btf, struct str text)
{
	char line[256];

	while (text.len && (*text.s == ' ' || *text.s == '\t')) {
		text.s++;
		text.len--;
	}
	snprintf(line, sizeof(line), STR_FMT, STR_ARG(text));
	return btf__add_str(btf, line);
}

static int add_line(struct btf *btf, struct diags *ds, const struct code_line *line,
		    struct bpf_line_info *ret_line)
{
	bool own = line->span.source == 0;
	struct position at = { .line = 1, .col = 1, .text = STR(OWN_TEXT) };
	int text, file;

	if (!own)
		at = diag_position(ds, line->span);
	text = add_text(btf, at.text);
	file = add_text(btf, own ? STR("bpffw") : ds->sources.data[line->span.source].name);
	if (text < 0 || file < 0)
		return text < 0 ? text : file;
	*ret_line = (struct bpf_line_info){
		.insn_off = line->insn,
		.file_name_off = (uint32_t)file,
		.line_off = (uint32_t)text,
		.line_col = (at.line & LINE_MAX) << 10 | (at.col > COL_MAX ? 0 : at.col),
	};
	return 0;
}

static int fill(struct btf *btf, const char *name, struct diags *ds,
		const struct compiled *compiled, struct line_info *info)
{
	int err = add_functions(btf, name, compiled, info);
	const void *raw;
	uint32_t size;

	info->n_lines = compiled->lines.len;
	for (uint32_t i = 0; !err && i < info->n_lines; i++)
		err = add_line(btf, ds, &compiled->lines.data[i], &info->lines[i]);
	if (err)
		return err;
	raw = btf__raw_data(btf, &size);
	if (!raw)
		return -ENOMEM;
	info->btf = bpf_btf_load(raw, size, NULL);
	return info->btf < 0 ? info->btf : 0;
}

int line_info_load(const char *name, struct diags *ds, const struct compiled *compiled,
		   struct line_info *ret_info)
{
	struct line_info info = { .btf = -1 };
	struct btf *btf = btf__new_empty();
	int err = -ENOMEM;

	info.lines = calloc(compiled->lines.len, sizeof(*info.lines));
	info.functions = calloc(compiled->functions.len, sizeof(*info.functions));
	if (btf && info.lines && info.functions)
		err = fill(btf, name, ds, compiled, &info);
	btf__free(btf);
	if (err) {
		line_info_close(&info);
		return err;
	}
	*ret_info = info;
	return 0;
}

void line_info_close(struct line_info *info)
{
	if (info->btf >= 0)
		close(info->btf);
	free(info->lines);
	free(info->functions);
	*info = (struct line_info){ .btf = -1 };
}
