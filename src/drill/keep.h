/* The report of a drill in the repository. */
#ifndef WALSHIP_DRILL_KEEP_H
#define WALSHIP_DRILL_KEEP_H

#include "drill/drill.h"
#include "drill/report.h"

/*
 * Creates the object of the report, under the name of its beginning, or of a later second if another drill has that
 * name. Sets report->name.
 */
enum status keep_report(struct drill_report *report, const struct drill_params *params, struct error *err);

#endif
