/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads corpus.txt: packets and what a parser must make of them. An unknown field or word is an
 * error, so a typing mistake in the corpus cannot make an expectation vanish.
 */
#ifndef TEST_CORPUS_H
#define TEST_CORPUS_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/parse.h"

#define CORPUS_FILE   "tests/packets/corpus.txt"
#define CORPUS_FRAME  9216
#define CORPUS_FIELDS 24

enum corpus_kind { CORPUS_NUMBER, CORPUS_REASON, CORPUS_FRAG, CORPUS_ADDRESS, CORPUS_MAC };

struct corpus_field {
	const char *name;
	size_t offset;
	size_t size;
	enum corpus_kind kind;
};

/* clang-format off */
#define FIELD(name, kind) \
	{ #name, offsetof(struct pkt, name), sizeof(((struct pkt *)0)->name), CORPUS_##kind }
static const struct corpus_field corpus_fields[] = {
	FIELD(src, ADDRESS),
	FIELD(dst, ADDRESS),
	FIELD(smac, MAC),
	FIELD(dmac, MAC),
	FIELD(ifnum, NUMBER),
	FIELD(frame_len, NUMBER),
	FIELD(ip_len, NUMBER),
	FIELD(from, NUMBER),
	FIELD(sport, NUMBER),
	FIELD(dport, NUMBER),
	FIELD(ethertype, NUMBER),
	FIELD(vlan, NUMBER),
	FIELD(l3_off, NUMBER),
	FIELD(l4_off, NUMBER),
	FIELD(family, NUMBER),
	FIELD(proto, NUMBER),
	FIELD(ttl, NUMBER),
	FIELD(dscp, NUMBER),
	FIELD(flags, NUMBER),
	FIELD(icmp_type, NUMBER),
	FIELD(icmp_code, NUMBER),
	FIELD(frag, FRAG),
	FIELD(reason, REASON),
	FIELD(essential, NUMBER),
	FIELD(established, NUMBER),
	FIELD(probe, NUMBER),
};
#undef FIELD
/* clang-format on */
#define CORPUS_FIELD_COUNT (sizeof(corpus_fields) / sizeof(corpus_fields[0]))

struct corpus_expect {
	const struct corpus_field *field;
	uint64_t value[2]; /* [1] is the number; both halves for an address */
};

struct corpus_packet {
	char name[64];
	uint8_t frame[CORPUS_FRAME];
	uint32_t len;
	uint32_t linear;
	struct corpus_expect expects[CORPUS_FIELDS];
	uint32_t n_expects;
};

struct corpus {
	struct corpus_packet *packets;
	uint32_t n;
};

static inline const char *corpus_reason_word(unsigned int reason)
{
	static const char *const words[] = { "none",
#define X(name, word, help) word,
					     PKT_REASONS(X)
#undef X
	};

	return reason < REASON_COUNT ? words[reason] : "?";
}

static inline bool corpus_word(const char *word, uint64_t *ret_value)
{
	static const char *const frags[] = { "no", "first", "later" };

	for (unsigned int i = 0; i < 3; i++) {
		if (!strcmp(word, frags[i])) {
			*ret_value = i;
			return true;
		}
	}
	for (unsigned int i = 0; i < REASON_COUNT; i++) {
		if (!strcmp(word, corpus_reason_word(i))) {
			*ret_value = i;
			return true;
		}
	}
	return false;
}

static inline bool corpus_address(const char *word, uint64_t ret_value[2])
{
	uint8_t bytes[16] = { 0 };

	if (inet_pton(AF_INET, word, bytes + 12) != 1 && inet_pton(AF_INET6, word, bytes) != 1)
		return false;
	ret_value[0] = ret_value[1] = 0;
	for (unsigned int i = 0; i < 16; i++)
		ret_value[i / 8] = ret_value[i / 8] << 8 | bytes[i];
	return true;
}

static inline bool corpus_mac(const char *word, uint64_t *ret_value)
{
	unsigned int bytes[6];

	if (sscanf(word, "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4],
		   &bytes[5]) != 6)
		return false;
	*ret_value = 0;
	for (unsigned int i = 0; i < 6; i++)
		*ret_value = *ret_value << 8 | bytes[i];
	return true;
}

static inline bool corpus_value(const char *word, enum corpus_kind kind, uint64_t ret_value[2])
{
	char *end;

	switch (kind) {
	case CORPUS_REASON:
	case CORPUS_FRAG:
		return corpus_word(word, &ret_value[1]);
	case CORPUS_ADDRESS:
		return corpus_address(word, ret_value);
	case CORPUS_MAC:
		return corpus_mac(word, &ret_value[1]);
	case CORPUS_NUMBER:
		break;
	}
	ret_value[1] = strtoull(word, &end, 0);
	return *word && !*end;
}

static inline bool corpus_add_expect(struct corpus_packet *packet, char *word)
{
	char *value = strchr(word, '=');

	if (!value || packet->n_expects == CORPUS_FIELDS)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < CORPUS_FIELD_COUNT; i++) {
		struct corpus_expect *expect = &packet->expects[packet->n_expects];

		if (strcmp(word, corpus_fields[i].name))
			continue;
		expect->field = &corpus_fields[i];
		packet->n_expects++;
		return corpus_value(value, expect->field->kind, expect->value);
	}
	return false;
}

