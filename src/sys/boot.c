#include "sys/boot.h"

#include <string.h>

#include "sys/read_file.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id" /* random(4) */

enum status boot_id(char out[BOOT_ID_MAX], struct error *err)
{
	if (read_file_text(BOOT_ID, out, BOOT_ID_MAX, err) || out[0] == '\0')
		return error_set(err, STATUS_LOCAL, "%s cannot be read: a crash of the machine would not be detected",
				 BOOT_ID);
	out[strcspn(out, "\n")] = '\0';
	return STATUS_OK;
}
