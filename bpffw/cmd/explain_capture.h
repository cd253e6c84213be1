/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `explain --pcap`: a verdict for each packet of a capture, and a summary by rule. */
#ifndef BPFFW_EXPLAIN_CAPTURE_H
#define BPFFW_EXPLAIN_CAPTURE_H

#include "bpffw/cmd/common.h"

/* The arguments may say `on INTERFACE`, where the capture was taken. */
enum exit_code explain_capture(struct session *s, const char *path);

/* A frame that cannot be read to its end: no rule sees it. */
enum exit_code explain_malformed(struct session *s, const struct ruleset *rs,
				 const struct pkt *pkt);

/* Whether the ruleset decides a packet for its malformation. */
bool decides_malformed(const struct ruleset *rs, const struct pkt *pkt);

#endif