static inline bool corpus_add_hex(struct corpus_packet *packet, const char *hex)
{
	unsigned int byte;

	for (; *hex; hex += 2) {
		if (packet->len == CORPUS_FRAME || sscanf(hex, "%2x", &byte) != 1)
			return false;
		packet->frame[packet->len++] = (uint8_t)byte;
	}
	return true;
}

static inline bool corpus_line(struct corpus *c, char *line)
{
	char *save, *key = strtok_r(line, " \n", &save), *word;
	struct corpus_packet *packet = c->n ? &c->packets[c->n - 1] : NULL;

	if (!key || *key == '#')
		return true;
	word = strtok_r(NULL, " \n", &save);
	if (!strcmp(key, "packet") && word && strlen(word) < sizeof(packet->name)) {
		packet = &c->packets[c->n++];
		strcpy(packet->name, word);
		packet->linear = UINT32_MAX;
		return true;
	}
	if (!packet)
		return false;
	if (!strcmp(key, "hex"))
		return !word || corpus_add_hex(packet, word);
	if (!strcmp(key, "linear") && word) {
		packet->linear = (uint32_t)strtoul(word, NULL, 10);
		return true;
	}
	if (strcmp(key, "expect"))
		return false;
	for (; word; word = strtok_r(NULL, " \n", &save)) {
		if (!corpus_add_expect(packet, word))
			return false;
	}
	return true;
}

/* The whole corpus, or an exit with the line that is wrong. Never freed. */
static inline struct corpus corpus_read(void)
{
	enum { MAX = 2000 };
	struct corpus c = { .packets = calloc(MAX, sizeof(*c.packets)) };
	FILE *f = fopen(CORPUS_FILE, "r");
	char line[1024];
	unsigned int number = 0;

	if (!f || !c.packets) {
		perror(CORPUS_FILE);
		exit(1);
	}
	while (fgets(line, sizeof(line), f)) {
		number++;
		if (c.n == MAX || !corpus_line(&c, line)) {
			fprintf(stderr, "%s:%u: not understood\n", CORPUS_FILE, number);
			exit(1);
		}
	}
	fclose(f);
	for (uint32_t i = 0; i < c.n; i++) {
		if (c.packets[i].linear > c.packets[i].len)
			c.packets[i].linear = c.packets[i].len;
	}
	return c;
}

static inline uint64_t corpus_get(const struct pkt *p, const struct corpus_field *field,
				  unsigned int half)
{
	uint64_t wide[2] = { 0 };

	/* Little-endian hosts only, as the tests are run on. */
	if (field->size == sizeof(wide)) {
		memcpy(wide, (const char *)p + field->offset, sizeof(wide));
		return wide[half];
	}
	memcpy(wide, (const char *)p + field->offset, field->size);
	return half ? wide[0] : 0;
}

/* Number of expectations that @p does not meet; each is printed. */
static inline unsigned int corpus_check(const struct corpus_packet *packet, const struct pkt *p)
{
	unsigned int wrong = 0;

	for (uint32_t i = 0; i < packet->n_expects; i++) {
		const struct corpus_expect *expect = &packet->expects[i];
		uint64_t high = corpus_get(p, expect->field, 0);
		uint64_t low = corpus_get(p, expect->field, 1);

		if (high == expect->value[0] && low == expect->value[1])
			continue;
		wrong++;
		fprintf(stderr, "%s: %s is %llx:%llx, expected %llx:%llx (reason %s)\n",
			packet->name, expect->field->name, (unsigned long long)high,
			(unsigned long long)low, (unsigned long long)expect->value[0],
			(unsigned long long)expect->value[1], corpus_reason_word(p->reason));
	}
	return wrong;
}

/* Number of fields in which the two differ; each is printed. */
static inline unsigned int corpus_compare(const char *name, const struct pkt *a,
					  const struct pkt *b)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < CORPUS_FIELD_COUNT; i++) {
		const struct corpus_field *field = &corpus_fields[i];
		const char *left = (const char *)a + field->offset;
		const char *right = (const char *)b + field->offset;

		if (!memcmp(left, right, field->size))
			continue;
		wrong++;
		fprintf(stderr, "%s: %s differs: %llx:%llx and %llx:%llx (reasons %s, %s)\n", name,
			field->name, (unsigned long long)corpus_get(a, field, 0),
			(unsigned long long)corpus_get(a, field, 1),
			(unsigned long long)corpus_get(b, field, 0),
			(unsigned long long)corpus_get(b, field, 1), corpus_reason_word(a->reason),
			corpus_reason_word(b->reason));
	}
	return wrong;
}

#endif
