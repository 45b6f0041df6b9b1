/* Who signs the requests to a repository in S3. */
#ifndef WALSHIP_REPO_S3_CREDENTIALS_H
#define WALSHIP_REPO_S3_CREDENTIALS_H

#include "net/aws/credentials.h"
#include "repo/settings.h"

/* The credentials that the settings name, else those of AWS's sources; search is filled for asking those again. */
enum status s3_credentials_find(const struct repository_settings *settings, const struct call *call,
				struct credential_search *search, struct credentials *out, struct error *err);

#endif
