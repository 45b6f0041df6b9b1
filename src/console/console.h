/* Where a command's output goes. */
#ifndef WALSHIP_CONSOLE_CONSOLE_H
#define WALSHIP_CONSOLE_CONSOLE_H

#include <stdbool.h>

#include "base/call.h"

struct console {
	const struct call *call;
	int out_fd; /* standard output */
	bool out_is_terminal;
	int terminal_fd;        /* for progress: standard error if it is a terminal, else 0 */
	void (*verified)(void); /* called before output that a slow reader, such as a pager, may delay; may be NULL */
};

#endif
