/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpffw/runtime/privilege.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

bool may(int capability)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	/* What these two were split from. */
	if ((capability == CAP_BPF || capability == CAP_PERFMON) &&
	    data[0].effective & CAP_TO_MASK(CAP_SYS_ADMIN))
		return true;
	return data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}
