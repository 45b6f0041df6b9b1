#include <string.h>

#include "config/foreign_variable.h"
#include "support/cmocka.h"

static const struct {
	const char *name;
	bool foreign;
} cases[] = {
    {"WALSHIP_EVENT", true},
    {"WALSHIP_SERVICE_HOST", true},
    {"WALSHIP_SERVICE_PORT", true},
    {"WALSHIP_SERVICE_PORT_HTTP_METRICS", true},
    {"WALSHIP_PORT", true},
    {"WALSHIP_PORT_5432_TCP", true},
    {"WALSHIP_PORT_5432_TCP_PROTO", true},
    {"WALSHIP_PORT_53_UDP_PORT", true},
    {"WALSHIP_PORT_9_SCTP_ADDR", true},
    {"WALSHIP_MINIO_SERVICE_HOST", true},
    {"WALSHIP_MINIO_PORT_9000_TCP_ADDR", true},
    {"WALSHIP_REPO_PORT", true},
    {"WALSHIP_REPO", true},
    {"WALSHIP_EVEN", false},
    {"WALSHIP_SPOOL", false},
    {"WALSHIP_REPOS", false},
    {"WALSHIP_SERVICE", false},
    {"WALSHIP_SERVICE_HOSTS", false},
    {"WALSHIP_SERVICE_PORTS", false},
    {"WALSHIP_PORTS", false},
    {"WALSHIP_PORT_", false},
    {"WALSHIP_PORT_TCP", false},
    {"WALSHIP_PORT_5432", false},
    {"WALSHIP_PORT_5432_ICMP", false},
    {"WALSHIP_PORT_5432_TCP_NAME", false},
    {"WALSHIP_PORT_5432_TCP_ADDR_X", false},
    {"WALSHIP_SPOOL_PORTAL", false},
};

static void variables_of_others_are_known(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (variable_is_foreign(cases[i].name, strlen(cases[i].name)) != cases[i].foreign)
			fail_msg("%s", cases[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(variables_of_others_are_known),
	};
	return cmocka_run_group_tests_name("config/foreign_variable", tests, NULL, NULL);
}
