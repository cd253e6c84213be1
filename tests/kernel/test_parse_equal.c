/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parser in the kernel against the same lines compiled natively: the whole corpus, random
 * damage to it, and frames in several buffers. The program behind the dispatcher answers with
 * the length of the linear part, which only the kernel knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/kernel/chain.h"
#include "tests/packets/corpus.h"

enum { MUTATIONS = 100000, IFNUM = 7, LOOPBACK = 1, HEADERS = 160, ONE_BUFFER = 3000 };

struct setup {
	struct bpf_object *object;
	int dispatcher;
	volatile struct pkt *slot;
	bool splits; /* the kernel lets a test run choose the linear part (6.18) */
};

static struct corpus corpus;
static struct setup plain, frags;
static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t random_below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % n;
}

static void set_iface(const struct setup *s, uint32_t slot, uint32_t ifindex, uint32_t number)
{
	struct iface_slot *ifaces =
		mmap(NULL, IFACE_SLOTS * sizeof(*ifaces), PROT_READ | PROT_WRITE, MAP_SHARED,
		     chain_map(s->object, ".data.ifaces"), 0);

	chain_must(ifaces != MAP_FAILED, "ifaces");
	ifaces[slot % IFACE_SLOTS] = (struct iface_slot){ ifindex, number };
	munmap(ifaces, IFACE_SLOTS * sizeof(*ifaces));
}

static uint32_t loopback_slot(void)
{
	return LOOPBACK * IFACE_HASH >> 22;
}

static struct setup set_up(bool with_frags)
{
	struct setup s = { .object = chain_dispatcher(with_frags) };
	uint8_t frame[64] = { 0 };
	uint32_t linear;

	s.dispatcher = chain_program(s.object);
	s.slot = chain_slot(s.object);
	chain_jump(s.object, "jmp", 0, chain_linear(with_frags));
	set_iface(&s, loopback_slot(), LOOPBACK, IFNUM);
	s.splits = with_frags && !chain_run(s.dispatcher, frame, 64, 20, &linear) && linear == 20;
	return s;
}

/* Run one frame both ways. Return: fields that differ, or 0 where the kernel takes no such frame.
 */
static unsigned int compare(const struct setup *s, const char *name, const uint8_t *frame,
			    uint32_t len, uint32_t linear, struct pkt *ret_kernel)
{
	struct pkt native;
	uint32_t readable;

	memset((void *)s->slot, 0xff, sizeof(*s->slot));
	if (linear == len || !s->splits)
		linear = 0;
	if (chain_run(s->dispatcher, frame, len, linear, &readable)) {
		fprintf(stderr, "%s: test run of %u bytes, %u linear: %m\n", name, len, linear);
		return 1;
	}
	memset(&native, 0, sizeof(native));
	pkt_parse(&native, frame, frame + readable, len);
	native.ifnum = IFNUM;
	*ret_kernel = *s->slot;
	return corpus_compare(name, ret_kernel, &native);
}

