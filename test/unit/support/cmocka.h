/* cmocka.h with what it needs before it. */
#ifndef TEST_SUPPORT_CMOCKA_H
#define TEST_SUPPORT_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> // IWYU pragma: export

/* Fails with the error's own words, which cmocka would not show. */
#define assert_ok(status_, err_)                                                                                       \
	do {                                                                                                           \
		if ((status_) != STATUS_OK)                                                                            \
			fail_msg("unexpected error: %s", (err_).text);                                                 \
	} while (0)

#endif
