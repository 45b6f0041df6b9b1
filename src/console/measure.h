/* Sizes and times for people, rounded. */
#ifndef WALSHIP_CONSOLE_MEASURE_H
#define WALSHIP_CONSOLE_MEASURE_H

#include <stdint.h>

#define MEASURE_MAX 32

/* "0 B", "999 B", "1.5 MiB", "20.0 GiB" */
void measure_bytes(uint64_t bytes, char out[MEASURE_MAX]);

/* "0 s", "59 s", "4 min", "3 h 20 min", "12 d 5 h"; negative seconds print as 0 */
void measure_seconds(int64_t seconds, char out[MEASURE_MAX]);

#endif
