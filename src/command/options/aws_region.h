/* The region that AWS's own tools would use. */
#ifndef WALSHIP_COMMAND_OPTIONS_AWS_REGION_H
#define WALSHIP_COMMAND_OPTIONS_AWS_REGION_H

#include "config/config.h"

/* For a repository in S3 without s3-region, AWS_REGION and AWS_DEFAULT_REGION: takes the region of AWS's profile. */
enum status aws_region_complete(struct config *config, const char *const *environment, struct error *err);

#endif