static void run_corpus(const struct setup *s, uint32_t longest)
{
	unsigned int wrong = 0, ran = 0, tiny = 0;
	struct pkt p;

	for (uint32_t i = 0; i < corpus.n; i++) {
		const struct corpus_packet *packet = &corpus.packets[i];
		uint32_t linear = packet->linear < 14 ? 14 : packet->linear;

		/* Test runs take no frame that is shorter than its Ethernet header. */
		if (packet->len < 14) {
			tiny++;
			continue;
		}
		if (packet->len > longest)
			continue;
		wrong += compare(s, packet->name, packet->frame, packet->len, linear, &p);
		if (packet->len < ONE_BUFFER && (packet->linear == packet->len || s->splits))
			wrong += corpus_check(packet, &p);
		ran++;
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(tiny, 3);
	assert_true(ran >= corpus.n - 5);
}

static void corpus_in_one_buffer(void **state)
{
	run_corpus(&plain, ONE_BUFFER);
}

static void corpus_with_frags(void **state)
{
	run_corpus(&frags, CORPUS_FRAME);
}

static void mutate_byte(uint8_t *frame, uint32_t len)
{
	static const uint8_t values[] = { 0,  1,  2,  4,  6,   8,   17,  41,   43,   44,  50,
					  51, 58, 59, 60, 127, 128, 131, 0x45, 0x60, 194, 255 };
	uint8_t *at = &frame[random_below(len < HEADERS ? len : HEADERS)];

	switch (random_below(4)) {
	case 0:
		*at ^= (uint8_t)(1u << random_below(8));
		break;
	case 1:
		*at = values[random_below(sizeof(values))];
		break;
	case 2:
		*at += random_below(2) ? 1 : -1;
		break;
	default:
		*at = (uint8_t)random_below(256);
	}
}

/* A damaged packet of the corpus: bytes changed, cut, padded or joined with another's end. */
static uint32_t mutate(uint8_t *frame)
{
	const struct corpus_packet *packet = &corpus.packets[random_below(corpus.n)];
	const struct corpus_packet *other = &corpus.packets[random_below(corpus.n)];
	uint32_t len = packet->len < 14 ? 14 : packet->len > 2500 ? 2500 : packet->len;
	uint32_t from, tail;

	memcpy(frame, packet->frame, len);
	for (uint32_t i = random_below(5); i > 0; i--)
		mutate_byte(frame, len);
	switch (random_below(6)) {
	case 0:
		len = 14 + random_below(len - 13);
		break;
	case 1:
		memset(frame + len, (int)random_below(256), 64);
		len += random_below(64);
		break;
	case 2:
		from = random_below((len < other->len ? len : other->len) + 1);
		tail = other->len - from > 500 ? 500 : other->len - from;
		memcpy(frame + from, other->frame + from, tail);
		break;
	}
	return len;
}

static void run_mutations(const struct setup *s, unsigned int n)
{
	uint8_t frame[CORPUS_FRAME] = { 0 };
	unsigned int wrong = 0, whole = 0;
	char name[32];
	struct pkt p;

	for (unsigned int i = 0; i < n && wrong < 20; i++) {
		uint32_t len = mutate(frame), linear = len;

		if (random_below(4) == 0)
			linear = 14 + random_below(len - 13);
		snprintf(name, sizeof(name), "mutation %u", i);
		wrong += compare(s, name, frame, len, linear, &p);
		whole += p.reason == REASON_NONE;
	}
	assert_int_equal(wrong, 0);
	/* Damage that leaves nothing to parse would compare nothing. */
	assert_true(whole > n / 10 && whole < n - n / 10);
}

static void mutations_in_one_buffer(void **state)
{
	run_mutations(&plain, MUTATIONS / 4);
}

static void mutations_with_frags(void **state)
{
	run_mutations(&frags, MUTATIONS);
}

static const struct corpus_packet *find(const char *name)
{
	for (uint32_t i = 0; i < corpus.n; i++) {
		if (!strcmp(corpus.packets[i].name, name))
			return &corpus.packets[i];
	}
	fail_msg("no packet '%s' in the corpus", name);
	return NULL;
}

/* 9000 bytes of IPv4: the length is that of all buffers. */
static void long_frame(void **state)
{
	uint8_t frame[CORPUS_FRAME] = { 0 };
	struct pkt p;

	memcpy(frame, find("ip4-tcp")->frame, 54);
	frame[16] = 9000 >> 8;
	frame[17] = 9000 & 255;
	assert_int_equal(compare(&frags, "9000 bytes", frame, 9014, 0, &p), 0);
	assert_int_equal(p.reason, REASON_NONE);
	assert_int_equal(p.frame_len, 9014);
	assert_int_equal(p.ip_len, 9000);
	assert_int_equal(p.dport, 80);
	assert_int_equal(compare(&frags, "9000 bytes, 1 missing", frame, 9013, 0, &p), 0);
	assert_int_equal(p.reason, REASON_IP4_HEADER);
}

/* Headers behind the first buffer: the packet is malformed, never passed unread. */
static void header_beyond_the_first_buffer(void **state)
{
	const struct corpus_packet *packet = find("ip6-4-headers-of-2048");
	struct pkt p;

	assert_int_equal(compare(&frags, packet->name, packet->frame, packet->len, 0, &p), 0);
	assert_int_equal(p.reason, REASON_UNREADABLE);
	assert_int_equal(p.dport, 0);
}

/* Found up to the last probe, behind removed entries too, and unknown beyond it. */
static void interface_numbers(void **state)
{
	const struct corpus_packet *packet = find("ip4-tcp");
	uint32_t first = loopback_slot(), value;

	for (uint32_t probe = 0; probe <= IFACE_PROBES; probe++) {
		set_iface(&plain, first + probe, LOOPBACK, 100 + probe);
		chain_must(!chain_run(plain.dispatcher, packet->frame, packet->len, 0, &value),
			   "run");
		assert_int_equal(plain.slot->ifnum, probe < IFACE_PROBES ? 100 + probe : 0);
		set_iface(&plain, first + probe, 0, 0);
	}
	for (uint32_t probe = 0; probe < IFACE_PROBES; probe++)
		set_iface(&plain, first + probe, 1000 + probe, 9);
	chain_must(!chain_run(plain.dispatcher, packet->frame, packet->len, 0, &value), "run");
	assert_int_equal(plain.slot->ifnum, 0);
	for (uint32_t probe = 0; probe < IFACE_PROBES; probe++)
		set_iface(&plain, first + probe, 0, 0);
	set_iface(&plain, first, LOOPBACK, IFNUM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus_in_one_buffer),
		cmocka_unit_test(corpus_with_frags),
		cmocka_unit_test(mutations_in_one_buffer),
		cmocka_unit_test(mutations_with_frags),
		cmocka_unit_test(long_frame),
		cmocka_unit_test(header_beyond_the_first_buffer),
		cmocka_unit_test(interface_numbers),
	};

	corpus = corpus_read();
	chain_pin_cpu();
	plain = set_up(false);
	frags = set_up(true);
	printf("# the linear part of a test run %s be chosen\n", frags.splits ? "can" : "cannot");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
