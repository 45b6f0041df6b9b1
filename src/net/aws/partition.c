#include "net/aws/partition.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *begins; /* the names of the partition's regions */
	const char *suffix;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},   {"eusc-", "amazonaws.eu"},      {"us-iso-", "c2s.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov"}, {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"},
};

bool aws_region_is_valid(const char *region)
{
	size_t len = strlen(region);
	return len > 0 && len < AWS_REGION_MAX && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

/* The largest partition, with us-gov-*, has names without a common beginning. */
const char *aws_dns_suffix(const char *region)
{
	for (size_t i = 0; i < sizeof partitions / sizeof partitions[0]; i++)
		if (strncmp(region, partitions[i].begins, strlen(partitions[i].begins)) == 0)
			return partitions[i].suffix;
	return "amazonaws.com";
}
