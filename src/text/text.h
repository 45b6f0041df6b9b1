/* Questions about a text. */
#ifndef WALSHIP_TEXT_TEXT_H
#define WALSHIP_TEXT_TEXT_H

#include <stdbool.h>

/* Whether text is in list, which ends with NULL. compare: strcmp, or strcasecmp for either case. */
bool text_is_one_of(const char *text, const char *const *list, int (*compare)(const char *, const char *));

#endif
