/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/cmd/screen.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios cooked;
static bool is_open;

bool screen_possible(void)
{
	const char *term = getenv("TERM");

	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

void screen_begin(void)
{
	struct termios raw;

	if (is_open || tcgetattr(STDIN_FILENO, &cooked) < 0)
		return;
	raw = cooked;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	is_open = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	/* The other page, no cursor. */
	fputs("\033[?1049h\033[?25l", stdout);
	fflush(stdout);
}

void screen_end(void)
{
	if (!is_open)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	is_open = false;
}

void screen_size(unsigned int *ret_columns, unsigned int *ret_rows)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	*ret_columns = size.ws_col ? size.ws_col : 80;
	*ret_rows = size.ws_row ? size.ws_row : 24;
}

void screen_show(const struct buf *text)
{
	const char *at = text->data, *end = at + text->len;

	fputs("\033[H", stdout);
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((line ? line : end) - at);

		fwrite(at, 1, n, stdout);
		/* What was longer before goes. */
		fputs(line ? "\033[K\r\n" : "\033[K", stdout);
		at += n + (line != NULL);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

static bool read_byte(int wait_ms, unsigned char *ret_byte)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&fd, 1, wait_ms) > 0 && read(STDIN_FILENO, ret_byte, 1) == 1;
}

int screen_key(int wait_ms)
{
	unsigned char first, second, third;

	if (!read_byte(wait_ms, &first))
		return KEY_NONE;
	if (first != '\033' || !read_byte(10, &second) || second != '[' || !read_byte(10, &third))
		return first;
	return third == 'A' ? KEY_UP : third == 'B' ? KEY_DOWN : KEY_NONE;
}
