#include "walship/status.h"

static const struct {
	int exit_code[EXIT_FOR_COUNT];
	const char *meaning;
} table[STATUS_COUNT] = {
#define STATUS(name, push, fetch, standby, promotion, monitor, text)                                                   \
	[STATUS_##name] = {{push, fetch, standby, promotion, monitor}, text},
#include "walship/status.def"
#undef STATUS
};

int status_exit_code(enum status status, enum exit_for reader)
{
	return table[status].exit_code[reader];
}

const char *status_meaning(enum status status)
{
	return table[status].meaning;
}
