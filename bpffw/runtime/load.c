/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Maps first (filled through a mapping, unmapped, frozen), then `classify` from its instructions,
 * then `enter`, `actions` and `probe` from the objects in this binary, then the private program
 * array.
 */
#include "bpffw/runtime/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/event.h"
#include "bpffw/runtime/clock.h"
#include "bpffw/runtime/limits.h"
#include "bpffw/runtime/lineinfo.h"
#include "bpffw/runtime/object.h"
#include "bpffw/runtime/pin.h"
#include "compiler/ir/acts.h"

#define CLASSIFY "bpffw_classify"
/* Kernels before 6.3 refuse more. */
#define LOG_SIZE (((size_t)16 << 20) - 1)

extern const unsigned char bpf_enter_start[], bpf_enter_end[], bpf_probe_start[], bpf_probe_end[];
extern const unsigned char bpf_actions_start[], bpf_actions_end[], bpf_trace_start[],
	bpf_trace_end[];
extern const unsigned char bpf_drops_start[], bpf_drops_end[];

static const struct embedded embedded_enter = { "bpffw_enter", bpf_enter_start, bpf_enter_end };
static const struct embedded embedded_actions = { "bpffw_actions", bpf_actions_start,
						  bpf_actions_end };
static const struct embedded embedded_probe = { "bpffw_probe", bpf_probe_start, bpf_probe_end };
static const struct embedded embedded_trace = { "bpffw_trace", bpf_trace_start, bpf_trace_end };
static const struct embedded embedded_drops = { "bpffw_drops", bpf_drops_start, bpf_drops_end };

/* Programs that are jumped to must agree with the dispatcher in this. */
static uint32_t program_flags(const struct unit *unit)
{
	return unit->frags ? BPF_F_XDP_HAS_FRAGS : 0;
}

static int fill_map(int fd, const void *data, size_t data_size, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	memcpy(at, data, data_size);
	/* A map that is mapped writable cannot be frozen. */
	munmap(at, size);
	return bpf_map_freeze(fd);
}

static int load_blob(const struct compiled *compiled, int *ret_fd, struct failure *f)
{
	/* With BPF_F_RDONLY_PROG it could not be filled through a mapping (EACCES). */
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = compiled->blob_room > compiled->blob_size ? compiled->blob_room
								: compiled->blob_size;
	size_t size = (room + page - 1) / page * page;
	_cleanup_fd_ int fd = -1;
	int err;

	if (!size) {
		*ret_fd = -1;
		return 0;
	}
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_blob", 4, (uint32_t)size, 1, &opts);
	if (fd < 0)
		return fail_bpf(f, -fd, "cannot create the map of the lists (%zu bytes)", size);
	err = fill_map(fd, compiled->blob, compiled->blob_size, size);
	if (err)
		return fail_bpf(f, -err, "cannot fill the map of the lists (%zu bytes)", size);
	*ret_fd = take_fd(&fd);
	return 0;
}

static int load_acts(const struct compiled *compiled, int *ret_fd, struct failure *f)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t data_size = sizeof(*compiled->acts) * compiled->n_acts;
	_cleanup_fd_ int fd = -1;
	int err;

	if (!compiled->n_acts)
		return 0;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_acts", 4, sizeof(*compiled->acts),
			    compiled->n_acts, &opts);
	if (fd < 0)
		return fail_bpf(f, -fd, "cannot create the map of %u limits", compiled->n_acts);
	err = fill_map(fd, compiled->acts, data_size, (data_size + page - 1) / page * page);
	if (err)
		return fail_bpf(f, -err, "cannot fill the map of %u limits", compiled->n_acts);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* How much each rule with `log` has said, and how much of its bans. */
static int load_budgets(const struct compiled *compiled, int *ret_fd, struct failure *f)
{
	if (!compiled->n_acts)
		return 0;
	*ret_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "bpffw_budgets", 4,
				 sizeof(struct event_budget), 2 * compiled->n_acts, NULL);
	return *ret_fd < 0 ? fail_bpf(f, -*ret_fd, "cannot create a map of %u entries",
				      2 * compiled->n_acts)
			   : 0;
}

