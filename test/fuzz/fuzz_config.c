/* The text of a walship.conf. */
#include <string.h>

#include "config/config.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct error err = {0};
	if (size > 65536)
		return 0;
	enum status st = config_load_text(&config, (const char *)data, size, "fuzz.conf", &err);
	MUST((st == STATUS_OK) == (config != NULL));
	MUST(st == STATUS_OK || (st == STATUS_USAGE && strncmp(err.text, "fuzz.conf:", 10) == 0));
	config_free(config);
	return 0;
}
