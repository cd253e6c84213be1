/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON output: one object on one line (LANGUAGE section 8). */
#ifndef BPFFW_JSON_H
#define BPFFW_JSON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "compiler/base/str.h"

/* { "schema": "bpffw.NAME/1" } */
json_t *json_schema(const char *name);
/* Bytes that are not UTF-8 are escaped; jansson refuses them. */
json_t *json_str(struct str text);
/* null when empty. */
json_t *json_str_or_null(struct str text);
/* RFC 3339 in UTC; 0: null. */
json_t *json_time(int64_t when);
/* Append a string in its quotes, as json_str() has it. */
void json_put_str(struct buf *out, struct str text);
/* Append any value without a newline and free it. */
void json_into(struct buf *out, json_t *object);
/* Write @object as one line and free it. */
void json_line(FILE *file, json_t *object);

#endif
