/* Any bytes as ~/.aws/credentials and ~/.aws/config. */
#include <string.h>

#include "net/aws/aws_profile.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aws_profile profile = {0};
	struct error err = {0};
	for (int is_config = 0; is_config <= 1; is_config++)
		MUST(aws_profile_read(&profile, (const char *)data, size, "default", is_config, &err) == STATUS_OK);
	for (int i = 0; i < AWS_PROPERTY_COUNT; i++) {
		const char *value = aws_profile_value(&profile, (enum aws_property)i);
		MUST(value == NULL || (profile.found && memchr(value, '\n', profile.values[i].len) == NULL));
	}
	aws_profile_fini(&profile);
	return 0;
}
