/* Before a test's main: the libraries that walship loads late, for what is tested without the call that loads them. */
#include <stdio.h>
#include <stdlib.h>

#include "net/http/libcurl.h"
#include "sys/crypto.h"

__attribute__((constructor)) static void load_libraries(void)
{
	struct error err = {0};
	if (crypto_start(&err) == STATUS_OK && libcurl_load(&err) == STATUS_OK)
		return;
	(void)fprintf(stderr, "%s\nhint: %s\n", err.text, err.hint);
	exit(1);
}
