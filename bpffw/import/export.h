/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Our rules in the language of nft. */
#ifndef BPFFW_EXPORT_H
#define BPFFW_EXPORT_H

#include "compiler/lang/rule.h"

/*
 * export_nft() - one table that decides at the input hook what @rs decides in XDP, as far as nft
 * can say it. What it cannot is a comment in its place.
 * Return: how many rules are only comments.
 */
uint32_t export_nft(struct buf *out, const struct ruleset *rs);

#endif
