/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The packet parser against the corpus, natively. Each frame ends at a page that cannot be read,
 * so a read beyond the end crashes here with or without a sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "tests/packets/corpus.h"

enum { AREA = 4 * 4096, PAGE = 4096 };

static struct corpus corpus;
static uint8_t *area_end;

/* Into a slot full of @fill: a field that the parser forgets shows. */
static struct pkt parse_into(uint8_t fill, const uint8_t *frame, uint32_t linear, uint32_t len)
{
	uint8_t *data = area_end - linear;
	struct pkt p;

	memset(&p, fill, sizeof(p));
	memcpy(data, frame, linear);
	pkt_parse(&p, data, area_end, len);
	return p;
}

static struct pkt parse(const struct corpus_packet *packet, uint32_t linear, uint32_t len)
{
	struct pkt zeros = parse_into(0, packet->frame, linear, len);
	struct pkt ones = parse_into(0xff, packet->frame, linear, len);

	assert_int_equal(corpus_compare(packet->name, &zeros, &ones), 0);
	return zeros;
}

static void meets_the_corpus(void **state)
{
	unsigned int wrong = 0;

	for (uint32_t i = 0; i < corpus.n; i++) {
		const struct corpus_packet *packet = &corpus.packets[i];
		struct pkt p = parse(packet, packet->linear, packet->len);

		wrong += corpus_check(packet, &p);
	}
	assert_int_equal(wrong, 0);
}

static void corpus_has_every_reason(void **state)
{
	unsigned int seen[REASON_COUNT] = { 0 }, missing = 0;

	for (uint32_t i = 0; i < corpus.n; i++) {
		const struct corpus_packet *packet = &corpus.packets[i];

		for (uint32_t k = 0; k < packet->n_expects; k++) {
			if (packet->expects[k].field->kind == CORPUS_REASON)
				seen[packet->expects[k].value[1]]++;
		}
	}
	for (unsigned int reason = 0; reason < REASON_COUNT; reason++) {
		if (!seen[reason]) {
			fprintf(stderr, "no packet for %s\n", corpus_reason_word(reason));
			missing++;
		}
	}
	assert_int_equal(missing, 0);
	assert_true(corpus.n >= 500);
}

/* Cut short, a packet is malformed, or it has lost padding only. */
static void every_truncation(void **state)
{
	for (uint32_t i = 0; i < corpus.n; i++) {
		const struct corpus_packet *packet = &corpus.packets[i];
		struct pkt whole = parse(packet, packet->len, packet->len);

		for (uint32_t len = 0; len < packet->len; len++) {
			struct pkt p = parse(packet, len, len);

			assert_int_equal(p.frame_len, len);
			assert_int_not_equal(p.reason, REASON_UNREADABLE);
			if (p.reason != REASON_NONE && p.reason < REASON_FIRST_SPOOF)
				continue;
			p.frame_len = whole.frame_len;
			assert_int_equal(corpus_compare(packet->name, &p, &whole), 0);
		}
	}
}

/* With less of it readable, a packet reads the same or says that it cannot be read. */
static void every_linear_part(void **state)
{
	for (uint32_t i = 0; i < corpus.n; i++) {
		const struct corpus_packet *packet = &corpus.packets[i];
		struct pkt whole = parse(packet, packet->len, packet->len);
		unsigned int unreadable = 0;

		for (uint32_t linear = 0; linear < packet->len; linear++) {
			struct pkt p = parse(packet, linear, packet->len);

			if (p.reason == REASON_UNREADABLE)
				unreadable++;
			else
				assert_int_equal(corpus_compare(packet->name, &p, &whole), 0);
		}
		assert_true(unreadable >= (packet->len < 14 ? 0 : 14));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(meets_the_corpus),
		cmocka_unit_test(corpus_has_every_reason),
		cmocka_unit_test(every_truncation),
		cmocka_unit_test(every_linear_part),
	};
	uint8_t *area =
		mmap(NULL, AREA + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED || mprotect(area + AREA, PAGE, PROT_NONE)) {
		perror("mmap");
		return 1;
	}
	area_end = area + AREA;
	corpus = corpus_read();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
