/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files, /etc/services, interfaces, the clock and the ssh session, as the compiler wants them. */
#include "bpffw/runtime/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bpffw/runtime/netdev.h"

#define READ_CHUNK    ((size_t)64 << 10)
#define ANCESTORS_MAX 64

static const char *too_large = "is larger than 64 MB";

/* Read to the end; @hint: the expected size. The text is NUL-terminated behind its end. */
static const char *read_all(struct arena *arena, int fd, uint64_t hint, struct str *ret_text)
{
	size_t cap = hint ? (size_t)hint + 1 : READ_CHUNK, len = 0;
	char *data = malloc(cap + 1), *grown;
	const char *why = NULL;
	ssize_t n;

	while (data) {
		if (len == cap) {
			cap *= 2;
			grown = realloc(data, cap + 1);
			if (!grown)
				break;
			data = grown;
		}
		n = read(fd, data + len, cap - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			why = arena_printf(arena, "cannot be read: %s", strerror(errno));
		if (n <= 0)
			goto done;
		len += (size_t)n;
		if (len > HOST_FILE_MAX) {
			why = too_large;
			goto done;
		}
	}
	why = "does not fit into memory";
done:
	if (!why)
		*ret_text = (struct str){ arena_strndup(arena, data, len), (uint32_t)len };
	free(data);
	return why;
}

static const char *kind_phrase(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "is a directory";
	case S_IFIFO:
		return "is a FIFO";
	case S_IFSOCK:
		return "is a socket";
	case S_IFREG:
		return NULL;
	default:
		return "is a device";
	}
}

static const char *host_read(void *ctx, struct arena *arena, const char *path, struct str *ret_text)
{
	/* O_NONBLOCK: opening a FIFO without a writer must not hang. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	const char *why;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return "no such file";
	if (fd < 0 && errno == ENXIO)
		return "is a socket or device";
	if (fd < 0)
		return arena_printf(arena, "cannot be opened: %s", strerror(errno));
	if (fstat(fd, &st) < 0)
		why = arena_printf(arena, "cannot be read: %s", strerror(errno));
	else
		why = kind_phrase(st.st_mode);
	if (!why && (uint64_t)st.st_size > HOST_FILE_MAX)
		why = too_large;
	if (!why)
		why = read_all(arena, fd, (uint64_t)st.st_size, ret_text);
	close(fd);
	return why;
}

static int compare_paths(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static strs host_glob(void *ctx, struct arena *arena, const char *pattern)
{
	strs paths = { 0 };
	glob_t found = { 0 };

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			uint32_t len = (uint32_t)strlen(found.gl_pathv[i]);

			vec_push(arena, &paths,
				 ((struct str){ arena_strndup(arena, found.gl_pathv[i], len),
						len }));
		}
	}
	globfree(&found);
	if (paths.len)
		qsort(paths.data, paths.len, sizeof(paths.data[0]), compare_paths);
	return paths;
}

static bool host_service(void *ctx, const char *name, const char *proto, uint16_t *ret_port)
{
	const struct servent *entry = getservbyname(name, proto);

	if (!entry)
		return false;
	*ret_port = ntohs((uint16_t)entry->s_port);
	return true;
}

const struct io host_io = { .read = host_read, .glob = host_glob, .service = host_service };

/* A v4-mapped address (a dual-stack sshd says ::ffff:192.0.2.1) is the IPv4 address. */
static unsigned int parse_address(const char *text, unsigned __int128 *ret_addr)
{
	struct in6_addr addr6;
	struct in_addr addr4;
	unsigned __int128 addr = 0;

	if (inet_pton(AF_INET, text, &addr4) == 1) {
		*ret_addr = ntohl(addr4.s_addr);
		return 4;
	}
	if (inet_pton(AF_INET6, text, &addr6) != 1)
		return 0;
	for (int i = 0; i < 16; i++)
		addr = addr << 8 | addr6.s6_addr[i];
	if (IN6_IS_ADDR_V4MAPPED(&addr6)) {
		*ret_addr = (uint32_t)addr;
		return 4;
	}
	*ret_addr = addr;
	return 6;
}

static bool parse_session(const char *text, struct env *env)
{
	char peer[64], local[64];
	unsigned int peer_port, local_port, family;
	unsigned __int128 peer_addr, local_addr;

	if (sscanf(text, "%63s %5u %63s %5u", peer, &peer_port, local, &local_port) != 4)
		return false;
	/* A link-local address carries its zone: fe80::1%eth0. */
	peer[strcspn(peer, "%")] = 0;
	local[strcspn(local, "%")] = 0;
	family = parse_address(peer, &peer_addr);
	if (!family || parse_address(local, &local_addr) != family || peer_port > UINT16_MAX ||
	    local_port > UINT16_MAX)
		return false;
	env->session.family = family;
	env->session.addr = peer_addr;
	env->session.local = local_addr;
	env->session.port = (uint16_t)peer_port;
	env->session.local_port = (uint16_t)local_port;
	return true;
}

static const char *read_proc(struct arena *arena, int pid, const char *file, struct str *ret_text)
{
	const char *path = arena_printf(arena, "/proc/%d/%s", pid, file), *why;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return "gone";
	why = read_all(arena, fd, 0, ret_text);
	close(fd);
	return why;
}

int host_parent(struct arena *arena, int pid)
{
	struct str stat;
	const char *behind;
	int parent;

	if (read_proc(arena, pid, "stat", &stat))
		return 0;
	/* The command name in parentheses may hold anything, also parentheses. */
	behind = strrchr(stat.s, ')');
	if (!behind || sscanf(behind + 1, " %*c %d", &parent) != 1)
		return 0;
	return parent;
}

static bool session_of(struct arena *arena, int pid, struct env *env)
{
	static const char name[] = "SSH_CONNECTION=";
	struct str environ_text;
	const char *at, *end;

	if (read_proc(arena, pid, "environ", &environ_text))
		return false;
	end = environ_text.s + environ_text.len;
	for (at = environ_text.s; at < end; at += strlen(at) + 1) {
		if (strncmp(at, name, sizeof(name) - 1) == 0)
			return parse_session(at + sizeof(name) - 1, env);
	}
	return false;
}

static void find_session(struct arena *arena, struct env *env)
{
	const char *own = getenv("SSH_CONNECTION");
	int pid = getpid();

	if (own && parse_session(own, env))
		return;
	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		if (session_of(arena, pid, env))
			return;
		pid = host_parent(arena, pid);
	}
}

struct env host_env(struct arena *arena)
{
	struct env env = { .io = &host_io, .check_present = true };
	struct failure f = { 0 };
	netdevs devices = { 0 };
	time_t now = time(NULL);
	struct tm local;
	char cwd[PATH_MAX];

	if (getcwd(cwd, sizeof(cwd)))
		env.cwd = str_of(arena_strndup(arena, cwd, strlen(cwd)));
	/* Without the list every interface counts as missing; attaching reports the cause. */
	if (netdev_list(arena, &devices, &f) < 0)
		failure_clear(&f);
	vec_for_each(dev, &devices)
		vec_push(arena, &env.interfaces, dev->name);
	env.n_present = env.interfaces.len;
	env.now = (uint64_t)now;
	if (localtime_r(&now, &local))
		env.utc_offset = (int32_t)local.tm_gmtoff;
	find_session(arena, &env);
	return env;
}
