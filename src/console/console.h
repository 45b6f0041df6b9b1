/* Where a command's output goes. */
#ifndef WALSHIP_CONSOLE_CONSOLE_H
#define WALSHIP_CONSOLE_CONSOLE_H

#include <stdbool.h>

#include "base/call.h"

struct console {
	const struct call *call;
	int out_fd; /* standard output */
	bool out_is_terminal;
	int terminal_fd; /* for what is shown while a long command works: standard error if it is a terminal, else 0 */
	void (*verified)(void); /* called when only the reader of out_fd can hold it up: a pager may; may be NULL */
};

#endif