/* A copy of the code with the descriptors of this generation's maps; NULL: out of memory. */
static struct bpf_insn *relocate(const struct unit *unit, const struct compiled *compiled,
				 const struct loaded *loaded)
{
	const int maps[MAP_REFS] = {
		[MAP_SCRATCH] = unit->scratch,
		[MAP_COUNTERS] = unit->counters,
		[MAP_BLOB] = loaded->blob,
		[MAP_JUMPS] = loaded->jmp,
	};
	struct bpf_insn *insns = malloc(sizeof(*insns) * compiled->n_insns);

	if (!insns)
		return NULL;
	memcpy(insns, compiled->insns, sizeof(*insns) * compiled->n_insns);
	vec_for_each(reloc, &compiled->relocs)
		insns[reloc->insn].imm = maps[reloc->map];
	return insns;
}

struct classify {
	const struct bpf_insn *insns;
	uint32_t n_insns;
	uint32_t flags;
	struct line_info info; /* btf -1: none */
};

static int load_insns(const struct classify *c, char *log, size_t log_size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP,
		    .prog_flags = c->flags);

	if (c->info.btf >= 0) {
		opts.prog_btf_fd = (uint32_t)c->info.btf;
		opts.func_info = c->info.functions;
		opts.func_info_cnt = c->info.n_functions;
		opts.func_info_rec_size = sizeof(*c->info.functions);
		opts.line_info = c->info.lines;
		opts.line_info_cnt = c->info.n_lines;
		opts.line_info_rec_size = sizeof(*c->info.lines);
	}
	opts.log_level = log ? 1 : 0;
	opts.log_buf = log;
	opts.log_size = (uint32_t)log_size;
	return bpf_prog_load(BPF_PROG_TYPE_XDP, CLASSIFY, "GPL", c->insns, c->n_insns, &opts);
}

/* Only now with a log: writing it takes longer than the verification. */
static int explain(const struct classify *c, int err, struct failure *f)
{
	char *log = calloc(1, LOG_SIZE + 1);

	if (log)
		load_insns(c, log, LOG_SIZE);
	err = refused(f, -err, CLASSIFY, log ? log : "");
	free(log);
	f->classifier = f->log;
	return err;
}

static int load_classify(const struct unit *unit, struct diags *ds, const struct compiled *compiled,
			 struct loaded *loaded, struct failure *f)
{
	struct bpf_insn *insns = relocate(unit, compiled, loaded);
	struct classify c = { insns, compiled->n_insns, program_flags(unit), { .btf = -1 } };
	int fd;

	if (!insns)
		return fail(f, ENOMEM, "cannot load program '" CLASSIFY "'");
	/* Lines are a convenience: without BTF in the kernel the program loads all the same. */
	line_info_load(CLASSIFY, ds, compiled, &c.info);
	fd = load_insns(&c, NULL, 0);
	if (fd < 0)
		fd = explain(&c, fd, f);
	line_info_close(&c.info);
	free(insns);
	if (fd < 0)
		return fd;
	loaded->classify = fd;
	return 0;
}

/* One that programs address directly is a section of the object. */
static struct bpf_map *state_map_in(struct bpf_object *object, const char *name)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	char section[64];

	if (map)
		return map;
	snprintf(section, sizeof(section), ".data.%s", name);
	return bpf_object__find_map_by_name(object, section);
}

/* The verifier has to know the size as a number. */
static int share_lists(struct bpf_object *object, const struct state *state)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "list_base");
	struct bpf_map *size = bpf_object__find_map_by_name(object, ".rodata.list");
	uint64_t bytes = state->base_size;
	int err = 0;

	if (map && state->base_size)
		err = bpf_map__reuse_fd(map, state->base);
	if (size && !err)
		err = bpf_map__set_initial_value(size, &bytes, sizeof(bytes));
	return err;
}

/* Give the object the maps of the unit and of this generation. */
static int share_maps(struct bpf_object *object, const struct unit *unit, const struct state *state,
		      const struct loaded *loaded)
{
	const struct {
		const char *name;
		int fd;
	} maps[] = {
		{ ".data.scratch", unit->scratch }, { "counters", unit->counters },
		{ "gen_jmp", loaded->jmp },         { "acts", loaded->acts },
		{ "budgets", loaded->budgets },     { "jmp", unit->jmp },
		{ ".data.config", unit->config },
	};

	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, maps[i].name);
		int err = map ? bpf_map__reuse_fd(map, maps[i].fd) : 0;

		if (err)
			return err;
	}
	vec_for_each(own, &state->maps) {
		struct bpf_map *map = state_map_in(object, own->row->name);
		int err = map ? bpf_map__reuse_fd(map, own->fd) : 0;

		if (err)
			return err;
	}
	return share_lists(object, state);
}

