/* Finds the credentials that sign requests to S3. */
#ifndef WALSHIP_REPO_S3_CREDENTIALS_H
#define WALSHIP_REPO_S3_CREDENTIALS_H

#include "net/aws/credentials.h"
#include "repo/settings.h"

/*
 * *out receives the credentials in the settings, else those from the AWS sources. *search is prepared for renewing the
 * latter.
 */
enum status s3_credentials_find(const struct repository_settings *settings, const struct call *call,
				struct credential_search *search, struct credentials *out, struct error *err);

#endif
