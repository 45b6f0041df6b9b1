/* Any bytes as ~/.aws/credentials and ~/.aws/config. */
#include <string.h>

#include "net/aws/aws_profile.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct aws_profile profile = {0};
	struct error err = {0};
	for (int section = AWS_SECTION_OF_CREDENTIALS; section <= AWS_SECTION_OF_SSO; section++)
		MUST(aws_profile_read(&profile, (const char *)data, size, "default", (enum aws_section)section, &err) ==
		     STATUS_OK);
	for (int i = 0; i < AWS_PROPERTY_COUNT; i++) {
		const char *value = aws_profile_value(&profile, (enum aws_property)i);
		MUST(value == NULL || (profile.found && memchr(value, '\n', profile.values[i].len) == NULL));
	}
	aws_profile_fini(&profile);
	return 0;
}
