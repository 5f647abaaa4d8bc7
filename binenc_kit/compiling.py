"""A network as one compiled program, where that works."""

import os
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from binenc_kit.config import RunConfig
from binenc_kit.data import Data
from binenc_kit.errors import require_known
from binenc_kit.machine import halved, seeded
from binenc_kit.networks import Network
from binenc_kit.steps import batch_sizes

Forward = Callable[[Tensor], tuple[Tensor, Tensor]]  # normalised pictures to logits and latents
WHEN = ("auto", "always", "never")
CALLS = 3  # with CUDA graphs the first call warms up, the second records, the third replays


def make_forward(config: RunConfig, data: Data, network: Network) -> Forward:
    """The network as training calls it: compiled where `wanted`, and the plain network wherever that fails.

    Which of the two it is shows in `forward is network`; they differ in speed and in rounding. On a GPU the program is
    kept as CUDA graphs, which small batches need: there the launches take longer than the work.
    """
    device = data.train[0].device
    if not wanted(config, device.type):
        return network
    mode = "reduce-overhead" if device.type == "cuda" else "default"
    program = torch.compile(network, mode=mode, dynamic=False)  # a program for each size of batch: there are two or so
    try:
        _try(program, config, data, network)
    except Exception:  # no compiler, an old card, a module that cannot be traced: each in words of its own
        torch.compiler.reset()
        return network
    return program


def wanted(config: RunConfig, device: str) -> bool:
    """Whether to compile: for bfloat16 on a GPU; BINENC_KIT_COMPILE=always or never decides otherwise.

    Raises `KitError` for another value of that variable.
    """
    when = os.environ.get("BINENC_KIT_COMPILE", "auto")
    require_known("BINENC_KIT_COMPILE", when, WHEN)
    return when == "always" or (when == "auto" and device == "cuda" and config.precision == "bfloat16")


def _try(program: Forward, config: RunConfig, data: Data, network: Network) -> None:
    """Call the program, back and forth, with each size of batch: a compiler may fail at its gradients only.

    Batch statistics and generators are afterwards as before, and there are no gradients.
    """
    device, before = data.train[0].device, [buffer.clone() for buffer in network.buffers()]
    network.train()
    try:
        with warnings.catch_warnings(), seeded(0, 0, str(device)):
            warnings.simplefilter("ignore")
            for size in set(batch_sizes(len(data.train[1]), config.batch_size)):
                pictures = data.normalise(data.train[0][:size])
                for _ in range(CALLS):
                    with halved(config, device.type):
                        logits, z = program(pictures)
                    (logits.sum() + z.sum()).backward()
                    network.zero_grad(set_to_none=True)
    finally:
        network.zero_grad(set_to_none=True)
        with torch.no_grad():
            for buffer, kept in zip(network.buffers(), before, strict=True):
                buffer.copy_(kept)
