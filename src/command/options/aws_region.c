#include "command/options/aws_region.h"

#include <string.h>

#include "net/aws/credentials.h"

enum status aws_region_complete(struct config *config, const char *const *environment, struct error *err)
{
	char region[AWS_REGION_MAX];
	char source[AWS_PROFILE_SOURCE_MAX];
	const char *repo = config_text(config, OPTION_ID_REPO);
	/* Only here is the file read: a directory needs none. */
	if (repo == NULL || strncmp(repo, "s3://", 5) != 0 || !config_is_default(config, OPTION_ID_S3_REGION) ||
	    !credentials_profile_region(environment, region, source))
		return STATUS_OK;
	return config_fall_back(config, OPTION_ID_S3_REGION, region, source, err);
}
