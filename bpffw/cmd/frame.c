/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bytes go through bpf/parse.h, the same lines that read a packet in the kernel. Captures
 * without an Ethernet header get one, with addresses of zero.
 */
#include "bpffw/cmd/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "bpf/parse.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

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
		int high = hex_digit(text.s[i]), low;

		if (is_between(text.s[i]))
			continue;
		if (high == 0 && i + 1 < text.len && (text.s[i + 1] | 32) == 'x') {
			i++;
			continue;
		}
		low = i + 1 < text.len ? hex_digit(text.s[i + 1]) : -1;
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

static void close_capture(pcap_t **capture)
{
	if (*capture)
		pcap_close(*capture);
}

const char *frame_capture(struct arena *arena, const char *path,
			  bool (*each)(void *ctx, const struct frame *frame), void *ctx)
{
	char why[PCAP_ERRBUF_SIZE];
	__attribute__((cleanup(close_capture))) pcap_t *capture = pcap_open_offline(path, why);
	unsigned char *room = arena_alloc(arena, FRAME_MAX + WIRE_ETHER_HEADER);
	const struct link_header *header;
	struct pcap_pkthdr *info;
	const unsigned char *bytes;
	struct frame frame;
	int got;

	if (!capture)
		return arena_printf(arena, "%s", why);
	header = find_header(pcap_datalink(capture));
	if (!header && pcap_datalink(capture) != DLT_EN10MB)
		return arena_printf(arena, "captures of type %s are not read",
				    pcap_datalink_val_to_name(pcap_datalink(capture)) ?: "unknown");
	while ((got = pcap_next_ex(capture, &info, &bytes)) == 1)
		if (read_frame(header, info, bytes, room, &frame) && !each(ctx, &frame))
			return NULL;
	return got == PCAP_ERROR ? arena_printf(arena, "%s", pcap_geterr(capture)) : NULL;
}
