/* What to do about system errors whose remedy does not depend on the file that a call has named. */
#ifndef WALSHIP_BASE_REMEDY_H
#define WALSHIP_BASE_REMEDY_H

/* The hint for this errno; NULL: none. */
const char *remedy_of_errno(int errno_value);

/* The same for the text of another library, which contains the system's message. */
const char *remedy_of_text(const char *text);

#endif
