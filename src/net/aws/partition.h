/* AWS's regions and the domains of their partitions (botocore, partitions.json: regionRegex, dnsSuffix). */
#ifndef WALSHIP_NET_AWS_PARTITION_H
#define WALSHIP_NET_AWS_PARTITION_H

#include <stdbool.h>

#define AWS_REGION_MAX 64 /* with the 0 byte; "ap-southeast-2" has 14 characters */

/* Whether the region can be part of a host name: it may come from a response. */
bool aws_region_is_valid(const char *region);

/* The domain of the region's endpoints, such as "amazonaws.com". */
const char *aws_dns_suffix(const char *region);

#endif
