"""Refusals that belong to a job and not to the method or the registry.

FactoryGenError
├── NotPermitted           5   the operating system or the folder's rights forbid it
└── TrackingBroken         7   the MLflow store cannot be used
"""

from __future__ import annotations

import errno

from factory_gen.errors import FactoryGenError, IntegrityError, NoDevice, NoSpace

# how torch words it; its own classes for it have changed from version to version
_LOST_DEVICE = ("CUDA error", "CUDA driver", "No CUDA GPUs are available", "NVML", "device-side")
_FULL_DEVICE = "CUDA out of memory"


class NotPermitted(FactoryGenError):
    """The operating system or the rights of a folder forbid it."""

    exit_code = 5


class TrackingBroken(IntegrityError):
    """The MLflow store is there but cannot be used."""


def from_os_error(error: OSError) -> FactoryGenError | None:
    """The refusal that an operating system error stands for, or None when it is not one a user can act on."""
    place = str(error.filename) if error.filename else "the disk"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace(
            expected=f"free space to write {error.filename}" if error.filename else "free space on the disk",
            found="a full disk",
            action="Free some space and run the same command again; nothing was left half-written.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return NotPermitted(
            expected=f"the right to use {place}",
            found=error.strerror or "access denied",
            action="Change its access rights, or choose another folder.",
        )
    return None


def from_device_error(error: Exception) -> NoDevice | None:
    """The refusal that a failure of the GPU stands for, or None when it is none."""
    text = str(error)
    if not isinstance(error, RuntimeError):
        return None
    if _FULL_DEVICE in text:
        return NoDevice(
            expected="enough free memory on the GPU",
            found=text.strip().splitlines()[0][:200],
            action="See with `nvidia-smi` who else uses it and end that, or lower the recipe's batch; then try again.",
        )
    if any(words in text for words in _LOST_DEVICE):
        return NoDevice(
            expected="a GPU that answers",
            found=text.strip().splitlines()[0][:200],
            action="Look with `nvidia-smi`; if it does not list the GPU, restart the machine. Then try again: "
            "it goes on from its last checkpoint.",
        )
    return None
