/* WALSHIP_* variables that walship does not read as options. An option's own name takes precedence. */
#ifndef WALSHIP_CONFIG_FOREIGN_VARIABLE_H
#define WALSHIP_CONFIG_FOREIGN_VARIABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the name of len bytes is a variable of notify-command (base/event.def), which may call walship, or one that
 * Kubernetes sets in each container for a service whose name begins with "walship".
 */
bool variable_is_foreign(const char *name, size_t len);

#endif