static int open_object(const struct embedded *from, const struct unit *unit,
		       const struct state *state, const struct loaded *loaded,
		       struct object *ret_object, struct failure *f)
{
	int err = object_open(from, ret_object, f);

	if (err)
		return err;
	err = share_maps(ret_object->bpf, unit, state, loaded);
	if (!err)
		err = bpf_program__set_flags(object_program(ret_object), program_flags(unit));
	return err ? fail(f, -err, "cannot prepare program '%s'", from->program) : 0;
}

/* The descriptor of a map that the object made, ours. */
static int take_map(const struct object *object, const char *name, struct failure *f)
{
	int fd = dup(bpf_map__fd(bpf_object__find_map_by_name(object->bpf, name)));

	return fd < 0 ? fail(f, errno, "cannot keep the map '%s'", name) : fd;
}

static int load_enter(const struct unit *unit, const struct state *state,
		      const struct compiled *compiled, struct loaded *loaded, struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	struct enter_config values = compiled->enter;
	int err = open_object(&embedded_enter, unit, state, loaded, &object, f);

	if (values.timed)
		values.clock = clock_read();
	if (!err)
		err = object_set(&object, ".rodata", &values, sizeof(values), f);
	if (err)
		return err;
	loaded->enter = object_load(&object, f);
	if (loaded->enter < 0)
		return loaded->enter;
	loaded->config = take_map(&object, ".rodata", f);
	return loaded->config < 0 ? loaded->config : 0;
}

static int load_actions(const struct unit *unit, const struct state *state,
			const struct compiled *compiled, struct loaded *loaded, struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	struct act_config config = { 0 };
	int err;

	if (!compiled->n_acts)
		return 0;
	err = limits_clock(compiled, &config.clock, f);
	if (err < 0)
		return err;
	acts_units(compiled->acts, compiled->n_acts, config.units);
	for (uint32_t i = 0; i < compiled->n_acts; i++) {
		config.does |= compiled->acts[i].does;
		config.overs |= 1u << compiled->acts[i].over;
	}
	err = open_object(&embedded_actions, unit, state, loaded, &object, f);
	if (!err)
		err = object_set(&object, ".rodata", &config, sizeof(config), f);
	if (err)
		return err;
	loaded->actions = object_load(&object, f);
	return loaded->actions < 0 ? loaded->actions : 0;
}

static int load_probe(const struct unit *unit, const struct state *state, struct loaded *loaded,
		      struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	int err = open_object(&embedded_probe, unit, state, loaded, &object, f);

	if (err)
		return err;
	loaded->probe = object_load(&object, f);
	return loaded->probe < 0 ? loaded->probe : 0;
}

static int fill_jmp(const struct loaded *loaded, struct failure *f)
{
	const int programs[GEN_JUMPS] = {
		[GEN_CLASSIFY] = loaded->classify,
		[GEN_ENTER] = loaded->enter,
		[GEN_ACT] = loaded->actions,
	};

	for (uint32_t i = 0; i < GEN_JUMPS; i++) {
		int err = programs[i] > 0
				  ? bpf_map_update_elem(loaded->jmp, &i, &programs[i], BPF_ANY)
				  : 0;

		if (err)
			return fail_bpf(f, -err, "cannot link the programs of the ruleset");
	}
	return 0;
}

static int load_all(const struct unit *unit, const struct state *state, struct diags *ds,
		    const struct compiled *compiled, struct loaded *loaded, struct failure *f)
{
	int err = load_blob(compiled, &loaded->blob, f);

	if (!err)
		err = load_acts(compiled, &loaded->acts, f);
	if (!err)
		err = load_budgets(compiled, &loaded->budgets, f);
	if (err)
		return err;
	loaded->jmp = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "bpffw_gen", 4, 4, GEN_JUMPS, NULL);
	if (loaded->jmp < 0)
		return fail_bpf(f, -loaded->jmp, "cannot create the ruleset's program array");
	err = load_classify(unit, ds, compiled, loaded, f);
	if (!err)
		err = load_enter(unit, state, compiled, loaded, f);
	if (!err)
		err = load_actions(unit, state, compiled, loaded, f);
	if (!err)
		err = load_probe(unit, state, loaded, f);
	if (!err)
		err = fill_jmp(loaded, f);
	return err;
}

