/* Work that may take long and must not be in the server's way. */
#ifndef WALSHIP_SYS_PRIORITY_H
#define WALSHIP_SYS_PRIORITY_H

/*
 * Lowers the priority for processor and disk, of this thread and of those that it starts from now on. A system that
 * refuses is no failure.
 */
void priority_lower(void);

#endif
