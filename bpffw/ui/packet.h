/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A packet that was seen, as text: one line for people, and in the words of the rule language. */
#ifndef BPFFW_PACKET_H
#define BPFFW_PACKET_H

#include "bpf/abi.h"
#include "compiler/base/str.h"

/* "203.0.113.9:40000 > 203.0.113.10:22 tcp syn len 60"; a malformed one says its reason. */
void packet_line(struct buf *out, const struct pkt *pkt);
/* "203.0.113.9:40000 > :22 tcp syn": what a log needs of a packet to an address of this host. */
void packet_line_short(struct buf *out, const struct pkt *pkt, bool is_own);

/* The description that `explain` takes, every field of the packet given. Not for malformed ones. */
void packet_words(struct buf *out, const struct pkt *pkt);

/* The word of a reason ("ip4-header") and what it means. */
const char *packet_reason(unsigned int reason, const char **ret_help);

#endif