int load_generation(const struct unit *unit, const struct state *state, struct diags *ds,
		    const struct compiled *compiled, struct loaded *ret_loaded, struct failure *f)
{
	struct loaded loaded = LOADED_NONE;
	int err;

	err = load_all(unit, state, ds, compiled, &loaded, f);
	if (err) {
		loaded_close(&loaded);
		return err;
	}
	loaded.lists = state->base_size ? dup(state->base) : -1;
	loaded.enter_id = program_id(loaded.enter);
	loaded.classify_id = program_id(loaded.classify);
	*ret_loaded = loaded;
	return 0;
}

static int load_told(const struct unit *unit, const struct state *state,
		     const struct trace_config *config, uint32_t ring, struct tracer *tracer,
		     struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	const struct loaded none = LOADED_NONE;
	int err = open_object(&embedded_trace, unit, state, &none, &object, f);

	if (!err)
		err = object_set(&object, ".rodata", config, sizeof(*config), f);
	if (err)
		return err;
	err = bpf_map__set_max_entries(bpf_object__find_map_by_name(object.bpf, "traced"), ring);
	if (err)
		return fail(f, -err, "cannot configure program '%s'", embedded_trace.program);
	tracer->told = err = object_load(&object, f);
	if (err >= 0)
		tracer->ring = err = take_map(&object, "traced", f);
	if (err >= 0)
		tracer->state = err = take_map(&object, "trace_state", f);
	return err < 0 ? err : 0;
}

int load_tracer(const struct unit *unit, struct diags *ds, const struct compiled *compiled,
		int flows, uint32_t ring, struct tracer *ret_tracer, struct failure *f)
{
	const struct trace_config config = { .all = !compiled, .established = flows >= 0 };
	struct tracer tracer = TRACER_NONE;
	struct loaded loaded = LOADED_NONE;
	struct unit own = *unit;
	struct state state = { 0 };
	int err;

	/* It counts nothing of the rules, and its jumps are in the unit's array. */
	own.counters = unit->own_slots;
	if (flows >= 0)
		state_hold(ds->arena, &state, "flows", flows);
	err = load_told(&own, &state, &config, ring, &tracer, f);
	if (!err && compiled)
		err = load_blob(compiled, &loaded.blob, f);
	if (!err && compiled) {
		loaded.jmp = unit->jmp;
		err = load_classify(&own, ds, compiled, &loaded, f);
		tracer.classify = loaded.classify;
	}
	fd_cleanup(&loaded.blob);
	if (err) {
		tracer_close(&tracer);
		return err;
	}
	*ret_tracer = tracer;
	return 0;
}

void tracer_close(struct tracer *tracer)
{
	fd_cleanup(&tracer->classify);
	fd_cleanup(&tracer->told);
	fd_cleanup(&tracer->ring);
	fd_cleanup(&tracer->state);
}

static int load_drops(const struct unit *unit, struct watcher *watcher, struct failure *f)
{
	_cleanup_object_ struct object object = { 0 };
	const struct loaded none = LOADED_NONE;
	const struct state state = { 0 };
	int err = open_object(&embedded_drops, unit, &state, &none, &object, f);

	if (err)
		return err;
	watcher->program = err = object_load(&object, f);
	if (err >= 0)
		watcher->ring = err = take_map(&object, "events", f);
	if (err >= 0)
		watcher->told = err = take_map(&object, "event_state", f);
	if (err >= 0)
		watcher->state = err = take_map(&object, "drops_state", f);
	return err < 0 ? err : 0;
}

int load_watcher(const struct unit *unit, struct watcher *ret_watcher, struct failure *f)
{
	struct watcher watcher = WATCHER_NONE;
	struct unit own = *unit;
	int err;

	own.counters = unit->own_slots;
	err = load_drops(&own, &watcher, f);
	if (err) {
		watcher_close(&watcher);
		return err;
	}
	*ret_watcher = watcher;
	return 0;
}

void watcher_close(struct watcher *watcher)
{
	fd_cleanup(&watcher->program);
	fd_cleanup(&watcher->ring);
	fd_cleanup(&watcher->told);
	fd_cleanup(&watcher->state);
}

void loaded_close(struct loaded *loaded)
{
	int *fds[] = { &loaded->jmp,   &loaded->enter,  &loaded->classify, &loaded->probe,
		       &loaded->blob,  &loaded->config, &loaded->actions,  &loaded->acts,
		       &loaded->lists, &loaded->budgets };

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}
