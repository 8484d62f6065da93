/*
 * The right to read every file, kept by a process that has otherwise dropped
 * root (auth: password files may be root's alone and are replaced while it
 * runs). It rests as a permitted capability and is taken up for the moment of
 * one open(2). See priv.h.
 */
#include <linux/capability.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "service/priv.h"

static bool may_read;		/* the capability is ours to take up */

static int
set_caps(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {
		{ .effective = effective, .permitted = permitted },
	};

	return (int)syscall(SYS_capset, &header, data);
}

void
priv_read_prepare(void)
{
	if (priv_is_root() && prctl(PR_SET_KEEPCAPS, 1L, 0L, 0L, 0L) == 0)
		may_read = true;
}

int
priv_read_keep(struct err *err)
{
	if (!may_read || geteuid() == 0) {
		may_read = false;
		return 0;
	}
	if (set_caps(1U << CAP_DAC_READ_SEARCH, 0) != 0)
		return err_sys(err, "capset(CAP_DAC_READ_SEARCH)");
	return 0;
}

bool
priv_read_enter(void)
{
	uint32_t cap = 1U << CAP_DAC_READ_SEARCH;

	return may_read && set_caps(cap, cap) == 0;
}

void
priv_read_leave(void)
{
	if (set_caps(1U << CAP_DAC_READ_SEARCH, 0) == 0)
		return;
	log_write(&log_process, LOG_LEVEL_PANIC,
		  "can't give up the right to read every file");
	abort();
}
