/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames from outside for `explain`: as hex, or from a capture file (pcap, pcapng). */
#ifndef BPFFW_FRAME_H
#define BPFFW_FRAME_H

#include "bpf/abi.h"
#include "compiler/base/str.h"

/* Larger ones are no Ethernet frames. */
#define FRAME_MAX 65600u

struct frame {
	struct pkt pkt; /* as the dispatcher reads it; interface number 0 */
	int64_t seconds;
	uint32_t milliseconds;
};

/*
 * frame_hex() - bytes as two hex digits each; blanks, colons, dashes and 0x between them are
 * passed over.
 * Return: NULL, or what is wrong with the text.
 */
const char *frame_hex(struct arena *arena, struct str text, struct frame *ret_frame);

/*
 * frame_capture() - every frame of a capture file to @each, in order; "-" is standard input.
 * Ethernet, raw IP and Linux cooked captures. @each: return false to stop.
 * Return: NULL, or why it cannot be read on (in @arena); the frames before were delivered.
 */
const char *frame_capture(struct arena *arena, const char *path,
			  bool (*each)(void *ctx, const struct frame *frame), void *ctx);

#endif
