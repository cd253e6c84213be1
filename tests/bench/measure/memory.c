/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of the maps pinned below a store, as the kernel accounts them (memlock in fdinfo). */
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "tests/bench/measure/measure.h"

#define MAPS_MAX 256

static uint32_t seen[MAPS_MAX];
static unsigned int n_seen;
static uint64_t generation_bytes, shared_bytes, program_bytes;

static uint64_t memlock(int fd)
{
	char path[64], line[256];
	unsigned long long bytes = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "r");
	must(info != NULL, path);
	while (fgets(line, sizeof(line), info))
		sscanf(line, "memlock: %llu", &bytes);
	fclose(info);
	return bytes;
}

static bool seen_before(uint32_t id)
{
	for (unsigned int i = 0; i < n_seen; i++)
		if (seen[i] == id)
			return true;
	must(n_seen < MAPS_MAX, "too many maps");
	seen[n_seen++] = id;
	return false;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	struct bpf_map_info info = { 0 };
	uint32_t len = sizeof(info);
	int fd;

	if (type != FTW_F)
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0; /* a link cannot be opened this way on every kernel */
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || len < offsetof(struct bpf_map_info, name))
		memset(&info, 0, sizeof(info));
	/* Programs and links have another structure; their fdinfo tells them apart. */
	if (strstr(path, "/classify") || strstr(path, "/enter") || strstr(path, "/probe") ||
	    strstr(path, "/dispatcher"))
		program_bytes += memlock(fd);
	else if (!strstr(path, "/link/") && !seen_before(info.id))
		*(strstr(path, "/gen/") ? &generation_bytes : &shared_bytes) += memlock(fd);
	close(fd);
	return 0;
}

int memory_main(const char *store)
{
	must(!nftw(store, visit, 16, FTW_PHYS), store);
	printf("{\"generation_maps\":%llu,\"shared_maps\":%llu,\"programs\":%llu}\n",
	       (unsigned long long)generation_bytes, (unsigned long long)shared_bytes,
	       (unsigned long long)program_bytes);
	return 0;
}
