/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes go through bpf/parse.h, the same lines that read a packet in the kernel. Captures
 * without an Ethernet header get one, with addresses of zero.
 */
#include "bpffw/cmd/frame.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "bpf/parse.h"
#include "compiler/base/num.h"

static bool is_between(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ':' || c == '-';
}

static void parse(struct frame *frame, const unsigned char *bytes, uint32_t captured, uint32_t len)
{
	frame->pkt = (struct pkt){ 0 };
	pkt_parse(&frame->pkt, bytes, bytes + captured, len);
}

const char *frame_hex(struct arena *arena, struct str text, struct frame *ret_frame)
{
	unsigned char *bytes = arena_new_array(arena, unsigned char, text.len / 2 + 1);
	uint32_t n = 0;

	for (uint32_t i = 0; i < text.len; i++) {
		int high = num_digit(text.s[i]), low;

		if (is_between(text.s[i]))
			continue;
		if (high == 0 && i + 1 < text.len && (text.s[i + 1] | 32) == 'x') {
			i++;
			continue;
		}
		low = i + 1 < text.len ? num_digit(text.s[i + 1]) : -1;
		if (high < 0 || low < 0)
			return arena_printf(arena, "'%.1s' at character %u is not a hex byte",
					    text.s + i, i + 1);
		bytes[n++] = (unsigned char)(high << 4 | low);
		i++;
	}
	if (!n || n > FRAME_MAX)
		return n ? "a frame has at most 65600 bytes" : "there are no bytes";
	*ret_frame = (struct frame){ 0 };
	parse(ret_frame, bytes, n, n);
	return NULL;
}

/* What stands before the IP header: bytes to skip, and where the ethertype is. */
struct link_header {
	int type;
	uint32_t size;
	int ethertype; /* offset; -1: the version nibble tells */
};

static const struct link_header headers[] = {
	{ DLT_RAW, 0, -1 },        { DLT_IPV4, 0, -1 },       { DLT_IPV6, 0, -1 },
	{ DLT_LINUX_SLL, 16, 14 }, { DLT_LINUX_SLL2, 20, 0 },
};

static const struct link_header *find_header(int type)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (headers[i].type == type)
			return &headers[i];
	return NULL;
}

/* Return: false when the frame has not even its link header. */
static bool to_ethernet(const struct link_header *header, const struct pcap_pkthdr *info,
			const unsigned char *bytes, unsigned char *out, uint32_t *ret_captured,
			uint32_t *ret_len)
{
	uint32_t left = info->caplen - header->size;

	if (info->caplen <= header->size || left > FRAME_MAX)
		return false;
	memset(out, 0, WIRE_ETHER_HEADER);
	if (header->ethertype >= 0) {
		memcpy(out + 12, bytes + header->ethertype, 2);
	} else {
		bool is6 = bytes[header->size] >> 4 == 6;

		out[12] = is6 ? WIRE_TYPE_IP6 >> 8 : WIRE_TYPE_IP4 >> 8;
		out[13] = is6 ? WIRE_TYPE_IP6 & 0xff : WIRE_TYPE_IP4 & 0xff;
	}
	memcpy(out + WIRE_ETHER_HEADER, bytes + header->size, left);
	*ret_captured = left + WIRE_ETHER_HEADER;
	*ret_len = info->len - header->size + WIRE_ETHER_HEADER;
	return true;
}

static bool read_frame(const struct link_header *header, const struct pcap_pkthdr *info,
		       const unsigned char *bytes, unsigned char *room, struct frame *frame)
{
	uint32_t captured = info->caplen, len = info->len;

	*frame = (struct frame){ .seconds = info->ts.tv_sec,
				 .milliseconds = (uint32_t)info->ts.tv_usec / 1000 };
	if (header) {
		if (!to_ethernet(header, info, bytes, room, &captured, &len))
			return false;
		bytes = room;
	}
	parse(frame, bytes, captured, len < captured ? captured : len);
	return true;
}

/*
 * libpcap is loaded where a capture is read, not with the program: it brings nine more libraries,
 * and they take as long to load as a ban takes. Debian's name for it, then the others'.
 */
struct capture {
	void *library;
	pcap_t *pcap;
	__typeof__(pcap_open_offline) *open;
	__typeof__(pcap_next_ex) *next;
	__typeof__(pcap_datalink) *datalink;
	__typeof__(pcap_datalink_val_to_name) *datalink_name;
	__typeof__(pcap_geterr) *error;
	__typeof__(pcap_close) *close;
};

static bool load_library(struct capture *capture)
{
	const struct {
		const char *name;
		void *function;
	} wanted[] = {
		{ "pcap_open_offline", &capture->open },
		{ "pcap_next_ex", &capture->next },
		{ "pcap_datalink", &capture->datalink },
		{ "pcap_datalink_val_to_name", &capture->datalink_name },
		{ "pcap_geterr", &capture->error },
		{ "pcap_close", &capture->close },
	};

	capture->library = dlopen("libpcap.so.0.8", RTLD_NOW);
	if (!capture->library)
		capture->library = dlopen("libpcap.so.1", RTLD_NOW);
	for (size_t i = 0; capture->library && i < sizeof(wanted) / sizeof(*wanted); i++) {
		void *at = dlsym(capture->library, wanted[i].name);

		if (!at)
			return false;
		memcpy(wanted[i].function, &at, sizeof(at));
	}
	return capture->library != NULL;
}

static void close_capture(struct capture *capture)
{
	if (capture->pcap)
		capture->close(capture->pcap);
	if (capture->library)
		dlclose(capture->library);
}

const char *frame_capture(struct arena *arena, const char *path,
			  bool (*each)(void *ctx, const struct frame *frame), void *ctx)
{
	char why[PCAP_ERRBUF_SIZE];
	__attribute__((cleanup(close_capture))) struct capture capture = { 0 };
	unsigned char *room = arena_alloc(arena, FRAME_MAX + WIRE_ETHER_HEADER);
	const struct link_header *header;
	struct pcap_pkthdr *info;
	const unsigned char *bytes;
	struct frame frame;
	int got, type;

	if (!load_library(&capture))
		return "libpcap, which reads captures, cannot be loaded: is it installed?";
	capture.pcap = capture.open(path, why);
	if (!capture.pcap)
		return arena_printf(arena, "%s", why);
	type = capture.datalink(capture.pcap);
	header = find_header(type);
	if (!header && type != DLT_EN10MB)
		return arena_printf(arena, "captures of type %s are not read",
				    capture.datalink_name(type) ?: "unknown");
	while ((got = capture.next(capture.pcap, &info, &bytes)) == 1)
		if (read_frame(header, info, bytes, room, &frame) && !each(ctx, &frame))
			return NULL;
	return got == PCAP_ERROR ? arena_printf(arena, "%s", capture.error(capture.pcap)) : NULL;
}
