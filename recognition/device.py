"""Which device, runtime and precision the engine really uses. Imports nothing heavy by itself.

Public surface: ``DeviceChoice``, ``choose_device``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recognition.config import Device, Precision
from recognition.errors import DeviceUnavailable

__all__ = ["DeviceChoice", "choose_device"]

_CPUINFO = Path("/proc/cpuinfo")
# Seen with a driver on Linux, in a container that was given a GPU, and under WSL. Looking at them
# costs microseconds; importing torch to ask costs a second and 200 MB.
_NVIDIA_NODES = tuple(
    Path(node)
    for node in ("/dev/nvidiactl", "/dev/nvidia0", "/proc/driver/nvidia/version", "/dev/dxg")
)


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """A decision that holds for the life of an engine; nothing falls back behind its back."""

    device: Literal["cpu", "cuda"]
    device_name: str
    precision: Literal["f32", "bf16", "f16"]
    runtime: Literal["openvino", "torch"]
    int8: bool = False  # networks with measured ranges multiply in int8, the rest in `precision`


def choose_device(device: Device, precision: Precision) -> DeviceChoice:
    """Turn a wish into a fact.

    Raises ``DeviceUnavailable`` where the wish names something that is not there: a GPU
    (``device.no_gpu``), a torch built without CUDA (``device.no_cuda_torch``), or a precision
    that the device lacks (``device.precision``).
    """
    if device == "cuda":
        if not _nvidia_driver_present():
            raise DeviceUnavailable(
                "device=cuda was asked for, and no NVIDIA driver is visible (no "
                "/dev/nvidia0, or CUDA_VISIBLE_DEVICES hides it). Install the driver, give the container the GPU (--gpus all), or set "
                "the device to cpu.",
                code="device.no_gpu",
            )
        return _cuda_choice(precision)
    if device == "auto" and _nvidia_driver_present():
        try:
            return _cuda_choice(precision)
        except DeviceUnavailable as error:
            # auto promises a GPU only "when torch sees one"; a precision that was named and is
            # not there is still the operator's mistake.
            if error.code == "device.precision":
                raise
    return _cpu_choice(precision)


def _cpu_choice(precision: Precision) -> DeviceChoice:
    flags, name = _cpu_flags()
    has_bf16 = bool(flags & {"avx512_bf16", "amx_bf16"})
    has_int8 = bool(flags & {"avx512_vnni", "avx_vnni", "amx_int8"})
    if precision == "f16":
        raise DeviceUnavailable(
            "precision=f16 needs a GPU; on a processor use auto, f32 or bf16.",
            code="device.precision",
        )
    if precision == "bf16" and not has_bf16:
        raise DeviceUnavailable(
            f"precision=bf16 was asked for, and this processor ({name}) has neither avx512_bf16 "
            f"nor amx_bf16. Use auto or f32.",
            code="device.precision",
        )
    if precision == "int8" and not has_int8:
        raise DeviceUnavailable(
            f"precision=int8 was asked for, and this processor ({name}) has none of avx512_vnni, "
            f"avx_vnni and amx_int8. Use auto, bf16 or f32.",
            code="device.precision",
        )
    chosen: Literal["f32", "bf16"] = "f32"
    if precision != "f32" and has_bf16:
        chosen = "bf16"
    int8 = precision == "int8" or (precision == "auto" and has_int8)
    return DeviceChoice("cpu", name, chosen, "openvino", int8=int8)


def _cuda_choice(precision: Precision) -> DeviceChoice:
    try:
        import torch
    except ImportError as error:
        raise DeviceUnavailable(
            f"An NVIDIA driver is there, but torch cannot be imported ({error}). Install "
            f"requirements-gpu.txt, or set the device to cpu.",
            code="device.no_cuda_torch",
        ) from error
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"torch {torch.__version__} sees no CUDA device (built for CUDA "
            f"{torch.version.cuda or 'none'}). Install the CUDA build of torch from "
            f"requirements-gpu.txt and a driver that fits it, or set the device to cpu.",
            code="device.no_cuda_torch",
        )
    name = torch.cuda.get_device_name(0)
    if precision == "bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise DeviceUnavailable(
            f"precision=bf16 was asked for, and {name} has no native bf16. Use auto, f16 or f32.",
            code="device.precision",
        )
    if precision == "int8":
        raise DeviceUnavailable(
            "precision=int8 is for processors; on a GPU use auto, f16, bf16 or f32.",
            code="device.precision",
        )
    # f16 rather than bf16: the same speed, three more bits of mantissa, and every activation of
    # these networks stays far below 65504.
    return DeviceChoice("cuda", name, "f16" if precision == "auto" else precision, "torch")


def _nvidia_driver_present() -> bool:
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1"}:
        return False
    return any(node.exists() for node in _NVIDIA_NODES)


def _cpu_flags() -> tuple[frozenset[str], str]:
    flags: frozenset[str] = frozenset()
    name = "unknown processor"
    try:
        text = _CPUINFO.read_text("utf-8", errors="replace")
    except OSError:  # not Linux: precision auto then means f32
        return flags, name
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in {"flags", "Features"}:
            flags = frozenset(value.split())
            break
    return flags, name
